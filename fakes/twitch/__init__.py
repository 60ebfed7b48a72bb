"""Twitch: https://id.twitch.tv (OAuth) and https://api.twitch.tv (Helix, EventSub by webhook), on one port.

Not covered: EventSub over WebSocket and conduits, IRC, the rest of Helix: 501.
"""

from fakes.kit.fake import Endpoint, Fake, Host
from fakes.kit.refusals import REFUSAL

_AUTH = "dev.twitch.tv/docs/authentication"
_API = "dev.twitch.tv/docs/api/reference"

FAKE = Fake(
    name="twitch",
    title="Twitch",
    hosts=(
        Host("id.twitch.tv", ("/oauth2",)),
        Host("api.twitch.tv", ("/helix",)),
        Host("www.twitch.tv", ("/activate",)),
    ),
    port=8414,
    coverage=(
        Endpoint("GET", "/oauth2/authorize", "full", f"{_AUTH}/getting-tokens-oauth"),
        Endpoint("POST", "/oauth2/authorize", "shape", "the consent page's own answer"),
        Endpoint("POST", "/oauth2/device", "full", f"{_AUTH}/getting-tokens-oauth"),
        Endpoint("GET", "/activate", "full", "a page of this fake's own"),
        Endpoint("POST", "/activate", "full", "a page of this fake's own"),
        Endpoint("GET", "/oauth2/.well-known/openid-configuration", "full", f"{_AUTH}/getting-tokens-oidc"),
        Endpoint("GET", "/oauth2/keys", "full", f"{_AUTH}/getting-tokens-oidc"),
        Endpoint("GET", "/oauth2/userinfo", "full", f"{_AUTH}/getting-tokens-oidc"),
        Endpoint("POST", "/oauth2/token", "full", f"{_AUTH}/getting-tokens-oauth"),
        Endpoint("GET", "/oauth2/validate", "full", f"{_AUTH}/validate-tokens"),
        Endpoint("POST", "/oauth2/revoke", "full", f"{_AUTH}/revoke-tokens"),
        Endpoint("GET", "/helix/users", "full", f"{_API}#get-users"),
        Endpoint("GET", "/helix/streams", "full", f"{_API}#get-streams"),
        Endpoint("GET", "/helix/channels", "full", f"{_API}#get-channel-information"),
        Endpoint("GET", "/helix/clips", "full", f"{_API}#get-clips"),
        Endpoint("POST", "/helix/clips", "full", f"{_API}#create-clip"),
        Endpoint("POST", "/helix/chat/messages", "full", f"{_API}#send-chat-message"),
        Endpoint("GET", "/helix/eventsub/subscriptions", "full", f"{_API}#get-eventsub-subscriptions"),
        Endpoint("POST", "/helix/eventsub/subscriptions", "full", f"{_API}#create-eventsub-subscription"),
        Endpoint("DELETE", "/helix/eventsub/subscriptions", "full", f"{_API}#delete-eventsub-subscription"),
    ),
    conditions=(REFUSAL,),
)
