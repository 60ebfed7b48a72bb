"""What Discord answers: users, messages, commands, webhooks, errors, rate-limit headers."""

import hashlib
import math
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from fakes.discord.state.commands import Command
from fakes.discord.state.guild import (
    APPLICATION_ID,
    GUILD_ID,
    GUILD_NAME,
    OWNER,
    Channel,
    User,
)
from fakes.discord.state.messages import Message
from fakes.discord.state.webhooks import Webhook
from fakes.kit.errors import ProviderError
from fakes.kit.limits import Taken
from fakes.kit.oauth import Grant, Issued, error_page

HOST = "discord.com"
VIA = {"Via": "1.1 google"}


def error_body(error: ProviderError) -> Any:
    """`{"message", "code"}` with `errors` for bad forms; OAuth and 429 have shapes of their own."""
    if "page" in error.extra:
        return error_page(error)
    if error.extra.get("oauth"):
        described = {"error_description": error.message} if error.message else {}
        return {"error": error.code, **described}
    if error.status == 429:
        return _too_many(error)
    body: dict[str, Any] = {"message": error.message, "code": error.code or 0}
    return body | ({"errors": error.extra["errors"]} if "errors" in error.extra else {})


def _too_many(error: ProviderError) -> Response:
    is_own = "retry_after" in error.extra
    retry_after_s = float(error.extra.get("retry_after", error.headers.get("Retry-After", 1)))
    body: dict[str, Any] = {
        "message": error.message if is_own else "You are being rate limited.",
        "retry_after": retry_after_s,
        "global": error.extra.get("global", False),
    }
    if error.code is not None:
        body["code"] = error.code
    headers = {"Retry-After": str(math.ceil(retry_after_s)), "X-RateLimit-Scope": "user", **error.headers}
    return JSONResponse(body, 429, headers)


def rate_headers(taken: Taken, bucket: str, now_s: float) -> dict[str, str]:
    """Rate-limit headers of a route (docs.discord.com/developers/topics/rate-limits)."""
    return {
        "X-RateLimit-Limit": str(taken.limit),
        "X-RateLimit-Remaining": str(taken.remaining),
        "X-RateLimit-Reset": f"{taken.reset_s:.3f}",
        "X-RateLimit-Reset-After": f"{max(taken.reset_s - now_s, 0):.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(bucket.encode()).hexdigest()[:32],
    }


def token_body(issued: Issued) -> dict[str, Any]:
    """Answer of the token endpoint; scope is one text."""
    body: dict[str, Any] = {"access_token": issued.access_token, "token_type": "Bearer"}
    body |= {"expires_in": issued.expires_in_s, "scope": " ".join(issued.grant.scopes)}
    return body | ({"refresh_token": issued.refresh_token} if issued.refresh_token else {})


def time(unix_s: float) -> str:
    """ISO 8601 with microseconds and offset."""
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="microseconds")


def user_body(user: User) -> dict[str, Any]:
    """An account as others see it."""
    body = {
        "id": user.id,
        "username": user.username,
        "avatar": None,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "banner": None,
        "accent_color": None,
        "global_name": user.global_name,
        "avatar_decoration_data": None,
        "primary_guild": None,
    }
    return body | ({"bot": True} if user.is_bot else {})


def me_body(user: User, *, shows_email: bool) -> dict[str, Any]:
    """An account as it sees itself."""
    body = user_body(user) | {"mfa_enabled": False, "locale": "en-US", "premium_type": 0}
    return body | ({"email": user.email, "verified": True} if shows_email else {})


def public_key() -> str:
    """The application's public key in hex; its private seed is the bytes 0 to 31."""
    return "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"


def guild_body(user: User) -> dict[str, Any]:
    """The guild as one member's list shows it."""
    return {
        "id": GUILD_ID,
        "name": GUILD_NAME,
        "icon": None,
        "banner": None,
        "owner": user.permissions == OWNER,
        "permissions": user.permissions,
        "features": [],
    }


