"""What happens when somebody pushes to a stack's repository: git's hook `proc-receive`.

A branch moves only after its deployment has come to a good end; otherwise the push is refused in words.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from emulator.deployments import TICK_S, actor, follow
from emulator.errors import EmulatorError, Interrupted
from emulator.launch import interruptible
from emulator.pktline import Ended, section, write
from emulator.processes import Process, is_alive, process
from emulator.remote import patterns
from emulator.statefolder import StateFolder

_HEADS = "refs/heads/"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_LEVELS = 4
_LONGEST_REFUSAL = 1000
_QUIET_S = 10.0
"""After so long without a word, the pusher is told that the step goes on."""


@dataclass(frozen=True, slots=True)
class Command:
    """One ref that a push wants to move; all zeros stand for none."""

    old: str
    new: str
    ref: str

    @property
    def branch(self) -> str | None:
        """Its name, if it is one."""
        return self.ref.removeprefix(_HEADS) if self.ref.startswith(_HEADS) else None

    @property
    def is_deletion(self) -> bool:
        """Whether the ref is to go."""
        return not self.new.strip("0")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a command: it is deployed, refused for a reason, or let through with a word."""

    command: Command
    is_deployed: bool = False
    refusal: str = ""
    word: str = ""


def judged(commands: Sequence[Command], branches: Sequence[str]) -> tuple[Verdict, ...]:
    """Return what becomes of each command; one push deploys one branch."""
    deployed = [one for one in commands if _deploys(one, branches)]
    if len(deployed) > 1:
        names = ", ".join(str(one.branch) for one in deployed)
        refusal = f"{len(deployed)} branches of this push would be deployed: push one at a time"
        others = [one for one in commands if one not in deployed]
        return (
            *(Verdict(one, refusal=refusal, word=f"{names}: {refusal}") for one in deployed[:1]),
            *(Verdict(one, refusal=refusal) for one in deployed[1:]),
            *judged(others, branches),
        )
    return tuple(
        Verdict(one, is_deployed=True) if one in deployed else Verdict(one, word=_passed(one, branches))
        for one in commands
    )


def _deploys(command: Command, branches: Sequence[str]) -> bool:
    branch = command.branch
    return (
        branch is not None
        and not command.is_deletion
        and any(fnmatchcase(branch, pattern) for pattern in branches)
    )


def _passed(command: Command, branches: Sequence[str]) -> str:
    listed = ", ".join(branches)
    if command.branch is None:
        return f"{command.ref.removeprefix('refs/')} deploys nothing: only branches do ({listed})"
    if command.is_deletion:
        return f"{command.branch} is removed here; what serves goes on serving"
    return f"{command.branch} deploys nothing; branches that do: {listed}"


class Pusher:
    """Whoever pushes: told line by line, and watched for leaving.

    Args:
        out: What git passes on to the pusher.
        line: The descriptor that git's end of the push closes when it ends.
        processes: Those that are there as long as the push is.
    """

    def __init__(self, out: TextIO, line: int, processes: Sequence[Process] = ()) -> None:
        self._out = out
        self._processes = processes
        self._has_left = threading.Event()
        self._said_s = time.monotonic()
        self._step: str | None = None
        self._began_s = 0.0
        threading.Thread(target=self._watch, args=(line,), daemon=True).start()

    def say(self, text: str, mark: str = "") -> None:
        """Pass on lines, without anything that moves a cursor."""
        self._said_s = time.monotonic()
        lines = [f"{mark:<7}{_ESCAPES.sub('', line)}\n" for line in text.splitlines()]
        try:
            self._out.write("".join(lines))
            self._out.flush()
        except OSError:
            self._has_left.set()

    def show(self, message: Mapping[str, Any]) -> None:
        """Tell of one message of a deployment."""
        match dict(message):
            case {"queued": {"behind": behind}}:
                self.say(f"deployment {behind} is under way: this one is next")
            case {"deployment": {"number": number, "version": None, "log": log}}:
                self.say(f"deployment {number}, its log: {log}")
            case {"step": step, "state": "started"}:
                self._step, self._began_s = step, time.monotonic()
                self.say(step, "----->")
            case {"step": step, "state": state}:
                self._step = None
                self._ended(step, state, message.get("took_s"), str(message.get("detail") or ""))
            case {"line": line}:
                self.say(str(line))
            case {"cancelled": True}:
                self.say("cancelled: what served before goes on serving", " !")

    def tick(self) -> None:
        """Look whether the pusher is there, and say that a long step goes on.

        Raises:
            Interrupted: The pusher has left.
        """
        if self._has_left.is_set() or not all(is_alive(one.pid, one.started) for one in self._processes):
            raise Interrupted(signal.SIGPIPE)
        now_s = time.monotonic()
        if self._step is not None and now_s - self._said_s > _QUIET_S:
            self.say(f"{self._step}: {now_s - self._began_s:.0f} s so far")

    def _ended(self, step: str, state: str, took_s: float | None, detail: str) -> None:
        took = "" if took_s is None else f" after {took_s:.1f} s"
        word = f"{step} {state}{took}" if state != "done" else f"done{took}"
        self.say(word + (f": {detail}" if detail else ""), " !" if state == "failed" else "")

    def _watch(self, line: int) -> None:
        with suppress(OSError):
            select.select([line], [], [])
        self._has_left.set()


