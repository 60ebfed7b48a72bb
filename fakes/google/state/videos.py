"""Videos: what was uploaded, how far its processing is, and its thumbnail."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.google import errors
from fakes.google.state.uploads import Received
from fakes.kit.clock import Clock, unix_s
from fakes.kit.documents import rows
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
CREATE INDEX videos_by_login ON videos (login, created_s);
CREATE TABLE video_settings (key TEXT PRIMARY KEY, value ANY NOT NULL);
"""
FAILURES = frozenset({"conversion", "invalidFile", "emptyFile", "tooSmall", "codec", "uploadAborted"})
REJECTIONS = frozenset(
    {"copyright", "inappropriate", "duplicate", "termsOfUse", "uploaderAccountSuspended", "length", "claim"}
    | {"uploaderAccountClosed", "trademark", "legal"}
)
_DAY_S = 86_400
SETTINGS = {
    "processing_s": (int, float),
    "uploads_per_day": (int,),
    "is_audited": (bool,),
    "outcome": (str,),
}


@dataclass(frozen=True, slots=True)
class Video:
    """One video.

    Attributes:
        parts: The writable parts as `metadata.checked` returned them.
        upload_status: YouTube's word for how far it is.
        failure: Why it failed or was rejected, in YouTube's words; None when processing goes well.
        progress: How much of the processing is done, 0 to 1.
        time_left_s: How long it still takes.
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
    progress: float
    time_left_s: float

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
        """Read the settings and `videos` of a seed document.

        Settings are `processing_s` (how long processing takes), `uploads_per_day` (of a channel; 0 for no
        cap), `is_audited` (an application that is not leaves all videos private) and `outcome` (one of
        `FAILURES` or `REJECTIONS`: how the processing of what is uploaded from now on ends; "" for what the
        file deserves).
        A video is `{"id", "login", "title", "description", "at"}`, `at` in ISO 8601; it has no media.

        Raises:
            ValueError: A field is not usable.
        """
        for key, kinds in SETTINGS.items():
            if key in document:
                self._set(key, document[key], kinds)
        for where, row in rows(document, "videos"):
            one = person(str(row.get("login")))
            if one is None or not row.get("id"):
                raise ValueError(f"{where} needs an id and a known login; it has {sorted(row)}")
            at_s = unix_s(str(row["at"])) if "at" in row else self._clock.now()
            snippet = {"title": str(row.get("title", "")), "description": str(row.get("description", ""))}
            parts = {"snippet": snippet | {"categoryId": "20"}, "status": {"privacyStatus": "public"}}
            self._insert(str(row["id"]), one, parts, at_s, at_s, row.get("idempotency_key"))

    def publish(self, one: Person, parts: Mapping[str, Any], received: Received, key: str | None) -> Video:
        """Make a video of an upload whose last byte has come."""
        video_id = self._store.unused("videos", "id", lambda: self._ids.url_safe(11))
        now_s = self._clock.now()
        processed_s = now_s + float(self._setting("processing_s", 0.0))
        if not self._setting("is_audited", 1):
            parts = {**parts, "status": {**parts["status"], "privacyStatus": "private"}}
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
                    received.failure or self._setting("outcome", "") or None,
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
            raise errors.not_owner(location)
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

    def of(self, owner: Person, one: Person | None) -> list[Video]:
        """A channel's videos that somebody may see, newest first."""
        rows = self._store.all(
            "SELECT * FROM videos WHERE login = ? ORDER BY created_s DESC, rowid DESC", (owner.login,)
        )
        return [video for video in map(self._video, rows) if not video.is_private or owner == one]

    def check_cap(self, one: Person) -> None:
        """Check that a channel may upload one more video today.

        Raises:
            ProviderError: It has uploaded as many as it may in 24 hours (400 uploadLimitExceeded).
        """
        most = self._setting("uploads_per_day", 0)
        row = self._store.one(
            "SELECT count(*) FROM videos WHERE login = ? AND created_s > ? AND file IS NOT NULL",
            (one.login, self._clock.now() - _DAY_S),
        )
        if most and row is not None and row[0] >= most:
            raise errors.upload_limit()

    def rewrite(self, video_id: str, parts: Mapping[str, Any]) -> None:
        """Replace a video's writable parts."""
        self._store.execute("UPDATE videos SET parts = ? WHERE id = ?", (json.dumps(parts), video_id))

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
        """Counts; a duplicate is a video whose idempotency key an earlier one had; how often each came."""
        row = self._store.one(
            "SELECT count(idempotency_key) - count(DISTINCT idempotency_key) AS duplicates FROM videos"
        )
        repeated = self._store.all(
            "SELECT idempotency_key AS key, count(*) AS count FROM videos WHERE idempotency_key IS NOT NULL"
            " GROUP BY idempotency_key HAVING count(*) > 1 ORDER BY min(rowid)"
        )
        return {
            "videos": self._store.count("videos"),
            "duplicates": row["duplicates"] if row else 0,
            "repeated_keys": {found["key"]: found["count"] for found in repeated},
        }

    def _set(self, key: str, value: Any, kinds: tuple[type, ...]) -> None:
        is_known = key != "outcome" or value in FAILURES | REJECTIONS | {""}
        if type(value) not in kinds or not is_known:
            raise ValueError(f"{key} is {value!r}, which is no value for it")
        self._store.execute("INSERT OR REPLACE INTO video_settings VALUES (?, ?)", (key, value))

    def _setting(self, key: str, default: Any) -> Any:
        row = self._store.one("SELECT value FROM video_settings WHERE key = ?", (key,))
        return row["value"] if row else default

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
        left_s = max(0.0, row["processed_s"] - self._clock.now())
        is_done = left_s == 0
        done = "failed" if row["failure"] else "processed"
        if row["failure"] in REJECTIONS:
            done = "rejected"
        lasts_s = row["processed_s"] - row["created_s"]
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
            progress=1.0 if is_done else 1 - left_s / lasts_s,
            time_left_s=left_s,
        )
