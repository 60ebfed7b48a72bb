"""One handler and its path below the API's prefixes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class Handler:
    """What answers a method and path; the API is served with and without its version."""

    method: str
    path: str
    answer: Callable[[Request], Awaitable[Response]]

    def route(self, prefix: str) -> Route:
        """The route below one prefix."""
        return Route(prefix + self.path, self.answer, methods=[self.method])
