"""Starts one child process so that it can be found, stopped and cleaned up with everything below it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_HARD_WITHIN_S = 1.0
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Command:
    """What to start and how to end it."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    stop_within_s: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    """Sent to the child when the supervisor dies."""
    hard_signal: signal.Signals = signal.SIGKILL
    """Sent instead of the stop signal when there is no time."""
    stdin: Path = Path(os.devnull)
    become: Callable[[], None] | None = None
    """Run in the child before the program, for example to give up root."""


class Child:
    """A process in a group of its own. What is left of the group is killed when it ends."""

    def __init__(self, process: subprocess.Popen[bytes], command: Command) -> None:
        self.pid = process.pid
        self._process = process
        self._command = command
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pidfd = os.pidfd_open(self.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_exit)

    @property
    def has_ended(self) -> bool:
        """True once the process is gone."""
        return self._ended.done()

    async def wait(self) -> int:
        """Return the exit code once the process has ended; 128 + signal if one ended it."""
        return await asyncio.shield(self._ended)

    async def stop(self, *, hard: bool = False) -> int:
        """Send the stop signal, and SIGKILL to the whole group when its time is over."""
        if not self._ended.done():
            self._process.send_signal(self._command.hard_signal if hard else self._command.stop_signal)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HARD_WITHIN_S if hard else self._command.stop_within_s):
                return await self.wait()
        self._kill_group()
        return await self.wait()

    def _on_exit(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._kill_group()
        code = self._process.wait()
        if not self._ended.done():
            self._ended.set_result(128 - code if code < 0 else code)

    def _kill_group(self) -> None:
        """Kill what is in the group. Safe against reused pids: the leader is not reaped before."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


def spawn(command: Command) -> Child:
    """Start a command; its output goes to its log file."""
    become = command.become
    parent = os.getpid()

    def in_child() -> None:
        if become is not None:
            become()
        die_with(parent, command.death_signal)

    with command.log.open("ab") as log, command.stdin.open("rb") as stdin:
        process = subprocess.Popen(
            command.argv,
            env=dict(command.env),
            cwd=command.cwd,
            stdin=stdin,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=in_child,  # takes no lock and imports nothing: threads of the supervisor do no harm
        )
    return Child(process, command)


def die_with(parent: int, number: signal.Signals) -> None:
    """Have the kernel send this process a signal when its parent dies.

    Call it last: a change of identity undoes it.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Let descendants whose parent died become children of this process, so that none escapes."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def call(function: str, *arguments: Any) -> None:
    """Call a function of libc that answers 0, or raise OSError."""
    if getattr(_LIBC, function)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{function}: {os.strerror(code)}")


async def run(command: Command) -> int:
    """Run a command to its end and return its exit code; kill it when the wait is cancelled."""
    child = spawn(command)
    try:
        return await child.wait()
    finally:
        if not child.has_ended:
            await child.stop(hard=True)
