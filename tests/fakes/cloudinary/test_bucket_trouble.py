"""A bucket whose server is lost, silent, slow or talks nonsense: bounded waits, and no half blobs."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from minio import Minio

from fakes.cloudinary.blobs import Blob, Span
from fakes.cloudinary.blobs.bucket import BucketBlobs
from fakes.cloudinary.blobs.graves import Graves
from fakes.cloudinary.blobs.objects import Patience
from fakes.kit.bucket import Bucket
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.buckets import BucketServer, bucket_server
from tests.fakes.cloudinary.proxies import proxy
from tests.servers import wait_until

IMPATIENT = Patience(connect_s=1.0, read_s=0.5, transfer_s=0.5, away_s=0.5)
BLOCKED_S = 0.4
LARGE = os.urandom(12 << 20)


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture
def bucket(server: BucketServer, tmp_path: Path) -> Bucket:
    """A bucket of its own for each test."""
    return server.bucket(tmp_path.name.replace("_", "-")[-50:].strip("-"))


def opened(folder: Path, bucket: Bucket, patience: Patience = IMPATIENT) -> BucketBlobs:
    return BucketBlobs(folder, bucket, 0, patience)


async def keep(blobs: BucketBlobs, content: bytes) -> Blob:
    incoming = blobs.incoming()
    incoming.write(content)
    blob = incoming.finish()
    try:
        await blobs.keep(incoming, blob)
    finally:
        incoming.drop()
    return blob


async def read(blobs: BucketBlobs, blob: Blob, first: int = 0, length: int | None = None) -> bytes:
    last = first + (length or blob.bytes) - 1
    reader = await blobs.open(blob.sha256, Span(first, last, blob.bytes))
    try:
        return b"".join([block async for block in _blocks(reader.read)])
    finally:
        reader.close()


async def _blocks(read: object) -> AsyncIterator[bytes]:
    assert callable(read)
    while block := await read():
        yield block


@asynccontextmanager
async def nobody_else_waits() -> AsyncIterator[None]:
    """See that the event loop turns all the time."""
    gaps: list[float] = []

    async def tick() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - began)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
    assert max(gaps) < BLOCKED_S


async def test_a_silent_server_is_given_up_and_asked_again_when_it_is_back(tmp_path: Path) -> None:
    with bucket_server() as server:
        blobs = opened(tmp_path, server.bucket("silent"))
        blob = await keep(blobs, LARGE)
        server.freeze()
        began = time.monotonic()
        async with nobody_else_waits():
            errors = await asyncio.gather(
                *(keep(blobs, str(number).encode()) for number in range(20)),
                *(read(blobs, blob) for _ in range(20)),
                blobs.missing(["0" * 64] * 20),
                return_exceptions=True,
            )
        took_s = time.monotonic() - began
        server.thaw()
        await asyncio.sleep(IMPATIENT.away_s)

        assert await read(blobs, blob) == LARGE
        assert {getattr(error, "status", error) for error in errors} == {500}
        assert took_s < 6 * IMPATIENT.read_s
        assert (await keep(blobs, b"after")).bytes == 5


async def test_a_slow_server_is_given_up_and_keeps_no_half(
    server: BucketServer, tmp_path: Path, bucket: Bucket
) -> None:
    with proxy(server.port, bytes_per_s=1 << 20) as slow:
        near = opened(tmp_path / "near", bucket)
        far = opened(
            tmp_path / "far",
            replace(bucket, endpoint=f"127.0.0.1:{slow.port}"),
            replace(IMPATIENT, slowest_bytes_per_s=1 << 30),
        )
        blob = await keep(near, LARGE)
        began = time.monotonic()
        async with nobody_else_waits():
            with pytest.raises(ProviderError, match="it is too slow"):
                await keep(far, LARGE[1:])
            with pytest.raises(ProviderError, match="it is too slow"):
                async with far.local(blob.sha256):
                    pass
        took_s = time.monotonic() - began
        slow.bytes_per_s = None

        assert took_s < 6
        await asyncio.to_thread(
            wait_until,
            lambda: set(server.objects(bucket.name).values()) == {LARGE},
            lambda: "what was received to go",
        )
        assert await read(far, await keep(far, LARGE[1:])) == LARGE[1:]


async def test_a_server_that_ends_in_the_middle_keeps_no_half(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with bucket_server(data=data) as server, proxy(server.port, bytes_per_s=8 << 20) as slow:
        bucket = replace(server.bucket("ended"), endpoint=f"127.0.0.1:{slow.port}")
        blobs = opened(tmp_path, bucket, Patience())
        await keep(blobs, b"x")
        storing = asyncio.create_task(keep(blobs, LARGE))
        await asyncio.to_thread(wait_until, lambda: has_begun(data), lambda: "an upload to begin")
        server.process.kill()
        with pytest.raises(ProviderError, match="it does not answer"):
            await storing

        with bucket_server(data=data) as again:
            slow.target = again.port
            assert await blobs.missing([hashlib.sha256(LARGE).hexdigest()]) != []
            blob = await keep(blobs, LARGE)
            assert await read(blobs, blob) == LARGE


def client(bucket: Bucket) -> Minio:
    return Minio(bucket.endpoint, bucket.access_key, bucket.secret_key, secure=False, region=bucket.region)


def has_begun(data: Path) -> bool:
    return any(path.stat().st_size > 1 << 20 for path in (data / "ended").iterdir())


async def test_of_a_large_object_only_the_part_is_read(
    server: BucketServer, tmp_path: Path, bucket: Bucket
) -> None:
    with proxy(server.port) as between:
        blobs = opened(tmp_path, replace(bucket, endpoint=f"127.0.0.1:{between.port}"))
        blob = await keep(blobs, LARGE)
        before = between.from_target_bytes

        part = await read(blobs, blob, 5_000_000, 100_000)

        assert part == LARGE[5_000_000:5_100_000]
        assert between.from_target_bytes - before < 110_000
        assert list((tmp_path / "cache").iterdir()) == []


async def test_a_small_object_is_copied_when_a_part_is_read(
    server: BucketServer, tmp_path: Path, bucket: Bucket
) -> None:
    await keep(opened(tmp_path / "first", bucket), b"0123456789")
    blobs = BucketBlobs(tmp_path / "second", bucket)

    part = await read(blobs, Blob(hashlib.sha256(b"0123456789").hexdigest(), "", 10), 2, 3)

    assert part == b"234"
    assert [path.read_bytes() for path in (tmp_path / "second" / "cache").iterdir()] == [b"0123456789"]


async def test_an_object_that_is_too_short_is_refused(
    server: BucketServer, tmp_path: Path, bucket: Bucket
) -> None:
    blobs = opened(tmp_path, bucket)
    blob = await keep(blobs, LARGE)
    client(bucket).put_object(bucket.name, blob.sha256, BytesIO(LARGE), 6_000_000)

    with pytest.raises(ProviderError, match="has not the 2000000 bytes that were asked for"):
        await read(blobs, blob, 5_000_000, 2_000_000)


async def test_many_first_files_at_once_make_one_bucket(
    server: BucketServer, tmp_path: Path, bucket: Bucket
) -> None:
    stores = [opened(tmp_path / str(number), bucket) for number in range(4)]

    await asyncio.gather(*(keep(one, str(number).encode()) for one in stores for number in range(10)))

    assert sorted(server.objects(bucket.name).values()) == sorted(
        str(number).encode() for number in range(10)
    )


async def test_a_bucket_that_was_removed_is_made_anew(
    server: BucketServer, tmp_path: Path, bucket: Bucket
) -> None:
    blobs = opened(tmp_path, bucket)
    lost = await keep(blobs, b"lost")
    client(bucket).remove_object(bucket.name, lost.sha256)
    client(bucket).remove_bucket(bucket.name)

    with pytest.raises(FileNotFoundError):
        await read(blobs, lost)
    await keep(blobs, b"again")

    assert list(server.objects(bucket.name).values()) == [b"again"]


async def test_bytes_that_are_discarded_while_they_are_stored_go(
    server: BucketServer, tmp_path: Path, bucket: Bucket
) -> None:
    with proxy(server.port, bytes_per_s=16 << 20) as slow:
        blobs = opened(tmp_path, replace(bucket, endpoint=f"127.0.0.1:{slow.port}"), Patience())
        storing = asyncio.create_task(keep(blobs, LARGE))
        await asyncio.to_thread(
            wait_until, lambda: (server.folder / bucket.name).is_dir(), lambda: "an upload to begin"
        )
        storing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await storing
        blobs.discard([hashlib.sha256(LARGE).hexdigest()])

        graves = tmp_path / "graves"
        await asyncio.to_thread(
            wait_until, lambda: not any(graves.iterdir()), lambda: "the object to be deleted"
        )
    assert server.objects(bucket.name) == {}


def test_what_cannot_be_deleted_is_tried_again_with_the_next(tmp_path: Path) -> None:
    tried: list[str] = []

    def delete(sha256: str) -> None:
        tried.append(sha256)
        if len(tried) == 1:
            raise ProviderError(500, "away")

    graves = Graves(tmp_path / "graves", delete)
    graves.dig(["a"])
    wait_until(lambda: tried == ["a"], lambda: "the first try")
    with graves.spared("b"):
        assert graves.has("a")

    wait_until(lambda: not graves.has("a"), lambda: "the second try")
    assert tried == ["a", "a"]


class Nonsense(BaseHTTPRequestHandler):
    """Answers everything with what its server was given."""

    answer: tuple[int, str, bytes]

    def do_GET(self) -> None:
        status, kind, body = self.answer
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_PUT = do_HEAD = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((502, "text/html", b"<html>Bad Gateway</html>"), "502"),
        ((403, "text/xml", b"<Error><Code>AccessDenied</Code></Error>"), "AccessDenied"),
        (
            (403, "application/xml", b"<Error><Code>SignatureDoesNotMatch</Code></Error>"),
            "SignatureDoesNotMatch",
        ),
        ((500, "application/xml", b"no XML"), "it does not answer as S3 does"),
        ((500, "text/plain", b"\xff\xfe"), "it does not answer as S3 does"),
        ((503, "application/xml", b""), "503"),
    ],
)
async def test_nonsense_is_an_error_of_the_server(
    tmp_path: Path, answer: tuple[int, str, bytes], said: str
) -> None:
    handler = type("Answers", (Nonsense,), {"answer": answer})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        blobs = opened(tmp_path, Bucket(f"127.0.0.1:{http.server_port}", "nonsense", "", "k", "s"))
        blob = Blob("0" * 64, "0" * 32, len(LARGE))
        refused = [
            await refusal(keep(blobs, b"x")),
            await refusal(read(blobs, blob)),
            await refusal(blobs.missing(["0" * 64])),
        ]
        http.shutdown()

    assert [error.status for error in refused] == [500] * 3
    assert said in refused[1].message


async def refusal(work: object) -> ProviderError:
    with pytest.raises(ProviderError) as refused:
        await work  # type: ignore[misc]  # any awaitable
    return refused.value
