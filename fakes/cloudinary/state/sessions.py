"""Chunked uploads under way: parts on disk until the last one makes them a file.

Source: cloudinary.com/documentation/upload_images (chunked asset upload). They survive a restart: a part is a
file first and a row then, and files without a row are removed.
"""

import re
import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path

from fakes.cloudinary import errors
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.naming import Name
from fakes.kit.clock import Clock
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY, cloud TEXT NOT NULL, upload_id TEXT NOT NULL, public_id TEXT NOT NULL,
    asset_folder TEXT NOT NULL, display_name TEXT NOT NULL, total INTEGER, asset_id TEXT,
    touched_at REAL NOT NULL
);
CREATE UNIQUE INDEX sessions_by_upload_id ON sessions (cloud, upload_id);
CREATE INDEX sessions_by_time ON sessions (touched_at);
CREATE TABLE session_parts (
    session_id INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, file TEXT NOT NULL,
    PRIMARY KEY (session_id, first)
) WITHOUT ROWID
"""
PART_MIN_BYTES = 5 * 1024 * 1024
UPLOAD_ID_MAX_LENGTH = 255
GIVEN_UP_AFTER_S = 24 * 3600.0
_KEPT = 1024
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Range:
    """`Content-Range`: first and last byte, and the total or None when it is not said yet."""

    first: int
    last: int
    total: int | None

    @property
    def length(self) -> int:
        """Bytes in this part."""
        return self.last - self.first + 1

    @property
    def is_end(self) -> bool:
        """Whether this part ends the file."""
        return self.total is not None and self.last + 1 == self.total


@dataclass(frozen=True, slots=True)
class Session:
    """One chunked upload.

    Attributes:
        name: The final name, decided with the first part.
        total: Bytes of the whole, once a part has said so.
        asset_id: Set when it has become an asset.
        received_bytes: Bytes received so far.
    """

    id: int
    name: Name
    total: int | None
    asset_id: str | None
    received_bytes: int

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are there."""
        return self.total is not None and self.received_bytes == self.total


def parse_range(text: str, size_bytes: int) -> Range:
    """Read `bytes a-b/total`, where total may be `*` or `-1`.

    Raises:
        ProviderError: It is not that, or not as long as the bytes that came with it (400).
    """
    match = re.fullmatch(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*|-1)", text.strip())
    if match is None:
        raise errors.invalid_content_range(text)
    total = None if match[3] in ("*", "-1") else int(match[3])
    part = Range(int(match[1]), int(match[2]), total)
    if part.length != size_bytes or (total is not None and part.last >= total):
        raise errors.invalid_content_range(text)
    if not part.is_end and part.length < PART_MIN_BYTES:
        raise errors.part_too_small()
    return part


