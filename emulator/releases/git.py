"""Asks git about a repository: without hooks, prompts, network, or anything of the user's configuration."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from emulator.errors import CheckFailed, PrerequisiteMissing
from emulator.runtimes.spawn import die_with

_ANSWER_WITHIN_S = 60.0
_BUFFER_BYTES = 1 << 20
_OVER_THE_REPOSITORY = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=false",
    "credential.helper=",
    "protocol.allow=never",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
)
"""Settings that a repository shall not decide about: those that start programs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command of git said."""

    code: int
    output: bytes
    complaint: str

    @property
    def text(self) -> str:
        """The output without the end of its last line."""
        return self.output.decode(errors="replace").rstrip("\n")


class Contents:
    """The contents of many objects, one after another."""

    def __init__(self, output: StreamReader) -> None:
        self._output = output
        self._left = 0

    async def next_size(self) -> int:
        """Go to the next object, and return how many bytes it has.

        Raises:
            EOFError: It is not there; the message says which.
        """
        words = (await self._output.readline()).split()
        if len(words) != 3:
            raise EOFError(b" ".join(words).decode())
        self._left = int(words[2])
        if not self._left:
            await self._output.readexactly(1)
        return int(words[2])

    async def block(self, at_most: int) -> bytes:
        """Return the next bytes of the object.

        Raises:
            EOFError: git ended in the middle.
        """
        block = await self._output.readexactly(min(at_most, self._left))
        self._left -= len(block)
        if block and not self._left:
            await self._output.readexactly(1)
        return block


@dataclass(frozen=True, slots=True)
class Git:
    """The program and what it is told."""

    program: str
    env: Mapping[str, str]

    async def without_filters(self, folder: Path) -> Git:
        """Return the same without the filters of the repository: they are programs of its choice."""
        said = await self.ask(folder, "config", "--null", "--name-only", "--get-regexp", r"^filter\.")
        drivers = sorted({name.rpartition(".")[0] for name in said.text.split("\0") if name})
        undone = [
            f"{driver}.{key}" for driver in drivers for key in ("clean", "smudge", "process", "required")
        ]
        env = {"GIT_CONFIG_COUNT": str(len(undone))}
        for number, name in enumerate(undone):
            env[f"GIT_CONFIG_KEY_{number}"] = name
            env[f"GIT_CONFIG_VALUE_{number}"] = "false" if name.endswith(".required") else ""
        return replace(self, env={**self.env, **env})

    async def ask(self, folder: Path, *arguments: str) -> Answer:
        """Run one command to its end.

        Raises:
            CheckFailed: It did not end in a minute.
        """
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S), self._running(folder, *arguments) as process:
                output, complaint = await process.communicate()
        except TimeoutError:
            raise CheckFailed(
                f"git {arguments[0]} did not end within {_ANSWER_WITHIN_S:.0f} s in '{folder}'",
                "see whether its disk answers",
            ) from None
        code = process.returncode
        return Answer(1 if code is None else code, output, complaint.decode(errors="replace").strip())

    @asynccontextmanager
    async def contents(self, repository: Path, names: Sequence[str]) -> AsyncIterator[Contents]:
        """Give the contents of objects in the order of their names."""
        async with self._running(repository, "cat-file", "--batch") as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("".join(f"{name}\n" for name in names).encode())
            process.stdin.write_eof()
            yield Contents(process.stdout)

    @asynccontextmanager
    async def _running(self, folder: Path, *arguments: str) -> AsyncIterator[Process]:
        """Run one command and give its pipes; it is killed if it has not ended by then."""
        is_fed = "--batch" in arguments
        settings = [word for setting in _OVER_THE_REPOSITORY for word in ("-c", setting)]
        parent = os.getpid()
        process = await asyncio.create_subprocess_exec(
            self.program,
            *settings,
            *arguments,
            cwd=folder,
            env=self.env,
            stdin=PIPE if is_fed else DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL if is_fed else PIPE,
            limit=_BUFFER_BYTES,
            start_new_session=True,
            preexec_fn=lambda: die_with(parent, signal.SIGKILL),
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await asyncio.shield(process.wait())


def find(env: Mapping[str, str], objects: Sequence[Path] = ()) -> Git:
    """Return git as it is to be asked.

    Args:
        env: The user's environment; only where programs and the home folder are is taken from it.
        objects: More folders of objects: those of a push that was not accepted yet.

    Raises:
        PrerequisiteMissing: It is not installed.
    """
    program = shutil.which("git", path=env.get("PATH"))
    if program is None:
        raise PrerequisiteMissing("git is not installed", "install git, or put it on the PATH")
    own = {
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(Path(__file__).with_name("gitconfig")),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": ":".join(str(path) for path in objects),
    }
    return Git(program, {**{name: env[name] for name in ("PATH", "HOME") if name in env}, **own})
