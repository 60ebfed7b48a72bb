"""Twitch's JSON and headers, both ways. Field names are Twitch's."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fakes.kit.bodies import compact_json
from fakes.kit.clock import iso
from fakes.kit.errors import ProviderError
from fakes.kit.limits import Taken
from fakes.kit.oauth import Grant, Issued, error_page
from fakes.twitch.state.accounts import User
from fakes.twitch.state.chat import Outgoing, Said
from fakes.twitch.state.clips import Clip
from fakes.twitch.state.eventsub import MAX_TOTAL_COST, Subscription

_CLIPS = "https://clips.twitch.tv"
_PICTURES = "https://static-cdn.jtvnw.net"


def error_body(error: ProviderError) -> Any:
    """`{"error", "status", "message"}` (dev.twitch.tv/docs/api/guide); the id server mostly omits `error`."""
    if "page" in error.extra:
        return error_page(error)
    body = {"status": error.status, "message": error.message}
    if error.extra.get("server") == "id" and not error.extra.get("names_status"):
        return body
    return {"error": HTTPStatus(error.status).phrase, **body}


def rate_headers(taken: Taken) -> dict[str, str]:
    """Rate-limit headers (dev.twitch.tv/docs/api/guide#twitch-rate-limits)."""
    return {
        "Ratelimit-Limit": str(taken.limit),
        "Ratelimit-Remaining": str(taken.remaining),
        "Ratelimit-Reset": str(int(taken.reset_s) + 1),
    }


def token_body(issued: Issued, id_token: str | None = None) -> dict[str, Any]:
    """Answer of the token endpoint: `scope` is a list; tokens of applications have no scope."""
    body: dict[str, Any] = {"access_token": issued.access_token, "expires_in": issued.expires_in_s}
    if issued.grant.person is not None:
        body |= {"refresh_token": issued.refresh_token, "scope": list(issued.grant.scopes)}
    return body | ({"id_token": id_token} if id_token else {}) | {"token_type": "bearer"}


def validate_body(grant: Grant, now_s: float) -> dict[str, Any]:
    """Answer of GET /oauth2/validate."""
    body: dict[str, Any] = {"client_id": grant.client_id}
    if grant.person is not None:
        body["login"] = grant.person.login
    body["scopes"] = list(grant.scopes)
    if grant.person is not None:
        body["user_id"] = grant.user_id
    return body | {"expires_in": 0 if grant.expires_s is None else int(grant.expires_s - now_s)}


def list_body(rows: Sequence[Any], cursor: str | None = None) -> dict[str, Any]:
    """A list with its page cursor."""
    return {"data": list(rows), "pagination": {"cursor": cursor} if cursor else {}}


def user_body(user: User, *, shows_email: bool) -> dict[str, Any]:
    """One account."""
    body = {
        "id": user.id,
        "login": user.login,
        "display_name": user.display_name,
        "type": "",
        "broadcaster_type": "affiliate" if user.has_channel else "",
        "description": "",
        "profile_image_url": user.picture_url,
        "offline_image_url": "",
        "view_count": 0,
        "created_at": iso(user.created_s),
    }
    return body | {"email": user.email} if shows_email else body


def stream_body(user: User) -> dict[str, Any]:
    """One running broadcast."""
    return {
        "id": user.stream_id,
        "user_id": user.id,
        "user_login": user.login,
        "user_name": user.display_name,
        "game_id": user.game_id,
        "game_name": user.game_name,
        "type": "live",
        "title": user.title,
        "viewer_count": user.viewer_count,
        "started_at": iso(user.started_s or 0.0),
        "language": "en",
        "thumbnail_url": f"{_PICTURES}/previews-ttv/live_user_{user.login}-{{width}}x{{height}}.jpg",
        "tag_ids": [],
        "tags": ["English"],
        "is_mature": False,
    }


def channel_body(user: User) -> dict[str, Any]:
    """One channel."""
    return {
        "broadcaster_id": user.id,
        "broadcaster_login": user.login,
        "broadcaster_name": user.display_name,
        "broadcaster_language": "en",
        "game_id": user.game_id,
        "game_name": user.game_name,
        "title": user.title,
        "delay": 0,
        "tags": ["English"],
        "content_classification_labels": [],
        "is_branded_content": False,
    }


def new_clip_body(clip_id: str) -> dict[str, Any]:
    """Answer to a request for a clip."""
    return {"data": [{"id": clip_id, "edit_url": f"{_CLIPS}/{clip_id}/edit"}]}


def clip_body(clip: Clip) -> dict[str, Any]:
    """One clip."""
    return {
        "id": clip.id,
        "url": f"{_CLIPS}/{clip.id}",
        "embed_url": f"{_CLIPS}/embed?clip={clip.id}",
        "broadcaster_id": clip.broadcaster.id,
        "broadcaster_name": clip.broadcaster.display_name,
        "creator_id": clip.creator.id,
        "creator_name": clip.creator.display_name,
        "video_id": "",
        "game_id": clip.game_id,
        "language": "en",
        "title": clip.title,
        "view_count": clip.view_count,
        "created_at": iso(clip.created_s),
        "thumbnail_url": f"{_PICTURES}/twitch-clips/{clip.id}/preview-480x272.jpg",
        "duration": clip.duration_s,
        "vod_offset": None,
        "is_featured": False,
    }


def outgoing(fields: Mapping[str, Any], idempotency_key: str | None) -> Outgoing:
    """A chat message as an application sends it."""
    names = ("broadcaster_id", "sender_id", "message", "reply_parent_message_id")
    broadcaster_id, sender_id, text, reply_to = (
        str(fields[name]) if fields.get(name) else None for name in names
    )
    return Outgoing(broadcaster_id, sender_id, text, reply_to, idempotency_key)


def sent_message_body(message_id: str) -> dict[str, Any]:
    """Answer to a chat message that was sent."""
    return {"data": [{"message_id": message_id, "is_sent": True, "drop_reason": None}]}


def dropped_message_body() -> dict[str, Any]:
    """Answer to a chat message that repeats the one before (dev.twitch.tv/docs/chat/irc: msg_duplicate)."""
    text = (
        "Your message was not sent because it is identical to the previous one you sent, less than 30"
        " seconds ago."
    )
    reason = {"code": "msg_duplicate", "message": text}
    return {"data": [{"message_id": "", "is_sent": False, "drop_reason": reason}]}


def subscription_body(one: Subscription) -> dict[str, Any]:
    """One subscription, without its secret."""
    return {
        "id": one.id,
        "status": one.status,
        "type": one.type,
        "version": one.version,
        "condition": dict(one.condition),
        "created_at": nanos(one.created_s),
        "transport": {"method": "webhook", "callback": one.callback},
        "cost": one.cost,
    }


def subscriptions_body(shown: Sequence[Subscription], owned: Sequence[Subscription]) -> dict[str, Any]:
    """Subscriptions, with what the client's enabled ones cost in all."""
    return {
        "data": [subscription_body(one) for one in shown],
        "total": len(owned),
        "total_cost": sum(one.cost for one in owned if one.status == "enabled"),
        "max_total_cost": MAX_TOTAL_COST,
    }


def nanos(unix_s: float) -> str:
    """RFC 3339 with nine decimals."""
    return f"{iso(unix_s, micros=True)[:-1]}000Z"


@dataclass(frozen=True, slots=True)
class Reward:
    """What viewers give channel points for."""

    id: str
    title: str
    cost: int = 500
    prompt: str = "What is it called?"


@dataclass(frozen=True, slots=True)
class Message:
    """One EventSub message as it travels (dev.twitch.tv/docs/eventsub/handling-webhook-events).

    Attributes:
        kind: notification, webhook_callback_verification or revocation.
        timestamp: RFC 3339; part of what is signed.
    """

    id: str
    kind: str
    timestamp: str
    body: bytes
    type: str
    version: str

    def headers(self, secret: str, retry: int = 0) -> dict[str, str]:
        """Headers of attempt `retry`; the same id and signature each time."""
        return {
            "Content-Type": "application/json",
            "Twitch-Eventsub-Message-Id": self.id,
            "Twitch-Eventsub-Message-Retry": str(retry),
            "Twitch-Eventsub-Message-Type": self.kind,
            "Twitch-Eventsub-Message-Signature": signature(secret, self.id, self.timestamp, self.body),
            "Twitch-Eventsub-Message-Timestamp": self.timestamp,
            "Twitch-Eventsub-Subscription-Type": self.type,
            "Twitch-Eventsub-Subscription-Version": self.version,
        }


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC of id, timestamp and body."""
    signed = message_id.encode() + timestamp.encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def message(one: Subscription, kind: str, message_id: str, at_s: float, more: Mapping[str, Any]) -> Message:
    """A message about a subscription; `more` is the event or the challenge."""
    body: dict[str, Any] = {"subscription": subscription_body(one), **more}
    return Message(message_id, kind, nanos(at_s), compact_json(body), one.type, one.version)


def chat_event(
    room: User, author: User, message_id: str, text: str, parent: Said | None = None
) -> dict[str, Any]:
    """A channel.chat.message event (dev.twitch.tv/docs/eventsub/eventsub-reference)."""
    badges = []
    if author.id == room.id:
        badges.append({"set_id": "broadcaster", "id": "1", "info": ""})
    elif author.is_moderator:
        badges.append({"set_id": "moderator", "id": "1", "info": ""})
    return {
        "broadcaster_user_id": room.id,
        "broadcaster_user_login": room.login,
        "broadcaster_user_name": room.display_name,
        "chatter_user_id": author.id,
        "chatter_user_login": author.login,
        "chatter_user_name": author.display_name,
        "message_id": message_id,
        "message": {"text": text, "fragments": [_fragment(text)]},
        "color": "#00FF7F",
        "badges": badges,
        "message_type": "text",
        "cheer": None,
        "reply": _reply(parent) if parent else None,
        "channel_points_custom_reward_id": None,
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
        "source_message_id": None,
        "source_badges": None,
        "is_source_only": None,
    }


def _reply(parent: Said) -> dict[str, Any]:
    """What a message says of the one that it answers; a thread of one is its own parent's."""
    person = {"id": parent.author.id, "name": parent.author.display_name, "login": parent.author.login}
    return {
        "parent_message_id": parent.id,
        "parent_message_body": parent.text,
        **{f"parent_user_{name}": value for name, value in person.items()},
        "thread_message_id": parent.id,
        **{f"thread_user_{name}": value for name, value in person.items()},
    }


def disconnected_event(client_id: str, user: User) -> dict[str, Any]:
    """A user.authorization.revoke event (dev.twitch.tv/docs/eventsub/eventsub-reference)."""
    return {
        "client_id": client_id,
        "user_id": user.id,
        "user_login": user.login,
        "user_name": user.display_name,
    }


def redemption_event(
    room: User, author: User, redemption_id: str, reward: Reward, text: str, at_s: float
) -> dict[str, Any]:
    """A channel points redemption (dev.twitch.tv/docs/eventsub/eventsub-reference)."""
    return {
        "id": redemption_id,
        "broadcaster_user_id": room.id,
        "broadcaster_user_login": room.login,
        "broadcaster_user_name": room.display_name,
        "user_id": author.id,
        "user_login": author.login,
        "user_name": author.display_name,
        "user_input": text,
        "status": "unfulfilled",
        "reward": {"id": reward.id, "title": reward.title, "cost": reward.cost, "prompt": reward.prompt},
        "redeemed_at": nanos(at_s),
    }


def _fragment(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "cheermote": None, "emote": None, "mention": None}
