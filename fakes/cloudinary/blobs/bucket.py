"""Blobs in a bucket of an S3 server, with copies of the last used ones on this machine."""

import asyncio
import contextlib
import functools
import logging
import re
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.cloudinary.blobs import Blob, Inbox, Incoming
from fakes.cloudinary.blobs.cache import LocalCache
from fakes.cloudinary.errors import bytes_unavailable
from fakes.kit.bucket import Bucket
from fakes.kit.errors import ProviderError

if TYPE_CHECKING:
    from minio import Minio

log = logging.getLogger(__name__)
CACHE_LIMIT_BYTES = 2 << 30
_PART_BYTES = 16 << 20
_BLOCK_BYTES = 1 << 20
_TRANSFERS_AT_ONCE = 4
_CONNECT_TIMEOUT_S = 3.0
_READ_TIMEOUT_S = 60.0
_ATTEMPTS = 2


class BucketBlobs:
    """Blobs as objects `<prefix><sha256>`; what is read or written passes through a folder of this machine.

    Args:
        root: The folder: temporary files, copies, and what is still to be deleted.
        bucket: The bucket, made when it is not there.
        cache_limit_bytes: How many bytes the copies may have.
    """

    def __init__(self, root: Path, bucket: Bucket, cache_limit_bytes: int = CACHE_LIMIT_BYTES) -> None:
        self._inbox = Inbox(root)
        self._objects = _Objects(bucket)
        self._cache = LocalCache(root / "cache", cache_limit_bytes)
        self._graves = _Graves(root / "graves", self._objects)
        self._transfers = asyncio.Semaphore(_TRANSFERS_AT_ONCE)
        self._fetching: dict[str, asyncio.Task[Path]] = {}

    def incoming(self, limit_bytes: int | None = None) -> Incoming:
        """A new temporary file."""
        return self._inbox.file(limit_bytes)

    async def keep(self, incoming: Incoming, blob: Blob) -> None:
        """Store a finished file under its address; at once or not at all."""
        async with self._transfers:
            await asyncio.to_thread(self._put, blob.sha256, incoming.path)
        self._cache.put(incoming.path, blob.sha256)

    @contextlib.asynccontextmanager
    async def local(self, sha256: str) -> AsyncIterator[Path]:
        """A copy of these bytes.

        Raises:
            FileNotFoundError: They are not stored.
        """
        with self._cache.in_use(sha256):
            yield self._cache.find(sha256) or await self._fetched(sha256)

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

    def _put(self, sha256: str, file: Path) -> None:
        self._graves.rescue(sha256)
        self._objects.put(sha256, file)

    async def _is_stored(self, sha256: str) -> bool:
        if self._graves.has(sha256):
            return False
        async with self._transfers:
            return await asyncio.to_thread(self._objects.has, sha256)

    async def _fetched(self, sha256: str) -> Path:
        task = self._fetching.get(sha256)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch(sha256))
            self._fetching[sha256] = task
            task.add_done_callback(functools.partial(self._forget, sha256))
        return await asyncio.shield(task)

    async def _fetch(self, sha256: str) -> Path:
        if self._graves.has(sha256):
            raise FileNotFoundError(sha256)
        incoming = self.incoming()
        try:
            async with self._transfers:
                await asyncio.to_thread(self._objects.get, sha256, incoming)
            return self._cache.put(incoming.path, sha256)
        finally:
            incoming.drop()

    def _forget(self, sha256: str, task: asyncio.Task[Path]) -> None:
        del self._fetching[sha256]
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits any more


