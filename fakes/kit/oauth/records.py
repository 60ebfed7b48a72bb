"""What the engine reads, stores and hands out."""

from collections.abc import Mapping
from dataclasses import dataclass

from fakes.kit.people import Person


@dataclass(frozen=True, slots=True)
class Client:
    """An application that is registered at the provider."""

    id: str
    secret: str
    name: str
    redirect_uris: tuple[str, ...]
    is_production: bool = False

    @property
    def is_public(self) -> bool:
        """Whether it can keep no secret, and therefore has none."""
        return not self.secret and not self.is_production


@dataclass(frozen=True, slots=True)
class Grant:
    """What one authorization allows: all its tokens are one family and die together.

    Attributes:
        person: Who consented; None for an application's own token (client credentials).
        scopes: What the token at hand may do.
        granted: All that was consented to, which is more when a refresh asked for less.
        expires_s: When the access token ends in Unix seconds; None when it never does.
        params: Parameters of the authorization request (`nonce`, `access_type`...).
    """

    family: int
    client_id: str
    person: Person | None
    user_id: str
    scopes: tuple[str, ...]
    granted: tuple[str, ...]
    expires_s: float | None
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Issued:
    """An answer of the token endpoint, before the provider's words.

    Attributes:
        expires_in_s: Life of the access token; None when it never ends.
        refresh_token: None where the provider sends none in this answer.
        is_refresh: Whether a refresh token was given for it.
    """

    access_token: str
    expires_in_s: int | None
    refresh_token: str | None
    refresh_expires_in_s: int | None
    grant: Grant
    is_refresh: bool


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the token or revocation endpoint.

    Attributes:
        params: Form fields, and the query's where the provider reads them.
        basic: Client id and secret of the Authorization header, or None.
    """

    params: Mapping[str, str]
    basic: tuple[str, str] | None = None
