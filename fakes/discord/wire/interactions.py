"""Interactions: how they are told to the application, signed, and what their callback answers."""

from collections.abc import Mapping
from typing import Any

from fakes.discord.state.guild import (
    APPLICATION_ID,
    GUILD_ID,
    Channel,
    User,
)
from fakes.discord.state.interactions import Interaction
from fakes.discord.state.messages import Message
from fakes.discord.wire.answers import message_body, user_body

_PRIVATE_SEED = bytes(range(32))


def interaction_body(
    one: Interaction, user: User, channel: Channel, command_id: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """A slash command on its way to the application (docs.discord.com: Receiving and Responding)."""
    given = [{"name": name, "type": _option_type(value), "value": value} for name, value in options.items()]
    data: dict[str, Any] = {"id": command_id, "name": one.command, "type": 1}
    member: dict[str, Any] = {
        "user": user_body(user),
        "roles": [],
        "permissions": user.permissions,
        "premium_since": None,
        "pending": False,
        "nick": None,
        "avatar": None,
        "mute": False,
        "deaf": False,
        "joined_at": "2020-01-01T00:00:00.000000+00:00",
        "flags": 0,
    }
    return {
        "app_permissions": "442368",
        "application_id": APPLICATION_ID,
        "attachment_size_limit": 10485760,
        "authorizing_integration_owners": {"1": user.id} if one.is_user_installed else {"0": GUILD_ID},
        "channel": {"id": channel.id, "name": channel.name, "type": 0},
        "channel_id": channel.id,
        "context": 0,
        "data": data | ({"options": given} if given else {}),
        "entitlements": [],
        "guild": {"features": [], "id": GUILD_ID, "locale": "en-US"},
        "guild_id": GUILD_ID,
        "guild_locale": "en-US",
        "id": one.id,
        "locale": "en-US",
        "member": member,
        "token": one.token,
        "type": 2,
        "version": 1,
    }


def callback_body(one: Interaction, message: Message | None, author: User) -> dict[str, Any]:
    """Answer to a callback with `with_response=true`."""
    interaction: dict[str, Any] = {"id": one.id, "type": 2, "response_message_ephemeral": False}
    resource: dict[str, Any] = {"type": one.callback_type}
    if message is not None:
        interaction |= {
            "response_message_id": message.id,
            "response_message_loading": bool(message.flags & 128),
        }
        resource["message"] = message_body(message, author)
    return {"interaction": interaction, "resource": resource}


def signed(body: bytes, timestamp: str, *, is_forged: bool = False) -> dict[str, str]:
    """Signature headers: Ed25519 over timestamp and body; a forged one is of other bytes."""
    from nacl.signing import SigningKey  # late: 60 ms to pay only with the first interaction

    message = timestamp.encode() + body + (b"forged" if is_forged else b"")
    signature = SigningKey(_PRIVATE_SEED).sign(message).signature.hex()
    return {
        "Content-Type": "application/json",
        "X-Signature-Ed25519": signature,
        "X-Signature-Timestamp": timestamp,
    }


def _option_type(value: Any) -> int:
    if isinstance(value, bool):
        return 5
    if isinstance(value, int):
        return 4
    return 10 if isinstance(value, float) else 3
