"""Keeps account of the bytes that this fake has stored, so that those which no row names any more can go.

An address is written down before its bytes are stored and looked at again after a restart: whatever moment a
process ends at, bytes without a row are found. Rows name bytes in a column `sha256`, in whatever table.
"""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator

from fakes.cloudinary.blobs import Blob, Blobs, Incoming
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE lasting_blobs (sha256 TEXT PRIMARY KEY, status TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX lasting_blobs_loose ON lasting_blobs (sha256) WHERE status = 'loose'
"""
# Bytes are `loose` when a row may have to be written or is gone, `named` when one was there at the last look,
# and `seeded` when rows come back with every reset that name them.
_COLLECT_AT = 256


class StoredBytes:
    """The bytes that this fake has stored itself; those of seeds are not its own to remove.

    Args:
        store: The fake's store, with its tables.
        blobs: Where bytes are kept.
    """

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs
        self._held: Counter[str] = Counter()
        self._loose_count = 0
        self._is_named = " UNION ALL ".join(
            f'SELECT 1 FROM "{table}" WHERE sha256 = :sha256'  # noqa: S608 - own table names
            for table in naming_tables(store)
        )

    @contextlib.contextmanager
    def held(self, addresses: Iterable[str]) -> Iterator[None]:
        """Remove none of these bytes meanwhile, whether a row names them or not."""
        held = set(addresses)
        self._held.update(held)
        try:
            yield
        finally:
            self._held -= Counter(held)  # forgets what nobody holds

    @contextlib.asynccontextmanager
    async def kept(self, incoming: Incoming, blob: Blob) -> AsyncIterator[None]:
        """Store a finished file; a row that names it must be written before the context is left."""
        self._loose_count += 1
        self._store.execute(
            "INSERT INTO lasting_blobs VALUES (?, 'loose') ON CONFLICT DO UPDATE SET status = 'loose'"
            " WHERE status = 'named'",
            (blob.sha256,),
        )
        try:
            with self.held([blob.sha256]):
                await self._blobs.keep(incoming, blob)
                yield
        finally:
            if self._loose_count >= _COLLECT_AT:
                self.collect()

    def loosen(self, addresses: Iterable[str]) -> None:
        """Note that rows which named these bytes are gone; they are removed some time later, if need be."""
        rows = [(address,) for address in addresses]
        if not rows:
            return
        self._loose_count += len(rows)
        self._store.execute_many(
            "UPDATE lasting_blobs SET status = 'loose' WHERE sha256 = ? AND status = 'named'", rows
        )

    def seed(self, addresses: Iterable[str]) -> None:
        """Note which bytes the baseline names: they are not removed, whatever happens to the rows."""
        self._store.execute("DELETE FROM lasting_blobs WHERE status = 'seeded'")
        self._store.execute_many(
            "INSERT OR REPLACE INTO lasting_blobs VALUES (?, 'seeded')", [(one,) for one in addresses]
        )

    def collect(self, *, everything: bool = False) -> None:
        """Remove bytes that no row names.

        Args:
            everything: Look at all that was stored, instead of what has become loose since the last time.
        """
        self._loose_count = 0
        wanted = "status <> 'seeded'" if everything else "status = 'loose'"
        rows = self._store.all(f"SELECT sha256 FROM lasting_blobs WHERE {wanted}")  # noqa: S608 - constant text
        looked_at = [row["sha256"] for row in rows if row["sha256"] not in self._held]
        if not looked_at:
            return
        unnamed = {one for one in looked_at if self._store.one(self._is_named, {"sha256": one}) is None}
        self._blobs.discard(unnamed)
        with self._store.transaction():
            self._store.execute_many(
                "DELETE FROM lasting_blobs WHERE sha256 = ?", [(one,) for one in unnamed]
            )
            self._store.execute_many(
                "UPDATE lasting_blobs SET status = 'named' WHERE sha256 = ? AND status = 'loose'",
                [(one,) for one in looked_at if one not in unnamed],
            )


def naming_tables(store: Store) -> list[str]:
    """The tables whose rows name bytes. Each has an index on `sha256`."""
    rows = store.all(
        "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        " AND c.name = 'sha256' ORDER BY m.name"
    )
    names = [str(row["name"]) for row in rows]
    return [name for name in names if not name.startswith(("baseline__", "lasting_"))]
