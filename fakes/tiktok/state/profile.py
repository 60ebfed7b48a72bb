"""How TikTok does OAuth 2."""

from collections.abc import Mapping

from fakes.kit.ids import Ids
from fakes.kit.oauth import Asked, Profile, Reason, s256_hex
from fakes.kit.people import open_id
from fakes.tiktok import errors

BASIC, PROFILE_SCOPE, STATS = "user.info.basic", "user.info.profile", "user.info.stats"
PUBLISH, UPLOAD = "video.publish", "video.upload"
MAY_PUBLISH = (PUBLISH,)
MAY_SHARE = (UPLOAD,)
MAY_SEE_STATUS = (PUBLISH, UPLOAD)


def _code_text(ids: Ids) -> str:
    return f"{ids.url_safe(60)}*{ids.digits(1)}!{ids.digits(4)}.va"


def _callback_extra(asked: Asked) -> Mapping[str, str]:
    return {"scopes": ",".join(asked.scopes)}


def _redirected(code: str, text: str) -> Mapping[str, str]:
    return {"error": code, "error_description": text}


PROFILE = Profile(
    name="tiktok",
    title="TikTok",
    color="#fe2c55",
    client_id="awstaging",
    client_secret="tiktok-staging-secret",
    production_client_id="awproduction",
    scopes=frozenset({BASIC, PROFILE_SCOPE, STATS, PUBLISH, UPLOAD, "video.list"}),
    refuse=errors.refused,
    user_id=open_id,
    code_text=_code_text,
    access_text=lambda ids: f"act.{ids.url_safe(60)}!{ids.digits(4)}.va",
    refresh_text=lambda ids: f"rft.{ids.url_safe(60)}!{ids.digits(4)}.va",
    app_text=lambda ids: f"clt.{ids.url_safe(60)}",
    code_life_s=600,  # guess: the documents only say that it is short
    access_life_s=7200,
    refresh_life_s=15_552_000,
    app_life_s=7200,
    client_param="client_key",
    scope_separator=",",
    allows_loopback=True,
    needs_pkce=lambda asked: not asked.is_registered,  # an application on somebody's desktop
    pkce={"S256": s256_hex},
    default_pkce="S256",
    grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
    toggles=lambda scope: scope != BASIC,
    callback_extra=_callback_extra,
    denied=_redirected("access_denied", "The user denied the authorization request."),
    redirected={
        Reason.SCOPE_UNKNOWN: _redirected("invalid_scope", "The requested scope is invalid."),
        Reason.RESPONSE_TYPE_UNSUPPORTED: _redirected(
            "unsupported_response_type", "The response type is not supported."
        ),
    },
)
