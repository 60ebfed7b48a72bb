"""How Discord does OAuth 2 (docs.discord.com/developers/topics/oauth2)."""

from collections.abc import Mapping

from fakes.discord.errors import oauth_error, scope_missing, unauthorized
from fakes.kit.errors import ProviderError
from fakes.kit.oauth import Asked, Issued, Profile, Reason, Refusal
from fakes.kit.people import snowflake_id

_SCOPES = """
activities.invites.write activities.read activities.write applications.builds.read applications.builds.upload
applications.commands applications.commands.permissions.update applications.commands.update
applications.entitlements applications.store.update bot connections dm_channels.read email gdm.join guilds
guilds.join guilds.members.read identify messages.read openid relationships.read role_connections.write rpc
rpc.activities.write rpc.notifications.read rpc.voice.read rpc.voice.write voice webhook.incoming
"""
GUILD_ID = "290926798626357999"
_INSTALLING = {"bot", "applications.commands"}
_CLIENT = frozenset(
    {
        Reason.CLIENT_UNKNOWN,
        Reason.CLIENT_PRODUCTION,
        Reason.CLIENT_CREDENTIALS_MISSING,
        Reason.CLIENT_SECRET_WRONG,
    }
)
_GRANT_FIELDS = {
    Reason.REDIRECT_CHANGED: "redirect_uri",
    Reason.VERIFIER_MISSING: "code_verifier",
    Reason.VERIFIER_WRONG: "code_verifier",
    Reason.REFRESH_UNKNOWN: "refresh_token",
    Reason.REFRESH_DEAD: "refresh_token",
    Reason.REFRESH_OF_OTHER_CLIENT: "refresh_token",
}
_BAD_SCOPE = {
    "error": "invalid_scope",
    "error_description": "The requested scope is invalid, unknown, or malformed.",
}


def _refuse(refusal: Refusal) -> ProviderError:
    reason, name = refusal.reason, refusal.name
    if refusal.stage == "api":
        return scope_missing() if reason is Reason.SCOPE_MISSING else unauthorized()
    if reason is Reason.UNAVAILABLE:
        return oauth_error(503, "temporarily_unavailable")  # guess: the body; the status is what is seen
    if reason in _CLIENT:
        return oauth_error(401, "invalid_client")
    if reason is Reason.SCOPE_UNKNOWN:
        return oauth_error(400, "invalid_scope", _BAD_SCOPE["error_description"])
    if reason is Reason.GRANT_TYPE_UNSUPPORTED or name == "grant_type":
        asked = name if reason is Reason.GRANT_TYPE_UNSUPPORTED else "None"
        return oauth_error(400, "unsupported_grant_type", f"Grant type {asked} is not supported")
    if reason is Reason.PARAMETER_MISSING:
        return oauth_error(400, "invalid_request", f'Missing "{name}" in request.')
    if reason is Reason.REDIRECT_UNREGISTERED:
        return oauth_error(400, "invalid_request", 'Invalid "redirect_uri" in request.')
    if reason is Reason.REVOKED_UNKNOWN:
        return oauth_error(400, "invalid_token")
    return oauth_error(400, "invalid_grant", f'Invalid "{_GRANT_FIELDS.get(reason, "code")}" in request.')


def _fragment(issued: Issued) -> Mapping[str, str]:
    return {
        "token_type": "Bearer",
        "access_token": issued.access_token,
        "expires_in": str(issued.expires_in_s),
        "scope": " ".join(issued.grant.scopes),
    }


def _ends_here(params: Mapping[str, str]) -> bool:
    """A bot is let in without a way back, when nothing else is asked for."""
    scopes = set(params.get("scope", "").split())
    return "response_type" not in params and bool(scopes) and scopes <= _INSTALLING


def _installed(asked: Asked) -> Mapping[str, str]:
    if "bot" not in asked.scopes:
        return {}
    return {"guild_id": GUILD_ID, "permissions": asked.params.get("permissions", "0")}


PROFILE = Profile(
    name="discord",
    title="Discord",
    color="#5865f2",
    client_id="1100000000000000001",
    client_secret="discord-staging-secret",
    production_client_id="1100000000000000999",
    scopes=frozenset(_SCOPES.split()),
    refuse=_refuse,
    user_id=snowflake_id,
    code_text=lambda ids: ids.text(30),
    access_text=lambda ids: ids.url_safe(30),
    refresh_text=lambda ids: ids.url_safe(30),
    code_life_s=600,  # guess: the documentation gives no life
    access_life_s=604_800,
    app_life_s=604_800,
    app_login="streamer_sam",
    client_places=("basic", "body"),
    response_types=frozenset({"code", "token"}),
    implicit=_fragment,
    grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
    ends_here=_ends_here,
    callback_extra=_installed,
    denied={
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request",
    },
    redirected={Reason.SCOPE_UNKNOWN: _BAD_SCOPE},
)
