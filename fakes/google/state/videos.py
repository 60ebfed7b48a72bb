"""Videos: what was uploaded, how far its processing is, and its thumbnail."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Any

from fakes.google import errors
from fakes.google.state.uploads import Received
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.people import Person, person
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE videos (
    id TEXT PRIMARY KEY, login TEXT NOT NULL, parts TEXT NOT NULL, created_s REAL NOT NULL,
    processed_s REAL NOT NULL, failure TEXT, file TEXT, size_bytes INTEGER, sha256 TEXT, content_type TEXT,
    duration_s REAL, width_px INTEGER, height_px INTEGER, thumbnail TEXT, idempotency_key TEXT
);
CREATE INDEX videos_by_key ON videos (idempotency_key);
CREATE TABLE video_settings (key TEXT PRIMARY KEY, value REAL NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Video:
    """One video.

    Attributes:
        parts: The writable parts as `metadata.checked` returned them.
        upload_status: YouTube's word for how far it is.
        failure: `invalidFile`, `emptyFile`...; None when processing goes well.
        file: Name in the spool, or None for a video that came by a seed document.
        thumbnail: Name in the spool of an image that the owner set, or None.
    """

    id: str
    owner: Person
    parts: Mapping[str, Any]
    created_s: float
    upload_status: str
    failure: str | None
    file: str | None
    size_bytes: int | None
    sha256: str | None
    content_type: str | None
    duration_s: float | None
    width_px: int | None
    height_px: int | None
    thumbnail: str | None
    idempotency_key: str | None

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.parts["snippet"]["title"])

    @property
    def thumbnail_type(self) -> str:
        """Media type of the thumbnail."""
        return "image/png" if (self.thumbnail or "").endswith(".png") else "image/jpeg"

    @property
    def is_private(self) -> bool:
        """Whether only its owner sees it."""
        return bool(self.parts["status"]["privacyStatus"] == "private")


class Videos:
    """All videos of all channels."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def load(self, document: Mapping[str, Any]) -> None:
        """Read `processing_s` (how long processing takes) and `videos` of a seed document.

        A video is `{"id", "login", "title", "description", "at"}`, `at` in ISO 8601; it has no media.

        Raises:
            ValueError: A field is not usable.
        """
        if "processing_s" in document:
            seconds = float(document["processing_s"])
            self._store.execute(
                "INSERT OR REPLACE INTO video_settings VALUES ('processing_s', ?)", (seconds,)
            )
        for number, row in enumerate(document.get("videos", ())):
            where = f"videos[{number}]"
            one = person(str(row.get("login")))
            if one is None or not row.get("id"):
                raise ValueError(f"{where} needs an id and a known login; it has {sorted(row)}")
            at_s = datetime.fromisoformat(row["at"]).timestamp() if "at" in row else self._clock.now()
            snippet = {"title": str(row.get("title", "")), "description": str(row.get("description", ""))}
            parts = {"snippet": snippet | {"categoryId": "20"}, "status": {"privacyStatus": "public"}}
            self._insert(str(row["id"]), one, parts, at_s, at_s, row.get("idempotency_key"))

    def publish(self, one: Person, parts: Mapping[str, Any], received: Received, key: str | None) -> Video:
        """Make a video of an upload whose last byte has come."""
        video_id = self._store.unused("videos", "id", lambda: self._ids.url_safe(11))
        now_s = self._clock.now()
        setting = self._store.one("SELECT value FROM video_settings WHERE key = 'processing_s'")
        processed_s = now_s + (setting["value"] if setting else 0.0)
        with self._store.transaction():
            self._insert(video_id, one, parts, now_s, processed_s, key)
            footage = received.footage
            self._store.execute(
                "UPDATE videos SET file = ?, size_bytes = ?, sha256 = ?, content_type = ?, failure = ?,"
                " duration_s = ?, width_px = ?, height_px = ? WHERE id = ?",
                (
                    received.file,
                    received.size_bytes,
                    received.sha256,
                    received.content_type,
                    received.failure,
                    footage.duration_s if footage else None,
                    footage.width_px if footage else None,
                    footage.height_px if footage else None,
                    video_id,
                ),
            )
        return self.existing(video_id)

    def existing(self, video_id: str, location: str = "id") -> Video:
        """One video.

        Raises:
            ProviderError: No video has this id (404 videoNotFound).
        """
        row = self._store.one("SELECT * FROM videos WHERE id = ?", (video_id,))
        if row is None:
            raise errors.video_not_found(location)
        return self._video(row)

    def owned(self, video_id: str, one: Person, location: str = "id") -> Video:
        """One video that this person may change.

        Raises:
            ProviderError: Not there (404), or another's (403).
        """
        video = self.existing(video_id, location)
        if video.owner != one:
            raise errors.not_owner()
        return video

    def visible(self, video_ids: list[str], one: Person | None) -> list[Video]:
        """Those of these videos that exist and that the person may see, in the order asked for."""
        marks = ",".join("?" * len(video_ids))
        rows = self._store.all(f"SELECT * FROM videos WHERE id IN ({marks})", video_ids)  # noqa: S608 - marks only
        found = {video.id: video for video in map(self._video, rows)}
        asked = [found[video_id] for video_id in dict.fromkeys(video_ids) if video_id in found]
        return [video for video in asked if not video.is_private or video.owner == one]

    def count_of(self, one: Person) -> int:
        """How many videos a channel has."""
        row = self._store.one("SELECT count(*) FROM videos WHERE login = ?", (one.login,))
        return int(row[0]) if row else 0

    def set_thumbnail(self, video_id: str, file: str) -> None:
        """Remember the image that the owner set."""
        self._store.execute("UPDATE videos SET thumbnail = ? WHERE id = ?", (file, video_id))

    def delete(self, video_id: str) -> None:
        """Forget a video."""
        self._store.execute("DELETE FROM videos WHERE id = ?", (video_id,))

    def all(self) -> list[Video]:
        """Everything that was published, oldest first."""
        return list(map(self._video, self._store.all("SELECT * FROM videos ORDER BY created_s, rowid")))

    def summary(self) -> dict[str, Any]:
        """Counts; a duplicate is a video whose idempotency key an earlier one had."""
        row = self._store.one(
            "SELECT count(idempotency_key) - count(DISTINCT idempotency_key) AS duplicates FROM videos"
        )
        return {"videos": self._store.count("videos"), "duplicates": row["duplicates"] if row else 0}

    def _insert(
        self,
        video_id: str,
        one: Person,
        parts: Mapping[str, Any],
        created_s: float,
        processed_s: float,
        key: str | None,
    ) -> None:
        self._store.execute(
            "INSERT INTO videos (id, login, parts, created_s, processed_s, idempotency_key)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (video_id, one.login, json.dumps(parts), created_s, processed_s, key),
        )

    def _video(self, row: Row) -> Video:
        owner = person(row["login"])
        assert owner is not None
        is_done = self._clock.now() >= row["processed_s"]
        done = "failed" if row["failure"] else "processed"
        return Video(
            id=row["id"],
            owner=owner,
            parts=json.loads(row["parts"]),
            created_s=row["created_s"],
            upload_status=done if is_done else "uploaded",
            failure=row["failure"] if is_done else None,
            file=row["file"],
            size_bytes=row["size_bytes"],
            sha256=row["sha256"],
            content_type=row["content_type"],
            duration_s=row["duration_s"],
            width_px=row["width_px"],
            height_px=row["height_px"],
            thumbnail=row["thumbnail"],
            idempotency_key=row["idempotency_key"],
        )
