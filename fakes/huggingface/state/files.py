"""Commits and files of Spaces: one branch, `main`, of which every commit can be read."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fakes.huggingface import errors
from fakes.huggingface.state.blobs import Blobs
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE commits (
    id TEXT PRIMARY KEY, space TEXT NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL,
    message TEXT NOT NULL, author TEXT NOT NULL, at_s REAL NOT NULL
);
CREATE UNIQUE INDEX commits_by_space ON commits (space, number);
CREATE TABLE entries (
    space TEXT NOT NULL, path TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, oid TEXT NOT NULL,
    sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL, is_lfs INTEGER NOT NULL
);
CREATE UNIQUE INDEX entries_by_path ON entries (space, path, since);
CREATE INDEX entries_by_content ON entries (sha256);
"""
MAIN = "main"
_LIVE = "space = ? AND since <= ? AND (until IS NULL OR until > ?)"
_OF_MAIN = (MAIN, "refs/heads/main", "HEAD")
_PATH_LIMIT_BYTES = 1024
_NAME_LIMIT_BYTES = 255


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `number` counts a Space's commits from 1."""

    id: str
    number: int
    title: str
    message: str
    author: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a revision; `oid` is that of git, of the pointer for a large file."""

    path: str
    oid: str
    sha256: str
    size_bytes: int
    is_lfs: bool

    @property
    def pointer_bytes(self) -> int:
        """Length of the pointer that git keeps of a large file."""
        return len(_pointer(self.sha256, self.size_bytes))

    @property
    def etag(self) -> str:
        """What a download is known by: the SHA-256 of a large file, else git's id."""
        return self.sha256 if self.is_lfs else self.oid


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does to a path: a content, a large file that was uploaded, or else its end.

    Attributes:
        content: Of a regular file.
        sha256: Of a large file.
        is_folder: Whether all that is below the path ends.
    """

    path: str
    content: bytes | None = None
    sha256: str | None = None
    is_folder: bool = False


def git_oid(content: bytes) -> str:
    """The id that git gives a blob (git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def checked_path(path: object) -> str:
    """A path of a file, relative and within the repository.

    Raises:
        ProviderError: It is something else (400).
    """
    parts = path.split("/") if isinstance(path, str) else []
    is_bad = not parts or len(str(path).encode()) > _PATH_LIMIT_BYTES or "\0" in str(path)
    is_bad = is_bad or any(len(part.encode()) > _NAME_LIMIT_BYTES for part in parts)
    if is_bad or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise errors.bad_request(f"Invalid path in repo: {str(path)[:100]}")
    return "/".join(parts)


class Files:
    """Commits and files of all Spaces, by the Space's key."""

    def __init__(self, store: Store, blobs: Blobs, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._ids = ids

    def commit(
        self, space: str, changes: Sequence[Change], title: str, message: str = "", author: str = ""
    ) -> Commit:
        """Add a commit to `main`.

        Raises:
            ProviderError: A file that is to be deleted is not there (404), a large one was not uploaded, or a
                file would be where a folder is (400).
        """
        number = self._last(space) + 1
        with self._store.transaction():
            for change in changes:
                self._apply(space, change, number)
            made = Commit(self._new_id(), number, title, message, author, self._clock.now())
            row = (made.id, space, number, title, message, author, made.at_s)
            self._store.execute("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return made

    def revision(self, space: str, name: str) -> Commit:
        """The commit that a branch or a commit id (at least 7 digits of it) names.

        Raises:
            ProviderError: There is none (404).
        """
        if name in _OF_MAIN:
            row = self._store.one(
                "SELECT * FROM commits WHERE space = ? ORDER BY number DESC LIMIT 1", (space,)
            )
        elif len(name) >= 7 and name.isalnum():
            row = self._store.one("SELECT * FROM commits WHERE space = ? AND id GLOB ?", (space, f"{name}*"))
        else:
            row = None
        if row is None:
            raise errors.revision_not_found(name)
        return _commit(row)

    def log(self, space: str, upto: Commit) -> list[Commit]:
        """Commits, newest first."""
        rows = self._store.all(
            "SELECT * FROM commits WHERE space = ? AND number <= ? ORDER BY number DESC", (space, upto.number)
        )
        return [_commit(row) for row in rows]

    def entries(self, space: str, at: Commit) -> list[Entry]:
        """All files of a revision, by path."""
        rows = self._store.all(
            f"SELECT * FROM entries WHERE {_LIVE} ORDER BY path",  # noqa: S608 - own words
            (space, at.number, at.number),
        )
        return [_entry(row) for row in rows]

    def find(self, space: str, at: Commit, path: str) -> Entry | None:
        """One file of a revision."""
        row = self._store.one(
            f"SELECT * FROM entries WHERE {_LIVE} AND path = ?",  # noqa: S608 - own words
            (space, at.number, at.number, path),
        )
        return None if row is None else _entry(row)

    def text(self, space: str, at: Commit, path: str) -> str | None:
        """A small file as text; None where it is not there or is no text."""
        entry = self.find(space, at, path)
        if entry is None or entry.is_lfs:
            return None
        try:
            return self._blobs.path(entry.sha256).read_text("utf-8")
        except UnicodeDecodeError:
            return None

    def contents(self) -> set[str]:
        """SHA-256 of all contents that any revision has."""
        return {str(row["sha256"]) for row in self._store.all("SELECT DISTINCT sha256 FROM entries")}

    def drop(self, space: str) -> None:
        """Forget a Space's commits and files."""
        with self._store.transaction():
            self._store.execute("DELETE FROM commits WHERE space = ?", (space,))
            self._store.execute("DELETE FROM entries WHERE space = ?", (space,))

    def _apply(self, space: str, change: Change, number: int) -> None:
        beneath = f"{change.path}/" if change.is_folder else ""
        ended = self._store.execute(
            "UPDATE entries SET until = ? WHERE space = ? AND until IS NULL AND since < ?"
            " AND (path = ? OR (? != '' AND substr(path, 1, ?) = ?))",
            (number, space, number, change.path, beneath, len(beneath), beneath),
        ).rowcount
        made = self._stored(change)
        if made is None:
            if not ended:
                raise errors.entry_not_found()
            return
        self._check_free(space, change.path)
        self._store.execute(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, NULL, ?, ?, ?, ?)",
            (space, made.path, number, made.oid, made.sha256, made.size_bytes, made.is_lfs),
        )

    def _stored(self, change: Change) -> Entry | None:
        """The file that a change leaves, its content kept; None where it leaves none."""
        if change.content is not None:
            sha256 = self._blobs.put(change.content)
            return Entry(change.path, git_oid(change.content), sha256, len(change.content), is_lfs=False)
        if change.sha256 is None:
            return None
        if not self._blobs.has(change.sha256):
            raise errors.lfs_missing(change.sha256)
        size_bytes = self._blobs.path(change.sha256).stat().st_size
        oid = git_oid(_pointer(change.sha256, size_bytes))
        return Entry(change.path, oid, change.sha256, size_bytes, is_lfs=True)

    def _check_free(self, space: str, path: str) -> None:
        """Refuse a file where a folder is, and a file within a file."""
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        marks = ", ".join("?" * len(above))
        found = self._store.one(
            f"SELECT path FROM entries WHERE space = ? AND until IS NULL"  # noqa: S608 - own words
            f" AND (path IN ({marks}) OR substr(path, 1, ?) = ?)",
            (space, *above, len(path) + 1, f"{path}/"),
        )
        if found is not None:
            raise errors.bad_request(f"Path '{path}' conflicts with '{found['path']}'")  # guess: wording

    def _last(self, space: str) -> int:
        row = self._store.one("SELECT max(number) FROM commits WHERE space = ?", (space,))
        return int((row and row[0]) or 0)

    def _new_id(self) -> str:
        return self._store.unused("commits", "id", lambda: self._ids.hex(40))


def folders(entries: Sequence[Entry], beneath: str) -> Iterator[tuple[str, str]]:
    """Paths and ids of all folders below a folder (itself left out), by path."""
    inner: dict[str, list[str]] = {}
    for entry in entries:
        parts = entry.path.split("/")
        for depth in range(1, len(parts)):
            inner.setdefault("/".join(parts[:depth]), []).append(f"{entry.oid} {entry.path}")
    for path in sorted(inner):
        if path.startswith(beneath):
            listed = "\n".join(inner[path]).encode()
            yield (
                path,
                hashlib.sha1(listed, usedforsecurity=False).hexdigest(),
            )  # guess: not git's own tree id


def _pointer(sha256: str, size_bytes: int) -> bytes:
    """What git keeps of a large file (github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size_bytes}\n".encode()


def _commit(row: sqlite3.Row) -> Commit:
    return Commit(row["id"], row["number"], row["title"], row["message"], row["author"], row["at_s"])


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(row["path"], row["oid"], row["sha256"], row["size_bytes"], bool(row["is_lfs"]))
