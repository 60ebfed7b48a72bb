from __future__ import annotations

from typing import Any

import pytest

from clipnet.bot_commands import ClipCommand, Role, TextCommand
from clipnet.clipbot import (
    CHAT,
    REDEMPTION,
    Echo,
    Message,
    discord_message,
    discord_role,
    twitch_message,
    twitch_role,
    x_messages,
)

BOT = "1000001"


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {
        "broadcaster_user_id": "1337",
        "chatter_user_id": "4145994",
        "chatter_user_name": "Viewer32",
        "message_id": "cc106a89",
        "message": {"text": text, "fragments": []},
        **more,
    }


def test_a_chat_message_of_twitch() -> None:
    message = twitch_message(CHAT, chat("!clip 30"), BOT)

    assert isinstance(message, Message)
    assert (message.event_id, message.channel, message.author_id) == ("cc106a89", "1337", "4145994")
    assert (message.command, message.role) == (ClipCommand(30, ""), "everyone")
    assert message.reply == {"channel_id": "1337", "message_id": "cc106a89"}


def test_what_the_bot_says_itself_is_no_command() -> None:
    reply = {"parent_message_id": "aa-1"}

    said = twitch_message(CHAT, chat("!clip", chatter_user_id=BOT, reply=reply), BOT)

    assert said == Echo("twitch", "cc106a89", CHAT, "1337", BOT, "!clip", "aa-1")


def test_what_is_said_in_another_channel_of_a_shared_chat_is_left_to_it() -> None:
    assert twitch_message(CHAT, chat("!clip", source_broadcaster_user_id="42"), BOT) is None
    assert twitch_message(CHAT, chat("!clip", source_broadcaster_user_id="1337"), BOT) is not None


def test_a_redemption_of_twitch_clips_with_its_input_as_title() -> None:
    event = {"id": "r-1", "broadcaster_user_id": "1337", "user_id": "9", "user_input": "what a play"}

    message = twitch_message(REDEMPTION, {**event, "reward": {"title": "Clip that!"}}, BOT)

    assert isinstance(message, Message)
    assert (message.event_id, message.command) == ("r-1", ClipCommand(30, "what a play"))
    assert twitch_message(REDEMPTION, {**event, "reward": {"title": "Drink water"}}, BOT) is None
    assert twitch_message("stream.online", event, BOT) is None


@pytest.mark.parametrize(
    ("badges", "role"),
    [
        ((), "everyone"),
        (("premium",), "everyone"),
        (("subscriber", "premium"), "subscriber"),
        (("founder",), "subscriber"),
        (("vip",), "vip"),
        (("subscriber", "moderator"), "moderator"),
        (("broadcaster", "subscriber"), "owner"),
    ],
)
def test_badges_say_what_a_chatter_may_do(badges: tuple[str, ...], role: Role) -> None:
    assert twitch_role({"badges": [{"set_id": one, "id": "1"} for one in badges]} | chat("")) == role


def test_a_streamer_needs_no_badge() -> None:
    assert twitch_role(chat("", chatter_user_id="1337", badges=[])) == "owner"


@pytest.mark.parametrize(
    ("permissions", "role"),
    [
        (None, "everyone"),
        ("104324673", "everyone"),
        ("8192", "moderator"),
        ("1099713961985", "moderator"),
        ("2147483647", "owner"),
        ("no number", "everyone"),
    ],
)
def test_permissions_say_what_a_member_may_do(permissions: str | None, role: Role) -> None:
    assert discord_role(permissions) == role


def test_a_slash_command_of_discord() -> None:
    interaction = {
        "application_id": "11",
        "channel_id": "645",
        "data": {
            "name": "clip",
            "options": [
                {"name": "title", "type": 3, "value": "45 points"},
                {"name": "seconds", "type": 4, "value": 20},
            ],
        },
        "id": "786",
        "member": {"user": {"id": "539", "username": "mason"}, "permissions": "8"},
        "token": "A_UNIQUE_TOKEN",
        "type": 2,
    }

    message = discord_message(interaction)

    assert (message.event_id, message.channel, message.author_name) == ("786", "645", "mason")
    assert (message.command, message.role) == (ClipCommand(20, "45 points"), "owner")
    assert message.reply == {"channel_id": "645", "application_id": "11", "token": "A_UNIQUE_TOKEN"}


def envelope(text: str, author: str = "22", **post: Any) -> dict[str, Any]:
    event = {
        "event_uuid": "77",
        "filter": {"user_id": "11"},
        "event_type": "post.mention.create",
        "payload": {"id": "20", "text": text, "author_id": author, **post},
    }
    return {"data": event, "includes": {"users": [{"id": "22", "username": "vic"}]}}


def test_mentions_of_x_in_both_envelopes() -> None:
    mention = {"id_str": "20", "text": "@clipnet clip", "user": {"id_str": "22", "screen_name": "vic"}}
    own = {"id_str": "23", "text": "@clipnet clip", "user": {"id_str": "11", "screen_name": "clipnet"}}

    (new,) = x_messages(envelope("@clipnet clip"))
    (old,) = x_messages({"for_user_id": "11", "tweet_create_events": [mention, own]})

    assert new == old
    assert (new.event_id, new.channel, new.author_name) == ("20", "11", "vic")
    assert (new.command, new.reply) == (ClipCommand(30, ""), {"post_id": "20"})
    assert list(x_messages({"data": {"event_type": "follow.follow"}})) == []
    assert list(x_messages(envelope("@clipnet clip", author="11"))) == []


def test_small_talk_below_a_post_is_left_alone_but_who_speaks_to_the_bot_is_answered() -> None:
    (below,) = x_messages(envelope("@clipnet thanks!", conversation_id="19"))
    (alone,) = x_messages(envelope("@clipnet hello", conversation_id="20"))
    (aside,) = x_messages(envelope("have you seen @clipnet already"))

    assert (below.command, aside.command) == (None, None)
    assert isinstance(alone.command, TextCommand)
