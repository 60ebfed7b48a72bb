"""How Google does OAuth 2, and who people are there."""

import base64
import hashlib
from collections.abc import Mapping

from fakes.google import errors
from fakes.kit.ids import Ids
from fakes.kit.oauth import (
    DEVICE_CODE,
    Asked,
    DeviceProfile,
    Issued,
    Profile,
    Reason,
    plain,
    s256_base64url,
)
from fakes.kit.people import Person, subject_id

_AUTH = "https://www.googleapis.com/auth/"
YOUTUBE, UPLOAD, READONLY = f"{_AUTH}youtube", f"{_AUTH}youtube.upload", f"{_AUTH}youtube.readonly"
FORCE_SSL, PARTNER = f"{_AUTH}youtube.force-ssl", f"{_AUTH}youtubepartner"
API_KEY = "google-staging-api-key"
MAY_READ = (YOUTUBE, READONLY, FORCE_SSL, PARTNER)
MAY_UPLOAD = (UPLOAD, YOUTUBE, FORCE_SSL, PARTNER)
MAY_CHANGE = (YOUTUBE, FORCE_SSL, PARTNER)
_MORE = (
    "userinfo.email",
    "userinfo.profile",
    "youtubepartner-channel-audit",
    "youtube.channel-memberships.creator",
)
_CONSONANTS = "BCDFGHJKLMNPQRSTVWXZ"


def _gives_refresh(asked: Asked, is_first: bool) -> bool:
    asks_again = "consent" in asked.params.get("prompt", "").split()
    return asked.params.get("access_type") == "offline" and (is_first or asks_again)


def _callback_extra(asked: Asked) -> Mapping[str, str]:
    prompt = asked.params.get("prompt", "consent")
    return {"scope": " ".join(asked.scopes), "authuser": "0", "prompt": prompt}


def _access_text(ids: Ids) -> str:
    return f"ya29.a0AfB_{ids.url_safe(160)}"


def _fragment(issued: Issued) -> Mapping[str, str]:
    return {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": str(issued.expires_in_s),
        "scope": " ".join(issued.grant.scopes),
    }


def _user_text(ids: Ids) -> str:
    return f"{ids.text(4, _CONSONANTS)}-{ids.text(4, _CONSONANTS)}"


DEVICES = DeviceProfile(
    device_text=lambda ids: f"AH-1Ng{ids.url_safe(80)}",
    user_text=_user_text,
    page="/device",
    scopes=frozenset({"openid", "email", "profile", YOUTUBE, READONLY}),
)
_BLOCKED = {
    "access_denied": (
        403,
        "ClipNET staging has not completed the Google verification process. The app is currently being "
        "tested, and can only be accessed by developer-approved testers.",
    ),
    "admin_policy_enforced": (
        400,
        "Access to your account data is restricted by policies within your organization.",
    ),
    "deleted_client": (401, "The OAuth client was deleted."),
    "disallowed_useragent": (
        403,
        "You can't sign in from this screen because this app doesn't comply with Google's "
        '"Use secure browsers" policy.',
    ),
    "org_internal": (403, "ClipNET staging is restricted to users within its organization."),
}
PROFILE = Profile(
    name="google",
    title="Google",
    color="#1a73e8",
    client_id="staging.apps.googleusercontent.com",
    client_secret="google-staging-secret",
    production_client_id="production.apps.googleusercontent.com",
    scopes=frozenset(
        {"openid", "email", "profile", *MAY_READ, UPLOAD, *(f"{_AUTH}{name}" for name in _MORE)}
    ),
    refuse=errors.refused,
    user_id=subject_id,
    code_text=lambda ids: f"4/0A{ids.url_safe(69)}",
    access_text=_access_text,
    refresh_text=lambda ids: f"1//0{ids.url_safe(99)}",
    code_life_s=600,
    access_life_s=3599,
    refresh_life_s=180 * 86_400,
    client_places=("basic", "body"),
    allows_loopback=True,
    pkce={"S256": s256_base64url, "plain": plain},
    response_types=frozenset(
        {"code", "token", "id_token", "code token", "code id_token", "id_token token", "code id_token token"}
    ),
    implicit=_fragment,
    grant_types=frozenset({"authorization_code", "refresh_token", DEVICE_CODE}),
    device=DEVICES,
    rotation="omit",
    refresh_limit=100,
    refresh_slides=True,
    gives_refresh=_gives_refresh,
    toggles=lambda scope: scope.startswith(_AUTH) and not scope.startswith(f"{_AUTH}userinfo."),
    callback_extra=_callback_extra,
    blocked=_BLOCKED,
    redirected={
        Reason.LOGIN_REQUIRED: {"error": "login_required"},
        Reason.INTERACTION_REQUIRED: {"error": "interaction_required"},
    },
)


def has_scope(scopes: tuple[str, ...], name: str) -> bool:
    """Whether `email` or `profile` was granted, by its short or its long name."""
    return name in scopes or f"{_AUTH}userinfo.{name}" in scopes


def channel_id(one: Person) -> str:
    """The person's YouTube channel: `UC` and 22 characters."""
    digest = hashlib.sha256(f"channel {one.login}".encode()).digest()
    return "UC" + base64.urlsafe_b64encode(digest).decode()[:22]


def is_foreign_key(key: str) -> bool:
    """Whether this looks like a key of the real Google: it cannot be staging's."""
    return key.startswith("AIza")
