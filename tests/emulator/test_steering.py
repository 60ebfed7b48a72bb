"""The supervisor's socket: requests, answers line by line, errors, callers that hang up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import CheckFailed, StackNotRunning, SupervisorLost
from emulator.statefolder import StateFolder
from emulator.steering import Listener, Serve, Tell, connect


@asynccontextmanager
async def listening(path: Path, serve: Serve) -> AsyncIterator[StateFolder]:
    folder = StateFolder(path)
    folder.create()
    listener = Listener(folder, serve)
    await listener.open()
    try:
        yield folder
    finally:
        await listener.close()


async def asked(folder: StateFolder, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    def ask() -> list[dict[str, Any]]:
        with connect(folder) as steering:
            return list(steering.ask(request))

    return await asyncio.to_thread(ask)


async def echo(request: Mapping[str, Any], tell: Tell) -> None:
    tell({"line": "working"})
    await asyncio.sleep(0)
    tell({"done": dict(request)})


async def test_an_answer_comes_line_by_line_until_it_is_done(tmp_path: Path) -> None:
    async with listening(tmp_path / "default", echo) as folder:
        assert await asked(folder, {"do": "this"}) == [{"line": "working"}, {"done": {"do": "this"}}]


async def test_a_state_folder_may_lie_deep(tmp_path: Path) -> None:
    async with listening(tmp_path / ("d" * 100) / ("e" * 100) / "default", echo) as folder:
        assert (await asked(folder, {}))[-1] == {"done": {}}


async def test_nobody_else_may_use_the_socket(tmp_path: Path) -> None:
    async with listening(tmp_path / "default", echo) as folder:
        assert folder.control.stat().st_mode & 0o777 == 0o600


async def test_an_error_is_the_last_message(tmp_path: Path) -> None:
    async def refuse(_request: Mapping[str, Any], _tell: Tell) -> None:
        raise CheckFailed("no", "try again")

    async with listening(tmp_path / "default", refuse) as folder:
        [message] = await asked(folder, {})

    assert message["error"] == {"code": "CheckFailed", "exit_code": 1, "what": "no", "hint": "try again"}


async def test_who_hangs_up_takes_the_request_back(tmp_path: Path) -> None:
    began, undone = asyncio.Event(), asyncio.Event()

    async def work(_request: Mapping[str, Any], tell: Tell) -> None:
        tell({"line": "began"})
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            undone.set()

    def ask_and_leave(folder: StateFolder) -> None:
        with connect(folder) as steering:
            assert next(iter(steering.ask({}))) == {"line": "began"}

    async with listening(tmp_path / "default", work) as folder:
        await asyncio.to_thread(ask_and_leave, folder)
        async with asyncio.timeout(5):
            await began.wait()
            await undone.wait()


async def test_a_supervisor_that_ends_takes_back_what_it_does(tmp_path: Path) -> None:
    began, undone = asyncio.Event(), asyncio.Event()

    async def work(_request: Mapping[str, Any], _tell: Tell) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            undone.set()

    async with listening(tmp_path / "default", work) as folder:
        asking = asyncio.create_task(asked(folder, {}))
        await began.wait()
    assert undone.is_set()
    with pytest.raises(SupervisorLost, match="'default' ended before it had answered"):
        await asking


async def test_without_a_supervisor_there_is_no_stack(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "qa1")
    folder.create()
    with pytest.raises(StackNotRunning, match="stack 'qa1' is not running"):
        connect(folder)
    folder.control.touch()
    with pytest.raises(StackNotRunning, match="stack 'qa1' is not running"):
        connect(folder)


async def test_what_a_killed_supervisor_left_is_no_obstacle(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "default")
    folder.create()
    folder.control.touch()
    async with listening(folder.path, echo):
        assert (await asked(folder, {}))[-1] == {"done": {}}


async def test_a_request_that_is_no_map_is_refused(tmp_path: Path) -> None:
    async with listening(tmp_path / "default", echo) as folder:

        def send() -> bytes:
            with connect(folder) as steering:
                steering._link.sendall(b"[1]\n")
                return steering._link.recv(4096)

        assert b"the request cannot be read: it is no map" in await asyncio.to_thread(send)
