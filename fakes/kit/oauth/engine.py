"""The rules of OAuth 2: clients, codes, PKCE, refresh and revocation. No HTTP; `mint` makes the tokens."""

from collections.abc import Callable, Mapping
from typing import Any

from fakes.kit.credentials import is_same
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.oauth.asking import read
from fakes.kit.oauth.clients import DEVICE_CODE, Clients
from fakes.kit.oauth.device import DeviceLogin, Devices
from fakes.kit.oauth.ledger import Code, Ledger
from fakes.kit.oauth.mint import Mint
from fakes.kit.oauth.orders import Orders
from fakes.kit.oauth.profile import Asked, Profile, Reason
from fakes.kit.oauth.records import Client, Grant, Issued, TokenRequest
from fakes.kit.oauth.redirects import back, sent_back, spellings
from fakes.kit.oauth.seeds import load, logins
from fakes.kit.people import PEOPLE, Person, person


class Engine:
    """One provider's authorization server.

    Args:
        profile: How the provider behaves.
        kit: Clock, ids and store; the store is opened with `SCHEMA` among its tables.
        identify: Makes the id_token that goes with an access token (and with a code, if both come back at
            once); None where the authorization endpoint hands out none.
        tell: Called with a grant that a person ended at the provider.

    Attributes:
        ledger: What is remembered, for the control surface.
        clients: Who may ask.
        orders: What people command about logins to come.
        devices: Logins on devices; None where the provider has none.
    """

    def __init__(
        self,
        profile: Profile,
        kit: Kit,
        *,
        identify: Callable[[Issued, str | None], str] | None = None,
        tell: Callable[[Grant], None] | None = None,
    ) -> None:
        self.profile = profile
        self._clock = kit.clock
        self._store = kit.store
        self.ledger = Ledger(kit.store, kit.ids)
        self.orders = Orders(self.ledger)
        self._mint = Mint(profile, kit.clock, self.ledger)
        self.clients = Clients(profile, self.ledger)
        self.devices: Devices | None = None
        if profile.device is not None:
            self.devices = Devices(profile, kit.store, kit.ids, self.ledger, self._mint)
        self._identify = identify
        self._tell = tell
        self._bases = kit.settings.redirect_bases

    def populate(self) -> None:
        """Register staging's client and production's tripwire."""
        profile = self.profile
        path = f"/v1/oauth/{profile.name}/callback"
        uris = tuple(f"{base}{path}" for known in self._bases for base in spellings(known))
        self.ledger.add_client(Client(profile.client_id, profile.client_secret, "ClipNET staging", uris))
        self.ledger.add_client(Client(profile.production_client_id, "", "ClipNET", (), is_production=True))

    def load(self, document: Mapping[str, Any]) -> None:
        """Add what stands below `oauth` in a seed document.

        `{"auto_approve": login or null, "refresh_life_s": seconds, "clients": [{"id", "secret", "name",
        "redirect_uris": [..]}], "grants": [{"login", "scopes": [..], "access_token", "refresh_token",
        "expires_in": seconds or null}]}`; a client without a secret is a public one, a grant belongs to
        staging's client.

        Raises:
            ValueError: A field is not usable.
        """
        part = document.get("oauth") or {}
        if not isinstance(part, dict):
            raise ValueError("oauth must be an object")
        if "auto_approve" in part:
            self.auto_approve(part["auto_approve"])
        load(part, self.profile, self.ledger, self._mint)

    def auto_approve(self, login: str | None) -> None:
        """Let every authorization request be approved as this person without a page; None ends that.

        Raises:
            ValueError: Nobody has this login.
        """
        if login is not None and person(login) is None:
            raise ValueError(f"oauth.auto_approve is '{login}'; known logins: {logins()}")
        self.ledger.set("auto_approve", login)

    def summary(self) -> dict[str, Any]:
        """Counts for the control surface."""
        return self.ledger.summary()

    def ask(self, params: Mapping[str, str]) -> Asked:
        """Check an authorization request.

        Raises:
            ProviderError: Refused; status 302 with a Location where the client is told, a page otherwise.
        """
        return read(params, self.profile, self.clients)

    def silent_approver(self, asked: Asked) -> Person | None:
        """Who approves this request without a page, if anybody.

        Raises:
            ProviderError: `login_hint` names nobody, or `prompt=none` cannot be kept.
        """
        approver = self.waved_through(asked.params)
        if approver is not None or asked.params.get("prompt") != "none":
            return approver
        return self._consented_before(asked, asked.params.get("login_hint"))

    def waved_through(self, params: Mapping[str, str]) -> Person | None:
        """Who agrees without a click, by the request's own parameters or because everything is approved.

        Raises:
            ProviderError: `login_hint` names nobody.
        """
        hint = params.get("login_hint")
        if params.get("auto_approve") == "1":
            return self.hinted(hint) if hint else PEOPLE[0]
        default: str | None = self.ledger.setting("auto_approve")
        return None if default is None else self.hinted(hint or default)

    def approve(self, asked: Asked, one: Person) -> str:
        """Record the person's consent; returns the address to go back to, with what was asked for ("": none).

        Raises:
            ProviderError: On command the provider refuses, on a page.
        """
        denial = self.orders.take_denial()
        if denial is not None and denial["as"] is not None:
            status, text = self.profile.blocked[denial["as"]]
            raise ProviderError(status, text, code=denial["as"])
        if denial is not None:
            return self.deny(asked)
        if not asked.redirect_uri:
            return ""
        answer: dict[str, str] = {}
        code = None
        with self._store.transaction():
            if "code" in asked.wants:
                code = answer["code"] = self._new_code(asked, one)
                answer |= self.profile.callback_extra(asked)
            if asked.wants != {"code"}:
                answer |= self._at_once(asked, one, code)
        return back(asked, answer, in_fragment=asked.wants != {"code"})

    def deny(self, asked: Asked) -> str:
        """The address to go back to after the person refused; "" where there is none."""
        return back(asked, self.profile.denied) if asked.redirect_uri else ""

    def begin_on_device(self, request: TokenRequest) -> DeviceLogin:
        """Answer the device authorization endpoint; approved at once where everything is.

        Raises:
            ProviderError: Not a good client, or not good scopes.
        """
        assert self.devices is not None
        assert self.profile.device is not None
        self.clients.trip(request, "device")
        client = self.clients.known(request.params.get(self.profile.client_param), "device")
        scopes = self.profile.split_scopes(request.params.get(self.profile.device.scope_param, ""))
        if self.profile.needs_scope and not scopes:
            raise self.profile.refusal(Reason.PARAMETER_MISSING, "device", self.profile.device.scope_param)
        one = self.devices.begin(client, scopes)
        approver: str | None = self.ledger.setting("auto_approve")
        if approver is not None:
            self.decide_on_device(one, approver)
        return one

    def decide_on_device(self, one: DeviceLogin, login: str | None) -> bool:
        """Let a person agree to a login on a device, or (None) refuse; says what became of it."""
        assert self.devices is not None
        if login is not None and self.orders.take_denial() is not None:
            login = None
        self.devices.decide(one, login)
        return login is not None

    def token(self, request: TokenRequest) -> Issued:
        """Answer the token endpoint.

        Raises:
            ProviderError: Refused, in the provider's words.
        """
        grants: dict[str, Callable[[Client, Mapping[str, str]], Issued]] = {
            "authorization_code": self._exchange,
            "refresh_token": self._refresh,
            "client_credentials": self._for_app,
            DEVICE_CODE: self._exchange_on_device,
        }
        grant_type = request.params.get("grant_type")
        if not grant_type:
            raise self.profile.refusal(Reason.PARAMETER_MISSING, "token", "grant_type")
        if grant_type not in self.profile.grant_types:
            raise self.profile.refusal(Reason.GRANT_TYPE_UNSUPPORTED, "token", grant_type)
        client = self.clients.asking(request, grant_type)
        failure = self.orders.take_failure(grant_type)
        if failure is not None:
            raise self.profile.refusal(failure, "token", client.id)
        try:
            with self._store.transaction():
                return grants[grant_type](client, request.params)
        finally:
            if grant_type == DEVICE_CODE and self.devices is not None:
                self.devices.ask_again(request.params.get("device_code"))

    def revoke(self, token: str | None, client: Client | None = None) -> Grant:
        """End the whole authorization to which a token (access or refresh) belongs.

        Raises:
            ProviderError: Not a live token, or (where `client` is given) another client's.
        """
        if not token:
            raise self.profile.refusal(Reason.PARAMETER_MISSING, "revoke", "token")
        found = self.ledger.token(token)
        if found is None or self._mint.is_dead(found):
            raise self.profile.refusal(Reason.REVOKED_UNKNOWN, "revoke", token)
        if client is not None and found.family.client_id != client.id:
            raise self.profile.refusal(Reason.REVOKED_UNKNOWN, "revoke", token)
        self.ledger.revoke_family(found.family.id)
        return self._mint.grant(found)

    def disconnect(self, family: int) -> None:
        """End an authorization as the person does in the provider's settings; the application is told."""
        tokens = self.ledger.tokens_of(family, 1)
        self.ledger.revoke_family(family)
        if self._tell is not None and tokens:
            self._tell(self._mint.grant(tokens[0]))

    def bearer(self, token: str | None, *any_of: str) -> Grant:
        """What an access token allows.

        Args:
            token: As it stood in the request (`pages.bearer_text`), or None.
            any_of: One of these scopes is needed; none for any live token.

        Raises:
            ProviderError: Missing, unknown, expired or revoked, or without the scope.
        """
        if not token:
            raise self.profile.refusal(Reason.BEARER_MISSING, "api")
        found = self.ledger.token(token, "access")
        if found is None:
            raise self.profile.refusal(Reason.BEARER_UNKNOWN, "api")
        if found.is_dead:
            raise self.profile.refusal(Reason.BEARER_REVOKED, "api")
        if self._mint.is_past(found.expires_s):
            raise self.profile.refusal(Reason.BEARER_EXPIRED, "api")
        if any_of and not set(any_of) & set(found.scopes):
            raise self.profile.refusal(Reason.SCOPE_MISSING, "api", any_of[0])
        return self._mint.grant(found)

    def _exchange(self, client: Client, params: Mapping[str, str]) -> Issued:
        for name in ("code", "redirect_uri"):
            if not params.get(name):
                raise self.profile.refusal(Reason.PARAMETER_MISSING, "token", name)
        code = self.ledger.code(params["code"])
        if code is None:
            raise self.profile.refusal(Reason.CODE_UNKNOWN, "token", params["code"])
        flaw = self._code_flaw(code, client, params)
        if flaw is not None:
            raise self.profile.refusal(flaw, "token", code.text)
        self.ledger.use_code(code.text)
        return self._mint.begin(
            client, code.login, code.scopes, code.params, gives_refresh=code.gives_refresh
        )

    def _code_flaw(self, code: Code, client: Client, params: Mapping[str, str]) -> Reason | None:
        if code.client_id != client.id:
            return Reason.CODE_OF_OTHER_CLIENT
        if code.is_used:
            return Reason.CODE_USED
        if self._mint.is_past(code.expires_s):
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
            raise self.profile.refusal(Reason.PARAMETER_MISSING, "token", "refresh_token")
        token = self.ledger.token(text, "refresh")
        if token is None:
            raise self.profile.refusal(Reason.REFRESH_UNKNOWN, "token", text)
        if token.family.client_id != client.id:
            raise self.profile.refusal(Reason.REFRESH_OF_OTHER_CLIENT, "token", text)
        if self._mint.is_dead(token):
            raise self.profile.refusal(Reason.REFRESH_DEAD, "token", text)
        scopes = profile.split_scopes(params.get("scope", "")) or token.family.scopes
        for scope in scopes:
            if scope not in token.family.scopes:
                raise self.profile.refusal(Reason.SCOPE_UNKNOWN, "token", scope)
        return self._mint.again(client, token, scopes)

    def _exchange_on_device(self, client: Client, params: Mapping[str, str]) -> Issued:
        assert self.devices is not None
        return self.devices.exchange(client, params.get("device_code"))

    def _for_app(self, client: Client, params: Mapping[str, str]) -> Issued:
        scopes = self.profile.split_scopes(params.get("scope", ""))
        for scope in scopes:
            if scope not in self.profile.scopes:
                raise self.profile.refusal(Reason.SCOPE_UNKNOWN, "token", scope)
        return self._mint.for_app(client, scopes)

    def _new_code(self, asked: Asked, one: Person) -> str:
        is_first = not self.ledger.has_live_family(one.login, asked.client.id)
        return self.ledger.add_code(
            asked,
            one.login,
            self.profile.code_text,
            expires_s=self._clock.now() + self.profile.code_life_s,
            gives_refresh=self.profile.gives_refresh(asked, is_first),
        )

    def _at_once(self, asked: Asked, one: Person, code: str | None) -> dict[str, str]:
        """What the fragment brings besides a code: an access token, an id_token, or both."""
        issued = self._mint.begin(asked.client, one.login, asked.scopes, asked.params, gives_refresh=False)
        answer: dict[str, str] = {}
        if "token" in asked.wants and self.profile.implicit is not None:
            answer |= self.profile.implicit(issued)
        if "id_token" in asked.wants and self._identify is not None:
            answer["id_token"] = self._identify(issued, code)
        return answer

    def _consented_before(self, asked: Asked, hint: str | None) -> Person:
        one = self.hinted(hint) if hint else None
        if one is not None and self.ledger.has_live_family(one.login, asked.client.id):
            return one
        reason = Reason.INTERACTION_REQUIRED if hint else Reason.LOGIN_REQUIRED
        raise sent_back(asked, reason, self.profile.redirected.get(reason, self.profile.denied))

    def hinted(self, hint: str) -> Person:
        """Who is meant by a login, an address or the provider's id.

        Raises:
            ProviderError: Nobody.
        """
        for one in PEOPLE:
            if hint in (one.login, one.email, self.profile.user_id(one)):
                return one
        raise ProviderError(400, f"login_hint '{hint}' is nobody here; known logins: {logins()}")
