"""Checks a request to the authorization endpoint, before anybody is asked."""

from collections.abc import Mapping

from fakes.kit.oauth.clients import Clients
from fakes.kit.oauth.profile import Asked, Profile, Reason
from fakes.kit.oauth.records import Client
from fakes.kit.oauth.redirects import is_loopback, sent_back


def read(params: Mapping[str, str], profile: Profile, clients: Clients) -> Asked:
    """Return what is asked for.

    Raises:
        ProviderError: Refused; status 302 with a Location where the client is told, a page otherwise.
    """
    client = clients.known(params.get(profile.client_param), "authorize")
    needs_way_back = not profile.ends_here(params)
    redirect_uri = _registered(client, params.get("redirect_uri"), profile) if needs_way_back else ""
    asked = Asked(
        client=client,
        redirect_uri=redirect_uri,
        scopes=profile.split_scopes(params.get("scope", "")),
        state=params.get("state"),
        challenge=params.get("code_challenge"),
        method=params.get("code_challenge_method", profile.default_pkce),
        params=dict(params),
    )
    flaw = _flaw(asked, profile)
    if flaw is None:
        return asked
    reason, name = flaw
    if reason in profile.redirected and redirect_uri:
        raise sent_back(asked, reason, profile.redirected[reason])
    raise profile.refusal(reason, "authorize", name)


def _flaw(asked: Asked, profile: Profile) -> tuple[Reason, str] | None:
    """The first thing wrong with a request from a known client and redirect URI."""
    unknown = [scope for scope in asked.scopes if scope not in profile.scopes]
    if not asked.redirect_uri:
        return (Reason.SCOPE_UNKNOWN, unknown[0]) if unknown else None
    response_type = asked.params.get("response_type")
    if not response_type:
        return Reason.PARAMETER_MISSING, "response_type"
    if " ".join(sorted(asked.wants)) not in profile.response_types:
        return Reason.RESPONSE_TYPE_UNSUPPORTED, response_type
    if profile.state_limit is not None and len(asked.state or "") > profile.state_limit:
        return Reason.STATE_TOO_LONG, "state"
    if profile.needs_scope and not asked.scopes:
        return Reason.PARAMETER_MISSING, "scope"
    if unknown:
        return Reason.SCOPE_UNKNOWN, unknown[0]
    if "id_token" in asked.wants and "openid" not in asked.scopes:
        return Reason.OPENID_MISSING, "scope"
    if profile.needs_pkce(asked) and not asked.challenge:
        return Reason.CHALLENGE_MISSING, "code_challenge"
    if asked.challenge and asked.method not in profile.pkce:
        return Reason.CHALLENGE_METHOD_UNSUPPORTED, asked.method
    return None


def _registered(client: Client, uri: str | None, profile: Profile) -> str:
    if not uri:
        raise profile.refusal(Reason.PARAMETER_MISSING, "authorize", "redirect_uri")
    if uri in client.redirect_uris or (profile.allows_loopback and is_loopback(uri)):
        return uri
    raise profile.refusal(Reason.REDIRECT_UNREGISTERED, "authorize", uri)
