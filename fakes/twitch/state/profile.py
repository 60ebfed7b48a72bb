"""How Twitch does OAuth 2 (dev.twitch.tv/docs/authentication)."""

from collections.abc import Mapping

from fakes.kit.errors import ProviderError
from fakes.kit.oauth import (
    DEVICE_CODE,
    Asked,
    DeviceProfile,
    Issued,
    Profile,
    Reason,
    Refusal,
    plain,
    s256_base64url,
)
from fakes.kit.people import decimal_id
from fakes.twitch.errors import id_error, invalid_refresh_token, unauthorized

_SCOPES = """
analytics:read:extensions analytics:read:games bits:read channel:bot channel:edit:commercial
channel:manage:ads channel:manage:broadcast channel:manage:clips channel:manage:extensions
channel:manage:guest_star
channel:manage:moderators channel:manage:polls channel:manage:predictions channel:manage:raids
channel:manage:redemptions channel:manage:schedule channel:manage:videos channel:manage:vips channel:moderate
channel:read:ads channel:read:charity channel:read:editors channel:read:goals channel:read:guest_star
channel:read:hype_train channel:read:polls channel:read:predictions channel:read:redemptions
channel:read:stream_key channel:read:subscriptions channel:read:vips chat:edit chat:read clips:edit
editor:manage:clips moderation:read moderator:manage:announcements moderator:manage:automod
moderator:manage:banned_users moderator:manage:chat_messages moderator:manage:chat_settings
moderator:manage:shoutouts moderator:manage:warnings moderator:read:banned_users moderator:read:chat_messages
moderator:read:chat_settings moderator:read:chatters moderator:read:followers moderator:read:moderators
moderator:read:shoutouts moderator:read:vips openid user:bot user:edit user:edit:broadcast
user:manage:blocked_users user:manage:chat_color user:manage:whispers user:read:blocked_users
user:read:broadcast user:read:chat user:read:email user:read:emotes user:read:follows
user:read:moderated_channels user:read:subscriptions user:write:chat whispers:read
"""
_WORDS: dict[Reason, tuple[int, str]] = {
    Reason.CLIENT_UNKNOWN: (400, "invalid client"),
    Reason.CLIENT_PRODUCTION: (400, "invalid client"),
    Reason.CLIENT_CREDENTIALS_MISSING: (400, "missing client id"),
    Reason.CLIENT_SECRET_WRONG: (403, "invalid client secret"),
    Reason.REDIRECT_UNREGISTERED: (400, "Parameter redirect_uri does not match registered URI"),
    Reason.REDIRECT_CHANGED: (400, "Parameter redirect_uri does not match registered URI"),
    Reason.RESPONSE_TYPE_UNSUPPORTED: (400, "invalid response type"),  # guess: wording
    Reason.GRANT_TYPE_UNSUPPORTED: (400, "invalid grant type"),  # guess: wording
    Reason.SCOPE_UNKNOWN: (400, "invalid scope requested"),  # guess: wording
    Reason.OPENID_MISSING: (400, "missing openid scope"),  # guess: wording
    Reason.DEVICE_PENDING: (400, "authorization_pending"),
    Reason.DEVICE_UNKNOWN: (400, "invalid device code"),
    Reason.DEVICE_USED: (400, "invalid device code"),
    Reason.DEVICE_EXPIRED: (400, "invalid device code"),
    Reason.DEVICE_OF_OTHER_CLIENT: (400, "invalid device code"),
    Reason.DEVICE_DENIED: (400, "invalid device code"),  # guess: a refusal ends the code
    Reason.UNAVAILABLE: (503, "Service Unavailable"),  # guess: wording
    Reason.REVOKED_UNKNOWN: (400, "Invalid token"),
}
_REFRESH = (Reason.REFRESH_UNKNOWN, Reason.REFRESH_DEAD, Reason.REFRESH_OF_OTHER_CLIENT)


def _refuse(refusal: Refusal) -> ProviderError:
    reason = refusal.reason
    if refusal.stage == "api":
        return unauthorized(_bearer_words(refusal))
    if reason is Reason.PARAMETER_MISSING:
        return id_error(400, f"missing {refusal.name.replace('_', ' ')}")
    if refusal.stage == "revoke" and reason in (Reason.CLIENT_UNKNOWN, Reason.CLIENT_PRODUCTION):
        return id_error(404, "client does not exist")
    if reason in _REFRESH:
        return invalid_refresh_token()
    status, message = _WORDS.get(reason, (400, "Invalid authorization code"))
    return id_error(status, message)


def _bearer_words(refusal: Refusal) -> str:
    if refusal.reason is Reason.BEARER_MISSING:
        return "OAuth token is missing"
    if refusal.reason is Reason.SCOPE_MISSING:
        return f"Missing scope: {refusal.name}"
    return "Invalid OAuth token"


def _granted(asked: Asked) -> Mapping[str, str]:
    return {"scope": " ".join(asked.scopes)}


def _fragment(issued: Issued) -> Mapping[str, str]:
    scope = " ".join(issued.grant.scopes)
    return {"access_token": issued.access_token, "scope": scope, "token_type": "bearer"}


DEVICES = DeviceProfile(
    device_text=lambda ids: ids.text(40),
    user_text=lambda ids: ids.text(8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    page="/activate",
    scope_param="scopes",
    needs_secret=False,
    slows_down=False,
)
PROFILE = Profile(
    name="twitch",
    title="Twitch",
    color="#9146ff",
    client_id="twitchstagingclient00000000000",
    client_secret="twitch-staging-secret",
    production_client_id="twitchproductionclient00000000",
    scopes=frozenset(_SCOPES.split()),
    refuse=_refuse,
    user_id=decimal_id,
    code_text=lambda ids: ids.text(30),
    access_text=lambda ids: ids.text(30),
    refresh_text=lambda ids: ids.text(50),
    code_life_s=600,  # guess: the documentation gives no life
    access_life_s=14_124,
    app_life_s=5_011_271,
    client_places=("body", "basic"),
    reads_query=True,
    needs_scope=False,
    pkce={"S256": s256_base64url, "plain": plain},
    response_types=frozenset({"code", "token", "id_token", "id_token token", "code id_token"}),
    implicit=_fragment,
    grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials", DEVICE_CODE}),
    device=DEVICES,
    rotation="keep",
    public_refresh_life_s=30 * 86_400,
    callback_extra=_granted,
    denied={"error": "access_denied", "error_description": "The user denied you access"},
    redirected={
        Reason.SCOPE_UNKNOWN: {"error": "invalid_scope", "error_description": "invalid scope requested"}
    },  # guess: wording
)
