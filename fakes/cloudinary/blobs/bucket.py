"""Blobs in a bucket of an S3 server, with copies of the last used ones on this machine."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fakes.cloudinary.blobs import Blob, Inbox, Incoming, Reader, Span
from fakes.cloudinary.blobs.cache import LocalCache
from fakes.cloudinary.blobs.graves import Graves
from fakes.cloudinary.blobs.objects import Objects, Patience
from fakes.cloudinary.blobs.readers import FileReader
from fakes.cloudinary.errors import bytes_unavailable, on_api
from fakes.kit.bucket import Bucket
from fakes.kit.errors import ProviderError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

T = TypeVar("T")
CACHE_LIMIT_BYTES = 2 << 30
_AT_ONCE = 8
_TURN_WITHIN_S = 45.0
_COPIED_BYTES = 4 << 20
"""What is not larger is copied when a part of it is asked for: the next who asks needs no bucket."""


class BucketBlobs:
    """Blobs as objects `<prefix><sha256>`; what is read or written passes through a folder of this machine.

    Args:
        root: The folder: temporary files, copies, and what is still to be deleted.
        bucket: The bucket, made when it is not there.
        cache_limit_bytes: How many bytes the copies may have.
        patience: How long its server may take.
    """

    def __init__(
        self,
        root: Path,
        bucket: Bucket,
        cache_limit_bytes: int = CACHE_LIMIT_BYTES,
        patience: Patience | None = None,
    ) -> None:
        self._endpoint = bucket.endpoint
        self._inbox = Inbox(root)
        self._objects = Objects(bucket, patience or Patience())
        self._cache = LocalCache(root / "cache", cache_limit_bytes)
        self._graves = Graves(root / "graves", self._objects.delete)
        self._threads = ThreadPoolExecutor(_AT_ONCE, "objects")
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._fetching: dict[str, asyncio.Task[Path]] = {}

    def incoming(self, limit_bytes: int | None = None) -> Incoming:
        """A new temporary file."""
        return self._inbox.file(limit_bytes)

    async def keep(self, incoming: Incoming, blob: Blob) -> None:
        """Store a finished file under its address; at once or not at all."""
        await self._done(self._put, blob, incoming.path)
        self._cache.put(incoming.path, blob.sha256)

    @contextlib.asynccontextmanager
    async def local(self, sha256: str) -> AsyncIterator[Path]:
        """A copy of these bytes.

        Raises:
            FileNotFoundError: They are not stored.
        """
        with self._cache.in_use(sha256):
            yield self._cache.find(sha256) or await self._fetched(sha256)

    async def open(self, sha256: str, span: Span) -> Reader:
        """A part of these bytes: of large ones that have no copy here, nothing else is read from the bucket.

        Raises:
            FileNotFoundError: They are not stored.
        """
        copy = self._cache.find(sha256)
        if copy is None and span.whole_bytes > _COPIED_BYTES:
            self._refuse_buried(sha256)
            answer = await self._done(self._objects.open, sha256, span.first, span.bytes)
            return _ObjectReader(answer, functools.partial(self._done, self._objects.read, answer))
        async with self.local(sha256) as path:
            return FileReader(path, span)

    async def missing(self, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses whose bytes are not stored."""
        wanted = list(addresses)
        found = await asyncio.gather(*(self._is_stored(address) for address in wanted))
        return [address for address, is_stored in zip(wanted, found, strict=True) if not is_stored]

    def discard(self, addresses: Iterable[str]) -> None:
        """Note what is to be deleted, and delete it behind."""
        dead = list(addresses)
        for address in dead:
            self._cache.remove(address)
        self._graves.dig(dead)

    def close(self) -> None:
        """End the threads, and the connections that are kept; what is under way goes on to its end."""
        self._threads.shutdown(wait=False)
        self._objects.close()

    def _put(self, blob: Blob, file: Path) -> None:
        with self._graves.spared(blob.sha256):
            self._objects.put(blob, file)

    async def _is_stored(self, sha256: str) -> bool:
        if self._graves.has(sha256):
            return False
        return await self._done(self._objects.has, sha256)

    def _refuse_buried(self, sha256: str) -> None:
        if self._graves.has(sha256):
            raise FileNotFoundError(sha256)

    async def _fetched(self, sha256: str) -> Path:
        task = self._fetching.get(sha256)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(sha256))
            self._fetching[sha256] = task
            task.add_done_callback(functools.partial(self._forget, sha256))
        try:
            return await asyncio.shield(task)
        except ProviderError as error:
            raise on_api(error) from error  # each who waits has one of their own, which others do not change

    async def _fetch(self, sha256: str) -> Path:
        self._refuse_buried(sha256)
        incoming = self.incoming()
        try:
            await self._done(self._objects.get, sha256, incoming)
            return self._cache.put(incoming.path, sha256)
        finally:
            incoming.drop()

    def _forget(self, sha256: str, task: asyncio.Task[Path]) -> None:
        del self._fetching[sha256]
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits any more

    async def _done(self, work: Callable[..., T], *arguments: object) -> T:
        """What blocking work gives, in one of a few threads that do nothing else.

        Raises:
            ProviderError: Others keep all of them busy for too long (500).
        """
        try:
            async with asyncio.timeout(_TURN_WITHIN_S):
                await self._turns.acquire()
        except TimeoutError as error:
            raise bytes_unavailable(self._endpoint, "it has too much to do") from error
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._turns.release()


class _ObjectReader:
    """A part of an object as it comes."""

    def __init__(self, answer: "BaseHTTPResponse", read: Callable[[], Awaitable[bytes]]) -> None:
        self._answer = answer
        self._read = read

    async def read(self) -> bytes:
        """The next block; nothing at the end."""
        return await self._read()

    def close(self) -> None:
        """End it; a connection that has more to say is closed."""
        self._answer.close()
