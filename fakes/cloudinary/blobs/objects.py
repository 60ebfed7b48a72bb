"""Objects of a bucket: each call blocks, ends within bounded time, and fails as Cloudinary would."""

import base64
import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fakes.cloudinary.blobs import Blob, Incoming
from fakes.cloudinary.errors import bytes_unavailable
from fakes.kit.bucket import Bucket
from fakes.kit.errors import ProviderError

if TYPE_CHECKING:
    from minio import Minio
    from urllib3 import BaseHTTPResponse, PoolManager
    from urllib3.exceptions import HTTPError

T = TypeVar("T")
_BLOCK_BYTES = 256 << 10
_CONNECTIONS_KEPT = 16
_ADDRESS_VALID_FOR = timedelta(minutes=10)
_NOT_THERE = frozenset({"NoSuchKey", "NoSuchBucket"})
_MADE_BY_ANOTHER = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take.

    Attributes:
        connect_s: To take a connection, and a block that is sent to it.
        read_s: For each piece of its answer.
        transfer_s: For a whole file, besides what its bytes take at `slowest_bytes_per_s`.
        away_s: After a server did not answer in time, how long others fail at once.
    """

    connect_s: float = 10.0
    read_s: float = 15.0
    transfer_s: float = 30.0
    slowest_bytes_per_s: float = 1 << 20
    away_s: float = 1.0


class Objects:
    """The objects `<prefix><sha256>` of one bucket, which is made when it is not there.

    A file is sent in one request, which every S3 server keeps whole or not at all.

    Args:
        bucket: Where they are.
        patience: How long the server may take.
    """

    def __init__(self, bucket: Bucket, patience: Patience) -> None:
        self._bucket = bucket
        self._patience = patience
        self._clients = threading.Lock()
        self._client: tuple[Minio, PoolManager] | None = None
        self._is_there = False
        self._away_until_s = 0.0

    def put(self, blob: Blob, file: Path) -> None:
        """Store a file; the same bytes may be there already.

        Raises:
            ProviderError: The server does not answer, or refuses (500).
        """
        try:
            self._asked(lambda minio, pool: self._send(minio, pool, blob, file))
        except FileNotFoundError:  # somebody has removed the bucket: it is made anew
            self._asked(lambda minio, pool: self._send(minio, pool, blob, file))

    def get(self, sha256: str, target: Incoming) -> None:
        """Copy an object and see that it is what its address says.

        Raises:
            FileNotFoundError: There is none.
            ProviderError: The server does not answer, or refuses (500).
        """
        with contextlib.closing(self.open(sha256)) as answer:
            deadline = self._deadline(int(answer.headers.get("content-length", 0)))
            while block := self.read(answer):
                target.write(block)
                self._refuse_late(deadline)
        if target.finish().sha256 != sha256:
            raise self._trouble(f"object {sha256} holds other bytes")

    def open(self, sha256: str, first: int = 0, length: int = 0) -> "BaseHTTPResponse":
        """Begin to read an object, or a part of it; whoever asks closes it.

        Raises:
            FileNotFoundError: There is none.
            ProviderError: The server does not answer, or refuses (500).
        """
        name = self._name(sha256)
        answer = self._asked(lambda minio, _: minio.get_object(self._bucket.name, name, first, length))
        if length and answer.headers.get("content-length") != str(length):
            answer.close()
            raise self._trouble(f"object {sha256} has not the {length} bytes that were asked for")
        return answer

    def read(self, answer: "BaseHTTPResponse") -> bytes:
        """The next block of what was opened; nothing at its end.

        Raises:
            ProviderError: It does not come (500).
        """
        with self._translated():
            return answer.read(_BLOCK_BYTES)

    def has(self, sha256: str) -> bool:
        """Whether there is an object.

        Raises:
            ProviderError: The server does not answer, or refuses (500).
        """
        try:
            self._asked(lambda minio, _: minio.stat_object(self._bucket.name, self._name(sha256)))
        except FileNotFoundError:
            return False
        return True

    def delete(self, sha256: str) -> None:
        """Remove an object, if it is there.

        Raises:
            ProviderError: The server does not answer, or refuses (500).
        """
        with contextlib.suppress(FileNotFoundError):
            self._asked(lambda minio, _: minio.remove_object(self._bucket.name, self._name(sha256)))

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._clients:
            if self._client is not None:
                self._client[1].clear()

    def _send(self, minio: "Minio", pool: "PoolManager", blob: Blob, file: Path) -> None:
        if not self._is_there:
            self._make_bucket(minio)
        url = minio.get_presigned_url("PUT", self._bucket.name, self._name(blob.sha256), _ADDRESS_VALID_FOR)
        headers = {
            "Content-Length": str(blob.bytes),
            "Content-MD5": base64.b64encode(bytes.fromhex(blob.md5)).decode(),
            "Content-Type": "application/octet-stream",
        }
        deadline = self._deadline(blob.bytes)
        with _Timed(file, lambda: self._refuse_late(deadline)) as body:
            answer = pool.urlopen("PUT", url, body=body, headers=headers)
        if answer.status != 200:
            raise _Refused(answer.data.decode("utf-8", "replace") or f"code: {answer.status}")

    def _make_bucket(self, minio: "Minio") -> None:
        from minio.error import MinioException

        try:
            if not minio.bucket_exists(self._bucket.name):
                minio.make_bucket(self._bucket.name)
        except MinioException as error:
            if _code_of(error) not in _MADE_BY_ANOTHER:
                raise
        self._is_there = True

    def _name(self, sha256: str) -> str:
        return self._bucket.prefix + sha256

    def _asked(self, ask: "Callable[[Minio, PoolManager], T]") -> T:
        """What a request gives; asked twice when a connection breaks, which those that were kept often do."""
        from urllib3.exceptions import ProtocolError

        if time.monotonic() < self._away_until_s:
            raise self._trouble("it does not answer")
        with self._translated():
            clients = self._connected()
            try:
                return ask(*clients)
            except ProtocolError as error:
                if _is_late(error):
                    raise
                clients[1].clear()
                return ask(*clients)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Make errors those of Cloudinary; remember for a moment that a server has kept everybody waiting."""
        from xml.etree.ElementTree import ParseError

        from minio.error import MinioException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except HTTPError as error:
            if not _is_late(error):
                raise self._trouble("it does not answer") from error
            self._away_until_s = time.monotonic() + self._patience.away_s
            raise self._trouble("it does not answer in time") from error
        except (MinioException, _Refused) as error:
            code = _code_of(error)
            if code in _NOT_THERE:
                self._is_there = self._is_there and code != "NoSuchBucket"
                raise FileNotFoundError(self._bucket.name) from error
            raise self._trouble(code) from error
        except (ParseError, ValueError) as error:
            raise self._trouble("it does not answer as S3 does") from error

    def _trouble(self, reason: str) -> ProviderError:
        return bytes_unavailable(self._bucket.endpoint, reason)

    def _deadline(self, size_bytes: int) -> float:
        patience = self._patience
        return time.monotonic() + patience.transfer_s + size_bytes / patience.slowest_bytes_per_s

    def _refuse_late(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise self._trouble("it is too slow")

    def _connected(self) -> "tuple[Minio, PoolManager]":
        with self._clients:
            if self._client is None:
                self._client = _client(self._bucket, self._patience)
            return self._client


class _Refused(Exception):
    """An answer that stores nothing; its text is the body."""


class _Timed(FileIO):
    """A file that is not read on after its time."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        super().__init__(path)
        self._check = check

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        self._check()
        return super().read(-1 if size is None else size) or b""


def _client(bucket: Bucket, patience: Patience) -> "tuple[Minio, PoolManager]":
    from minio import Minio  # late: 150 ms
    from urllib3 import PoolManager, Timeout

    pool = PoolManager(
        timeout=Timeout(connect=patience.connect_s, read=patience.read_s),
        maxsize=_CONNECTIONS_KEPT,
        blocksize=_BLOCK_BYTES,
        retries=False,
    )
    minio = Minio(
        bucket.endpoint,
        bucket.access_key,
        bucket.secret_key,
        secure=bucket.is_tls,
        region=bucket.region,
        http_client=pool,
    )
    return minio, pool


def _is_late(error: "HTTPError") -> bool:
    """Whether the server kept us waiting; sending that takes too long comes as the cause of another error."""
    from urllib3.exceptions import NewConnectionError
    from urllib3.exceptions import TimeoutError as NoAnswer

    is_refused = isinstance(error, NewConnectionError)  # which is a kind of time-out to urllib3
    is_unanswered = isinstance(error, NoAnswer) and not is_refused
    return is_unanswered or any(isinstance(cause, TimeoutError) for cause in error.args)


def _code_of(error: Exception) -> str:
    """S3's word for an error. Some servers send it as `text/xml`, which the client does not take apart."""
    found = re.search(r"<Code>(\w+)</Code>", str(error)) or re.search(r"code: (\w+)", str(error))
    return found[1] if found else type(error).__name__
