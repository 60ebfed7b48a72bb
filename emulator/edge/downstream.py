"""A client's connection, as the exchange of one request and its answer sees it."""

from __future__ import annotations

from typing import Protocol


class Downstream(Protocol):
    """The client's connection, as an exchange sees it."""

    @property
    def address(self) -> str:
        """Of the client."""
        ...

    @property
    def holds_back(self) -> bool:
        """Whether the client does not read as fast as we send."""
        ...

    def write(self, data: bytes) -> None:
        """Send to the client."""

    def flow(self) -> None:
        """Look again whether the client may be read from."""

    def over(self, *, keeps_alive: bool) -> None:
        """Take that the exchange is over; not `keeps_alive` closes, once all is sent."""

    def end_writing(self) -> None:
        """Say to the client that nothing more comes."""

    def rest(self) -> bytes:
        """Return what the client sent after a request to change the protocol."""
        ...

    def close(self) -> None:
        """Close the client's connection, once all is sent."""
