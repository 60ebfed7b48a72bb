"""Discord: https://discord.com (consent page, /api, /api/v10) and the interactions that it sends.

Not covered: the gateway (its address is handed out, nothing answers there), reactions, threads,
direct messages, components beyond their storage, downloads of attachments, and the rest of the API: 501.
"""

from fakes.kit.fake import Endpoint, Fake, Host, Level
from fakes.kit.refusals import REFUSAL

_DOCS = "docs.discord.com/developers"
_OAUTH = f"{_DOCS}/topics/oauth2"
_MESSAGES = f"{_DOCS}/resources/message"
_WEBHOOKS = f"{_DOCS}/resources/webhook"
_ANSWERS = f"{_DOCS}/interactions/receiving-and-responding"
_COMMANDS = f"{_DOCS}/interactions/application-commands"
_COMMAND_PATHS = (
    "/applications/{application_id}/commands",
    "/applications/{application_id}/guilds/{guild_id}/commands",
)
_ROWS: tuple[tuple[str, str, Level, str], ...] = (
    ("POST", "/oauth2/token", "full", _OAUTH),
    ("POST", "/oauth2/token/revoke", "full", _OAUTH),
    ("GET", "/oauth2/@me", "full", _OAUTH),
    ("GET", "/oauth2/applications/@me", "shape", _OAUTH),
    ("GET", "/users/@me", "full", f"{_DOCS}/resources/user"),
    ("GET", "/users/@me/guilds", "shape", f"{_DOCS}/resources/user"),
    ("GET", "/channels/{channel_id}", "shape", f"{_DOCS}/resources/channel"),
    ("POST", "/channels/{channel_id}/messages", "full", _MESSAGES),
    ("GET", "/channels/{channel_id}/messages", "full", _MESSAGES),
    ("GET", "/channels/{channel_id}/messages/{message_id}", "full", _MESSAGES),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", "full", _MESSAGES),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", "full", _MESSAGES),
    ("POST", "/channels/{channel_id}/webhooks", "shape", _WEBHOOKS),
    ("POST", "/webhooks/{webhook_id}/{token}", "full", _WEBHOOKS),
    ("GET", "/webhooks/{webhook_id}/{token}/messages/{message_id}", "full", _ANSWERS),
    ("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message_id}", "full", _ANSWERS),
    ("DELETE", "/webhooks/{webhook_id}/{token}/messages/{message_id}", "full", _ANSWERS),
    ("POST", "/interactions/{interaction_id}/{token}/callback", "full", _ANSWERS),
    ("GET", "/applications/@me", "shape", f"{_DOCS}/resources/application"),
    ("PATCH", "/applications/@me", "shape", f"{_DOCS}/resources/application"),
    ("GET", "/gateway", "shape", f"{_DOCS}/events/gateway"),
    ("GET", "/gateway/bot", "shape", f"{_DOCS}/events/gateway"),
    *(("POST", path, "full", _COMMANDS) for path in _COMMAND_PATHS),
    *(("PUT", path, "full", _COMMANDS) for path in _COMMAND_PATHS),
    *(("GET", path, "full", _COMMANDS) for path in _COMMAND_PATHS),
    *(("GET", f"{path}/{{command_id}}", "full", _COMMANDS) for path in _COMMAND_PATHS),
    *(("PATCH", f"{path}/{{command_id}}", "full", _COMMANDS) for path in _COMMAND_PATHS),
    *(("DELETE", f"{path}/{{command_id}}", "full", _COMMANDS) for path in _COMMAND_PATHS),
)

FAKE = Fake(
    name="discord",
    title="Discord",
    hosts=(
        Host("discord.com"),
        Host("cdn.discordapp.com", ("/attachments",)),
        Host("gateway.discord.gg", ("/gateway",)),
    ),
    port=8415,
    conditions=(REFUSAL,),
    coverage=(
        Endpoint("GET", "/oauth2/authorize", "full", _OAUTH),
        Endpoint("POST", "/oauth2/authorize", "shape", "the consent page's own answer"),
        *(
            Endpoint(method, prefix + path, level, source)
            for prefix in ("/api/v10", "/api")
            for method, path, level, source in _ROWS
        ),
    ),
)
