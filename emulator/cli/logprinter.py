"""Prints log lines: `service | time message field=value`, in a colour per service; or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.cli import output

if TYPE_CHECKING:
    from emulator.logs import Line


class LogPrinter:
    """Prints one line of a log after the other."""

    def __init__(self, names: Sequence[str], *, as_json: bool) -> None:
        self._names = tuple(names)
        self._as_json = as_json

    def shows(self, line: Line) -> bool:
        """Tell whether a line is printed: one that only programs want to see is so as JSON only."""
        from emulator import logs

        return self._as_json or logs.short(line) is not None

    def __call__(self, line: Line) -> None:
        """Print one line, if it is shown."""
        from emulator import logs

        if self._as_json:
            output.json_line(logs.as_json(line))
            return
        text = logs.short(line)
        if text is not None:
            output.line(f"{output.colour(line.service, self._names)} | {text}")
