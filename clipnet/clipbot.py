"""ClipBOT's ears: reads what Twitch, Discord and X send into messages with the commands in them.

Pure functions; the commands are in clipnet/bot_commands.py, what they do in clipnet/api/obey.py, how an
answer is sent in the worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clipnet.bot_commands import Command, PlatformName, Role, parse_command, slash_command

CHAT: Final = "channel.chat.message"
REDEMPTION: Final = "channel.channel_points_custom_reward_redemption.add"
_BADGES: Final[Mapping[str, Role]] = {
    "broadcaster": "owner",
    "moderator": "moderator",
    "lead_moderator": "moderator",
    "vip": "vip",
    "subscriber": "subscriber",
    "founder": "subscriber",
}
_ADMINISTRATOR: Final = 1 << 3
_MODERATES: Final = (1 << 1) | (1 << 2) | (1 << 5) | (1 << 13) | (1 << 40)
"""Kick, ban, manage server, manage messages, time out (docs.discord.com/developers/topics/permissions)."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said to ClipBOT.

    Attributes:
        event_id: The platform's id of it, the same when it is delivered again.
        channel: The platform's id of the channel (Twitch, Discord) or of the account that was mentioned (X).
        author_name: As people see it; on Discord whatever the author likes, another's name too.
        author_login: The name that is the author's alone, in lower case.
        role: What the author may do there, as far as the platform tells.
        command: What is asked for; None when it is not for ClipBOT.
        reply: Where to answer; see `BotEvent`.
    """

    platform: PlatformName
    event_id: str
    kind: str
    channel: str
    author_id: str
    author_name: str
    author_login: str
    role: Role
    command: Command | None
    reply: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Echo:
    """What ClipBOT itself said in a chat, as the platform tells everybody who listens there."""

    platform: PlatformName
    event_id: str
    kind: str
    channel: str
    author_id: str
    text: str
    reply_to: str | None


def twitch_message(kind: str, event: Mapping[str, Any], bot_user_id: str) -> Message | Echo | None:
    """Return what an EventSub notification says to ClipBOT, None for what says nothing.

    `channel.chat.message` is a command as typed, or ClipBOT's own message; a channel points redemption clips
    if the reward's title speaks of a clip, its input is the title. What is said in another channel of a
    shared chat is left to that channel. The chat message's own id is the event's: two subscriptions tell of
    it once.
    Source: dev.twitch.tv/docs/eventsub/eventsub-reference.

    Raises:
        KeyError: It has no id.
    """
    channel = str(event.get("broadcaster_user_id", ""))
    if kind == CHAT:
        return _chat(channel, event, bot_user_id)
    reward = str((event.get("reward") or {}).get("title", ""))
    if kind != REDEMPTION or "clip" not in reward.lower():
        return None
    return Message(
        platform="twitch",
        event_id=str(event["id"]),
        kind=kind,
        channel=channel,
        author_id=str(event.get("user_id", "")),
        author_name=str(event.get("user_name", "")),
        author_login=str(event.get("user_login", "")).lower(),
        role="owner",  # the streamer offers the reward: whoever pays for it may have it
        command=parse_command(f"!clip {event.get('user_input') or ''}", "twitch"),
        reply={"channel_id": channel, "message_id": None},
    )


def _chat(channel: str, event: Mapping[str, Any], bot_user_id: str) -> Message | Echo | None:
    text = str((event.get("message") or {}).get("text", ""))
    message_id, author = str(event["message_id"]), str(event.get("chatter_user_id", ""))
    if event.get("source_broadcaster_user_id") not in (None, "", channel):
        return None
    if author == bot_user_id:
        parent = (event.get("reply") or {}).get("parent_message_id")
        return Echo("twitch", message_id, CHAT, channel, author, text, str(parent) if parent else None)
    return Message(
        platform="twitch",
        event_id=message_id,
        kind=CHAT,
        channel=channel,
        author_id=author,
        author_name=str(event.get("chatter_user_name", "")),
        author_login=str(event.get("chatter_user_login", "")).lower(),
        role=twitch_role(event),
        command=parse_command(text, "twitch"),
        reply={"channel_id": channel, "message_id": message_id},
    )


def twitch_role(event: Mapping[str, Any]) -> Role:
    """Return what a chatter's badges say."""
    worn = {str(badge.get("set_id")) for badge in event.get("badges") or ()}
    if event.get("chatter_user_id") == event.get("broadcaster_user_id"):
        return "owner"
    return next((role for badge, role in _BADGES.items() if badge in worn), "everyone")


