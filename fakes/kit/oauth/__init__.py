"""One OAuth 2 engine for all providers; how they differ is one frozen `Profile` in each fake's package.

`profile` says how a provider behaves, `engine` holds the rules, `asking` what may be asked, `clients` who may
ask, `device` the flow of devices, `mint` the making of tokens, `ledger` the rows, `records` what goes in and
out, `pages` and `device_pages` what people see and what is read from HTTP, `keys` the signing key of
providers that have id_tokens, `control` and `orders` what is done from outside.
"""

from fakes.kit.oauth import device, ledger
from fakes.kit.oauth.clients import DEVICE_CODE
from fakes.kit.oauth.control import oauth_controls
from fakes.kit.oauth.device import DeviceLogin
from fakes.kit.oauth.device_pages import device_routes
from fakes.kit.oauth.engine import Engine
from fakes.kit.oauth.keys import SigningKey, half_hash
from fakes.kit.oauth.ledger import Ledger
from fakes.kit.oauth.pages import authorize_routes, avatar, bearer_text, error_page, token_request
from fakes.kit.oauth.profile import (
    Asked,
    DeviceProfile,
    Profile,
    Reason,
    Refusal,
    plain,
    s256_base64url,
    s256_hex,
)
from fakes.kit.oauth.records import Client, Grant, Issued, TokenRequest

SCHEMA = ledger.SCHEMA + device.SCHEMA

__all__ = [
    "DEVICE_CODE",
    "SCHEMA",
    "Asked",
    "Client",
    "DeviceLogin",
    "DeviceProfile",
    "Engine",
    "Grant",
    "Issued",
    "Ledger",
    "Profile",
    "Reason",
    "Refusal",
    "SigningKey",
    "TokenRequest",
    "authorize_routes",
    "avatar",
    "bearer_text",
    "device_routes",
    "error_page",
    "half_hash",
    "oauth_controls",
    "plain",
    "s256_base64url",
    "s256_hex",
    "token_request",
]
