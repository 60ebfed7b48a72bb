"""A fake is asked and told over HTTP, also while it starts again."""

from __future__ import annotations

import asyncio
import io
import tarfile
from pathlib import Path

import pytest

from emulator.errors import CheckFailed
from emulator.platforms.feed import Feed, Pace, Said
from fakes.kit.server import listen
from tests.emulator.platforms.conftest import until
from tests.fakes.serving import served

PACE = Pace(poll_s=1, answer_within_s=2, again_after_s=0.02, tell_within_s=0.2)


async def test_a_refusal_of_the_fake_is_told_in_its_words(tmp_path: Path) -> None:
    with served("railway", deployments="agent") as fakes:
        feed = Feed("railway", fakes.url("railway"), PACE)

        with pytest.raises(CheckFailed) as refused:
            await feed.files("none", tmp_path / "tree")

    words = "no files of deployment 'none' were handed over"
    assert words in str(refused.value)
    assert str(refused.value).startswith("fake 'railway' answered 404: ")


async def test_what_is_unpacked_is_not_run(tmp_path: Path) -> None:
    """Python looks for `traceback` when it has to show one, beside the program that fails."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        body = f"open({str(tmp_path / 'ran')!r}, 'w')".encode()
        info = tarfile.TarInfo("traceback.py")
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
        archive.addfile(tarfile.TarInfo("../out.txt"))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + packed.getvalue())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(CheckFailed, match="outside the destination"):
            await Feed("railway", f"http://127.0.0.1:{port}", PACE).files("d", tmp_path / "place" / "tree")

    assert not (tmp_path / "ran").exists()
    assert sorted(path.name for path in (tmp_path / "place").iterdir()) == ["tree", "tree.log", "tree.tar"]


async def test_a_fake_that_is_gone_is_named(tmp_path: Path) -> None:
    feed = Feed("railway", _nowhere(), PACE)

    with pytest.raises(CheckFailed, match="fake 'railway' does not answer: "):
        await feed.files("none", tmp_path / "tree")


async def test_what_cannot_be_told_in_time_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    await Feed("railway", _nowhere(), PACE).tell("d", "SUCCESS", (Said("a", "info", "deploy"),))

    assert "a deployment's progress was not told" in caplog.messages


async def test_what_is_refused_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with served("railway", deployments="agent") as fakes:
        await Feed("railway", fakes.url("railway"), PACE).tell("none", "SUCCESS", ())

    assert caplog.messages.count("a deployment's progress was refused") == 1


async def test_a_fake_that_starts_again_hears_it_then() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    sock.close()
    pace = Pace(again_after_s=0.02, tell_within_s=10)
    telling = asyncio.create_task(Feed("railway", f"http://127.0.0.1:{port}", pace).tell("d", "SUCCESS", ()))
    await asyncio.sleep(0)
    async with await asyncio.start_server(answer, "127.0.0.1", port):
        await until(lambda: seen, lambda: "nothing told")
        await telling

    assert seen[0].startswith(b"POST /_fake/deployments/d HTTP/1.1\r\n")


def _nowhere() -> str:
    sock = listen("127.0.0.1", 0)
    port = sock.getsockname()[1]
    sock.close()
    return f"http://127.0.0.1:{port}"