def discord_message(interaction: Mapping[str, Any]) -> Message:
    """Return what a slash command says.

    Source: docs.discord.com/developers/interactions/receiving-and-responding.

    Raises:
        KeyError: It is not a command.
    """
    command = interaction["data"]
    options = {str(one["name"]): one.get("value") for one in command.get("options") or ()}
    member = interaction.get("member") or {}
    user = member.get("user") or interaction.get("user") or {}
    channel = str(interaction["channel_id"])
    reply = {
        "channel_id": channel,
        "application_id": str(interaction["application_id"]),
        "token": str(interaction["token"]),
    }
    return Message(
        platform="discord",
        event_id=str(interaction["id"]),
        kind="interaction",
        channel=channel,
        author_id=str(user.get("id", "")),
        author_name=str(user.get("global_name") or user.get("username", "")),
        author_login=str(user.get("username", "")).lower(),
        role=discord_role(member.get("permissions")),
        command=slash_command(str(command["name"]), options),
        reply=reply,
    )


def discord_role(permissions: object) -> Role:
    """Return what a member's permissions, a number as text, say; without any it is a direct message."""
    digits = str(permissions or "0")
    bits = int(digits) if digits.isascii() and digits.isdigit() else 0
    if bits & _ADMINISTRATOR:
        return "owner"
    return "moderator" if bits & _MODERATES else "everyone"


def x_messages(body: Mapping[str, Any]) -> Iterator[Message]:
    """Return the mentions in a webhook of X: the Activity API's envelope, or the older Account Activity one.

    What ClipBOT posts itself is left out. The post's own id is the event's: it is the same in both envelopes.
    Sources: docs.x.com/x-api/activity/introduction, docs.x.com/x-api/account-activity/introduction.
    """
    event = body.get("data")
    if isinstance(event, dict) and event.get("event_type") == "post.mention.create":
        post = event.get("payload") or {}
        people = (body.get("includes") or {}).get("users") or ()
        names = {str(one.get("id")): one.get("username") for one in people}
        author = str(post.get("author_id", ""))
        channel = str((event.get("filter") or {}).get("user_id", ""))
        begins = str(post.get("conversation_id") or post.get("id")) == str(post.get("id"))
        name, text = str(names.get(author) or author), str(post.get("text", ""))
        if author != channel:
            yield _x_message(channel, author, name, text, post.get("id"), begins=begins)
    for post in body.get("tweet_create_events") or ():
        person, channel = post.get("user") or {}, str(body.get("for_user_id", ""))
        author = str(person.get("id_str", ""))
        if author == channel:
            continue
        text = str((post.get("extended_tweet") or {}).get("full_text") or post.get("text", ""))
        begins = not post.get("in_reply_to_status_id_str")
        name = str(person.get("screen_name", ""))
        yield _x_message(channel, author, name, text, post["id_str"], begins=begins)


def _x_message(channel: str, author: str, name: str, text: str, post_id: object, *, begins: bool) -> Message:
    """A mention; one that begins a conversation with it is spoken to ClipBOT alone."""
    is_addressed = begins and text.lstrip().startswith("@")
    return Message(
        platform="x",
        event_id=str(post_id),
        kind="mention",
        channel=channel,
        author_id=author,
        author_name=name,
        author_login=name.lower(),
        role="everyone",
        command=parse_command(text, "x", is_addressed=is_addressed),
        reply={"post_id": str(post_id)},
    )
