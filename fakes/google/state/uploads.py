"""Upload sessions: what was announced, what has come, what may come next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.google import errors
from fakes.google.wire.ranges import Span
from fakes.kit.clock import Clock
from fakes.kit.footage import Footage, examine
from fakes.kit.ids import Ids
from fakes.kit.people import Person, person
from fakes.kit.spool import Spool
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, login TEXT NOT NULL, answer_parts TEXT NOT NULL, parts TEXT NOT NULL,
    content_type TEXT NOT NULL, total_bytes INTEGER, idempotency_key TEXT, created_s REAL NOT NULL,
    video_id TEXT
);
"""
CHUNK_UNIT_BYTES = 262_144
SESSION_LIFE_S = 7 * 86_400
VIDEO_TYPES = "video/*, application/octet-stream"


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a client says about an upload before it sends a byte.

    Attributes:
        answer_parts: Parts of the video that the last answer shall show.
        parts: Metadata as `metadata.checked` returned it.
        total_bytes: Size, or None while the client does not know it.
    """

    owner: Person
    answer_parts: tuple[str, ...]
    parts: Mapping[str, Any]
    content_type: str
    total_bytes: int | None
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A session; `video_id` is set when it is complete."""

    id: str
    announced: Announcement
    stored_bytes: int
    video_id: str | None

    @property
    def file(self) -> str:
        """Name in the spool."""
        return f"{self.id}.video"


@dataclass(frozen=True, slots=True)
class Received:
    """A complete file, looked into."""

    file: str
    size_bytes: int
    sha256: str
    content_type: str
    footage: Footage | None

    @property
    def failure(self) -> str | None:
        """Why YouTube cannot process it, in its words, or None."""
        if self.size_bytes == 0:
            return "emptyFile"
        return "invalidFile" if self.footage is None else None


class Uploads:
    """All sessions; the bytes are in the spool, under the session's name."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, spool: Spool) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self.spool = spool

    def open(self, announced: Announcement) -> Upload:
        """Begin a session.

        Raises:
            ProviderError: Not a type of video.
        """
        if not announced.content_type.startswith(("video/", "application/octet-stream")):
            raise errors.bad_content(announced.content_type, VIDEO_TYPES)
        upload_id = self._store.unused("uploads", "id", lambda: self._ids.url_safe(80))
        self.spool.delete(f"{upload_id}.video")
        self._store.execute(
            "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                upload_id,
                announced.owner.login,
                json.dumps(announced.answer_parts),
                json.dumps(announced.parts),
                announced.content_type,
                announced.total_bytes,
                announced.idempotency_key,
                self._clock.now(),
            ),
        )
        return self.session(upload_id)

    def settled(self, upload_id: str) -> Upload:
        """One session, whose former request has ended: whoever asks has given it up.

        Raises:
            ProviderError: As `session`.
        """
        self.spool.settle(self.session(upload_id).file)
        return self.session(upload_id)

    def session(self, upload_id: str) -> Upload:
        """One session.

        Raises:
            ProviderError: There is none of this id, or it is over a week old (404).
        """
        row = self._store.one("SELECT * FROM uploads WHERE id = ?", (upload_id,))
        if row is None or self._clock.now() > row["created_s"] + SESSION_LIFE_S:
            raise errors.session_gone()
        return self._upload(row)

    def accept(self, upload: Upload, span: Span) -> int:
        """How many bytes at a chunk's begin are stored already and to be skipped.

        Raises:
            ProviderError: The chunk leaves a gap, contradicts the total, or is of a forbidden size (400).
        """
        stored, total = upload.stored_bytes, upload.announced.total_bytes
        if span.total is not None and total is not None and span.total != total:
            text = f"Invalid request. The total size {span.total} is not the announced size {total}."
            raise errors.bad_range(text)
        if span.first > stored:
            text = (
                f"Invalid request. According to the Content-Range header, the upload offset is {span.first}"
            )
            raise errors.bad_range(
                f"{text} byte(s), which exceeds already uploaded size of {stored} byte(s)."
            )
        if span.count is not None and not span.is_last and span.count % CHUNK_UNIT_BYTES:
            text = f"Invalid request. The number of bytes uploaded is {span.count}, but all chunks except"
            raise errors.bad_range(f"{text} the last must be a multiple of {CHUNK_UNIT_BYTES} bytes.")
        return stored - span.first

    def check_whole(self, upload: Upload, span: Span) -> None:
        """Check that a chunk, now stored, was as long as was said.

        Raises:
            ProviderError: It was not (400).
        """
        size_bytes = self.spool.size(upload.file)
        if span.count is not None and size_bytes != max(upload.stored_bytes, span.first + span.count):
            text = f"Invalid request. There were {size_bytes - span.first} byte(s) in the request body."
            raise errors.bad_range(
                f"{text} There should have been {span.count} byte(s) based on the Content-Range header."
            )

    def examine(self, upload: Upload) -> Received:
        """Look into the complete file; takes time, call it in a thread."""
        path, digest = self.spool.path(upload.file), self.spool.sha256(upload.file)
        size_bytes = self.spool.size(upload.file)
        footage = examine(path) if size_bytes else None
        return Received(upload.file, size_bytes, digest, upload.announced.content_type, footage)

    def finish(self, upload: Upload, video_id: str) -> None:
        """Tie the session to the video that it became."""
        self._store.execute("UPDATE uploads SET video_id = ? WHERE id = ?", (video_id, upload.id))

    def cancel(self, upload: Upload) -> None:
        """Forget a session and what was stored."""
        self._store.execute("DELETE FROM uploads WHERE id = ?", (upload.id,))
        if upload.video_id is None:
            self.spool.delete(upload.file)

    def count_open(self) -> int:
        """Sessions that are not complete."""
        row = self._store.one("SELECT count(*) FROM uploads WHERE video_id IS NULL")
        return int(row[0]) if row else 0

    def _upload(self, row: Row) -> Upload:
        owner = person(row["login"])
        assert owner is not None
        announced = Announcement(
            owner,
            tuple(json.loads(row["answer_parts"])),
            json.loads(row["parts"]),
            row["content_type"],
            row["total_bytes"],
            row["idempotency_key"],
        )
        return Upload(row["id"], announced, self.spool.size(f"{row['id']}.video"), row["video_id"])
