"""How one provider's OAuth differs from the others': data and small functions, no rules."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from fakes.kit.errors import ProviderError
from fakes.kit.ids import Ids
from fakes.kit.oauth.records import Client, Issued
from fakes.kit.people import Person

Stage = Literal["authorize", "device", "token", "revoke", "api"]
ClientPlace = Literal["basic", "body"]


class Reason(Enum):
    """Why a request was refused; `Profile.refuse` puts it into the provider's words."""

    PARAMETER_MISSING = "a required parameter is missing"
    CLIENT_UNKNOWN = "no client has this id"
    CLIENT_PRODUCTION = "the client is production's"
    CLIENT_CREDENTIALS_MISSING = "the client did not say who it is in a place that the provider reads"
    CLIENT_SECRET_WRONG = "the client's secret is wrong"
    REDIRECT_UNREGISTERED = "the redirect URI is not registered for the client"
    RESPONSE_TYPE_UNSUPPORTED = "the response type is not supported"
    SCOPE_UNKNOWN = "a scope does not exist, or goes beyond what was granted"
    CHALLENGE_MISSING = "the provider insists on PKCE"
    CHALLENGE_METHOD_UNSUPPORTED = "the PKCE method is not supported"
    STATE_TOO_LONG = "the state is longer than the provider takes"
    OPENID_MISSING = "an id_token was asked for without the scope openid"
    LOGIN_REQUIRED = "prompt=none, and nobody is logged in"
    INTERACTION_REQUIRED = "prompt=none, and nobody consented before"
    GRANT_TYPE_UNSUPPORTED = "the grant type is not supported"
    CODE_UNKNOWN = "no such code was handed out"
    CODE_USED = "the code was used before"
    CODE_EXPIRED = "the code is too old"
    CODE_OF_OTHER_CLIENT = "the code was handed to another client"
    REDIRECT_CHANGED = "the redirect URI is not the one of the authorization request"
    VERIFIER_MISSING = "a challenge was sent, but no verifier"
    VERIFIER_WRONG = "the verifier does not match the challenge"
    REFRESH_UNKNOWN = "no such refresh token was handed out"
    REFRESH_DEAD = "the refresh token was rotated, revoked or is too old"
    REFRESH_OF_OTHER_CLIENT = "the refresh token belongs to another client"
    DEVICE_SCOPE = "the scope is not for devices"
    DEVICE_UNKNOWN = "no such device code was handed out"
    DEVICE_USED = "the device code was used before"
    DEVICE_EXPIRED = "the device code is too old"
    DEVICE_OF_OTHER_CLIENT = "the device code was handed to another client"
    DEVICE_PENDING = "nobody has agreed yet"
    DEVICE_TOO_FAST = "the device asks more often than it was told to"
    DEVICE_DENIED = "the person refused"
    UNAVAILABLE = "the token endpoint is out of order, on command"
    REVOKED_UNKNOWN = "the token to revoke is not known or already dead"
    BEARER_MISSING = "no token in the request"
    BEARER_UNKNOWN = "no such access token was handed out"
    BEARER_EXPIRED = "the access token is too old"
    BEARER_REVOKED = "the access token was revoked"
    SCOPE_MISSING = "the access token lacks a scope"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request.

    Attributes:
        stage: Which endpoint refuses.
        name: The parameter, scope, URI or value that is meant; "" where there is none.
    """

    reason: Reason
    stage: Stage
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An authorization request that passed all checks.

    Attributes:
        redirect_uri: "" where the request comes back nowhere.
        challenge: PKCE challenge as sent, or None; `method` says how it was made.
        params: All query parameters, for what only one provider knows.
    """

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    method: str
    params: Mapping[str, str]

    @property
    def is_registered(self) -> bool:
        """Whether the redirect URI was registered; a desktop application's may be any on loopback."""
        return self.redirect_uri in self.client.redirect_uris

    @property
    def wants(self) -> frozenset[str]:
        """What the redirect back shall bring: `code`, `token` or `id_token`, one or more."""
        return frozenset(self.params.get("response_type", "").split())


def s256_base64url(verifier: str) -> str:
    """The S256 transform (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def plain(verifier: str) -> str:
    """The plain transform (RFC 7636, 4.2): the challenge is the verifier."""
    return verifier


def s256_hex(verifier: str) -> str:
    """SHA-256 as lower-case hex, which one provider's desktop flow wants."""
    return hashlib.sha256(verifier.encode()).hexdigest()


def _nothing(_asked: Asked) -> Mapping[str, str]:
    return {}


def _always(_asked: Asked, _is_first: bool) -> bool:
    return True


def _never(_asked: Asked) -> bool:
    return False


def _no_scope(_scope: str) -> bool:
    return False


