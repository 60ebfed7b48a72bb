"""Which endpoint a request may use."""

from starlette.requests import Request

from fakes.runpod.state import Hosted, State
from fakes.runpod.state.keys import Access


def key_of(request: Request) -> str | None:
    """The API key, which comes with or without `Bearer`."""
    return request.headers.get("authorization", "").removeprefix("Bearer ").strip() or None


def allowed(state: State, request: Request, access: Access) -> Hosted:
    """The endpoint in the path, if the request's key may read from it or write to it.

    Raises:
        ProviderError: No such key (401), no such endpoint for it (404), or it may not do this (403).
    """
    return state.hosted(key_of(request), request.path_params["endpoint"], access)
