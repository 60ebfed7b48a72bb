"""Bytes without a row are removed, and only those."""

from pathlib import Path

import pytest

from fakes.cloudinary.blobs import Blob
from fakes.cloudinary.blobs.folder import FolderBlobs
from fakes.cloudinary.state import SCHEMA
from fakes.cloudinary.state.stored import StoredBytes, naming_tables
from fakes.kit.store import Store


class Things:
    """Bytes, and rows of `derived` that name them."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "a.db", SCHEMA)
        self.blobs = FolderBlobs(folder / "blobs")
        self.stored = StoredBytes(self.store, self.blobs)

    async def add(self, content: bytes, *, is_named: bool = True) -> Blob:
        incoming = self.blobs.incoming()
        incoming.write(content)
        blob = incoming.finish()
        async with self.stored.kept(incoming, blob):
            if is_named:
                self.name(blob)
        return blob

    def name(self, blob: Blob) -> None:
        row = (blob.sha256, "a", 1, "", "", 0, None, None, blob.sha256, "", 0.0)
        self.store.execute(f"INSERT OR REPLACE INTO derived VALUES ({', '.join('?' * 11)})", row)

    def unname(self, blob: Blob) -> None:
        self.store.execute("DELETE FROM derived WHERE sha256 = ?", (blob.sha256,))
        self.stored.loosen([blob.sha256])

    def has(self, blob: Blob) -> bool:
        return self.blobs.path(blob.sha256).is_file()


@pytest.fixture
def things(tmp_path: Path) -> Things:
    return Things(tmp_path)


async def test_bytes_that_no_row_came_to_name_go(things: Things) -> None:
    named = await things.add(b"named")
    unnamed = await things.add(b"unnamed", is_named=False)

    things.stored.collect()

    assert (things.has(named), things.has(unnamed)) == (True, False)


async def test_bytes_whose_last_row_went_go_and_can_come_again(things: Things) -> None:
    blob = await things.add(b"x")
    things.stored.collect()
    things.unname(blob)

    things.stored.collect()
    assert not things.has(blob)
    await things.add(b"x")
    things.stored.collect()

    assert things.has(blob)


async def test_bytes_that_are_being_stored_are_left_alone(things: Things) -> None:
    incoming = things.blobs.incoming()
    incoming.write(b"x")
    blob = incoming.finish()

    async with things.stored.kept(incoming, blob):
        things.stored.collect(everything=True)
        things.name(blob)

    things.stored.collect()
    assert things.has(blob)


async def test_bytes_that_are_held_are_left_alone(things: Things) -> None:
    blob = await things.add(b"x", is_named=False)

    with things.stored.held([blob.sha256]), things.stored.held([blob.sha256]):
        things.stored.collect(everything=True)
    was_kept = things.has(blob)
    things.stored.collect(everything=True)

    assert (was_kept, things.has(blob)) == (True, False)


async def test_what_an_ended_process_left_without_a_row_is_found_by_the_next(tmp_path: Path) -> None:
    first = Things(tmp_path)
    blob = await first.add(b"x", is_named=False)
    first.store.close()

    second = Things(tmp_path)
    second.stored.collect()

    assert not second.has(blob)


async def test_the_account_is_kept_through_a_reset(things: Things) -> None:
    things.store.mark_baseline()
    blob = await things.add(b"x")
    things.store.restore_baseline()

    things.stored.collect(everything=True)

    assert not things.has(blob)


async def test_bytes_of_a_seed_stay_when_an_upload_of_the_same_goes(things: Things) -> None:
    blob = await things.add(b"x")
    things.stored.seed([blob.sha256])
    await things.add(b"x")
    things.unname(blob)

    things.stored.collect(everything=True)

    assert things.has(blob)


async def test_enough_loose_bytes_are_collected_without_being_asked(things: Things) -> None:
    blobs = [await things.add(str(number).encode(), is_named=False) for number in range(257)]

    kept = [blob for blob in blobs if things.has(blob)]

    assert len(kept) <= 2


def test_each_table_that_names_bytes_finds_them_by_an_index(things: Things) -> None:
    for table in naming_tables(things.store):
        plan = things.store.all(f'EXPLAIN QUERY PLAN SELECT 1 FROM "{table}" WHERE sha256 = ?', ("x",))

        assert "SEARCH" in plan[0]["detail"], table
