"""Everything that is printed: results to stdout, progress and errors to stderr; tables, colours, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from emulator.errors import EmulatorError, ErrorRecord

LOG_IN = "log in as demo@clipnet.test with the password clipnet-demo"
"""What to do with a stack that holds the seed's people."""
_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red", "bright_cyan", "bright_yellow")
_wants_json = False
_has_printed = False
_stack: str | None = None


def use(*, wants_json: bool, stack: str | None) -> None:
    """Remember, for this command's errors, whether it prints JSON and which stack its flag names."""
    global _wants_json, _stack
    _wants_json, _stack = wants_json, stack


def line(text: str = "") -> None:
    """Print one line of the result."""
    click.echo(text)


def note(text: str) -> None:
    """Print one line of progress."""
    click.echo(text, err=True)


def as_json(value: Any) -> None:
    """Print a result as JSON; an error that follows is then text only."""
    global _has_printed
    _has_printed = True
    click.echo(json.dumps(value, indent=2))


def shortened(value: object, longest: int) -> str:
    """Return a value as text on one line, cut where it is longer than so many characters."""
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def size(count_bytes: int) -> str:
    """Return a number of bytes as a person reads it."""
    value = float(count_bytes)
    for unit in ("B", "KB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def age(seconds: float) -> str:
    """Return how long ago something was, in its largest unit."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s"


def json_line(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value))


def error(problem: EmulatorError) -> None:
    """Print an error with its hint, and as JSON where that is asked for."""
    record = problem.record()
    record["hint"] = with_stack(record["hint"])
    _error_as_json(record)
    click.echo(click.style("error: ", fg="red", bold=True) + record["what"], err=True)
    if record["hint"]:
        click.echo(click.style("hint: ", fg="yellow") + record["hint"], err=True)


def wrong_usage(problem: click.ClickException) -> None:
    """Print what is wrong with the command line, and as JSON where that is asked for.

    The options are parsed from left to right, and a word that is wrong may come before --json.
    """
    if "--json" in sys.argv:
        use(wants_json=True, stack=None)
    is_help = isinstance(problem, click.exceptions.NoArgsIsHelpError)
    _error_as_json(
        {
            "code": "WrongUsage",
            "exit_code": problem.exit_code,
            "what": "Missing command." if is_help else problem.format_message(),
            "hint": "see: clipnet-emulate --help",
        }
    )
    problem.show()


def with_stack(text: str) -> str:
    """Let the commands in a text be for the stack that this command's flag names, ready to be copied."""
    if _stack is None or "--stack" in text:
        return text
    return text.replace("clipnet-emulate ", f"clipnet-emulate --stack {_stack} ")


def _error_as_json(record: ErrorRecord) -> None:
    if _wants_json and not _has_printed:
        as_json({"error": record})


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns under a head."""
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head))]
    click.echo(click.style(_row(head, widths), dim=True))
    for row in rows:
        click.echo(_row(row, widths))


def check(ok: bool, name: str, detail: str, *, is_optional: bool = False) -> None:
    """Print the outcome of one check."""
    word, shade = ("ok", "green") if ok else ("none", "yellow") if is_optional else ("FAILED", "red")
    click.echo(f"{click.style(word.ljust(6), fg=shade)}  {name}: {detail}")


def assignment(name: str, value: str, *, export: bool) -> None:
    """Print a variable as a shell or a `.env` file takes it."""
    import shlex

    click.echo(f"{'export ' if export else ''}{name}={shlex.quote(value)}")


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def colour(name: str, among: Sequence[str]) -> str:
    """Return a name in its colour, padded to the longest of its kind."""
    width = max(len(other) for other in among)
    return click.style(name.ljust(width), fg=_COLOURS[list(among).index(name) % len(_COLOURS)])


class ProgressLine:
    """One line on the terminal that says what is waited for, once a second has gone by."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._is_shown = False
        self._last = ""

    def __call__(self, services: Mapping[str, Any], elapsed_s: float) -> None:
        """Show which services are not ready yet."""
        late = [name for name, record in services.items() if record.state.value != "running"]
        text = f"starting {self._stack}: waiting for {', '.join(late)}"
        if not services:
            text = f"stack {self._stack} is not running: waiting for its start"
        if elapsed_s < 1 or (services and not late):
            return
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{text} ({elapsed_s:.0f} s)", err=True, nl=False)
            self._is_shown = True
        elif text != self._last:
            note(text)
        self._last = text

    def clear(self) -> None:
        """Remove the line."""
        if self._is_shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._is_shown = False