@dataclass(frozen=True, slots=True)
class Push:
    """One push to the repository of a stack."""

    repository: Path
    env: Mapping[str, str]
    pusher: Pusher

    def answered(self, commands: Sequence[Command]) -> Iterator[str]:
        """Do what the commands ask for, and yield the lines that git is answered with."""
        for verdict in judged(commands, patterns(self.repository, self.env)):
            command = verdict.command
            if verdict.word:
                self.pusher.say(verdict.word)
            if verdict.is_deployed:
                refusal = self._deployed(command)
                yield f"ng {command.ref} {refusal}" if refusal else f"ok {command.ref}"
            elif verdict.refusal:
                yield f"ng {command.ref} {verdict.refusal}"
            else:
                yield f"ok {command.ref}"
                yield "option fall-through"

    def _deployed(self, command: Command) -> str:
        """Deploy a branch and move it; return why not, if it does not."""
        with self._alone():
            if self._now(command.ref) != command.old:
                return "it has moved meanwhile: fetch it, and push again"
            folder = StateFolder(self.repository.parent)
            self.pusher.say(
                f"deploying {command.branch} ({command.new[:7]}) to stack {folder.path.name}", "----->"
            )
            try:
                done = follow(folder, self._request(command), self.pusher.show, self.pusher.tick)
            except EmulatorError as error:
                self.pusher.say(error.what, " !")
                if error.hint:
                    self.pusher.say(error.hint, " !")
                hint = f": {error.hint}" if error.code == "StackNotRunning" else ""
                return _one_line(f"{error.what}{hint}")
            self.pusher.say(f"release {done['release']} serves", "----->")
            return self._moved(command)

    def _request(self, command: Command) -> Mapping[str, Any]:
        return {
            "do": "deploy",
            "source": str(self.repository),
            "ref": command.new,
            "services": ["api", "worker", "web"],
            "smoke": True,
            "hold": False,
            "actor": actor(self.env),
        }

    def _moved(self, command: Command) -> str:
        done = self._git("update-ref", command.ref, command.new, command.old)
        if done.returncode == 0:
            return ""
        return _one_line(f"it is deployed, but cannot be moved here: {done.stderr.strip()}")

    def _now(self, ref: str) -> str:
        found = self._git("rev-parse", "--verify", "--quiet", ref).stdout.strip()
        return found or "0" * 40

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold back other pushes that deploy: each is judged by what the one before it made of the branch."""
        descriptor = os.open(self.repository / "deploying", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            has_said = False
            while not _locked(descriptor):
                if not has_said:
                    self.pusher.say("another push is being deployed: this one is next")
                has_said = True
                self.pusher.tick()
                time.sleep(TICK_S)
            yield
        finally:
            os.close(descriptor)

    def _git(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *words],
            cwd=self.repository,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def serve(commands: BinaryIO, answers: BinaryIO, push: Callable[[], Push]) -> None:
    """Speak with git: agree on the protocol, read the commands, carry them out, answer."""
    list(section(commands))
    write(answers, "version=1")
    wanted = [Command(*line.split(" ", 2)) for line in section(commands)]
    write(answers, *push().answered(wanted))


def main(repository: str) -> None:
    """Run the hook: git's pipes are standard input and output, the pusher reads standard error."""
    with interruptible():
        try:
            serve(
                sys.stdin.buffer,
                sys.stdout.buffer,
                lambda: Push(
                    Path(repository), os.environ, Pusher(sys.stderr, sys.stdin.fileno(), _pushing())
                ),
            )
        except EmulatorError as error:
            sys.stderr.write(f"{error.what}\n{error.hint}\n")
            sys.exit(error.exit_code)
        except (Ended, BrokenPipeError):
            sys.exit(1)
        except (Interrupted, KeyboardInterrupt):
            sys.exit(1)


def _pushing() -> tuple[Process, ...]:
    """Return git's end of the push, and `git push` above it where that runs on this machine.

    Git's end outlives a `git push` that is killed, and does not tell the hook.
    """
    above: list[Process] = []
    found = process(os.getppid())
    while found is not None and len(above) < _LEVELS:
        above.append(found)
        if len(above) > 1 and Path(found.command.partition(" ")[0]).name == "git":
            return tuple(above)
        found = process(found.parent)
    return tuple(above[:1])


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _one_line(text: str) -> str:
    """Return why a branch is refused as git prints it behind its name: git refuses what is very long."""
    line = _ESCAPES.sub("", "; ".join(text.splitlines()))
    return line if len(line) <= _LONGEST_REFUSAL else f"{line[:_LONGEST_REFUSAL]} ..."
