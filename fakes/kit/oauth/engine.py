"""The rules of OAuth 2: clients, codes, grants, token families, PKCE, refresh and revocation. No HTTP."""

from collections.abc import Callable, Mapping
from typing import Any

from fakes.kit.credentials import is_same
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.oauth.ledger import Code, Ledger, Token
from fakes.kit.oauth.profile import Asked, Profile, Reason, Refusal, Stage
from fakes.kit.oauth.records import Client, Grant, Issued, TokenRequest
from fakes.kit.oauth.redirects import back, is_loopback, sent_back, spellings
from fakes.kit.people import PEOPLE, Person, person


class Engine:
    """One provider's authorization server.

    Args:
        profile: How the provider behaves.
        kit: Clock, ids and store; the store is opened with `ledger.SCHEMA` among its tables.
    """

    def __init__(self, profile: Profile, kit: Kit) -> None:
        self.profile = profile
        self._clock = kit.clock
        self._store = kit.store
        self._ledger = Ledger(kit.store, kit.ids)
        self._base = kit.settings.redirect_base

    def populate(self) -> None:
        """Register staging's client and production's tripwire."""
        profile = self.profile
        path = f"/v1/oauth/{profile.name}/callback"
        uris = tuple(f"{base}{path}" for base in spellings(self._base))
        self._ledger.add_client(Client(profile.client_id, profile.client_secret, "ClipNET staging", uris))
        self._ledger.add_client(Client(profile.production_client_id, "", "ClipNET", (), is_production=True))

    def register(self, client: Client) -> None:
        """Add a client, or replace the one of this id."""
        self._ledger.add_client(client)

    def load(self, document: Mapping[str, Any]) -> None:
        """Add what stands below `oauth` in a seed document.

        `{"auto_approve": login or null, "grants": [{"login", "scopes": [..], "access_token", "refresh_token",
        "expires_in": seconds or null}]}`; a grant belongs to staging's client.

        Raises:
            ValueError: A field is not usable.
        """
        part = document.get("oauth") or {}
        if "auto_approve" in part:
            self.auto_approve(part["auto_approve"])
        for number, row in enumerate(part.get("grants", ())):
            self._load_grant(f"oauth.grants[{number}]", row)

    def auto_approve(self, login: str | None) -> None:
        """Let every authorization request be approved as this person without a page; None ends that.

        Raises:
            ValueError: Nobody has this login.
        """
        if login is not None and person(login) is None:
            raise ValueError(f"oauth.auto_approve is '{login}'; known logins: {_logins()}")
        self._ledger.set_approver(login)

    def summary(self) -> dict[str, Any]:
        """Counts for the control surface."""
        return self._ledger.summary()

    def ask(self, params: Mapping[str, str]) -> Asked:
        """Check an authorization request.

        Raises:
            ProviderError: Refused; status 302 with a Location where the client is told, a page otherwise.
        """
        profile = self.profile
        client = self.known_client(params.get(profile.client_param), "authorize")
        redirect_uri = self._registered_redirect(client, params.get("redirect_uri"))
        scopes = profile.split_scopes(params.get("scope", ""))
        challenge = params.get("code_challenge")
        method = params.get("code_challenge_method", profile.default_pkce)
        asked = Asked(client, redirect_uri, scopes, params.get("state"), challenge, method, dict(params))
        flaw = self._flaw(asked)
        if flaw is None:
            return asked
        reason, name = flaw
        if reason in profile.redirected:
            raise sent_back(asked, reason, profile.redirected[reason])
        raise self._refusal(reason, "authorize", name)

    def silent_approver(self, asked: Asked) -> Person | None:
        """Who approves this request without a page, if anybody.

        Raises:
            ProviderError: `login_hint` names nobody, or `prompt=none` cannot be kept.
        """
        hint = asked.params.get("login_hint")
        if asked.params.get("auto_approve") == "1":
            return self._hinted(hint) if hint else PEOPLE[0]
        default = self._ledger.approver()
        if default is not None:
            return self._hinted(hint or default)
        if asked.params.get("prompt") != "none":
            return None
        return self._consented_before(asked, hint)

    def approve(self, asked: Asked, one: Person) -> str:
        """Record the person's consent; returns the address to go back to, with a code."""
        is_first = not self._ledger.has_live_family(one.login, asked.client.id)
        code = self._ledger.add_code(
            asked,
            one.login,
            self.profile.code_text,
            expires_s=self._clock.now() + self.profile.code_life_s,
            gives_refresh=self.profile.gives_refresh(asked, is_first),
        )
        return back(asked, {"code": code, **self.profile.callback_extra(asked)})

    def deny(self, asked: Asked) -> str:
        """The address to go back to after the person refused."""
        return back(asked, self.profile.denied)

    def token(self, request: TokenRequest) -> Issued:
        """Answer the token endpoint.

        Raises:
            ProviderError: Refused, in the provider's words.
        """
        grants: dict[str, Callable[[Client, Mapping[str, str]], Issued]] = {
            "authorization_code": self._exchange,
            "refresh_token": self._refresh,
            "client_credentials": self._for_app,
        }
        grant_type = request.params.get("grant_type")
        if not grant_type:
            raise self._refusal(Reason.PARAMETER_MISSING, "token", "grant_type")
        if grant_type not in self.profile.grant_types:
            raise self._refusal(Reason.GRANT_TYPE_UNSUPPORTED, "token", grant_type)
        client = self.client(request, "token")
        with self._store.transaction():
            return grants[grant_type](client, request.params)

    def client(self, request: TokenRequest, stage: Stage) -> Client:
        """The client that sent a request, with its secret checked.

        Raises:
            ProviderError: Unknown, production's, or a wrong secret.
        """
        profile = self.profile
        for place in profile.client_places:
            if place == "basic" and request.basic is not None:
                client_id, secret = request.basic
            elif place == "body" and request.params.get(profile.client_param):
                client_id = request.params[profile.client_param]
                secret = request.params.get("client_secret", "")
            else:
                continue
            client = self.known_client(client_id, stage)
            if not is_same(secret, client.secret):
                raise self._refusal(Reason.CLIENT_SECRET_WRONG, stage, client_id)
            return client
        raise self._refusal(Reason.CLIENT_CREDENTIALS_MISSING, stage, profile.client_param)

    def known_client(self, client_id: str | None, stage: Stage) -> Client:
        """The client of this id, for endpoints that want no secret.

        Raises:
            ProviderError: No id, an unknown one, or production's.
        """
        if not client_id:
            raise self._refusal(Reason.PARAMETER_MISSING, stage, self.profile.client_param)
        client = self._ledger.client(client_id)
        if client is None:
            raise self._refusal(Reason.CLIENT_UNKNOWN, stage, client_id)
        if client.is_production:
            raise self._refusal(Reason.CLIENT_PRODUCTION, stage, client_id)
        return client

    def revoke(self, token: str | None, client: Client | None = None) -> Grant:
        """End the whole authorization to which a token (access or refresh) belongs.

        Raises:
            ProviderError: Not a live token, or (where `client` is given) another client's.
        """
        if not token:
            raise self._refusal(Reason.PARAMETER_MISSING, "revoke", "token")
        found = self._ledger.token(token)
        if found is None or self._is_dead(found):
            raise self._refusal(Reason.REVOKED_UNKNOWN, "revoke", token)
        if client is not None and found.family.client_id != client.id:
            raise self._refusal(Reason.REVOKED_UNKNOWN, "revoke", token)
        self._ledger.revoke_family(found.family.id)
        return self._grant(found)

    def bearer(self, token: str | None, *any_of: str) -> Grant:
        """What an access token allows.

        Args:
            token: As it stood in the request (`pages.bearer_text`), or None.
            any_of: One of these scopes is needed; none for any live token.

        Raises:
            ProviderError: Missing, unknown, expired or revoked, or without the scope.
        """
        if not token:
            raise self._refusal(Reason.BEARER_MISSING, "api")
        found = self._ledger.token(token, "access")
        if found is None:
            raise self._refusal(Reason.BEARER_UNKNOWN, "api")
        if found.is_dead:
            raise self._refusal(Reason.BEARER_REVOKED, "api")
        if self._is_past(found.expires_s):
            raise self._refusal(Reason.BEARER_EXPIRED, "api")
        if any_of and not set(any_of) & set(found.scopes):
            raise self._refusal(Reason.SCOPE_MISSING, "api", any_of[0])
        return self._grant(found)

    def _flaw(self, asked: Asked) -> tuple[Reason, str] | None:
        """The first thing wrong with a request from a known client and redirect URI."""
        profile = self.profile
        response_type = asked.params.get("response_type")
        if not response_type:
            return Reason.PARAMETER_MISSING, "response_type"
        if response_type != "code":
            return Reason.RESPONSE_TYPE_UNSUPPORTED, response_type
        if profile.needs_scope and not asked.scopes:
            return Reason.PARAMETER_MISSING, "scope"
        for scope in asked.scopes:
            if scope not in profile.scopes:
                return Reason.SCOPE_UNKNOWN, scope
        if profile.needs_pkce and not asked.challenge:
            return Reason.CHALLENGE_MISSING, "code_challenge"
        if asked.challenge and asked.method not in profile.pkce:
            return Reason.CHALLENGE_METHOD_UNSUPPORTED, asked.method
        return None

    def _exchange(self, client: Client, params: Mapping[str, str]) -> Issued:
        for name in ("code", "redirect_uri"):
            if not params.get(name):
                raise self._refusal(Reason.PARAMETER_MISSING, "token", name)
        code = self._ledger.code(params["code"])
        if code is None:
            raise self._refusal(Reason.CODE_UNKNOWN, "token", params["code"])
        flaw = self._code_flaw(code, client, params)
        if flaw is not None:
            raise self._refusal(flaw, "token", code.text)
        self._ledger.use_code(code.text)
        family = self._ledger.add_family(client.id, code.login, code.scopes, code.params)
        refresh = self._new_refresh(family, code.scopes) if code.gives_refresh else None
        return self._issue(family, code.scopes, self.profile.access_life_s, refresh)

    def _code_flaw(self, code: Code, client: Client, params: Mapping[str, str]) -> Reason | None:
        if code.client_id != client.id:
            return Reason.CODE_OF_OTHER_CLIENT
        if code.is_used:
            return Reason.CODE_USED
        if self._is_past(code.expires_s):
            return Reason.CODE_EXPIRED
        if code.redirect_uri != params["redirect_uri"]:
            return Reason.REDIRECT_CHANGED
        if code.challenge is None:
            return None
        verifier = params.get("code_verifier")
        if not verifier:
            return Reason.VERIFIER_MISSING
        made = self.profile.pkce[code.method](verifier)
        return None if is_same(made, code.challenge) else Reason.VERIFIER_WRONG

    def _refresh(self, client: Client, params: Mapping[str, str]) -> Issued:
        profile = self.profile
        text = params.get("refresh_token")
        if not text:
            raise self._refusal(Reason.PARAMETER_MISSING, "token", "refresh_token")
        token = self._ledger.token(text, "refresh")
        if token is None:
            raise self._refusal(Reason.REFRESH_UNKNOWN, "token", text)
        if token.family.client_id != client.id:
            raise self._refusal(Reason.REFRESH_OF_OTHER_CLIENT, "token", text)
        if self._is_dead(token):
            raise self._refusal(Reason.REFRESH_DEAD, "token", text)
        scopes = profile.split_scopes(params.get("scope", "")) or token.family.scopes
        for scope in scopes:
            if scope not in token.family.scopes:
                raise self._refusal(Reason.SCOPE_UNKNOWN, "token", scope)
        refresh = self._refreshed(token)
        return self._issue(token.family.id, scopes, profile.access_life_s, refresh, is_refresh=True)

    def _refreshed(self, token: Token) -> str | None:
        """What the use of a refresh token makes of it; the refresh token to send, if any."""
        profile = self.profile
        if profile.rotation == "rotate":
            self._ledger.kill_token(token.text)
            return self._new_refresh(token.family.id, token.family.scopes)
        if profile.refresh_slides and profile.refresh_life_s is not None:
            self._ledger.prolong_token(token.text, self._clock.now() + profile.refresh_life_s)
        return token.text if profile.rotation == "keep" else None

    def _for_app(self, client: Client, params: Mapping[str, str]) -> Issued:
        scopes = self.profile.split_scopes(params.get("scope", ""))
        for scope in scopes:
            if scope not in self.profile.scopes:
                raise self._refusal(Reason.SCOPE_UNKNOWN, "token", scope)
        family = self._ledger.add_family(client.id, self.profile.app_login, scopes, {})
        return self._issue(family, scopes, self.profile.app_life_s, None, is_app=True)

    def _issue(
        self,
        family: int,
        scopes: tuple[str, ...],
        life_s: int | None,
        refresh: str | None,
        *,
        is_refresh: bool = False,
        is_app: bool = False,
    ) -> Issued:
        make = (self.profile.app_text if is_app else None) or self.profile.access_text
        text = self._ledger.new_token("access", make, family, scopes, self._end_s(life_s))
        token = self._ledger.token(text)
        assert token is not None
        refresh_life_s = self.profile.refresh_life_s if refresh else None
        return Issued(text, life_s, refresh, refresh_life_s, self._grant(token), is_refresh)

    def _new_refresh(self, family: int, scopes: tuple[str, ...]) -> str:
        expires_s = self._end_s(self.profile.refresh_life_s)
        return self._ledger.new_token("refresh", self.profile.refresh_text, family, scopes, expires_s)

    def _load_grant(self, where: str, row: Mapping[str, Any]) -> None:
        profile, ledger = self.profile, self._ledger
        login, scopes = str(row.get("login")), tuple(row.get("scopes", ()))
        if person(login) is None:
            raise ValueError(f"{where}.login is '{login}'; known logins: {_logins()}")
        if unknown := [scope for scope in scopes if scope not in profile.scopes]:
            raise ValueError(f"{where}.scopes has '{unknown[0]}', which {profile.title} does not know")
        if not row.get("access_token"):
            raise ValueError(f"{where}.access_token is missing")
        family = ledger.add_family(profile.client_id, login, scopes, {})
        expires_s = self._end_s(row.get("expires_in", profile.access_life_s))
        ledger.add_token(row["access_token"], "access", family, scopes, expires_s)
        if row.get("refresh_token"):
            expires_s = self._end_s(profile.refresh_life_s)
            ledger.add_token(row["refresh_token"], "refresh", family, scopes, expires_s)

    def _grant(self, token: Token) -> Grant:
        family = token.family
        one = person(family.login) if family.login else None
        return Grant(
            family=family.id,
            client_id=family.client_id,
            person=one,
            user_id=self.profile.user_id(one) if one else "",
            scopes=token.scopes,
            granted=family.scopes,
            expires_s=token.expires_s,
            params=family.params,
        )

    def _end_s(self, life_s: float | None) -> float | None:
        return None if life_s is None else self._clock.now() + life_s

    def _is_past(self, expires_s: float | None) -> bool:
        return expires_s is not None and expires_s <= self._clock.now()

    def _is_dead(self, token: Token) -> bool:
        return token.is_dead or self._is_past(token.expires_s)

    def _consented_before(self, asked: Asked, hint: str | None) -> Person:
        one = self._hinted(hint) if hint else None
        if one is not None and self._ledger.has_live_family(one.login, asked.client.id):
            return one
        reason = Reason.INTERACTION_REQUIRED if hint else Reason.LOGIN_REQUIRED
        raise sent_back(asked, reason, self.profile.redirected.get(reason, self.profile.denied))

    def _hinted(self, hint: str) -> Person:
        for one in PEOPLE:
            if hint in (one.login, one.email, self.profile.user_id(one)):
                return one
        raise ProviderError(400, f"login_hint '{hint}' is nobody here; known logins: {_logins()}")

    def _registered_redirect(self, client: Client, uri: str | None) -> str:
        if not uri:
            raise self._refusal(Reason.PARAMETER_MISSING, "authorize", "redirect_uri")
        if uri in client.redirect_uris or (self.profile.allows_loopback and is_loopback(uri)):
            return uri
        raise self._refusal(Reason.REDIRECT_UNREGISTERED, "authorize", uri)

    def _refusal(self, reason: Reason, stage: Stage, name: str = "") -> ProviderError:
        error = self.profile.refuse(Refusal(reason, stage, name))
        if reason is Reason.CLIENT_PRODUCTION:
            error.violation = f"production client '{name}' was used at {self.profile.title}"
        return error


def _logins() -> str:
    return ", ".join(one.login for one in PEOPLE)
