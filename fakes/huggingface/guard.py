"""Who may pass: tokens, what they may do with a Space, and the limits of five minutes."""

import math

from starlette.requests import Request

from fakes.huggingface import errors
from fakes.huggingface.state import HubState
from fakes.huggingface.state.spaces import Space
from fakes.huggingface.state.tokens import Token
from fakes.kit.hosts import came_by_name
from fakes.kit.oauth import bearer_text

_WINDOW_S = 300
_LIMITS = {"api": (500, 1000), "resolvers": (3000, 5000), "pages": (100, 200)}
"""Requests without and with a free account's token (huggingface.co/docs/hub/rate-limits)."""


class Guard:
    """Checks a request before its handler does anything.

    Args:
        state: Tokens, Spaces and counters.
    """

    def __init__(self, state: HubState) -> None:
        self._state = state

    def caller(self, request: Request, bucket: str = "api") -> Token | None:
        """Whose token came with the request, if any; the request is counted.

        Raises:
            ProviderError: An unknown token (401), too many requests (429), or refused on command.
        """
        found = self._state.access.caller(bearer_text(request))
        limit = _LIMITS[bucket][found is not None]
        who = found.user if found else "anonymous"
        taken = self._state.windows.take(f"{bucket} {who}", limit, _WINDOW_S)
        wait_s = max(math.ceil(taken.reset_s - self._state.kit.clock.now()), 0)
        request.scope["rate"] = {
            "RateLimit": f'"{bucket}";r={taken.remaining};t={wait_s}',
            "RateLimit-Policy": f'"fixed window";"{bucket}";q={limit};w={_WINDOW_S}',
        }
        if taken.is_over:
            raise errors.too_many_requests(wait_s)
        return found

    def user(self, request: Request) -> Token:
        """Whose token came with the request.

        Raises:
            ProviderError: None did (401), or as for `caller`.
        """
        found = self.caller(request)
        if found is None:
            raise errors.unauthenticated()
        return found

    def visible(self, request: Request, bucket: str = "api") -> Space:
        """The Space that the path names, if it may be seen.

        Raises:
            ProviderError: As for `Access.visible`.
        """
        return self._state.access.visible(self.caller(request, bucket), space_id(request))

    def writable(self, request: Request) -> tuple[Space, Token]:
        """The Space that the path names, if it may be changed, and who changes it.

        Raises:
            ProviderError: As for `Access.writable`.
        """
        caller = self.caller(request)
        space = self._state.access.writable(caller, space_id(request))
        assert caller is not None
        return space, caller

    def owned(self, request: Request) -> Space:
        """The Space that the path names, if it is the caller's: secrets and logs are for nobody else.

        Raises:
            ProviderError: As for `Access.visible`; somebody else's (403).
        """
        caller = self.caller(request)
        space = self._state.access.visible(caller, space_id(request))
        if caller is None:
            raise errors.unauthenticated()
        if not caller.may_see(space.id):
            raise errors.not_the_owner()
        return space


def space_id(request: Request) -> str:
    """The Space's id that a path names."""
    return "{namespace}/{name}".format_map(request.path_params)


def origin(request: Request) -> str:
    """The Hub's address as the client knows it."""
    return "https://huggingface.co" if came_by_name.get() else f"{request.url.scheme}://{request.url.netloc}"


def address(request: Request, of: str) -> str:
    """The address of a Space's page."""
    return f"{origin(request)}/spaces/{of}"
