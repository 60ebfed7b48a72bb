"""Who may pass: people's and applications' tokens, and the rate limits of endpoints."""

from dataclasses import dataclass, replace

from starlette.requests import Request

from fakes.kit.credentials import is_same
from fakes.kit.errors import ProviderError
from fakes.kit.limits import Taken
from fakes.kit.oauth import bearer_text
from fakes.x import errors, wire
from fakes.x.state import WINDOW_S, State
from fakes.x.state.profile import PROFILE
from fakes.x.state.users import BOT_ID, BOT_SCOPES, BOT_TOKEN, PRODUCTION_BOT_TOKEN, User

LIMITS = {
    "create post": 100,
    "delete post": 50,
    "users/me": 75,
    "media upload": 500,
    "media chunk": 1875,
    "media status": 1000,
    "webhooks": 450,
    "subscriptions": 500,
    "posts": 900,
    "timeline": 900,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sends a request; `user` is None for an application's own token."""

    user: User | None
    scopes: tuple[str, ...]


class Guard:
    """Checks a request before its handler does anything.

    Args:
        state: Tokens and counters.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def caller(self, request: Request, what: str) -> Caller:
        """Whoever sends the request, counted against one endpoint's limit.

        Raises:
            ProviderError: No good token (401), or too many requests (429), or an error on command.
        """
        found = self._caller(bearer_text(request))
        who = found.user.id if found.user else PROFILE.client_id
        taken = self._state.take(who, what, LIMITS[what])
        headers = wire.rate_headers(taken)
        request.scope["rate"] = headers
        if taken.is_over:
            raise errors.too_many_requests(headers)
        try:
            self._state.refusals.strike()
        except ProviderError as error:
            if error.message == errors.TOO_MANY:
                request.scope["rate"] = wire.rate_headers(replace(taken, remaining=0))
            raise
        return found

    def person(self, request: Request, what: str, *scopes: str) -> User:
        """The person who sends the request, with all of these scopes.

        Raises:
            ProviderError: As `caller`, or an application's token, or a scope is missing (403).
        """
        found = self.caller(request, what)
        if found.user is None:
            raise errors.user_needed()
        if not set(scopes) <= set(found.scopes):
            raise errors.scope_missing()
        return found.user

    def application(self, request: Request, what: str) -> None:
        """Let an application's own token pass.

        Raises:
            ProviderError: As `caller`, or a person's token (403).
        """
        if self.caller(request, what).user is not None:
            raise errors.application_needed()

    def _caller(self, token: str | None) -> Caller:
        if token == PRODUCTION_BOT_TOKEN:
            raise errors.production_token()
        if token is not None and is_same(token, BOT_TOKEN):
            return Caller(self._state.users.get(BOT_ID), BOT_SCOPES)
        grant = self._state.oauth.bearer(token)
        user = self._state.users.get(grant.user_id) if grant.person else None
        return Caller(user, grant.scopes)


def untouched(now_s: float) -> Taken:
    """Where a limit stands for a request that was refused before it counted."""
    return Taken(LIMITS["posts"], LIMITS["posts"], now_s + min(WINDOW_S, 1.0), False)
