"""One contract for the places that bytes can be in, and what each has of its own."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from fakes.cloudinary.blobs import Blob, Blobs, Incoming
from fakes.cloudinary.blobs.bucket import BucketBlobs
from fakes.cloudinary.blobs.cache import LocalCache
from fakes.cloudinary.blobs.folder import FolderBlobs
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.buckets import BucketServer, bucket_server
from tests.servers import wait_until

NOBODY = "0" * 64


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@dataclass(slots=True)
class Place:
    """Somewhere to keep bytes; `again` opens it once more, as after a restart."""

    root: Path
    open: Callable[[], Blobs]
    stored: Callable[[], Iterable[bytes]]
    blobs: Blobs = field(init=False)

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        self.blobs = self.open()

    async def keep(self, content: bytes) -> Blob:
        incoming = self.blobs.incoming()
        incoming.write(content)
        blob = incoming.finish()
        await self.blobs.keep(incoming, blob)
        incoming.drop()
        return blob

    async def read(self, sha256: str) -> bytes:
        async with self.blobs.local(sha256) as path:
            return await asyncio.to_thread(path.read_bytes)

    def temporary(self) -> list[Path]:
        return files(self.root / "incoming")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Place(tmp_path, lambda: FolderBlobs(tmp_path), lambda: contents(tmp_path))
    server: BucketServer = request.getfixturevalue("server")
    bucket = server.bucket(tmp_path.name.replace("_", "-")[-50:].strip("-"))
    stored = lambda: server.objects(bucket.name).values()  # noqa: E731 - beside its twin above
    return Place(tmp_path, lambda: BucketBlobs(tmp_path, bucket), stored)


def files(folder: Path) -> list[Path]:
    """All files below a folder, from which others may go meanwhile."""
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names]


def contents(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in files(folder) if "incoming" not in path.parts]


async def test_bytes_are_kept_under_their_hash_and_once(place: Place) -> None:
    for _ in range(2):
        blob = await place.keep(b"hello world")

    assert blob == Blob(
        hashlib.sha256(b"hello world").hexdigest(), hashlib.md5(b"hello world").hexdigest(), 11
    )
    assert await place.read(blob.sha256) == b"hello world"
    assert list(place.stored()) == [b"hello world"]
    assert place.temporary() == []


async def test_a_large_file_comes_back_as_it_was(place: Place) -> None:
    content = os.urandom(33 << 20)

    blob = await place.keep(content)
    place.again()

    assert await place.read(blob.sha256) == content


async def test_what_another_program_wrote_is_hashed(place: Place) -> None:
    incoming = place.blobs.incoming()
    incoming.path.write_bytes(b"by ffmpeg")

    assert incoming.read_back().sha256 == hashlib.sha256(b"by ffmpeg").hexdigest()


async def test_bytes_beyond_the_limit_are_counted_and_not_written(place: Place) -> None:
    incoming = place.blobs.incoming(limit_bytes=4)
    incoming.write(b"1234")
    incoming.write(b"5678")

    assert incoming.finish().bytes == 8
    assert incoming.path.read_bytes() == b"1234"
    incoming.drop()
    assert place.temporary() == []


async def test_temporary_files_of_an_earlier_process_go_and_blobs_stay(place: Place) -> None:
    blob = await place.keep(b"kept")
    left = place.blobs.incoming()
    left.write(b"half")

    place.again()

    assert place.temporary() == []
    left.drop()
    assert await place.read(blob.sha256) == b"kept"


async def test_what_is_not_there_is_said(place: Place) -> None:
    blob = await place.keep(b"x")

    assert await place.blobs.missing([NOBODY, blob.sha256]) == [NOBODY]
    with pytest.raises(FileNotFoundError):
        await place.read(NOBODY)


async def test_what_somebody_else_put_into_the_folder_is_found(tmp_path: Path) -> None:
    place = Place(tmp_path, lambda: FolderBlobs(tmp_path), lambda: ())
    sha256 = hashlib.sha256(b"seeded").hexdigest()
    file = tmp_path / sha256[:2] / sha256
    file.parent.mkdir()
    file.write_bytes(b"seeded")

    assert await place.blobs.missing([sha256]) == []
    assert await place.read(sha256) == b"seeded"


async def test_what_is_being_removed_is_missing(place: Place) -> None:
    blob = await place.keep(b"x")
    place.blobs.discard([blob.sha256])

    assert await place.blobs.missing([blob.sha256]) == [blob.sha256]


async def test_discarded_bytes_go_and_can_come_again(place: Place) -> None:
    blob = await place.keep(b"x")

    place.blobs.discard([blob.sha256, NOBODY])
    with pytest.raises(FileNotFoundError):
        await place.read(blob.sha256)
    wait_until(lambda: list(place.stored()) == [], lambda: "the bytes to go")
    wait_until(lambda: place.temporary() == [], lambda: "the folder to be emptied")
    await place.keep(b"x")

    assert await place.read(blob.sha256) == b"x"


async def test_bytes_that_come_while_they_are_being_removed_stay(place: Place) -> None:
    for _ in range(20):
        blob = await place.keep(b"x")
        place.blobs.discard([blob.sha256])
        await place.keep(b"x")

        assert await place.blobs.missing([blob.sha256]) == []


async def test_many_readers_at_once_get_the_same(place: Place) -> None:
    blob = await place.keep(b"x" * 100_000)
    for copy in (place.root / "cache").glob("*"):
        copy.unlink()
    place.again()

    read = await asyncio.gather(*(place.read(blob.sha256) for _ in range(20)))

    assert read == [b"x" * 100_000] * 20


async def test_copies_of_a_bucket_are_bounded(server: BucketServer, tmp_path: Path) -> None:
    bucket = server.bucket("bounded")
    place = Place(tmp_path, lambda: BucketBlobs(tmp_path, bucket, 2500), lambda: ())
    blobs = [await place.keep(bytes([number]) * 1000) for number in range(5)]

    read = [await place.read(blob.sha256) for blob in blobs]

    assert [one[:1] for one in read] == [bytes([number]) for number in range(5)]
    assert len(list((tmp_path / "cache").iterdir())) == 2


async def test_an_object_of_other_bytes_is_refused(server: BucketServer, tmp_path: Path) -> None:
    bucket = server.bucket("broken")
    place = Place(tmp_path, lambda: BucketBlobs(tmp_path, bucket, 0), lambda: ())
    blob = await place.keep(b"right")
    (server.folder / "broken" / blob.sha256).write_bytes(b"wrong")

    with pytest.raises(ProviderError, match="holds other bytes"):
        await place.read(blob.sha256)


async def test_objects_lie_below_the_prefix(server: BucketServer, tmp_path: Path) -> None:
    bucket = replace(server.bucket("shared"), prefix="staging/")
    place = Place(tmp_path, lambda: BucketBlobs(tmp_path, bucket), lambda: ())

    blob = await place.keep(b"x")

    assert server.objects("shared") == {f"staging/{blob.sha256}": b"x"}


async def test_a_server_that_is_away_is_named_and_forgotten_when_it_is_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with bucket_server(data=data) as first:
        bucket, port = first.bucket("away"), first.port
        place = Place(tmp_path, lambda: BucketBlobs(tmp_path, bucket, 0), lambda: ())
        blob = await place.keep(b"x")
    with pytest.raises(ProviderError, match=f"the blob store at 127.0.0.1:{port} cannot be used"):
        await place.keep(b"y")
    place.blobs.discard([blob.sha256])

    with bucket_server(port, data) as second:
        await place.keep(b"z")
        place.again()

        wait_until(
            lambda: list(second.objects("away").values()) == [b"z"], lambda: "what was left to be deleted"
        )


def test_a_copy_in_use_stays_however_full_the_cache_is(tmp_path: Path) -> None:
    cache = LocalCache(tmp_path / "cache", 10)

    with cache.in_use("a"):
        for name in ("a", "b", "c"):
            (tmp_path / name).write_bytes(b"x" * 8)
            cache.put(tmp_path / name, name)
        found = [cache.find(name) is not None for name in ("a", "b", "c")]

    assert found == [True, False, False]


def test_what_a_full_disk_did_not_take_is_removed_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.symlink_to("/dev/full")
    incoming = Incoming(path)
    incoming.write(b"x")

    incoming.drop()

    assert list(tmp_path.iterdir()) == []
