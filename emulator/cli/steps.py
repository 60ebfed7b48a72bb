"""How a deployment goes, on the terminal: a line per step, rewritten while it runs; plain lines elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Mapping
from time import monotonic
from typing import Any

import click

from emulator.cli import output

_LAST_LINES = 12
_WIDTH = 13
_SHADES = {"done": "green", "skipped": "yellow", "failed": "red"}


class Steps:
    """Prints the messages of a deployment to standard error; `tick` keeps the time of a step going."""

    def __init__(self) -> None:
        self._step: str | None = None
        self._began = 0.0
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._log: str | None = None
        self._number: int | None = None
        self._is_rewritten = sys.stderr.isatty()
        self._is_shown = False

    def __call__(self, message: Mapping[str, Any]) -> None:
        """Show one message."""
        match dict(message):
            case {"queued": {"behind": behind}}:
                self._print(f"deployment {behind} is under way: this one is next")
            case {"deployment": {"number": number, "action": action, "log": log}}:
                if number != self._number:
                    self._print(f"deployment {number}: {action}")
                self._number, self._log = number, log
            case {"step": step, "state": "started"}:
                self._step, self._began = step, monotonic()
                self._lines.clear()
            case {"step": step, "state": state}:
                self._ended(step, state, message.get("took_s"), str(message.get("detail") or ""))
            case {"line": line}:
                self._lines.append(str(line))
                if not self._is_rewritten:
                    self._print(f"  | {line}")
            case {"error": _}:
                self._failed()
            case {"cancelled": True}:
                self._print("cancelled: what served before goes on serving")
            case {"too_late": True}:
                self._print("it was too late to cancel: the new release serves already")

    def tick(self) -> None:
        """Show how long the step has taken so far, on a terminal."""
        if not self._is_rewritten or self._step is None:
            return
        said = output.shortened(click.unstyle(self._lines[-1]), 60) if self._lines else ""
        text = f"{self._step:<{_WIDTH}}  ...      {monotonic() - self._began:6.1f} s  {said}".rstrip()
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
        self._is_shown = True

    def clear(self) -> None:
        """Remove the line that is rewritten."""
        if self._is_shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._is_shown = False

    def _ended(self, step: str, state: str, took_s: float | None, detail: str) -> None:
        self._step = None
        took = "" if took_s is None else f"{took_s:6.1f} s"
        word = click.style(state.ljust(7), fg=_SHADES.get(state))
        self._print(f"{step:<{_WIDTH}}  {word}  {took:<8}  {detail}".rstrip())

    def _failed(self) -> None:
        """Say what a terminal has not shown yet: the last lines of the command that failed."""
        if self._is_rewritten:
            for line in self._lines:
                self._print(f"  | {line}")
        if self._log is not None:
            self._print(f"log: {self._log}")

    def _print(self, text: str) -> None:
        self.clear()
        output.note(text)
