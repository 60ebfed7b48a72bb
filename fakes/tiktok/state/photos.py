"""The rules for photo posts (TikTok: photo post). Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_COUNT = 35
PHOTO_MARK_BYTES = 12
TITLE_LIMIT_UNITS, DESCRIPTION_LIMIT_UNITS = 90, 4000


@dataclass(frozen=True, slots=True)
class Photos:
    """Where the photos of a post are fetched from; `cover` is the place of the first to be seen."""

    urls: tuple[str, ...]
    cover: int


def flaw_of_text(post_info: Mapping[str, Any]) -> str | None:
    """What is wrong with the words of a photo post, or None."""
    for name, limit in (("title", TITLE_LIMIT_UNITS), ("description", DESCRIPTION_LIMIT_UNITS)):
        text = post_info.get(name, "")
        if not isinstance(text, str) or len(text.encode("utf-16-le", "surrogatepass")) // 2 > limit:
            return f"The {name} is longer than {limit}"
    return None


def is_photo(head: bytes) -> bool:
    """Whether a file begins as JPEG or WebP does: TikTok takes no other."""
    return head.startswith(b"\xff\xd8\xff") or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
