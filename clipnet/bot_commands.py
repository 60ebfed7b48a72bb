"""ClipBOT's commands: what there is, how it is typed on each platform, and who may use it. Pure functions.

What a command does is in clipnet/api/obey.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

PlatformName = Literal["twitch", "discord", "x"]
Role = Literal["everyone", "subscriber", "vip", "moderator", "owner"]
CommandName = Literal["clip", "vote", "top", "status", "help"]

ROLES: Final[tuple[Role, ...]] = ("everyone", "subscriber", "vip", "moderator", "owner")
"""From the least to the most: who has a role may do what those before it may."""
DEFAULT_S: Final = 30
SHORTEST_S: Final = 5
LONGEST_S: Final = 60
TOP_COUNT: Final = 3
TOP_MOST: Final = 5
LONGEST_TITLE: Final = 200

_UNSEEN = re.compile("[\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\U000e0000-\U000e007f]")
"""What chat clients append, unseen, so that a repeated message is not taken for a duplicate."""
_MENTIONS = re.compile(r"^(?:\s*@\w+)+\s*")
_PREFIX = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")
_MARKS: Final[Mapping[PlatformName, str]] = {"twitch": "!", "discord": "/!", "x": "!/"}
_VOTES: Final[Mapping[str, Literal[1, -1]]] = {"up": 1, "+1": 1, "+": 1, "down": -1, "-1": -1, "-": -1}
_OF_OTHER_BOTS: Final = frozenset(
    {"clips", "clap", "chip", "stats", "state", "hello", "heal", "hell", "vole"}
)
"""Near to a command of ours, but what other bots and people are called by."""
_SHORTEST_MISS: Final = 4
_ROLE_WORDS: Final[Mapping[Role, str]] = {
    "everyone": "everybody",
    "subscriber": "subscribers",
    "vip": "VIPs",
    "moderator": "moderators",
    "owner": "the channel's owner",
}


@dataclass(frozen=True, slots=True)
class Option:
    """What can be said with a command; numbers have a range, choices are listed."""

    name: str
    description: str
    lowest: int | None = None
    highest: int | None = None
    choices: tuple[str, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Spec:
    """One command.

    Attributes:
        usage: What may follow its name when it is typed.
        purpose: What it does, for the help.
        is_private: Whether only the one who asked needs to see the answer, where the platform can do that.
    """

    usage: str
    purpose: str
    options: tuple[Option, ...] = ()
    is_private: bool = False


COMMANDS: Final[Mapping[CommandName, Spec]] = {
    "clip": Spec(
        "[seconds] [title]",
        "cuts the last moments into a clip",
        (
            Option("seconds", f"How long, {DEFAULT_S} if not given.", SHORTEST_S, LONGEST_S),
            Option("title", "What the clip is called."),
        ),
    ),
    "vote": Spec(
        "[clip] up|down",
        "votes, for the newest clip if none is named",
        (
            Option("vote", "For or against it.", choices=("up", "down"), is_required=True),
            Option("clip", "The start of the clip's id; the newest clip if not given."),
        ),
    ),
    "top": Spec(
        "[count]",
        "names the best clips",
        (Option("count", f"How many, {TOP_COUNT} if not given.", 1, TOP_MOST),),
        is_private=True,
    ),
    "status": Spec("", "says what I am working on", is_private=True),
    "help": Spec("", "says what I can do", is_private=True),
}


@dataclass(frozen=True, slots=True)
class ClipCommand:
    """Cut the last `seconds` of what the channel shows."""

    seconds: int
    title: str
    name: Literal["clip"] = "clip"


@dataclass(frozen=True, slots=True)
class VoteCommand:
    """Vote for or against the clip whose id starts so, or the channel's newest one if it is empty."""

    clip_prefix: str
    value: Literal[1, -1]
    name: Literal["vote"] = "vote"


@dataclass(frozen=True, slots=True)
class TopCommand:
    """Name the best clips."""

    count: int = TOP_COUNT
    name: Literal["top"] = "top"


@dataclass(frozen=True, slots=True)
class TextCommand:
    """`status`, `help`, or `wrong`, whose text says what is wrong with the command."""

    name: Literal["status", "help", "wrong"]
    text: str = ""


Command = ClipCommand | VoteCommand | TopCommand | TextCommand


def parse_command(text: str, platform: PlatformName, *, is_addressed: bool = False) -> Command | None:
    """Return the command in a message, None when it is not for ClipBOT.

    On Twitch a command starts with `!`, on Discord with `/` or `!`; on X the mention before it is enough.
    What is no command is answered when it is nearly one, and always when it is spoken to ClipBOT alone.
    """
    seen = _UNSEEN.sub("", text)
    words = (_MENTIONS.sub("", seen) if platform == "x" else seen).split()
    if not words:
        return TextCommand("help") if is_addressed else None
    mark, name = words[0][:1], words[0].lower()
    is_marked = mark in _MARKS[platform]
    if is_marked:
        name = name[1:]
    elif platform != "x":
        return None
    if name in COMMANDS:
        return _typed(name, words[1:], platform)
    meant = nearest(name)
    if meant is None and not is_addressed:
        return None
    return unknown(f"{mark if is_marked else ''}{name}", meant, platform)


