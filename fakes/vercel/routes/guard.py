"""What all handlers begin with: who asks, and what the body says."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from fakes.kit.bodies import bounded, json_object
from fakes.kit.limits import Taken
from fakes.kit.oauth import bearer_text
from fakes.vercel import errors, wire
from fakes.vercel.state import VercelState
from fakes.vercel.state.accounts import Team

_BODY_LIMIT_BYTES = 20_000_000
_TAKEN = "taken"


def team_of(state: VercelState, request: Request) -> Team:
    """The team that a request is about, once it may pass.

    Raises:
        ProviderError: It may not.
    """
    query = request.query_params
    taken = request.scope[_TAKEN] = state.counted(bearer_text(request))
    if taken.is_over:
        raise errors.rate_limited(taken.limit, taken.reset_s)
    state.begin()
    return state.team(query.get("teamId") or query.get("slug"))


def headers(request: Request, now_s: float) -> Mapping[str, str]:
    """Where the rate limit stands after a request."""
    taken: Taken | None = request.scope.get(_TAKEN)
    return {} if taken is None else wire.limit_headers(taken, now_s)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        ProviderError: It is something else (400).
    """
    try:
        return json_object(await bounded(request, _BODY_LIMIT_BYTES).body())
    except ValueError as error:
        raise errors.api(400, "bad_request", "Invalid JSON") from error


def number(request: Request, name: str, default: int, most: int) -> int:
    """A number of the query; the nearest that may be where it is out of bounds.

    Raises:
        ProviderError: It is no number (400).
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 16:
        raise errors.bad_request(f"Invalid request: `{name}` should be number.")
    return min(int(text), most)
