"""Which endpoint a request may use."""

from starlette.requests import Request

from fakes.runpod.state import Hosted, State
from fakes.runpod.state.keys import Access


def key_of(request: Request) -> str:
    """The API key, which comes with or without `Bearer`."""
    given = request.headers.get("authorization", "").strip()
    scheme, _, key = given.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else given


def allowed(state: State, request: Request, access: Access) -> Hosted:
    """The endpoint in the path, if the request's key may read from it or write to it.

    Raises:
        ProviderError: No such key, or it may not do this (401), or no such endpoint for it (404).
    """
    return state.hosted(key_of(request), request.path_params["endpoint"], access)