def _nowhere(_params: Mapping[str, str]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class DeviceProfile:
    """One provider's way of doing the device flow (RFC 8628).

    Attributes:
        device_text: Makes device codes; `user_text` makes what people type.
        page: Path of the page where people type it.
        scope_param: Name of the scopes in requests.
        scopes: Scopes that devices may ask for; None is all.
        life_s: Life of both codes; `interval_s` must lie between two questions of the device.
        needs_secret: Whether a device must show the client's secret.
        slows_down: Whether a device that asks too soon is told so.
    """

    device_text: Callable[[Ids], str]
    user_text: Callable[[Ids], str]
    page: str
    scope_param: str = "scope"
    scopes: frozenset[str] | None = None
    life_s: int = 1800
    interval_s: int = 5
    needs_secret: bool = True
    slows_down: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """One provider's way of doing OAuth 2.

    Attributes:
        name: As in the registered redirect URIs `{base}/v1/oauth/{name}/callback`.
        title: As people read it.
        color: Of the consent page's buttons, `#rrggbb`.
        client_id: Staging's client; `client_secret` is its secret.
        production_client_id: Tripwire: refused as the provider refuses it, and recorded.
        scopes: Every scope there is.
        refuse: Puts a refusal into the provider's words.
        user_id: The provider's id of a person.
        code_text: Makes a code; `access_text` and `refresh_text` make tokens.
        code_life_s: Life of a code; `access_life_s` and `refresh_life_s` (None: endless) of tokens.
        app_text: Makes client-credentials tokens; as access tokens where None.
        app_life_s: Life of client-credentials tokens; None is endless.
        app_login: Whose client-credentials tokens are; None where they belong to no person.
        client_param: Name of the client id in requests.
        client_places: Where the token endpoint looks for the client, in this order.
        reads_query: Whether parameters of the token endpoint may stand in the query.
        reads_json: Whether the token endpoint reads a JSON body.
        needs_scope: Whether an authorization request must name a scope.
        scope_separator: Between scopes in requests and textual answers.
        allows_loopback: Whether any http URI on localhost or 127.0.0.1 counts as registered.
        needs_pkce: Whether this request must bring a challenge.
        pkce: Transform by method name.
        default_pkce: Method of a challenge that came without one.
        response_types: What the authorization endpoint offers; the words of each in alphabetical order.
        implicit: Parameters of the fragment that hands out an access token at once.
        state_limit: Most characters of a state.
        grant_types: What the token endpoint offers.
        device: How devices without a browser log in; None where they do not.
        rotation: What a refresh does: `rotate` kills the old refresh token and sends a new one, `keep` sends
            the same again, `omit` sends none and the old one lives on.
        refresh_slides: Whether each use of a refresh token starts its life anew.
        refresh_limit: Most living refresh tokens of a person and client; one more ends the oldest.
        public_refresh_life_s: Life of refresh tokens of clients without a secret, where those work once; None
            where such clients are treated as the others.
        gives_refresh: Whether an authorization gives a refresh token, from the request and whether it is the
            person's first consent to this client.
        toggles: Whether people may take this scope out on the consent page.
        ends_here: Whether a request of these parameters comes back nowhere, as when a bot is let in.
        callback_extra: More parameters of the redirect back.
        denied: Parameters of the redirect after a refusal by the person (state is added).
        blocked: Refusals of the provider itself that the person sees and the client is not told of, by name:
            status and text of the page.
        redirected: Refusals of authorization requests that go back to the client, with their parameters; all
            others are shown as a page.
    """

    name: str
    title: str
    color: str
    client_id: str
    client_secret: str
    production_client_id: str
    scopes: frozenset[str]
    refuse: Callable[[Refusal], ProviderError]
    user_id: Callable[[Person], str]
    code_text: Callable[[Ids], str]
    access_text: Callable[[Ids], str]
    refresh_text: Callable[[Ids], str]
    code_life_s: float
    access_life_s: int
    refresh_life_s: int | None = None
    app_text: Callable[[Ids], str] | None = None
    app_life_s: int | None = None
    app_login: str | None = None
    client_param: str = "client_id"
    client_places: tuple[ClientPlace, ...] = ("body",)
    reads_query: bool = False
    reads_json: bool = False
    needs_scope: bool = True
    scope_separator: str = " "
    allows_loopback: bool = False
    needs_pkce: Callable[[Asked], bool] = _never
    pkce: Mapping[str, Callable[[str], str]] = field(default_factory=lambda: {"S256": s256_base64url})
    default_pkce: str = "plain"
    response_types: frozenset[str] = frozenset({"code"})
    implicit: Callable[[Issued], Mapping[str, str]] | None = None
    state_limit: int | None = None
    grant_types: frozenset[str] = frozenset({"authorization_code", "refresh_token"})
    device: DeviceProfile | None = None
    rotation: Literal["rotate", "keep", "omit"] = "rotate"
    refresh_slides: bool = False
    refresh_limit: int | None = None
    public_refresh_life_s: int | None = None
    gives_refresh: Callable[[Asked, bool], bool] = _always
    toggles: Callable[[str], bool] = _no_scope
    ends_here: Callable[[Mapping[str, str]], bool] = _nowhere
    callback_extra: Callable[[Asked], Mapping[str, str]] = _nothing
    denied: Mapping[str, str] = field(default_factory=lambda: {"error": "access_denied"})
    blocked: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    redirected: Mapping[Reason, Mapping[str, str]] = field(default_factory=dict)

    def split_scopes(self, text: str) -> tuple[str, ...]:
        """Scopes of a request, each once, in their order."""
        return tuple(dict.fromkeys(filter(None, text.split(self.scope_separator))))

    def join_scopes(self, scopes: tuple[str, ...]) -> str:
        """Scopes as one text."""
        return self.scope_separator.join(scopes)

    def refusal(self, reason: Reason, stage: Stage, name: str = "") -> ProviderError:
        """A refusal in the provider's words; production's client makes it a violation."""
        error = self.refuse(Refusal(reason, stage, name))
        if reason is Reason.CLIENT_PRODUCTION:
            error.violation = f"production client '{name}' was used at {self.title}"
        return error
