"""Reads the services' log files: the last lines, or everything new as it comes.

Short for people, as it is for programs.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any, NoReturn

_TAIL_BYTES = 256 * 1024
_HIDDEN = frozenset(
    {
        "ts",
        "time",
        "timestamp",
        "level",
        "event",
        "msg",
        "message",
        "service",
        "trace_id",
        "span_id",
        "parent_id",
    }
)
_LOUD = frozenset({"warning", "error", "critical"})
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)")
POLL_S = 0.05
_LARGEST_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one service's log."""

    service: str
    text: str


def rotate(path: Path) -> None:
    """Put a log file that has become large aside, in the place of the one before it."""
    if path.exists() and path.stat().st_size > _LARGEST_BYTES:
        path.rename(path.with_suffix(".log.1"))


def tail(path: Path, count: int, offset: int = 0) -> tuple[str, ...]:
    """Return the last lines of a file, looking at nothing before `offset` (bytes)."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(offset if offset <= size else 0, size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(lines[-count:] if count else ())


class Follower:
    """Yields what is appended to log files. Notices files that are replaced."""

    def __init__(
        self, paths: Mapping[str, Path], *, from_start: bool = False, offsets: Mapping[str, int] | None = None
    ) -> None:
        self._paths = paths
        start = {name: 0 if from_start else _size(path) for name, path in paths.items()}
        self._positions = {**start, **(offsets or {})}
        self._files = {name: _identity(path) for name, path in paths.items()}
        self._rest = dict.fromkeys(paths, b"")

    def new_lines(self) -> Iterator[Line]:
        """Yield the complete lines since the last call."""
        for name, path in self._paths.items():
            size, file = _size(path), _identity(path)
            if size < self._positions[name] or file != self._files[name]:
                self._positions[name] = 0
            self._files[name] = file
            if size == self._positions[name]:
                continue
            with path.open("rb") as opened:
                opened.seek(self._positions[name])
                block = opened.read()
            self._positions[name] += len(block)
            *lines, self._rest[name] = (self._rest[name] + block).split(b"\n")
            for line in lines:
                yield Line(name, line.decode(errors="replace"))

    def run(self, show: Callable[[Line], None]) -> NoReturn:
        """Show what comes, for ever."""
        while True:
            for line in self.new_lines():
                show(line)
            sleep(POLL_S)


async def follow(path: Path, offset: int, has_ended: Callable[[], bool]) -> AsyncIterator[str]:
    """Yield the lines of one file from `offset` until `has_ended()` and nothing is left."""
    import asyncio

    follower = Follower({"": path}, offsets={"": offset})
    while True:
        ended = has_ended()
        for line in follower.new_lines():
            yield line.text
        if ended:
            return
        await asyncio.sleep(POLL_S)


def merged(
    paths: Mapping[str, Path], count: int, is_shown: Callable[[Line], bool] = lambda _line: True
) -> tuple[Line, ...]:
    """Return the last shown lines of several files in the order of time, as far as the lines tell it."""
    timed: list[tuple[str, Line]] = []
    for name, path in paths.items():
        stamp = ""
        for text in tail(path, sys.maxsize):
            stamp = _stamp(text) or stamp
            if is_shown(line := Line(name, text)):
                timed.append((stamp, line))
    ordered = sorted(timed, key=lambda pair: pair[0])
    return tuple(line for _, line in ordered[-count:] if count)


def short(line: Line) -> str | None:
    """Return a line as a person reads it: `time message field=value`.

    None for a span: `trace` shows it better.
    """
    try:
        body = json.loads(line.text)
    except ValueError:
        return line.text
    if not isinstance(body, dict):
        return line.text
    event = str(body.get("event") or body.get("msg") or body.get("message") or "")
    if event == "span":
        return None
    stamp = str(body.get("ts") or body.get("time") or body.get("timestamp") or "")
    level = str(body.get("level") or "").lower()
    parts = [stamp[11:19] if "T" in stamp else stamp, level.upper() if level in _LOUD else "", event]
    parts += [
        f"{name}={_field(value)}" for name, value in body.items() if name not in _HIDDEN and value is not None
    ]
    return " ".join(part for part in parts if part)


def as_json(line: Line) -> dict[str, Any]:
    """Return a line for a program: its own JSON, or its text, with the service."""
    try:
        body = json.loads(line.text)
    except ValueError:
        body = None
    return (
        {**body, "service": line.service}
        if isinstance(body, dict)
        else {"service": line.service, "message": line.text}
    )


def _stamp(text: str) -> str | None:
    """Return the time at the start of a line, or of a JSON line, in one form."""
    match = _TIME.search(text[:200])
    return f"{match.group(1)} {match.group(2)}" if match else None


def _field(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _identity(path: Path) -> int | None:
    """Return what tells a file from another one of the same name."""
    try:
        return path.stat().st_ino
    except OSError:
        return None
