"""How X does OAuth 2 (docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code)."""

from fakes.kit.errors import ProviderError
from fakes.kit.oauth import Profile, Reason, Refusal, plain, s256_base64url
from fakes.kit.people import snowflake_id
from fakes.x.errors import oauth_error, problem, scope_missing, unauthorized

_SCOPES = """
block.read block.write bookmark.read bookmark.write dm.read dm.write follows.read follows.write like.read
like.write list.read list.write media.write mute.read mute.write offline.access space.read
tweet.moderate.write tweet.read tweet.write users.email users.read
"""
_DESCRIPTIONS = {
    Reason.REDIRECT_CHANGED: (
        "Value passed for the redirect uri did not match the uri of the authorization code."
    ),
    Reason.VERIFIER_MISSING: "Missing required parameter [code_verifier].",
    Reason.VERIFIER_WRONG: "Value passed for the code verifier did not match the code challenge.",
    Reason.REFRESH_UNKNOWN: "Value passed for the token was invalid.",
    Reason.REFRESH_DEAD: "Value passed for the token was invalid.",
    Reason.REFRESH_OF_OTHER_CLIENT: "Value passed for the token was invalid.",
    Reason.REVOKED_UNKNOWN: "Value passed for the token was invalid.",
    Reason.CHALLENGE_MISSING: "Missing required parameter [code_challenge].",
    Reason.REDIRECT_UNREGISTERED: "Value passed for the redirect uri is not registered.",
}


def _refuse(refusal: Refusal) -> ProviderError:
    reason, name = refusal.reason, refusal.name
    if refusal.stage == "api":
        return scope_missing() if reason is Reason.SCOPE_MISSING else unauthorized()
    if reason is Reason.UNAVAILABLE:
        return problem(503, "Service Unavailable", "Service Unavailable")
    if reason is Reason.STATE_TOO_LONG:
        text = "Value passed for the state was invalid."  # guess: wording
        return oauth_error(400, "invalid_request", text)
    if reason is Reason.CLIENT_CREDENTIALS_MISSING:
        return oauth_error(401, "unauthorized_client", "Missing valid authorization header")
    if reason in (Reason.CLIENT_UNKNOWN, Reason.CLIENT_PRODUCTION, Reason.CLIENT_SECRET_WRONG):
        status = 400 if refusal.stage == "authorize" else 401
        return oauth_error(status, "invalid_client", "Value passed for the client was invalid.")
    if reason is Reason.SCOPE_UNKNOWN:
        return oauth_error(400, "invalid_scope", f"Scope [{name}] is not supported.")
    if reason is Reason.GRANT_TYPE_UNSUPPORTED:
        return oauth_error(400, "unsupported_grant_type", f"Grant type [{name}] is not supported.")
    if reason is Reason.PARAMETER_MISSING:
        return oauth_error(400, "invalid_request", f"Missing required parameter [{name}].")
    description = _DESCRIPTIONS.get(reason, "Value passed for the authorization code was invalid.")
    return oauth_error(400, "invalid_request", description)


PROFILE = Profile(
    name="x",
    title="X",
    color="#0f1419",
    client_id="x-staging-client",
    client_secret="x-staging-secret",
    production_client_id="x-production-client",
    scopes=frozenset(_SCOPES.split()),
    refuse=_refuse,
    user_id=snowflake_id,
    code_text=lambda ids: ids.url_safe(91),
    access_text=lambda ids: ids.url_safe(91),
    refresh_text=lambda ids: ids.url_safe(91),
    code_life_s=30,
    access_life_s=7200,
    refresh_life_s=15_552_000,  # guess: six months
    client_places=("basic",),
    reads_json=True,
    needs_pkce=lambda _asked: True,
    state_limit=500,
    pkce={"S256": s256_base64url, "plain": plain},
    grant_types=frozenset({"authorization_code", "refresh_token", "client_credentials"}),
    gives_refresh=lambda asked, _is_first: "offline.access" in asked.scopes,
)