def channel_body(channel: Channel) -> dict[str, Any]:
    """A text channel."""
    return {
        "id": channel.id,
        "type": 0,
        "guild_id": GUILD_ID,
        "name": channel.name,
        "topic": None,
        "position": 0,
        "nsfw": False,
        "parent_id": None,
        "permission_overwrites": [],
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "flags": 0,
    }


def application_body(owner: User) -> dict[str, Any]:
    """Staging's application."""
    return {
        "id": APPLICATION_ID,
        "name": "ClipNET",
        "icon": None,
        "description": "Clips from chat",
        "summary": "",
        "type": None,
        "hook": True,
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": public_key(),
        "flags": 0,
        "owner": user_body(owner),
        "team": None,
    }


def authorization_body(grant: Grant, user: User) -> dict[str, Any]:
    """Answer of GET /oauth2/@me."""
    names = (
        "id",
        "name",
        "icon",
        "description",
        "hook",
        "bot_public",
        "bot_require_code_grant",
        "verify_key",
    )
    application = application_body(user)
    body: dict[str, Any] = {"application": {name: application[name] for name in names}}
    body |= {"scopes": list(grant.scopes), "expires": time(grant.expires_s or 0)}
    if "identify" in grant.scopes:
        body["user"] = user_body(user)
    return body


def message_body(message: Message, author: User | None) -> dict[str, Any]:
    """A message; `author` is None when a webhook wrote it."""
    body: dict[str, Any] = {
        "type": _message_type(message),
        "content": message.content,
        "mentions": [],
        "mention_roles": [],
        "attachments": [
            {name: value for name, value in one.items() if name != "sha256"} for one in message.attachments
        ],
        "embeds": [{"type": "rich", **embed} for embed in message.embeds],
        "timestamp": time(message.created_s),
        "edited_timestamp": None if message.edited_s is None else time(message.edited_s),
        "flags": message.flags,
        "components": list(message.components),
        "id": message.id,
        "channel_id": message.channel_id,
        "author": _webhook_author(message) if author is None else user_body(author),
        "pinned": False,
        "mention_everyone": False,
        "tts": message.tts,
    }
    if message.nonce is not None:
        body["nonce"] = message.nonce
    if message.author.webhook_id is not None:
        body["webhook_id"] = message.author.webhook_id
    if message.author.interaction_id is not None:
        body["application_id"] = APPLICATION_ID
    if message.reply_to is not None:
        reference = {"type": 0, "channel_id": message.channel_id, "message_id": message.reply_to}
        body["message_reference"] = {**reference, "guild_id": GUILD_ID}
    return body


def _message_type(message: Message) -> int:
    if message.author.interaction_id is not None:
        return 20
    return 19 if message.reply_to is not None else 0


def _webhook_author(message: Message) -> dict[str, Any]:
    bot = User(message.author.id, message.author.name, "", "", True, "0")
    return user_body(bot) | {"discriminator": "0000", "global_name": None}


def webhook_body(webhook: Webhook, origin: str) -> dict[str, Any]:
    """An incoming webhook; its address is this fake's."""
    return {
        "id": webhook.id,
        "type": 1,
        "guild_id": GUILD_ID,
        "channel_id": webhook.channel_id,
        "name": webhook.name,
        "avatar": None,
        "application_id": None,
        "token": webhook.token,
        "url": f"{origin}/api/webhooks/{webhook.id}/{webhook.token}",
    }


def command_body(command: Command) -> dict[str, Any]:
    """An application command."""
    body: dict[str, Any] = {
        "id": command.id,
        "application_id": APPLICATION_ID,
        "version": command.version,
        "default_member_permissions": None,
        "type": command.type,
        "name": command.name,
        "nsfw": False,
        **command.body,
    }
    return body | (
        {"guild_id": command.scope} if command.scope else {"dm_permission": True, "contexts": None}
    )