def slash_command(name: str, options: Mapping[str, Any]) -> Command:
    """Return the command that somebody chose on Discord, with its options by name."""
    match name:
        case "clip":
            seconds = _number(options.get("seconds"), DEFAULT_S, SHORTEST_S, LONGEST_S)
            return ClipCommand(seconds, str(options.get("title") or "")[:LONGEST_TITLE].strip())
        case "vote":
            return _vote([str(options.get("clip") or ""), str(options.get("vote") or "")], "discord")
        case "top":
            return TopCommand(_number(options.get("count"), TOP_COUNT, 1, TOP_MOST))
        case "status":
            return TextCommand("status")
        case "help":
            return TextCommand("help")
        case _:
            return unknown(f"/{name}", nearest(name), "discord")


def called(name: str, platform: PlatformName) -> str:
    """Return a command as it is typed: `!clip`, `/clip`, or `clip` after a mention."""
    return {"twitch": "!", "discord": "/", "x": ""}[platform] + name


def help_text(platform: PlatformName) -> str:
    """Return what ClipBOT can do, as it is typed there; short enough for a post at X."""
    if platform == "x":
        listed = ", ".join(f"{name} {spec.usage}".strip() for name, spec in COMMANDS.items())
        return f"I make clips. Mention me with one of: {listed}."
    listed = ", ".join(
        f"{f'{called(name, platform)} {spec.usage}'.strip()} {spec.purpose}"
        for name, spec in COMMANDS.items()
    )
    return f"I make clips: {listed}."


def unknown(typed: str, meant: str | None, platform: PlatformName) -> TextCommand:
    """Return the answer to what is no command: the nearest one, or all of them."""
    said = typed[:30]
    if meant is None:
        known = ", ".join(called(name, platform) for name in COMMANDS)
        return TextCommand("wrong", f"I do not know {said}. I know: {known}.")
    usage = f"{called(meant, platform)} {COMMANDS[_name(meant)].usage}".strip()
    return TextCommand("wrong", f"I do not know {said}. Did you mean {usage}?")


def nearest(name: str) -> str | None:
    """Return the command that somebody who typed this will have meant: one slip of the finger away.

    The first letter is right in nearly all slips; without that, `!flip` of another bot would be answered.
    """
    if len(name) < _SHORTEST_MISS - 1 or name in _OF_OTHER_BOTS:
        return None
    for known in COMMANDS:
        if len(known) >= _SHORTEST_MISS and name[0] == known[0] and _is_one_slip(name, known):
            return known
    return None


def role_needed(settings: Mapping[str, Any], name: str) -> Role:
    """Return who may use a command: the channel's `permissions`, else everybody."""
    listed = settings.get("permissions")
    found = listed.get(name) if isinstance(listed, Mapping) else None
    return next((role for role in ROLES if role == found), "everyone")


def denial(settings: Mapping[str, Any], name: str, role: Role, platform: PlatformName) -> str | None:
    """Return why somebody with this role may not use a command; None if it is allowed."""
    needed = role_needed(settings, name)
    if ROLES.index(role) >= ROLES.index(needed):
        return None
    return f"Only {_ROLE_WORDS[needed]} may use {called(name, platform)} in this channel."


def _typed(name: str, arguments: list[str], platform: PlatformName) -> Command:
    match name:
        case "clip":
            return _clip(arguments)
        case "vote":
            return _vote(arguments, platform)
        case "top":
            return TopCommand(_number(arguments[0] if arguments else None, TOP_COUNT, 1, TOP_MOST))
        case "status":
            return TextCommand("status")
        case _:
            return TextCommand("help")


def _clip(arguments: list[str]) -> ClipCommand:
    seconds = DEFAULT_S
    if arguments and arguments[0].isascii() and arguments[0].rstrip("sS").isdigit():
        seconds = _number(arguments.pop(0).rstrip("sS"), DEFAULT_S, SHORTEST_S, LONGEST_S)
    return ClipCommand(seconds, " ".join(arguments)[:LONGEST_TITLE])


def _vote(arguments: Sequence[str], platform: PlatformName) -> Command:
    said = [word.lower() for word in arguments if word]
    values = [_VOTES[word] for word in said if word in _VOTES]
    prefixes = [word for word in said if word not in _VOTES]
    if len(values) != 1 or len(prefixes) > 1:
        return TextCommand("wrong", f"Say {called('vote', platform)} <start of the clip's id> up, or down.")
    if prefixes and not _PREFIX.fullmatch(prefixes[0]):
        return TextCommand("wrong", "Give at least the first 4 characters of the clip's id.")
    return VoteCommand(prefixes[0] if prefixes else "", values[0])


def _number(said: object, default: int, lowest: int, highest: int) -> int:
    digits = str(said)[:6] if said is not None else ""
    return min(max(int(digits), lowest), highest) if digits.isascii() and digits.isdigit() else default


def _name(text: str) -> CommandName:
    return next(name for name in COMMANDS if name == text)


def _is_one_slip(typed: str, meant: str) -> bool:
    """Tell whether one letter is missing, too many, wrong, or changed places with its neighbour."""
    if abs(len(typed) - len(meant)) > 1 or typed == meant:
        return False
    same = next(
        (at for at, (one, other) in enumerate(zip(typed, meant, strict=False)) if one != other),
        min(len(typed), len(meant)),
    )
    left, right = typed[same:], meant[same:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[:2][::-1] and left[2:] == right[2:])
    )
