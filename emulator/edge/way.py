"""The way of one request to the application: where it goes now, and a connection to there."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from emulator.edge.routes import API, WEB, Route
from emulator.edge.shared import Shared
from emulator.edge.upstream import Upstream, UpstreamConnection

_AGAIN_AFTER_S: Final = 0.02


class NoWay(Exception):
    """There is no application to ask; the text says why, if there is more to say than the status."""

    def __init__(self, status: int, why: str | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Way:
    """Counts the request where it is under way, from the first `choose` until `leave`.

    Args:
        shared: What all connections share.
        name: The route; None if the Host header names none.
    """

    def __init__(self, shared: Shared, name: str | None) -> None:
        self._shared = shared
        self._name = name
        self._upstream: Upstream | None = None
        self.route: Route | None = None

    def choose(self) -> tuple[Route, Upstream]:
        """Return where the request goes now.

        Raises:
            NoWay: No release is served under this name.
        """
        route = None if self._name is None else self._shared.routes.get(self._name)
        if route is None:
            raise NoWay(503 if self._name in (API, WEB) else 404)
        upstream = self._shared.upstreams.at(route.address)
        if upstream is not self._upstream:
            upstream.begin()
            self.leave()
        self.route, self._upstream = route, upstream
        return route, upstream

    async def connect(self) -> UpstreamConnection:
        """Return a new connection.

        While nobody listens, try for a moment, wherever the route leads meanwhile: nothing was sent, so
        nothing can happen twice.

        Raises:
            NoWay: Nobody listens, or there is no release any more.
        """
        loop, limits = self._shared.loop, self._shared.limits
        until_s = loop.time() + limits.refused_s
        while True:
            route, upstream = self.choose()
            try:
                async with asyncio.timeout(limits.connect_s):
                    new = partial(UpstreamConnection, upstream)
                    return (await loop.create_connection(new, *route.target))[1]
            except TimeoutError as error:
                raise NoWay(504, f"no connection to {route.address} within {limits.connect_s:g} s") from error
            except OSError as error:
                if loop.time() >= until_s:
                    raise NoWay(502, str(error)) from error
            await asyncio.sleep(_AGAIN_AFTER_S)

    def keep(self, connection: UpstreamConnection) -> None:
        """Give a connection back for the next request."""
        connection.upstream.keep(connection, self._shared.loop.time())

    def leave(self) -> None:
        """Count the request no more."""
        if self._upstream is not None:
            self._upstream.end()
            self._upstream = None
