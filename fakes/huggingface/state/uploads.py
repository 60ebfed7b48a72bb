"""Large files on their way: what was announced, and the address that each may be sent to."""

import hashlib
from dataclasses import dataclass

from fakes.huggingface import errors
from fakes.huggingface.state.blobs import Blobs
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL, expires_s REAL NOT NULL
);
"""
LIFE_S = 3600  # guess: how long the Hub's addresses hold
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was announced."""

    id: str
    sha256: str
    size_bytes: int


class Uploads:
    """All that is on its way."""

    def __init__(self, store: Store, blobs: Blobs, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._ids = ids

    def announce(self, sha256: str, size_bytes: int) -> Upload | None:
        """Make an address for a file; None for one that is there already."""
        if self._blobs.has(sha256):
            return None
        made = Upload(self._store.unused("uploads", "id", lambda: self._ids.hex(40)), sha256, size_bytes)
        row = (made.id, sha256, size_bytes, self._clock.now() + LIFE_S)
        self._store.execute("INSERT INTO uploads VALUES (?, ?, ?, ?)", row)
        return made

    def find(self, upload_id: str) -> Upload:
        """What an address is for.

        Raises:
            ProviderError: Unknown, or too old (403).
        """
        row = self._store.one("SELECT * FROM uploads WHERE id = ?", (upload_id,))
        if row is None or row["expires_s"] <= self._clock.now():
            raise errors.signature_expired()
        return Upload(row["id"], row["sha256"], row["size_bytes"])

    def settle(self, upload: Upload) -> None:
        """Keep what has come; takes time for a large one.

        Raises:
            ProviderError: It is not what was announced (400); it is forgotten then.
        """
        partial = self._blobs.partial(upload.id)
        path = self._blobs.spool.path(partial)
        path.touch()
        digest, size_bytes = hashlib.sha256(), 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                size_bytes += len(piece)
        if (digest.hexdigest(), size_bytes) != (upload.sha256, upload.size_bytes):
            path.unlink()
            raise errors.checksum_mismatch()
        self._blobs.settle(upload.id, upload.sha256)
