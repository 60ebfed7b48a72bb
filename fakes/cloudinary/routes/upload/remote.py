"""Files that an upload names by their address instead of carrying them."""

from urllib.parse import unquote, urlsplit

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import REQUEST_FILE_LIMIT_BYTES, Service
from fakes.kit.addresses import is_within

_TIMEOUT_S = 30.0
_SCHEMES = ("http", "https", "ftp", "s3", "gs")


class RemoteFiles:
    """Gets remote files, only from hosts of this stack."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def fetch(self, form: Form, url: str) -> None:
        """Make a remote file the form's file.

        Raises:
            ProviderError: It cannot be loaded (400).
        """
        import httpx  # late: 130 ms

        if url.partition(":")[0].lower() not in _SCHEMES:
            raise errors.unsupported_source(url)
        if not is_within(url, self._service.kit.settings.callback_hosts):
            raise errors.loading_failed(url, "the host is outside of this stack")
        form.file = self._service.blobs.incoming(REQUEST_FILE_LIMIT_BYTES)
        form.filename = unquote(urlsplit(url).path.rpartition("/")[2]) or None
        try:
            async with (
                httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT_S) as client,
                client.stream("GET", url) as answer,
            ):
                if answer.status_code != 200:
                    raise errors.loading_failed(url, f"{answer.status_code} {answer.reason_phrase}")
                async for block in answer.aiter_bytes(1 << 18):
                    form.file.write(block)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise errors.loading_failed(url, type(error).__name__) from error