class Sessions:
    """All chunked uploads, under way and just finished, by cloud and upload id.

    Args:
        store: The fake's store.
        clock: Says how long an upload has been left alone.
        folder: Where parts are, made when it is not there; files that no row names are removed.
    """

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self.sweep()

    def find(self, cloud: str, upload_id: str) -> Session | None:
        """The upload of this id, under way or finished."""
        row = self._store.one(
            "SELECT *, (SELECT total(last - first + 1) FROM session_parts WHERE session_id = id) AS received"
            " FROM sessions WHERE cloud = ? AND upload_id = ?",
            (cloud, upload_id),
        )
        return _session_of(row) if row else None

    def open(self, cloud: str, upload_id: str, name: Name) -> Session:
        """Start an upload. Those that were left alone for a day, or too many, are given up.

        Raises:
            ProviderError: The id is too long (400).
        """
        if len(upload_id) > UPLOAD_ID_MAX_LENGTH:
            raise errors.invalid_parameter("X-Unique-Upload-Id", upload_id)
        now_s = self._clock.now()
        self._give_up(now_s - GIVEN_UP_AFTER_S)
        row = (cloud, upload_id, name.public_id, name.asset_folder, name.display_name, now_s)
        cursor = self._store.execute(
            "INSERT INTO sessions (cloud, upload_id, public_id, asset_folder, display_name, touched_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
        return Session(int(cursor.lastrowid or 0), name, None, None, 0)

    def add(self, session: Session, part: Range, incoming: Incoming, limit_bytes: int) -> None:
        """Add a part, whose file is moved; the same part once more changes nothing.

        Raises:
            ProviderError: It overlaps another part, contradicts the total, or is too much (400).
        """
        if (part.total or part.last + 1) > limit_bytes:
            raise errors.file_too_large(part.total or part.last + 1, limit_bytes)
        where = (session.id, part.last, part.first)
        overlapping = self._store.all(
            "SELECT first, last FROM session_parts WHERE session_id = ? AND first <= ? AND last >= ?", where
        )
        total = part.total if part.total is not None else session.total
        is_same = [tuple(row) for row in overlapping] == [(part.first, part.last)]
        if self._contradicts(session, part, total) or (overlapping and not is_same):
            raise errors.invalid_content_range(f"bytes {part.first}-{part.last}/{part.total or '*'}")
        file = uuid.uuid4().hex
        if not is_same:
            incoming.path.replace(self._folder / file)
        with self._store.transaction():
            self._store.execute(
                "UPDATE sessions SET total = ?, touched_at = ? WHERE id = ?",
                (total, self._clock.now(), session.id),
            )
            if not is_same:
                row = (session.id, part.first, part.last, file)
                self._store.execute("INSERT INTO session_parts VALUES (?, ?, ?, ?)", row)

    def parts(self, session_id: int) -> list[Path]:
        """The files of the parts, in their order."""
        sql = "SELECT file FROM session_parts WHERE session_id = ? ORDER BY first"
        return [self._folder / row["file"] for row in self._store.all(sql, (session_id,))]

    def finish(self, session_id: int, asset_id: str) -> None:
        """Forget the parts; a repeat of the last part finds the asset."""
        files = self.parts(session_id)
        with self._store.transaction():
            self._store.execute("DELETE FROM session_parts WHERE session_id = ?", (session_id,))
            self._store.execute("UPDATE sessions SET asset_id = ? WHERE id = ?", (asset_id, session_id))
        _unlink(files)

    def forget(self, session_id: int) -> None:
        """Give an upload up."""
        files = self.parts(session_id)
        with self._store.transaction():
            self._store.execute("DELETE FROM session_parts WHERE session_id = ?", (session_id,))
            self._store.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
        _unlink(files)

    def sweep(self) -> None:
        """Remove files that no row names, and uploads whose files are gone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        named = {row["file"]: row["session_id"] for row in self._store.all("SELECT * FROM session_parts")}
        present = {path.name for path in self._folder.iterdir()}
        _unlink([self._folder / name for name in present - named.keys()])
        for session_id in {named[file] for file in named.keys() - present}:
            self.forget(session_id)

    def _contradicts(self, session: Session, part: Range, total: int | None) -> bool:
        """Whether a part and the total do not fit each other, or the parts that are there."""
        if session.total is not None and total != session.total:
            return True
        row = self._store.one("SELECT max(last) FROM session_parts WHERE session_id = ?", (session.id,))
        end = max(part.last, (row and row[0]) or 0)
        return total is not None and end >= total

    def _give_up(self, before_s: float) -> None:
        """Forget what is too old, and the oldest of too many."""
        stale = self._store.all(
            "SELECT id FROM sessions WHERE touched_at < ? OR id IN"
            " (SELECT id FROM sessions ORDER BY touched_at DESC LIMIT -1 OFFSET ?)",
            (before_s, _KEPT - 1),
        )
        for row in stale:
            self.forget(row["id"])


def join(parts: list[Path], whole: Incoming) -> Incoming:
    """Write all parts into one file. Blocks; call it in a thread."""
    for path in parts:
        with path.open("rb") as part:
            while block := part.read(_BLOCK_BYTES):
                whole.write(block)
    return whole


def _session_of(row: sqlite3.Row) -> Session:
    name = Name(row["public_id"], row["asset_folder"], row["display_name"])
    return Session(row["id"], name, row["total"], row["asset_id"], int(row["received"]))


def _unlink(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
