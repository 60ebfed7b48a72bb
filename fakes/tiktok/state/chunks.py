"""The rules for uploads in chunks (TikTok: media transfer guide). Pure functions."""

import re
from dataclasses import dataclass

MIN_CHUNK_BYTES = 5 * 1024 * 1024
MAX_CHUNK_BYTES = 64 * 1024 * 1024
MAX_COUNT = 1000
MAX_VIDEO_BYTES = 4 * 1024**3
_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file comes: `count` chunks of `chunk_bytes`, of which the last also takes the rest."""

    total_bytes: int
    chunk_bytes: int
    count: int

    def next_end(self, stored_bytes: int) -> int:
        """Where the chunk that begins at `stored_bytes` ends (the first byte behind it)."""
        number = stored_bytes // self.chunk_bytes
        return self.total_bytes if number >= self.count - 1 else stored_bytes + self.chunk_bytes


def flaw(plan: Plan) -> str | None:
    """What is wrong with an announced plan, in TikTok's words, or None."""
    if not 0 < plan.total_bytes <= MAX_VIDEO_BYTES:
        return "The video size is invalid"
    is_small = plan.total_bytes < MIN_CHUNK_BYTES
    fits = plan.chunk_bytes == plan.total_bytes if is_small else _is_regular(plan.chunk_bytes)
    if not fits:
        return "The chunk size is invalid"
    count = max(1, plan.total_bytes // plan.chunk_bytes)
    is_too_big = count == 1 and plan.total_bytes > MAX_CHUNK_BYTES
    if plan.count != count or count > MAX_COUNT or is_too_big:
        return "The total chunk count is invalid"
    return None


def range_of(content_range: str | None) -> tuple[int, int, int] | None:
    """First byte, first byte behind, and total of a Content-Range header; None when it is malformed."""
    match = _RANGE.fullmatch((content_range or "").strip())
    return (int(match[1]), int(match[2]) + 1, int(match[3])) if match else None


def _is_regular(chunk_bytes: int) -> bool:
    return MIN_CHUNK_BYTES <= chunk_bytes <= MAX_CHUNK_BYTES
