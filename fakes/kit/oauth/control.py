"""The control surface of logins, `/_fake/oauth`: lists grants, ends tokens, refuses consent or tokens."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import bounded, json_object
from fakes.kit.clock import iso
from fakes.kit.documents import check_fields
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.oauth.engine import Engine
from fakes.kit.oauth.ledger import Family, Token
from fakes.kit.oauth.orders import FAILURES
from fakes.kit.oauth.seeds import logins

KINDS = {"access": ("access",), "refresh": ("refresh",), "all": ("access", "refresh")}
"""What `expire` ends, by its `kind`."""
_MOST_GRANTS = 200
_MOST_TOKENS = 20
_MOST_TIMES = 1000


def oauth_controls(engine: Engine, kit: Kit) -> list[Route]:
    """GET `/_fake/oauth` lists; POST `/_fake/oauth/{expire,revoke,deny,fail,clear}` act."""
    control = Control(engine, kit)

    async def look(request: Request) -> Response:
        return _answer(lambda: control.listed(request.query_params.get("user")))

    def acting(action: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
        async def act(request: Request) -> Response:
            raw = await bounded(request).body()
            return _answer(lambda: {"fake": kit.name, **action(json_object(raw) if raw.strip() else {})})

        return act

    actions = (control.expire, control.revoke, control.deny, control.fail, control.clear)
    return [
        Route("/_fake/oauth", look),
        *(Route(f"/_fake/oauth/{one.__name__}", acting(one), methods=["POST"]) for one in actions),
    ]


class Control:
    """What people do to one provider's logins from outside.

    Args:
        engine: Whose logins.
        kit: The clock that tokens end by, and the fake's name.
    """

    def __init__(self, engine: Engine, kit: Kit) -> None:
        self._engine = engine
        self._ledger = engine.ledger
        self._kit = kit

    def listed(self, user: str | None) -> dict[str, Any]:
        """The newest grants with their newest tokens, and what is commanded.

        Raises:
            ValueError: Nobody is called so.
        """
        families = self._ledger.families(self._login(user), _MOST_GRANTS)
        return {
            "fake": self._kit.name,
            "auto_approve": self._ledger.setting("auto_approve"),
            **self._engine.orders.public(),
            "grants": [self._grant(family) for family in families],
        }

    def expire(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Let tokens end now: one (`token`), or all of a `kind` (access by default), of one `user` or of all.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(body, ("user", "token", "kind"))
        kind = str(body.get("kind") or "access")
        if kind not in KINDS:
            raise ValueError(f"kind is '{kind}'; known are {', '.join(KINDS)}")
        login, now_s = self._login(body.get("user")), self._kit.clock.now()
        if body.get("token") is None:
            return {"expired": self._ledger.expire(KINDS[kind], login, now_s)}
        token = self._token(body["token"])
        self._ledger.set_end(token.text, now_s)
        return {"expired": 1}

    def revoke(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """End authorizations as people do at the provider: that of one `token`, of one `user`, or all.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(body, ("user", "token"))
        login = self._login(body.get("user"))
        if body.get("token") is not None:
            families = [self._token(body["token"]).family.id]
        else:
            families = self._ledger.live_families(login)
        for family in families:
            self._engine.disconnect(family)
        return {"revoked": len(families)}

    def deny(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse the next `times` consents (1 by default; null until cleared), whoever agrees.

        `as` one of the provider's own pages the client is not told.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(body, ("times", "as"))
        asked, pages = body.get("as"), self._engine.profile.blocked
        page = None if asked is None else str(asked)
        if page is not None and page not in pages:
            known = ", ".join(pages) or "no pages of its own"
            raise ValueError(f"as is '{page}'; {self._engine.profile.title} has {known}")
        self._engine.orders.deny(_times(body), page)
        return self._engine.orders.public()

    def fail(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse the next `times` requests for tokens (1; null until cleared), `as` one of `FAILURES`.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(body, ("times", "as"))
        failure = str(body.get("as") or FAILURES[0])
        if failure not in FAILURES:
            raise ValueError(f"as is '{failure}'; known are {', '.join(FAILURES)}")
        self._engine.orders.fail(failure, _times(body))
        return self._engine.orders.public()

    def clear(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Refuse nothing on command any more; tokens stay as they are.

        Raises:
            ValueError: There is a field.
        """
        if body:
            raise ValueError("clear takes no fields")
        self._engine.orders.clear()
        return self._engine.orders.public()

    def _grant(self, family: Family) -> dict[str, Any]:
        return {
            "id": family.id,
            "user": family.login,
            "client_id": family.client_id,
            "scopes": list(family.scopes),
            "is_revoked": family.is_revoked,
            "tokens": [self._shown(one) for one in self._ledger.tokens_of(family.id, _MOST_TOKENS)],
        }

    def _shown(self, token: Token) -> dict[str, Any]:
        is_past = token.expires_s is not None and token.expires_s <= self._kit.clock.now()
        return {
            "id": token.id,
            "kind": token.kind,
            "token": f"{token.text[:6]}...",
            "expires_at": None if token.expires_s is None else iso(token.expires_s),
            "state": "dead" if token.is_dead else "expired" if is_past else "live",
        }

    def _token(self, token_id: object) -> Token:
        number = token_id if isinstance(token_id, int) and abs(token_id) < 1 << 62 else -1
        found = self._ledger.token_by_id(number)
        if found is None:
            raise ValueError(f"no token has the id '{token_id}'")
        return found

    def _login(self, user: object) -> str | None:
        if user is None:
            return None
        try:
            return self._engine.hinted(str(user)).login
        except ProviderError as error:
            raise ValueError(f"user '{user}' is nobody here; known logins: {logins()}") from error


def _times(body: Mapping[str, Any]) -> int | None:
    times = body.get("times", 1)
    if times is None:
        return None
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= _MOST_TIMES:
        raise ValueError(f"times is '{times}', it must be 1 to {_MOST_TIMES} or null")
    return times


def _answer(make: Callable[[], dict[str, Any]]) -> Response:
    try:
        return JSONResponse(make())
    except ValueError as error:
        return JSONResponse({"error": str(error)}, 400)
