"""ClipBOT's ears: reads what Twitch, Discord and X send into messages, and messages into commands.

Pure functions; what a command does is in clipnet/api/clipbot.py, how an answer is sent in the worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

PlatformName = Literal["twitch", "discord", "x"]
DEFAULT_S: Final = 30
SHORTEST_S: Final = 5
LONGEST_S: Final = 60
_MENTIONS = re.compile(r"^(?:\s*@\w+)+\s*")
_NAMES: Final = ("clip", "vote", "status", "help")
HELP: Final = (
    "I make clips: !clip [seconds] [title] cuts the last moments, !vote <start of a clip's id> up|down "
    "votes, !status says what I am working on."
)


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said to ClipBOT.

    Attributes:
        event_id: The platform's id of it, the same when it is delivered again.
        channel: The platform's id of the channel (Twitch, Discord) or of the account that was mentioned (X).
        text: As typed; for a slash command as it would be typed.
        reply: Where to answer; see `BotEvent`.
    """

    platform: PlatformName
    event_id: str
    kind: str
    channel: str
    author_id: str
    author_name: str
    text: str
    reply: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClipCommand:
    """Cut the last `seconds` of what the channel shows."""

    seconds: int
    title: str
    name: str = "clip"


@dataclass(frozen=True, slots=True)
class VoteCommand:
    """Vote for or against the clip whose id starts so."""

    clip_prefix: str
    value: Literal[1, -1]
    name: str = "vote"


@dataclass(frozen=True, slots=True)
class TextCommand:
    """`status`, `help`, or `wrong`, whose text says what is wrong with the command."""

    name: Literal["status", "help", "wrong"]
    text: str = ""


Command = ClipCommand | VoteCommand | TextCommand


def parse_command(text: str, platform: PlatformName) -> Command | None:
    """Return the command in a message, None when it is not for ClipBOT.

    On Twitch a command starts with `!`, on Discord with `/` or `!`; on X the mention before it is enough.
    """
    words = _MENTIONS.sub("", text).split() if platform == "x" else text.split()
    if not words:
        return None
    marks = {"twitch": "!", "discord": "/!", "x": "!/"}[platform]
    first = words[0].lower()
    if first[0] in marks:
        first = first[1:]
    elif platform != "x":
        return None
    if first not in _NAMES:
        return None
    return _command(first, words[1:])


def _command(name: str, arguments: list[str]) -> Command:
    match name:
        case "clip":
            return _clip(arguments)
        case "vote":
            return _vote(arguments)
        case "status":
            return TextCommand("status")
        case _:
            return TextCommand("help")


def _clip(arguments: list[str]) -> ClipCommand:
    seconds = DEFAULT_S
    if arguments and arguments[0].isascii() and arguments[0].rstrip("sS").isdigit():
        seconds = min(max(int(arguments.pop(0).rstrip("sS")[:6]), SHORTEST_S), LONGEST_S)
    return ClipCommand(seconds, " ".join(arguments)[:200])


def _vote(arguments: list[str]) -> Command:
    values: dict[str, Literal[1, -1]] = {"up": 1, "+1": 1, "down": -1, "-1": -1}
    if len(arguments) != 2 or arguments[1].lower() not in values:
        return TextCommand("wrong", "Say !vote <start of the clip's id> up, or down.")
    prefix = arguments[0].lower()
    if not re.fullmatch(r"[0-9a-f-]{4,36}", prefix):
        return TextCommand("wrong", "Give at least the first 4 characters of the clip's id.")
    return VoteCommand(prefix, values[arguments[1].lower()])


def twitch_message(message_id: str, kind: str, event: Mapping[str, Any]) -> Message | None:
    """Return what an EventSub notification says to ClipBOT, None for kinds that say nothing.

    `channel.chat.message` is a command as typed; a channel points redemption clips, its input is the title.
    Source: dev.twitch.tv/docs/eventsub/eventsub-reference.
    """
    channel = str(event.get("broadcaster_user_id", ""))
    if kind == "channel.chat.message":
        text = str((event.get("message") or {}).get("text", ""))
        author, name = event.get("chatter_user_id"), event.get("chatter_user_name")
        reply = {"channel_id": channel, "message_id": event.get("message_id")}
    elif kind == "channel.channel_points_custom_reward_redemption.add":
        text = f"!clip {event.get('user_input') or ''}"
        author, name = event.get("user_id"), event.get("user_name")
        reply = {"channel_id": channel, "message_id": None}
    else:
        return None
    return Message("twitch", message_id, kind, channel, str(author), str(name), text, reply)


def discord_message(interaction: Mapping[str, Any]) -> Message:
    """Return what a slash command says, as it would be typed: `/clip 30 what a play`.

    Source: docs.discord.com/developers/interactions/receiving-and-responding.

    Raises:
        KeyError: It is not a command.
    """
    command = interaction["data"]
    options = {str(one["name"]): str(one.get("value", "")) for one in command.get("options") or ()}
    ordered = sorted(filter(None, options.values()), key=lambda value: not value.isdigit())
    user = (interaction.get("member") or {}).get("user") or interaction.get("user") or {}
    channel = str(interaction["channel_id"])
    reply = {
        "channel_id": channel,
        "application_id": str(interaction["application_id"]),
        "token": str(interaction["token"]),
    }
    text = " ".join([f"/{command['name']}", *ordered])
    author, name = str(user.get("id", "")), str(user.get("global_name") or user.get("username", ""))
    return Message("discord", str(interaction["id"]), "interaction", channel, author, name, text, reply)


def x_messages(body: Mapping[str, Any]) -> Iterator[Message]:
    """Return the mentions in a webhook of X: the Activity API's envelope, or the older Account Activity one.

    Sources: docs.x.com/x-api/activity/introduction, docs.x.com/x-api/account-activity/introduction.
    """
    event = body.get("data")
    if isinstance(event, dict) and event.get("event_type") == "post.mention.create":
        post = event.get("payload") or {}
        people = (body.get("includes") or {}).get("users") or ()
        names = {str(one.get("id")): one.get("username") for one in people}
        author = str(post.get("author_id", ""))
        channel = str((event.get("filter") or {}).get("user_id", ""))
        name = str(names.get(author) or author)
        text = str(post.get("text", ""))
        yield _x_message(str(event["event_uuid"]), channel, author, name, text, post.get("id"))
    for post in body.get("tweet_create_events") or ():
        person, channel = post.get("user") or {}, str(body.get("for_user_id", ""))
        author = str(person.get("id_str", ""))
        if author == channel:
            continue
        text = str((post.get("extended_tweet") or {}).get("full_text") or post.get("text", ""))
        identity, name = str(post["id_str"]), str(person.get("screen_name", ""))
        yield _x_message(identity, channel, author, name, text, identity)


def _x_message(event_id: str, channel: str, author: str, name: str, text: str, post_id: object) -> Message:
    return Message("x", event_id, "mention", channel, author, name, text, {"post_id": str(post_id)})
