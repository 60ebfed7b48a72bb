"""How commands speak with a stack's supervisor: one request per connection, answered by lines of JSON.

The socket `control` lies in the state folder, which lets nobody else in. A caller that hangs up takes its
request back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from emulator.errors import ConfigurationRefused, EmulatorError, StackNotRunning, SupervisorLost
from emulator.statefolder import StateFolder

log = logging.getLogger("emulator")

_LONGEST = 1024 * 1024

Tell = Callable[[Mapping[str, Any]], None]
"""Told each message of an answer."""

Serve = Callable[[Mapping[str, Any], Tell], Awaitable[None]]
"""Does what a request asks for; an EmulatorError that it raises becomes the answer's last message."""


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """Yield a name for a path that is short enough for a socket (108 bytes), however deep it lies."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Steering:
    """A connection to the supervisor. Leave its block to take back a request that is not answered yet."""

    def __init__(self, link: socket.socket, stack: str) -> None:
        self._link = link
        self._stack = stack

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def ask(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Send the one request of this connection and yield the messages of its answer as they come.

        Raises:
            SupervisorLost: It ended meanwhile.
        """
        try:
            self._link.sendall(json.dumps(request).encode() + b"\n")
            with self._link.makefile("rb") as lines:
                for line in lines:
                    message = json.loads(line)
                    yield message
                    if "done" in message or "error" in message:
                        return
        except OSError as error:
            raise self._lost() from error
        raise self._lost()

    def take_back(self) -> None:
        """Take the request back; the answer ends once what was done for it is undone."""
        with suppress(OSError):
            self._link.shutdown(socket.SHUT_WR)

    def _lost(self) -> SupervisorLost:
        return SupervisorLost(
            f"the supervisor of stack '{self._stack}' ended before it had answered",
            "see: clipnet-emulate logs supervisor",
        )


def connect(folder: StateFolder) -> Steering:
    """Return a connection to the supervisor of the stack in a state folder.

    Raises:
        StackNotRunning: There is none.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _reachable(folder.control) as name:
            link.connect(name)
    except OSError as error:
        link.close()
        raise StackNotRunning(folder.path.name) from error
    return Steering(link, folder.path.name)


class Listener:
    """Answers at the socket of a state folder."""

    def __init__(self, folder: StateFolder, serve: Serve) -> None:
        self._path = folder.control
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. What a killed supervisor left in the way is removed."""
        self._path.unlink(missing_ok=True)
        with _reachable(self._path) as name:
            before = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(self._accept, name, limit=_LONGEST)
            finally:
                os.umask(before)

    async def close(self) -> None:
        """Take back every request and wait until what they did is undone."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        except asyncio.CancelledError:
            return
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def tell(message: Mapping[str, Any]) -> None:
            if not writer.is_closing():
                writer.write(json.dumps(message).encode() + b"\n")

        work = asyncio.create_task(self._do(await reader.readline(), tell))
        hung_up = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait([work, hung_up], return_when=asyncio.FIRST_COMPLETED)
        finally:
            hung_up.cancel()
            work.cancel()
            await asyncio.gather(work, hung_up, return_exceptions=True)
        with suppress(OSError):
            await writer.drain()

    async def _do(self, line: bytes, tell: Tell) -> None:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("it is no map")
            await self._serve(request, tell)
        except ValueError as error:
            tell({"error": ConfigurationRefused(f"the request cannot be read: {error}").record()})
        except EmulatorError as error:
            tell({"error": error.record()})
        except Exception as error:
            log.exception("request broke")
            hint = "this is a bug; see: clipnet-emulate logs supervisor"
            tell({"error": SupervisorLost(f"the supervisor failed at it: {error!r}", hint).record()})
