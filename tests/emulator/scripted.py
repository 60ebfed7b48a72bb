"""A stack that runs as far as commands can tell, with a scripted supervisor at a real socket."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.processes import process
from emulator.record import StackRecord
from emulator.statefolder import StateFolder, replace_json

Script = Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]


@dataclass
class Supervisor:
    """What was asked, and what is answered.

    Attributes:
        script: Returns the messages of an answer. One that ends with neither `done` nor `error` is followed
            by nothing until the caller takes the request back.
        after_cancel: What is said then, before the connection is closed.
        asked: The requests so far.
        is_dying: It closes the connection instead of answering.
        taken_back: Set once a caller hung up before its answer had ended.
    """

    folder: StateFolder
    script: Script = lambda _request: ()
    after_cancel: Sequence[Mapping[str, Any]] = ()
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    is_dying: bool = False
    taken_back: threading.Event = field(default_factory=threading.Event)

    def serve(self, server: socket.socket) -> None:
        """Answer until the socket is closed."""
        with suppress(OSError):
            while True:
                link, _ = server.accept()
                threading.Thread(target=self._answer, args=(link,), daemon=True).start()

    def _answer(self, link: socket.socket) -> None:
        with link, link.makefile("rb") as lines:
            request = json.loads(lines.readline())
            self.asked.append(request)
            if self.is_dying:
                return
            messages = self.script(request)
            with suppress(OSError):
                for message in messages:
                    link.sendall(json.dumps(message).encode() + b"\n")
                if messages and {"done", "error"} & set(messages[-1]):
                    return
                lines.read()
                self.taken_back.set()
                for message in self.after_cancel:
                    link.sendall(json.dumps(message).encode() + b"\n")


@contextmanager
def supervised(state_dir: Path, stack: str = "default") -> Iterator[Supervisor]:
    """Let a stack seem to run: this process is its supervisor."""
    folder = StateFolder(state_dir / stack)
    folder.create()
    me = process(os.getpid())
    assert me is not None
    folder.lock.write_text(f"{me.pid} {me.started}\n")
    record = StackRecord(stack, "embedded", "up", me.pid, me.started, ports={}, env={}, services=())
    replace_json(folder.state, record.to_json())
    supervisor = Supervisor(folder)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    descriptor = os.open(folder.path, os.O_RDONLY | os.O_DIRECTORY)
    server.bind(f"/proc/self/fd/{descriptor}/{folder.control.name}")
    os.close(descriptor)
    server.listen()
    threading.Thread(target=supervisor.serve, args=(server,), daemon=True).start()
    try:
        yield supervisor
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        folder.lock.unlink()


def step(name: str, state: str = "done", took_s: float = 0.1, detail: str = "") -> dict[str, Any]:
    """Return the message that ends a step."""
    return {"step": name, "state": state, "took_s": took_s, "detail": detail}


def started(name: str) -> dict[str, Any]:
    """Return the message that begins a step."""
    return {"step": name, "state": "started", "detail": ""}


def deployment(number: int = 4, action: str = "deploy", version: str | None = None) -> dict[str, Any]:
    """Return the message that names a deployment."""
    return {
        "deployment": {"number": number, "action": action, "version": version, "log": "/logs/deploy-4.log"}
    }


def done(release: str = "0.1.0+1f2e3d4", state: str = "live", action: str = "deploy") -> dict[str, Any]:
    """Return the message that ends a deployment well."""
    record = {"number": 4, "action": action, "release": release, "services": ["api", "worker", "web"]}
    return {"done": {**record, "state": state}}


def failed(step_name: str = "smoke") -> dict[str, Any]:
    """Return the message that ends a deployment badly."""
    what = f"deployment 4 failed at '{step_name}': no video\nrelease 0.1.0 goes on serving"
    return {
        "error": {
            "code": "DeploymentFailed",
            "exit_code": 13,
            "what": what,
            "hint": "its log is /logs/deploy-4.log",
        }
    }


GOOD = (
    deployment(),
    started("source"),
    step("source", detail="0.1.0+1f2e3d4: Mend the upload"),
    deployment(version="0.1.0+1f2e3d4"),
    started("build"),
    {"line": "Collecting fastapi"},
    step("build", took_s=4.1),
    step("compatibility", "skipped", detail="the same schema"),
    done(),
)
BAD = (
    deployment(),
    started("smoke"),
    {"line": "ok   api"},
    {"line": "FAIL worker: no video"},
    step("smoke", "failed", 3.0, "no video"),
    failed(),
)
