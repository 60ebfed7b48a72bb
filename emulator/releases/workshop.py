"""Runs the commands of a build, and tells each line of what they say."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from emulator.environment import inherited
from emulator.errors import BuildFailed, PrerequisiteMissing
from emulator.logs import follow, tail
from emulator.runtimes.spawn import Child, Command, spawn
from emulator.statefolder import writing

_LAST_LINES = 15
_TOOLS = ("PIP_", "UV_", "NPM_CONFIG_")
_NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)


class Running(Protocol):
    """A command on its way."""

    async def wait(self) -> int:
        """Return the exit code once it has ended."""
        ...

    async def stop(self, *, hard: bool = False) -> int:
        """Ask it to end, then make it. `hard`: make it at once."""
        ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where the commands of one build run, and who hears of them."""

    log: Path
    env: Mapping[str, str]
    told: Callable[[str], None]
    """Given each line when it comes."""
    within_s: float = 1800.0
    """How long one command may take."""

    def say(self, text: str) -> None:
        """Write a line of our own between those of the commands."""
        with writing(self.log), self.log.open("a") as log:
            log.write(f"{text}\n")
        self.told(text)

    def program(self, name: str, what_for: str) -> str:
        """Return where a program lies.

        Raises:
            PrerequisiteMissing: It is not installed.
        """
        found = shutil.which(name, path=self.env.get("PATH"))
        if found is None:
            raise PrerequisiteMissing(
                f"{what_for} needs '{name}', which is not installed",
                f"install '{name}', or put it on the PATH",
            )
        return found

    async def run(
        self, what: str, argv: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Run one command to its end; it is killed with everything below it when the wait is cancelled.

        Raises:
            BuildFailed: It failed, or took too long.
        """

        async def started() -> Child:
            try:
                return spawn(Command(tuple(argv), {**self.env, **(env or {})}, folder, self.log))
            except OSError as error:
                raise BuildFailed(
                    f"'{what}' cannot be started: {error}", "see whether it is installed"
                ) from error

        await self.hear(what, started)

    async def hear(self, what: str, start: Callable[[], Awaitable[Running]]) -> None:
        """Run what writes to the log, to its end; it is killed when the wait is cancelled.

        Raises:
            BuildFailed: It failed, or took too long.
        """
        self.say(f"$ {what}")
        offset = self.log.stat().st_size
        child = await start()
        code: int | None = None
        try:
            async with asyncio.timeout(self.within_s):
                code = await self._heard(child, offset)
        except TimeoutError:
            raise BuildFailed(
                f"'{what}' did not end within {self.within_s:g} s", f"read all of it in '{self.log}'"
            ) from None
        finally:
            if code is None:
                await asyncio.shield(child.stop(hard=True))
        if code != 0:
            lines = "".join(f"\n  {line}" for line in tail(self.log, _LAST_LINES, offset))
            said = f", its last lines:{lines}" if lines else ""
            raise BuildFailed(
                f"'{what}' ended with exit code {code}{said}", f"read all of it in '{self.log}'"
            )

    async def _heard(self, child: Running, offset: int) -> int:
        """Tell each line until the command has ended, and return its exit code."""
        is_told = asyncio.Event()
        relay = asyncio.create_task(self._relay(offset, is_told))
        try:
            code = await child.wait()
            _end_last_line(self.log)
            is_told.set()
            await relay
        finally:
            relay.cancel()
        return code

    async def _relay(self, offset: int, is_told: asyncio.Event) -> None:
        async for line in follow(self.log, offset, is_told.is_set):
            self.told(line)


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return what commands of a build see of the user's environment: what tools need to find packages."""
    tools = {
        name: value
        for name, value in env.items()
        if name.upper().startswith(_TOOLS) or name.upper() in _NETWORK
    }
    return {**inherited(env), **tools, "CI": "true", "PYTHONUNBUFFERED": "1"}


def _end_last_line(log: Path) -> None:
    with writing(log), log.open("rb+") as file:
        if file.seek(0, 2) and file.seek(-1, 2) >= 0 and file.read(1) != b"\n":
            file.write(b"\n")
