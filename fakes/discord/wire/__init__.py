"""Discord's JSON and headers, both ways. Field names are Discord's."""

from fakes.discord.wire.answers import (
    HOST,
    VIA,
    application_body,
    authorization_body,
    channel_body,
    command_body,
    error_body,
    guild_body,
    me_body,
    message_body,
    public_key,
    rate_headers,
    token_body,
    user_body,
    webhook_body,
)
from fakes.discord.wire.drafts import draft, is_true
from fakes.discord.wire.interactions import callback_body, interaction_body, signed

__all__ = [
    "HOST",
    "VIA",
    "application_body",
    "authorization_body",
    "callback_body",
    "channel_body",
    "command_body",
    "draft",
    "error_body",
    "guild_body",
    "interaction_body",
    "is_true",
    "me_body",
    "message_body",
    "public_key",
    "rate_headers",
    "signed",
    "token_body",
    "user_body",
    "webhook_body",
]
