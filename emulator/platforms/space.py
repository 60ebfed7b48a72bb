"""One version of a Space as a process of this machine, on loopback only."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import StartFailed
from emulator.logs import follow, tail
from emulator.platforms.recipe import Recipe
from emulator.ports import is_free
from emulator.runtimes.spawn import Child, Command, spawn
from emulator.statefolder import writing

LAST_LINES = 10
LOOPBACK = Path(__file__).parent / "loopback"
"""Put before all else on the path of Python programs."""

_LOOK_EVERY_S = 0.05
_STOP_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What all Spaces of a stack run on.

    Attributes:
        path: Where programs are.
        env: What every process of the stack gets.
    """

    path: str
    env: Mapping[str, str]
    ready_within_s: float = 300.0


class Space:
    """A running process, from `start` to `stop`."""

    def __init__(self, child: Child, port: int, log: Path, offset: int) -> None:
        self._child = child
        self._log = log
        self._offset = offset
        self.port = port
        self.is_unwanted = False

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    async def until_ready(self, within_s: float) -> None:
        """Wait until it takes connections.

        Raises:
            StartFailed: It ended before, or took too long.
        """
        ends = asyncio.get_running_loop().time() + within_s
        while not await _takes_connections(self.port):
            if self._child.has_ended:
                raise StartFailed(self.why(await self._child.wait()))
            if asyncio.get_running_loop().time() > ends:
                late = f"Launch timed out: port {self.port} is not open after {within_s:g} s"
                raise StartFailed(f"{late}; {self.why(None)}")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def wait(self) -> int:
        """Return the exit code once it has ended."""
        return await self._child.wait()

    async def stop(self) -> None:
        """Ask it to end, then make it."""
        await self._child.stop()

    async def lines(self, say: Callable[[str], None]) -> None:
        """Say each line that it writes, until it ends."""
        async for line in follow(self._log, self._offset, lambda: self._child.has_ended):
            say(line)

    def why(self, code: int | None) -> str:
        """Return in words why it ended: the last lines of its log."""
        last = "\n".join(tail(self._log, LAST_LINES, self._offset)) or "it wrote nothing"
        return last if code is None else f"Exit code: {code}. Reason: {last}"


def start(recipe: Recipe, env: Mapping[str, str], ground: Ground, log: Path, port: int, home: Path) -> Space:
    """Start a Space.

    Args:
        env: Variables, secrets and what the platform itself sets.
        port: Where it shall listen.
        home: Its home folder.

    Raises:
        StartFailed: Its program is not there, or cannot be run.
    """
    program, *arguments = recipe.at(port)
    argv = (_program(program, ground, recipe.directory), *arguments)
    own = {"PATH": ground.path, "HOME": str(home), "PYTHONUNBUFFERED": "1", **(recipe.env or {}), **env}
    own["PYTHONPATH"] = os.pathsep.join(filter(None, (str(LOOPBACK), own.get("PYTHONPATH"))))
    with writing(log):
        offset = log.stat().st_size if log.exists() else 0
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
    command = Command(
        argv=argv,
        env={**own, **_listening(port), **ground.env},
        cwd=recipe.directory,
        log=log,
        stop_within_s=_STOP_WITHIN_S,
    )
    try:
        return Space(spawn(command), port, log, offset)
    except (OSError, ValueError) as error:  # also a name or value that no process can have
        raise StartFailed(
            f"the Space cannot be started: {error}", "correct its files or variables"
        ) from error


def choose_port(wanted: int, taken: Container[int], candidates: Sequence[int]) -> int:
    """Return the port that a Space expects if it is free, else the first free one.

    Raises:
        StartFailed: None is free.
    """
    for port in (wanted, *candidates):
        if port not in taken and is_free(port):
            return port
    raise StartFailed(
        f"port {wanted} is taken, and so are {candidates[0]} to {candidates[-1]}", "stop what listens there"
    )


def _program(name: str, ground: Ground, directory: Path) -> str:
    if name in ("python", "python3"):
        return sys.executable
    found = shutil.which(str(directory / name) if name.startswith(".") else name, path=ground.path)
    if found is None:
        raise StartFailed(
            f"the Space runs '{name}', which is not installed", f"install '{name}' beside the emulator"
        )
    return found


def _listening(port: int) -> dict[str, str]:
    """What tells the usual servers where to listen."""
    return {
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }


async def _takes_connections(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
