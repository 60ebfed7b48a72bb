"""Serves real host names: which fake a request is for, and what addresses its answer carries."""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from fakes.kit.app import FakeApp

log = logging.getLogger(__name__)
UrlAt = Callable[[str], str]
"""Gives the origin of one of the provider's hosts, for whoever is being answered."""

came_by_name: ContextVar[bool] = ContextVar("came_by_name", default=False)
"""Whether the request at hand came by a real host name. What it starts in the background inherits that."""

MISDIRECTED = 421


class ByHost:
    """Hands each request to the fake that stands for the host it names, on one port for all of them.

    Args:
        apps: The fakes.
        is_tls: False on the port of plain HTTP, where most hosts only send to HTTPS.
    """

    def __init__(self, apps: Mapping[str, "FakeApp"], *, is_tls: bool) -> None:
        self._hosts = {host.name: (app, host) for app in apps.values() for host in app.hosts}
        self._is_tls = is_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        name = host_name(Headers(scope=scope).get("host", ""))
        found = self._hosts.get(name)
        if found is None:
            log.warning("unknown host", extra={"host": name, "path": scope["path"]})
            text = f"no fake stands for the host '{name}'; there are {', '.join(sorted(self._hosts))}"
            await JSONResponse({"error": text, "host": name}, MISDIRECTED)(scope, receive, send)
            return
        app, host = found
        if not self._is_tls and not host.answers_http:
            await _to_https(scope, name)(scope, receive, send)
            return
        await app({**scope, "real_host": host}, receive, send)


def host_name(header: str) -> str:
    """The name in a Host header: without port, lower case."""
    return header.partition(":")[0].rstrip(".").lower()


def _to_https(scope: Scope, name: str) -> Response:
    url = Request(scope).url.replace(scheme="https", netloc=name)
    return RedirectResponse(str(url), 301)  # guess: the same for all hosts
