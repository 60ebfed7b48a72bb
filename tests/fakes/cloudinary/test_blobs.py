import hashlib
from pathlib import Path

from fakes.cloudinary.blobs.folder import FolderBlobs
from tests.servers import wait_until


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_bytes_are_kept_under_their_hash_and_once(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    for _ in range(2):
        incoming = blobs.incoming()
        incoming.write(b"hello ")
        incoming.write(b"world")
        blob = incoming.finish()
        await blobs.keep(incoming, blob)

    assert (blob.sha256, blob.md5, blob.bytes) == (
        hashlib.sha256(b"hello world").hexdigest(), hashlib.md5(b"hello world").hexdigest(), 11,
    )  # fmt: skip
    assert blobs.path(blob.sha256).read_bytes() == b"hello world"
    assert blobs.path(blob.sha256) == tmp_path / blob.sha256[:2] / blob.sha256
    assert len(files(tmp_path)) == 1


def test_what_another_program_wrote_is_hashed(tmp_path: Path) -> None:
    incoming = FolderBlobs(tmp_path).incoming()
    incoming.path.write_bytes(b"by ffmpeg")

    assert incoming.read_back().sha256 == hashlib.sha256(b"by ffmpeg").hexdigest()


def test_bytes_beyond_the_limit_are_counted_and_not_written(tmp_path: Path) -> None:
    incoming = FolderBlobs(tmp_path).incoming(limit_bytes=4)
    incoming.write(b"1234")
    incoming.write(b"5678")

    assert incoming.finish().bytes == 8
    assert incoming.path.read_bytes() == b"1234"
    incoming.drop()
    assert not incoming.path.exists()


async def test_temporary_files_of_an_earlier_process_go_and_blobs_stay(tmp_path: Path) -> None:
    first = FolderBlobs(tmp_path)
    kept = first.incoming()
    kept.write(b"kept")
    blob = kept.finish()
    await first.keep(kept, blob)
    left = first.incoming()
    left.write(b"half")

    second = FolderBlobs(tmp_path)

    assert not left.path.exists()
    assert second.path(blob.sha256).read_bytes() == b"kept"
    left.drop()


async def test_discarded_bytes_are_gone_at_once(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    incoming = blobs.incoming()
    incoming.write(b"x")
    blob = incoming.finish()
    await blobs.keep(incoming, blob)

    blobs.discard([blob.sha256, "0" * 64])

    assert not blobs.path(blob.sha256).exists()
    wait_until(lambda: list((tmp_path / "incoming").iterdir()) == [], lambda: "the folder to be emptied")
