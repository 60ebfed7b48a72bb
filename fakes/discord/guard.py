"""Who may pass: bot and bearer tokens, and the rate limits of routes."""

from starlette.requests import Request

from fakes.discord import errors, wire
from fakes.discord.state import State
from fakes.discord.state.guild import BOT_TOKEN, PRODUCTION_BOT_TOKEN
from fakes.kit.credentials import is_same
from fakes.kit.kit import Kit
from fakes.kit.limits import Taken
from fakes.kit.oauth import Grant, bearer_text

CREATE_MESSAGE = (5, 5.0)  # guess: what is seen in practice; the documentation gives no numbers
EXECUTE_WEBHOOK = (5, 2.0)  # guess: the same
OTHER = (50, 1.0)  # guess: the same


class Guard:
    """Checks a request before its handler does anything.

    Args:
        kit: The clock.
        state: Tokens and counters.
    """

    def __init__(self, kit: Kit, state: State) -> None:
        self._kit = kit
        self._state = state

    def bot(self, request: Request) -> None:
        """Let staging's bot pass.

        Raises:
            ProviderError: Another token, or none (401); too many requests (429); refused on command.
        """
        token = bearer_text(request, "Bot")
        if token == PRODUCTION_BOT_TOKEN:
            raise errors.production_token()
        if token is None or not is_same(token, BOT_TOKEN):
            raise errors.unauthorized()
        self.strike()
        taken = self._state.take_global("bot")
        if taken.is_over:
            raise self._limited(taken, {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"})

    def person(self, request: Request, *any_of: str) -> Grant:
        """Let a person's token pass that has one of these scopes.

        Raises:
            ProviderError: Another token (401), or without the scope (403); refused on command.
        """
        grant = self._state.oauth.bearer(bearer_text(request), *any_of)
        self.strike()
        return grant

    def strike(self) -> None:
        """Count a call that may pass.

        Raises:
            ProviderError: Calls are refused on command.
        """
        self._state.refusals.strike()

    def bot_or_owner(self, request: Request, scope: str) -> None:
        """Let the bot pass, or a bearer token with a scope.

        Raises:
            ProviderError: Neither.
        """
        if bearer_text(request) is not None:
            self.person(request, scope)
        else:
            self.bot(request)

    def bucket(self, request: Request, name: str, limit: tuple[int, float] = OTHER) -> None:
        """Count a request against its route's bucket, named with its top-level resource.

        Raises:
            ProviderError: The bucket is empty (429).
        """
        taken = self._state.take(name, *limit)
        headers = wire.rate_headers(taken, name, self._kit.clock.now())
        request.scope["rate"] = headers
        if taken.is_over:
            raise self._limited(taken, headers)

    def _limited(self, taken: Taken, headers: dict[str, str]) -> Exception:
        is_global = headers.get("X-RateLimit-Global") == "true"
        wait_s = max(taken.reset_s - self._kit.clock.now(), 0.001)
        return errors.rate_limited(wait_s, headers, is_global=is_global)
