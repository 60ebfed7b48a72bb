from __future__ import annotations

import pytest

from clipnet.clipbot import (
    ClipCommand,
    Command,
    PlatformName,
    TextCommand,
    VoteCommand,
    discord_message,
    parse_command,
    twitch_message,
    x_messages,
)

WRONG_VOTE = TextCommand("wrong", "Say !vote <start of the clip's id> up, or down.")


@pytest.mark.parametrize(
    ("platform", "text", "command"),
    [
        ("twitch", "!clip", ClipCommand(30, "")),
        ("twitch", "!clip 45 what a play", ClipCommand(45, "what a play")),
        ("twitch", "!CLIP 20s gg", ClipCommand(20, "gg")),
        ("twitch", "!clip what a 10 play", ClipCommand(30, "what a 10 play")),
        ("twitch", "!clip 1", ClipCommand(5, "")),
        ("twitch", "!clip 99999999999", ClipCommand(60, "")),
        ("twitch", "!vote 0193c0de up", VoteCommand("0193c0de", 1)),
        ("twitch", "!vote 0193C0DE-00 -1", VoteCommand("0193c0de-00", -1)),
        ("twitch", "!vote 0193c0de", WRONG_VOTE),
        ("twitch", "!vote 0193c0de maybe", WRONG_VOTE),
        (
            "twitch",
            "!vote 01 up",
            TextCommand("wrong", "Give at least the first 4 characters of the clip's id."),
        ),
        (
            "twitch",
            "!vote %% up",
            TextCommand("wrong", "Give at least the first 4 characters of the clip's id."),
        ),
        ("twitch", "!status", TextCommand("status")),
        ("twitch", "!help me", TextCommand("help")),
        ("twitch", "clip it!", None),
        ("twitch", "/clip", None),
        ("twitch", "!clips", None),
        ("twitch", "!", None),
        ("twitch", "   ", None),
        ("discord", "/clip 30", ClipCommand(30, "")),
        ("x", "@clipnet clip this", ClipCommand(30, "this")),
        ("x", "@friend @clipnet !clip 15", ClipCommand(15, "")),
        ("x", "@clipnet hello", None),
        ("x", "@clipnet", None),
    ],
)
def test_commands(platform: PlatformName, text: str, command: Command | None) -> None:
    assert parse_command(text, platform) == command


def test_a_chat_message_of_twitch() -> None:
    event = {
        "broadcaster_user_id": "1337",
        "chatter_user_id": "4145994",
        "chatter_user_name": "Viewer32",
        "message_id": "cc106a89",
        "message": {"text": "!clip 30", "fragments": []},
    }

    message = twitch_message("delivery-1", "channel.chat.message", event)

    assert message is not None
    assert (message.event_id, message.channel, message.author_id) == ("delivery-1", "1337", "4145994")
    assert (message.text, message.reply) == ("!clip 30", {"channel_id": "1337", "message_id": "cc106a89"})


def test_a_redemption_of_twitch_clips_with_its_input_as_title() -> None:
    event = {"broadcaster_user_id": "1337", "user_id": "9", "user_name": "Vic", "user_input": "what a play"}

    message = twitch_message("d", "channel.channel_points_custom_reward_redemption.add", event)

    assert message is not None
    assert parse_command(message.text, "twitch") == ClipCommand(30, "what a play")
    assert twitch_message("d", "stream.online", event) is None


def test_a_slash_command_of_discord() -> None:
    interaction = {
        "application_id": "11",
        "channel_id": "645",
        "data": {
            "name": "clip",
            "options": [
                {"name": "title", "type": 3, "value": "gg"},
                {"name": "seconds", "type": 4, "value": 20},
            ],
        },
        "id": "786",
        "member": {"user": {"id": "539", "username": "mason"}},
        "token": "A_UNIQUE_TOKEN",
        "type": 2,
    }

    message = discord_message(interaction)

    assert (message.event_id, message.channel, message.author_name) == ("786", "645", "mason")
    assert parse_command(message.text, "discord") == ClipCommand(20, "gg")
    assert message.reply == {"channel_id": "645", "application_id": "11", "token": "A_UNIQUE_TOKEN"}


def test_mentions_of_x_in_both_envelopes() -> None:
    post = {"id": "20", "text": "@clipnet clip", "author_id": "22"}
    event = {
        "event_uuid": "77",
        "filter": {"user_id": "11"},
        "event_type": "post.mention.create",
        "payload": post,
    }
    mention = {"id_str": "21", "text": "@clipnet clip", "user": {"id_str": "22", "screen_name": "vic"}}
    own = {"id_str": "23", "text": "@clipnet clip", "user": {"id_str": "11", "screen_name": "clipnet"}}
    included = {"users": [{"id": "22", "username": "vic"}]}

    (new,) = x_messages({"data": event, "includes": included})
    (old,) = x_messages({"for_user_id": "11", "tweet_create_events": [mention, own]})

    assert (new.event_id, new.channel, new.author_name, new.reply) == ("77", "11", "vic", {"post_id": "20"})
    assert (old.event_id, old.channel, old.author_name, old.reply) == ("21", "11", "vic", {"post_id": "21"})
    assert list(x_messages({"data": {"event_type": "follow.follow"}})) == []
