"""Who sends a request, counted against their limits."""

import math

from starlette.requests import Request

from fakes.railway import errors
from fakes.railway.call import Call
from fakes.railway.state import State


def call_of(request: Request, state: State) -> Call:
    """The call that a request is, with what is under way led to where it is by now.

    Raises:
        ProviderError: The limits are spent (429), an error comes on command, or the token is production's.
    """
    who = state.tokens.shown(request.headers)
    if who.is_production:
        raise errors.not_authorized("production's token was used at Railway")
    hour, second = state.take(who)
    request.scope["taken"] = hour
    for taken in (hour, second):
        if taken.is_over:
            refused = errors.too_many_requests()
            refused.headers["Retry-After"] = str(max(math.ceil(taken.reset_s - state.now()), 1))
            raise refused
    state.refusals.strike()
    state.deployments.settle()
    return Call(state, who)