class _Objects:
    """The bucket's objects. All methods block."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._lock = threading.Lock()
        self._is_there = False

    def put(self, sha256: str, file: Path) -> None:
        with self._client() as client:
            size = file.stat().st_size
            part_bytes = _PART_BYTES if size > _PART_BYTES else 0
            client.fput_object(self._bucket.name, self._name(sha256), str(file), part_size=part_bytes)

    def get(self, sha256: str, target: Incoming) -> None:
        """Copy an object and see that it is what its address says.

        Raises:
            FileNotFoundError: There is none.
        """
        with self._client() as client:
            answer = client.get_object(self._bucket.name, self._name(sha256))
            with contextlib.closing(answer):
                for block in answer.stream(_BLOCK_BYTES):
                    target.write(block)
        if target.finish().sha256 != sha256:
            raise bytes_unavailable(self._bucket.endpoint, f"object {sha256} holds other bytes")

    def has(self, sha256: str) -> bool:
        try:
            with self._client() as client:
                client.stat_object(self._bucket.name, self._name(sha256))
        except FileNotFoundError:
            return False
        return True

    def delete(self, sha256: str) -> None:
        with contextlib.suppress(FileNotFoundError), self._client() as client:
            client.remove_object(self._bucket.name, self._name(sha256))

    def _name(self, sha256: str) -> str:
        return self._bucket.prefix + sha256

    @contextlib.contextmanager
    def _client(self) -> Iterator["Minio"]:
        """The client, whose errors become ours."""
        from minio.error import MinioException  # late: 150 ms
        from urllib3.exceptions import HTTPError

        try:
            with self._lock:
                client = self._connected()
            yield client
        except (MinioException, HTTPError) as error:
            code = _code_of(error)
            if code == "NoSuchKey":
                raise FileNotFoundError(self._bucket.name) from error
            self._is_there = self._is_there and code != "NoSuchBucket"
            raise bytes_unavailable(self._bucket.endpoint, code) from error

    @functools.cached_property
    def _minio(self) -> "Minio":
        from minio import Minio
        from urllib3 import PoolManager, Retry, Timeout

        bucket = self._bucket
        pool = PoolManager(
            timeout=Timeout(connect=_CONNECT_TIMEOUT_S, read=_READ_TIMEOUT_S),
            maxsize=_TRANSFERS_AT_ONCE * 4,
            retries=Retry(total=_ATTEMPTS, backoff_factor=0.1, status_forcelist=(500, 502, 503, 504)),
        )
        return Minio(
            bucket.endpoint,
            bucket.access_key,
            bucket.secret_key,
            secure=bucket.is_tls,
            region=bucket.region,
            http_client=pool,
        )

    def _connected(self) -> "Minio":
        if not self._is_there:
            if not self._minio.bucket_exists(self._bucket.name):
                self._minio.make_bucket(self._bucket.name)
            self._is_there = True
        return self._minio


def _code_of(error: Exception) -> str:
    """S3's word for an error. Some servers send it as `text/xml`, which the client does not take apart."""
    found = re.search(r"<Code>(\w+)</Code>", str(error)) or re.search(r"code: (\w+)", str(error))
    if found:
        return found[1]
    name = type(error).__name__
    return "it does not answer" if name == "MaxRetryError" else name


class _Graves:
    """Objects that are to be deleted: noted as empty files, so that an end of the process loses none."""

    def __init__(self, folder: Path, objects: _Objects) -> None:
        self._folder = folder
        self._objects = objects
        self._turn = threading.Condition()
        self._at_work: str | None = None
        self._worker: threading.Thread | None = None
        folder.mkdir(exist_ok=True)
        self.dig([])

    def dig(self, addresses: list[str]) -> None:
        """Note more, and begin to delete."""
        with self._turn:
            for address in addresses:
                (self._folder / address).touch()
            is_idle = self._worker is None or not self._worker.is_alive()
            if is_idle and any(self._folder.iterdir()):
                self._worker = threading.Thread(target=self._work, name="graves", daemon=True)
                self._worker.start()

    def has(self, sha256: str) -> bool:
        """Whether an object is to be deleted."""
        return (self._folder / sha256).exists()

    def rescue(self, sha256: str) -> None:
        """Take one back; waits for its deletion when that is under way. Blocks."""
        with self._turn:
            self._turn.wait_for(lambda: self._at_work != sha256)
            (self._folder / sha256).unlink(missing_ok=True)

    def _work(self) -> None:
        while grave := self._next():
            try:
                self._objects.delete(grave.name)
                grave.unlink(missing_ok=True)
            except (ProviderError, OSError) as error:
                log.warning("blob not deleted", extra={"sha256": grave.name, "error": str(error)})
                return  # the next deletion or the next start tries again
            finally:
                with self._turn:
                    self._at_work = None
                    self._turn.notify_all()

    def _next(self) -> Path | None:
        with self._turn:
            grave = next(self._folder.iterdir(), None)
            self._at_work = grave.name if grave else None
            self._worker = self._worker if grave else None
            return grave
