"""The whole fake on an event loop that runs only while something is asked of it, and its time by hand."""

import asyncio
import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import Message

from fakes.kit.app import FakeApp
from fakes.kit.clock import ManualClock
from fakes.kit.kit import FakeSettings
from fakes.kit.peer import Peer
from fakes.runpod.state import STAGING_KEY

Answer = tuple[int, Any]
TURNS = 40
"""Turns of the event loop after which nothing is left to do."""


@dataclass(slots=True)
class Wait:
    """A client that waits for a job's end."""

    job_id: str
    until_s: float
    task: asyncio.Task[Answer]


@dataclass(slots=True)
class Process:
    """A worker outside: what it polls for, and the jobs that it was given and has not answered."""

    id: str
    peer: Peer = field(default_factory=Peer)
    polls: list[asyncio.Task[Answer]] = field(default_factory=list)
    channel: asyncio.Task[Answer] | None = None
    held: list[str] = field(default_factory=list)


class Stage:
    """One fake, its folder and its clock; it can be started again."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="runpod-"))
        self.clock = ManualClock()
        self.app = self._started()

    def restart(self) -> None:
        """End the process, and begin another one with the same folder."""
        self.loop.run_until_complete(self.app.close())
        self.settle()
        self.app = self._started()

    def close(self) -> None:
        """Leave nothing behind."""
        self.loop.run_until_complete(self.app.close())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.settle()
        self.loop.close()
        shutil.rmtree(self.folder)

    def send(
        self, method: str, path: str, body: Any = None, peer: Peer | None = None
    ) -> asyncio.Task[Answer]:
        """Send a request, and do not wait for its answer."""
        return self.loop.create_task(_answered(self.app, method, path, body, peer or Peer()))

    def ask(self, method: str, path: str, body: Any = None, peer: Peer | None = None) -> Answer:
        """Send a request and wait for its answer."""
        return self.loop.run_until_complete(_answered(self.app, method, path, body, peer or Peer()))

    def settle(self) -> None:
        """Let everything happen that is ready to."""

        async def turns() -> None:
            for _ in range(TURNS):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())

    def _started(self) -> FakeApp:
        settings = FakeSettings(public_urls={"runpod": "http://runpod.test"}, state_dir=self.folder)

        async def start() -> FakeApp:
            return FakeApp("runpod", settings, self.clock)

        return self.loop.run_until_complete(start())


async def _answered(app: FakeApp, method: str, path: str, body: Any, peer: Peer) -> Answer:
    """The fake's answer to a request, as an HTTP server would get it."""
    path, _, query = path.partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"authorization", f"Bearer {STAGING_KEY}".encode()), (b"host", b"runpod.test")],
        "client": ("127.0.0.1", 1),
        "server": ("runpod.test", 80),
        "state": {"peer": peer},
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    said = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(said) if said else None
