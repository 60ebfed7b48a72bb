"""Files that an upload names by their address instead of carrying them."""

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from fakes.cloudinary import errors
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import REQUEST_FILE_LIMIT_BYTES, Service
from fakes.cloudinary.state.remote import is_address

if TYPE_CHECKING:
    import httpx

_IDLE_LIMIT_S = 30.0
_TIME_LIMIT_S = 120.0
_SCHEMES = ("http", "https", "ftp", "s3", "gs")
_URL_LIMIT = 4096
_MOST_REDIRECTS = 5
_BLOCK_BYTES = 1 << 18
_UNREACHABLE = "ERR_DNS_FAIL 0"


class RemoteFiles:
    """Gets remote files: seeded ones, and those of hosts of this stack; all others do not exist."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def fetch(self, form: Form, url: str) -> None:
        """Make a remote file the form's file.

        Raises:
            ProviderError: It cannot be loaded, or it is too large (400).
        """
        if url.partition(":")[0].lower() not in _SCHEMES or len(url) > _URL_LIMIT:
            raise errors.unsupported_source(url)
        form.file = self._service.blobs.incoming(REQUEST_FILE_LIMIT_BYTES)
        form.filename = file_name(url)
        source = self._service.state.remote.find(url)
        if source is None:
            await self._load(url, form.file)
        else:
            await self._copy(url, source, form.file)

    async def _copy(self, url: str, source: str, incoming: Incoming) -> None:
        try:
            if is_address(source):
                async with self._service.blobs.local(source) as path:
                    await asyncio.to_thread(_read, path, incoming)
            else:
                await asyncio.to_thread(_read, Path(source), incoming)
        except OSError as error:
            raise errors.loading_failed(url, "404 Not Found") from error

    async def _load(self, url: str, incoming: Incoming) -> None:
        """Ask a host of this stack, and where it sends us."""
        import httpx  # late: 130 ms

        present, media = url, self._service.kit.settings.media
        try:
            async with (
                asyncio.timeout(_TIME_LIMIT_S),
                httpx.AsyncClient(trust_env=False, timeout=_IDLE_LIMIT_S) as client,
            ):
                for _ in range(_MOST_REDIRECTS + 1):
                    if not media.allows(present):
                        raise errors.loading_failed(url, _UNREACHABLE)
                    async with client.stream("GET", media.target(present)) as answer:
                        if not answer.has_redirect_location:
                            return await _take(url, answer, incoming)
                        present = urljoin(present, answer.headers["location"])
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise errors.loading_failed(url, _UNREACHABLE) from error
        raise errors.loading_failed(url, "310 Too many redirects")  # guess: wording


def file_name(url: str) -> str | None:
    """The last piece of an address's path."""
    with contextlib.suppress(ValueError):
        return unquote(urlsplit(url).path.rpartition("/")[2]) or None
    return None


async def _take(url: str, answer: "httpx.Response", incoming: Incoming) -> None:
    if answer.status_code != 200:
        raise errors.loading_failed(url, f"{answer.status_code} {answer.reason_phrase}")
    async for block in answer.aiter_bytes(_BLOCK_BYTES):
        _write(block, incoming)


def _read(path: Path, incoming: Incoming) -> None:
    with path.open("rb") as source:
        while block := source.read(_BLOCK_BYTES):
            _write(block, incoming)


def _write(block: bytes, incoming: Incoming) -> None:
    incoming.write(block)
    if incoming.size_bytes > REQUEST_FILE_LIMIT_BYTES:
        raise errors.file_too_large(incoming.size_bytes, REQUEST_FILE_LIMIT_BYTES)
