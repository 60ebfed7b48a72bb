"""Paths below endpoints that the fake has not: whose endpoint it is counts there, too."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from fakes.kit.errors import ProviderError
from fakes.runpod.routes.access import key_of
from fakes.runpod.state import State

_API = "/v2/"


class Gaps(BaseRoute):
    """Takes what no other route below an endpoint takes.

    Args:
        state: Knows whose endpoints there are.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a path is below something like an endpoint."""
        is_below = scope["type"] == "http" and scope["path"].startswith(_API)
        return (Match.FULL if is_below else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, _send: Send) -> None:
        """Refuse.

        Raises:
            ProviderError: The endpoint, or the key, is production's (401, 404).
            HTTPException: Otherwise: it is not covered.
        """
        endpoint = scope["path"].split("/")[2]
        try:
            self._state.hosted(key_of(Request(scope, receive)), endpoint, "read")
        except ProviderError as error:
            if error.violation is not None:
                raise
        raise HTTPException(404)
