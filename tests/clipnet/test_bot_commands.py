from __future__ import annotations

from typing import Any

import pytest

from clipnet.bot_commands import (
    COMMANDS,
    ClipCommand,
    Command,
    PlatformName,
    Role,
    TextCommand,
    TopCommand,
    VoteCommand,
    denial,
    help_text,
    nearest,
    parse_command,
    slash_command,
)

WRONG_VOTE = TextCommand("wrong", "Say !vote <start of the clip's id> up, or down.")
WRONG_PREFIX = TextCommand("wrong", "Give at least the first 4 characters of the clip's id.")


@pytest.mark.parametrize(
    ("platform", "text", "command"),
    [
        ("twitch", "!clip", ClipCommand(30, "")),
        ("twitch", "!clip 45 what a play", ClipCommand(45, "what a play")),
        ("twitch", "!CLIP 20s gg", ClipCommand(20, "gg")),
        ("twitch", "!clip what a 10 play", ClipCommand(30, "what a 10 play")),
        ("twitch", "!clip 1", ClipCommand(5, "")),
        ("twitch", "!clip 99999999999", ClipCommand(60, "")),
        ("twitch", "!status \U000e0000", TextCommand("status")),
        ("twitch", "!vote 0193c0de up", VoteCommand("0193c0de", 1)),
        ("twitch", "!vote 0193C0DE-00 -1", VoteCommand("0193c0de-00", -1)),
        ("twitch", "!vote down 0193c0de", VoteCommand("0193c0de", -1)),
        ("twitch", "!vote up", VoteCommand("", 1)),
        ("twitch", "!vote 0193c0de", WRONG_VOTE),
        ("twitch", "!vote 0193c0de maybe", WRONG_VOTE),
        ("twitch", "!vote", WRONG_VOTE),
        ("twitch", "!vote up down", WRONG_VOTE),
        ("twitch", "!vote 01 up", WRONG_PREFIX),
        ("twitch", "!vote %% up", WRONG_PREFIX),
        ("twitch", "!top", TopCommand(3)),
        ("twitch", "!top 99", TopCommand(5)),
        ("twitch", "!top ten", TopCommand(3)),
        ("twitch", "!status", TextCommand("status")),
        ("twitch", "!help me", TextCommand("help")),
        ("discord", "/clip 30", ClipCommand(30, "")),
        ("x", "@clipnet clip this", ClipCommand(30, "this")),
        ("x", "@friend @clipnet !clip 15", ClipCommand(15, "")),
    ],
)
def test_commands(platform: PlatformName, text: str, command: Command) -> None:
    assert parse_command(text, platform) == command


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        ("twitch", "clip it!"),
        ("twitch", "/clip"),
        ("twitch", "!"),
        ("twitch", "   "),
        ("twitch", "!clips"),
        ("twitch", "!flip"),
        ("twitch", "!stats"),
        ("twitch", "!discord"),
        ("twitch", "!so clipper_cleo"),
        ("twitch", "! clip"),
        ("x", "@clipnet hello"),
        ("x", "@clipnet thanks!"),
        ("x", "@clipnet"),
    ],
)
def test_chatter_and_the_commands_of_other_bots_are_left_alone(platform: PlatformName, text: str) -> None:
    assert parse_command(text, platform) is None


@pytest.mark.parametrize(
    ("platform", "text", "answer"),
    [
        ("twitch", "!clp 30", "I do not know !clp. Did you mean !clip [seconds] [title]?"),
        ("twitch", "!stauts", "I do not know !stauts. Did you mean !status?"),
        ("x", "@clipnet voet up", "I do not know voet. Did you mean vote [clip] up|down?"),
    ],
)
def test_what_is_nearly_a_command_is_answered_with_it(platform: PlatformName, text: str, answer: str) -> None:
    assert parse_command(text, platform) == TextCommand("wrong", answer)


def test_who_speaks_to_the_bot_alone_is_always_answered() -> None:
    hello = parse_command("@clipnet hello there", "x", is_addressed=True)
    nothing = parse_command("@clipnet", "x", is_addressed=True)

    assert hello == TextCommand("wrong", "I do not know hello. I know: clip, vote, top, status, help.")
    assert nothing == TextCommand("help")


@pytest.mark.parametrize("typed", ["clp", "clpi", "cliip", "clpp", "cip", "clip1"])
def test_one_slip_of_the_finger_is_understood(typed: str) -> None:
    assert nearest(typed) == "clip"


@pytest.mark.parametrize("typed", ["", "c", "cl", "clip", "flip", "clops", "tpo", "helpful"])
def test_more_than_one_slip_is_not(typed: str) -> None:
    assert nearest(typed) is None


@pytest.mark.parametrize(
    ("name", "options", "command"),
    [
        ("clip", {}, ClipCommand(30, "")),
        ("clip", {"title": "45 points", "seconds": 20}, ClipCommand(20, "45 points")),
        ("clip", {"title": "45 points"}, ClipCommand(30, "45 points")),
        ("clip", {"seconds": 900}, ClipCommand(60, "")),
        ("vote", {"vote": "up", "clip": "12345678"}, VoteCommand("12345678", 1)),
        ("vote", {"vote": "down"}, VoteCommand("", -1)),
        ("vote", {}, TextCommand("wrong", "Say /vote <start of the clip's id> up, or down.")),
        ("top", {"count": 5}, TopCommand(5)),
        ("status", {}, TextCommand("status")),
        ("help", {}, TextCommand("help")),
        (
            "clp",
            {},
            TextCommand("wrong", "I do not know /clp. Did you mean /clip [seconds] [title]?"),
        ),
        (
            "dance",
            {},
            TextCommand("wrong", "I do not know /dance. I know: /clip, /vote, /top, /status, /help."),
        ),
    ],
)
def test_slash_commands_are_read_by_the_names_of_their_options(
    name: str, options: dict[str, Any], command: Command
) -> None:
    assert slash_command(name, options) == command


@pytest.mark.parametrize(("platform", "longest"), [("twitch", 500), ("discord", 2000), ("x", 280)])
def test_the_help_names_every_command_as_it_is_typed_there(platform: PlatformName, longest: int) -> None:
    mark = {"twitch": "!", "discord": "/", "x": ""}[platform]

    text = help_text(platform)

    assert all(f"{mark}{name}" in text for name in COMMANDS)
    assert len(text) <= longest
    assert ("!" in text, "/" in text) == (mark == "!", mark == "/")


@pytest.mark.parametrize(
    ("settings", "role", "words"),
    [
        ({}, "everyone", None),
        ({"permissions": {"vote": "owner"}}, "everyone", None),
        ({"permissions": {"clip": "moderator"}}, "vip", "Only moderators may use !clip in this channel."),
        ({"permissions": {"clip": "moderator"}}, "moderator", None),
        ({"permissions": {"clip": "moderator"}}, "owner", None),
        (
            {"permissions": {"clip": "owner"}},
            "moderator",
            "Only the channel's owner may use !clip in this channel.",
        ),
        ({"permissions": {"clip": "nobody"}}, "everyone", None),
        ({"permissions": "moderator"}, "everyone", None),
    ],
)
def test_a_channel_says_who_may_use_a_command(
    settings: dict[str, Any], role: Role, words: str | None
) -> None:
    assert denial(settings, "clip", role, "twitch") == words
