"""Media: announced, appended in segments, finalized, processed on the fake's clock, attached."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from sqlite3 import Row
from typing import Any

from fakes.kit.kit import Kit
from fakes.kit.snowflake import Snowflakes
from fakes.x import errors

SCHEMA = """
CREATE TABLE media (
    id TEXT PRIMARY KEY, owner_id TEXT NOT NULL, category TEXT NOT NULL, media_type TEXT NOT NULL,
    total_bytes INTEGER NOT NULL, created_s REAL NOT NULL, finalized_s REAL, sha256 TEXT, is_broken INTEGER,
    image_type TEXT, width_px INTEGER, height_px INTEGER
);
CREATE TABLE segments (
    media_id TEXT NOT NULL, position INTEGER NOT NULL, size_bytes INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (media_id, position)
)
"""
LIFE_S = 86_400
PROCESSING_S = 2.0
CHECK_AFTER_S = 1
MAX_TOTAL_BYTES = 17_179_869_184
SEGMENT_BYTES = 5 * 1024 * 1024
POSITIONS = range(1000)
_LIMIT_BYTES = {"image": 5 * 1024 * 1024, "gif": 15 * 1024 * 1024, "video": 512 * 1024 * 1024}
_KINDS = {
    "tweet_image": "image",
    "dm_image": "image",
    "tweet_gif": "gif",
    "dm_gif": "gif",
    "tweet_video": "video",
    "dm_video": "video",
    "amplify_video": "video",
    "subtitles": "image",
}
_PREFIXES = {"image": "3", "gif": "16", "video": "7"}


@dataclass(frozen=True, slots=True)
class Media:
    """One upload; `progress` is None for what needs no processing, else 0 to 100."""

    id: str
    owner_id: str
    category: str
    media_type: str
    total_bytes: int
    expires_s: float
    is_final: bool
    sha256: str | None
    is_broken: bool
    progress: int | None
    image: tuple[str, int, int] | None

    @property
    def key(self) -> str:
        """The media key: a number for the kind, then the id."""
        prefix = "13" if self.category == "amplify_video" else _PREFIXES[_KINDS[self.category]]
        return f"{prefix}_{self.id}"

    @property
    def is_ready(self) -> bool:
        """Whether it may be attached."""
        return self.is_final and not self.is_broken and self.progress in (None, 100)


class MediaLibrary:
    """All uploads.

    Args:
        kit: Clock and store.
        ids: Makes media ids.
    """

    def __init__(self, kit: Kit, ids: Snowflakes) -> None:
        self._kit = kit
        self._ids = ids

    def initialize(self, owner_id: str, media_type: str, category: str, total_bytes: int) -> Media:
        """Announce an upload.

        Raises:
            ProviderError: An unknown category, or too many bytes.
        """
        kind = _KINDS.get(category)
        if kind is None:
            raise errors.invalid(
                f"media_category must be one of {', '.join(_KINDS)}", "media_category", category
            )
        if not media_type:
            raise errors.invalid("media_type is required", "media_type")
        if not 0 < total_bytes <= min(MAX_TOTAL_BYTES, _LIMIT_BYTES[kind]):
            message = f"total_bytes must be from 1 to {_LIMIT_BYTES[kind]} for {category}"
            raise errors.invalid(message, "total_bytes", str(total_bytes))
        media_id = self._ids.next()
        self._kit.store.execute(
            "INSERT INTO media (id, owner_id, category, media_type, total_bytes, created_s)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (media_id, owner_id, category, media_type, total_bytes, self._kit.clock.now()),
        )
        return self.get(owner_id, media_id)

    def append(self, owner_id: str, media_id: str, position: int, content: bytes) -> Media:
        """Add one segment.

        Raises:
            ProviderError: Unknown upload, a repeated or impossible position, or too many bytes.
        """
        media = self.get(owner_id, media_id)
        if media.is_final:
            raise errors.invalid("The media is finalized.", "id", media_id)
        if position not in POSITIONS:
            raise errors.invalid("segment_index must be from 0 to 999", "segment_index", str(position))
        if not 0 < len(content) <= SEGMENT_BYTES:
            raise errors.invalid(f"media must have 1 to {SEGMENT_BYTES} bytes", "media")
        known = self._kit.store.one(
            "SELECT 1 FROM segments WHERE media_id = ? AND position = ?", (media_id, position)
        )
        if known is not None:
            raise errors.invalid("This segment was appended before.", "segment_index", str(position))
        row = (media_id, position, len(content), content)
        self._kit.store.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", row)
        return media

    def finalize(self, owner_id: str, media_id: str) -> Media:
        """Complete an upload; a second time changes nothing.

        Raises:
            ProviderError: Unknown upload, or its segments are not all of the announced bytes without a gap.
        """
        media = self.get(owner_id, media_id)
        if media.is_final:
            return media
        rows = self._kit.store.all(
            "SELECT position, size_bytes FROM segments WHERE media_id = ? ORDER BY position", (media_id,)
        )
        if [row["position"] for row in rows] != list(range(len(rows))):
            raise errors.invalid("A segment is missing.", "segment_index")
        size = sum(row["size_bytes"] for row in rows)
        if size != media.total_bytes:
            message = f"The segments have {size} bytes, {media.total_bytes} were announced."
            raise errors.invalid(message, "total_bytes", str(media.total_bytes))
        digest, head = hashlib.sha256(), b""
        for position in range(len(rows)):
            row = self._kit.store.one(
                "SELECT content FROM segments WHERE media_id = ? AND position = ?", (media_id, position)
            )
            assert row is not None
            head = head or row["content"]
            digest.update(row["content"])
        self._finish(media, digest.hexdigest(), head)
        self._kit.store.execute("DELETE FROM segments WHERE media_id = ?", (media_id,))
        return self.get(owner_id, media_id)

    def get(self, owner_id: str, media_id: str) -> Media:
        """One upload of one owner.

        Raises:
            ProviderError: There is none, it is another's, or it is too old.
        """
        found = self._find(media_id)
        if found is None or found.owner_id != owner_id or self._kit.clock.now() > found.expires_s:
            raise errors.invalid("The media id is not valid.", "media_id", media_id)
        return found

    def check_usable(self, owner_id: str, ids: Sequence[str]) -> None:
        """Check what is to be attached: four images, or one GIF or video.

        Raises:
            ProviderError: Some of it cannot be used.
        """
        found = [self._find(media_id) for media_id in ids]
        now = self._kit.clock.now()
        for media in found:
            if media is None or media.owner_id != owner_id or not media.is_ready or now > media.expires_s:
                raise errors.bad_media_ids(ids)
        moving = [media for media in found if media is not None and _KINDS[media.category] != "image"]
        if len(ids) > 4 or (moving and len(ids) > 1):
            raise errors.bad_media_ids(ids)

    def many(self, ids: Sequence[str]) -> list[Media]:
        """Uploads that posts show, whoever they belong to; unknown ones are left out."""
        return [media for media in map(self._find, ids) if media is not None]

    def described(self, ids: Sequence[str]) -> dict[str, Any] | None:
        """Size and digest of the first of these, or None."""
        media = self._find(ids[0]) if ids else None
        return None if media is None else {"bytes": media.total_bytes, "sha256": media.sha256}

    def summary(self) -> dict[str, int]:
        """Counts."""
        return {"media": self._kit.store.count("media")}

    def _finish(self, media: Media, sha256: str, head: bytes) -> None:
        is_video = _KINDS[media.category] == "video"
        image = None if is_video else _image(head)
        is_broken = is_video and head[4:8] != b"ftyp"
        shown = image or (None, None, None)
        self._kit.store.execute(
            "UPDATE media SET finalized_s = ?, sha256 = ?, is_broken = ?, image_type = ?, width_px = ?,"
            " height_px = ? WHERE id = ?",
            (self._kit.clock.now(), sha256, is_broken, *shown, media.id),
        )

    def _find(self, media_id: str) -> Media | None:
        row = self._kit.store.one("SELECT * FROM media WHERE id = ?", (media_id,))
        return None if row is None else self._media(row)

    def _media(self, row: Row) -> Media:
        progress = None
        if _KINDS[row["category"]] != "image" and row["finalized_s"] is not None:
            passed_s = self._kit.clock.now() - row["finalized_s"]
            progress = max(0, min(100, int(passed_s / PROCESSING_S * 100)))
        image = (row["image_type"], row["width_px"], row["height_px"]) if row["image_type"] else None
        return Media(
            id=row["id"],
            owner_id=row["owner_id"],
            category=row["category"],
            media_type=row["media_type"],
            total_bytes=row["total_bytes"],
            expires_s=row["created_s"] + LIFE_S,
            is_final=row["finalized_s"] is not None,
            sha256=row["sha256"],
            is_broken=bool(row["is_broken"]),
            progress=progress,
            image=image,
        )


_MOST_PIXELS = 178_956_970
"""From here on Pillow refuses a picture, unless another fake in this process has lifted its limit."""


def _image(head: bytes) -> tuple[str, int, int] | None:
    """Type and size in pixels of a picture, if its first bytes show one."""
    from PIL import Image, UnidentifiedImageError  # late: 40 ms that only uploads pay

    try:
        with Image.open(BytesIO(head)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            return f"image/{(picture.format or '').lower()}", picture.width, picture.height
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return None
