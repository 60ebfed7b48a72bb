"""`clipnet-emulate event`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options

if TYPE_CHECKING:
    from emulator.events import Outcome

F = TypeVar("F", bound=Callable[..., Any])
_LONGEST = 100


class Age(click.ParamType[float]):
    """A duration, as in 90s, 15m or 1h."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        from emulator.errors import ConfigurationRefused
        from emulator.topology import duration_s

        try:
            return duration_s(str(value))
        except ConfigurationRefused as error:
            self.fail(f"{error.what}; {error.hint}", param, ctx)


def _delivery_options(command: F) -> F:
    """Say how the event is delivered."""
    for option in reversed(
        (
            click.option("--user", metavar="NAME", help="Who does it.  [default: viewer_vic]"),
            click.option("--times", type=click.IntRange(1, 1000), help="How many such events."),
            click.option("--duplicate", is_flag=True, help="Send each twice with one id."),
            click.option("--bad-signature", is_flag=True, help="Sign with a wrong key."),
            click.option("--late", "late_s", type=Age(), help="Sign a time so long ago, as in 15m."),
            click.option("--wait", "wait_s", type=Age(), help="Wait so long for the jobs to end."),
        )
    ):
        command = option(command)
    return command


def _event(fake: str) -> Callable[[Callable[..., Mapping[str, Any]]], Callable[..., None]]:
    """Turn a function that returns an event's own fields into one that sends it and prints the outcome."""

    def decorated(fields: Callable[..., Mapping[str, Any]]) -> Callable[..., None]:
        @wraps(fields)
        def run(
            common: Common,
            user: str | None,
            times: int | None,
            duplicate: bool,
            bad_signature: bool,
            late_s: float | None,
            wait_s: float | None,
            **own: Any,
        ) -> None:
            import asyncio

            from emulator.events import send
            from emulator.parts import running

            event: dict[str, Any] = {"user": user, "times": times, "late_s": late_s, **fields(**own)}
            event |= {"duplicate": duplicate or None, "bad_signature": bad_signature or None}
            event = {name: value for name, value in event.items() if value is not None}
            parts = running(common.settings())
            outcome = asyncio.run(send(parts, fake, event, until_done_s=wait_s or 0.0))
            if common.as_json:
                output.as_json(outcome.public())
            else:
                _print(f"{fake} {_words(event)}", outcome)

        return run

    return decorated


@click.group()
@common_options
def command(common: Common) -> None:
    """Let something happen on Twitch, Discord or X, and see what comes of it."""


@command.group()
@common_options
def twitch(common: Common) -> None:
    """Somebody does something in a channel."""


@twitch.command("chat")
@click.argument("text")
@click.option("--channel", metavar="NAME", help="Whose chat.  [default: streamer_sam]")
@_delivery_options
@common_options
@_event("twitch")
def chat(text: str, channel: str | None) -> Mapping[str, Any]:
    """Write TEXT in a chat, as in: event twitch chat "!clip 30 what a play"."""
    return {"type": "chat", "text": text, "channel": channel}


@twitch.command("redeem")
@click.argument("text", required=False)
@click.option("--channel", metavar="NAME", help="Whose reward.  [default: streamer_sam]")
@click.option("--reward", metavar="TITLE", help="Which reward.  [default: Clip that]")
@_delivery_options
@common_options
@_event("twitch")
def redeem(text: str | None, channel: str | None, reward: str | None) -> Mapping[str, Any]:
    """Redeem channel points for a reward; TEXT is what the viewer types with it."""
    return {"type": "redeem", "text": text, "channel": channel, "reward": reward}


@command.command("discord")
@click.argument("command_name", metavar="COMMAND")
@click.argument("options", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--channel", metavar="NAME", help="Where.  [default: clips]")
@_delivery_options
@common_options
@_event("discord")
def discord(command_name: str, options: tuple[str, ...], channel: str | None) -> Mapping[str, Any]:
    """Use a slash command, as in: event discord /clip seconds=30 title="what a play"."""
    from emulator.events import discord_options

    return {"command": command_name, "options": discord_options(options) or None, "channel": channel}


@command.group()
@common_options
def x(common: Common) -> None:
    """Somebody posts."""


@x.command("mention")
@click.argument("text", default="@clipnet clip")
@_delivery_options
@common_options
@_event("x")
def mention(text: str) -> Mapping[str, Any]:
    """Mention the bot in a post with TEXT ("@clipnet clip" if nothing else is said)."""
    return {"type": "mention", "text": text}


def _words(event: Mapping[str, Any]) -> str:
    """What happens, as one would say it: the kind, and what is said or asked for."""
    options = [f"{name}={value}" for name, value in event.get("options", {}).items()]
    what = [event.get("type"), event.get("command"), *options, event.get("text")]
    return " ".join(str(word) for word in what if word)


def _print(event: str, outcome: Outcome) -> None:
    for one in outcome.sent:
        output.line(f"sent      {output.shortened(event, _LONGEST)} ({one['id']})")
        output.line(f"answered  {_answer(one)}")
    for job in outcome.jobs:
        error = f": {output.shortened(job.error, _LONGEST)}" if job.error else ""
        output.line(f"job       {job.name} {job.id} {job.state}{error}")
    output.line(f"trace     {outcome.trace_id}" if outcome.jobs else "no jobs")


def _answer(one: Mapping[str, Any]) -> str:
    status, body = one.get("status"), one.get("body")
    if status is None:
        return "nothing"
    if isinstance(body, dict):
        body = body.get("detail") or json.dumps(body)
    return f"{status} {output.shortened(body, _LONGEST)}".rstrip()
