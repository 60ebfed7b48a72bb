"""One OAuth 2 engine for all providers; how they differ is one frozen `Profile` in each fake's package.

`profile` says how a provider behaves, `engine` holds the rules, `ledger` the rows, `records` what goes in and
out, `pages` the consent page and what is read from HTTP, `keys` the signing key of providers with id_tokens.
"""

from fakes.kit.oauth.engine import Engine
from fakes.kit.oauth.keys import SigningKey, half_hash
from fakes.kit.oauth.ledger import SCHEMA
from fakes.kit.oauth.pages import authorize_routes, avatar, bearer_text, error_page, token_request
from fakes.kit.oauth.profile import Asked, Profile, Reason, Refusal, plain, s256_base64url, s256_hex
from fakes.kit.oauth.records import Client, Grant, Issued, TokenRequest

__all__ = [
    "SCHEMA",
    "Asked",
    "Client",
    "Engine",
    "Grant",
    "Issued",
    "Profile",
    "Reason",
    "Refusal",
    "SigningKey",
    "TokenRequest",
    "authorize_routes",
    "avatar",
    "bearer_text",
    "error_page",
    "half_hash",
    "plain",
    "s256_base64url",
    "s256_hex",
    "token_request",
]
