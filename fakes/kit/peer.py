"""Who is at the other end of a connection: for answers that are held back, and clients that must stay."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

T = TypeVar("T")


class Peer:
    """The client of one connection.

    Attributes:
        is_connected: Whether the connection is open.
        has_left: Whether the client ended it; it may as well be the server that did.
    """

    def __init__(self) -> None:
        self.is_connected = True
        self.has_left = False
        self._callbacks: list[Callable[[], None]] = []

    def on_leave(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back at the moment when the client leaves, now if it has; gives what takes that back."""
        self._callbacks.append(callback)
        if self.has_left:
            callback()
        return lambda: self._callbacks.remove(callback)

    def leave(self) -> None:
        """The client has ended the connection; once is enough."""
        if self.has_left:
            return
        self.has_left = True
        self.close()
        for callback in tuple(self._callbacks):
            callback()

    def close(self) -> None:
        """The connection has ended."""
        self.is_connected = False


def peer_of(request: Request) -> Peer:
    """The client of a request; one that never leaves when the server does not tell."""
    found = request.scope.get("state", {}).get("peer")
    return found if isinstance(found, Peer) else Peer()


async def while_connected(peer: Peer, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work returns; None when the client has left before, and the work is cancelled."""
    doing = asyncio.ensure_future(work)

    def leave() -> None:
        doing.cancel()

    stay = peer.on_leave(leave)
    if peer.has_left:
        leave()
    try:
        await asyncio.wait({doing})
        return None if doing.cancelled() else doing.result()
    finally:
        stay()
        leave()
