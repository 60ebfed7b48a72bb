"""Servers for the whole folder, videos made once, and a fresh world for each test."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from clipnet.worker.ffmpeg import executable
from fakes import FAKES
from tests import servers
from tests.clipnet.worker.control import reset
from tests.clipnet.worker.world import SPEECH, World, made
from tests.fakes.serving import Served, served_by_process


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with servers.redis() as url:
        yield url


@pytest.fixture(scope="session")
def fakes_process() -> Iterator[Served]:
    with served_by_process(*FAKES, env={"SPEECH_DIR": str(SPEECH)}) as fakes:
        yield fakes


@pytest.fixture
def fakes(fakes_process: Served) -> Served:
    for name in FAKES:
        reset(fakes_process, name)
    return fakes_process


@pytest.fixture
async def world(postgres_url: str, redis_url: str, fakes: Served, tmp_path: Path) -> AsyncIterator[World]:
    async with made(postgres_url, redis_url, fakes, tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Videos:
    return Videos(tmp_path_factory.mktemp("videos"))


class Videos:
    """Small videos, made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def spoken(self, speech: str = "goal") -> Path:
        """Moving test picture with known speech, as long as that (`-shortest` overshoots by chance)."""
        length_s = json.loads((SPEECH / "transcript.json").read_text())[f"{speech}.opus"]["duration_s"]
        return self.make(
            f"{speech}.mp4",
            *("-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={length_s}"),
            *("-i", str(SPEECH / f"{speech}.opus")),
            *("-t", str(length_s), "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac"),
        )

    def silent(self, seconds: float = 2, size: str = "320x240") -> Path:
        """A picture without sound."""
        return self.make(
            f"silent-{seconds}-{size}.mp4",
            *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}"),
            *("-c:v", "libx264", "-preset", "ultrafast"),
        )

    def sound_only(self) -> Path:
        """Sound without a picture."""
        return self.make("sound.mp4", "-i", str(SPEECH / "goal.opus"), "-c:a", "aac")

    def make(self, name: str, *arguments: str) -> Path:
        """Run FFmpeg unless the file is there."""
        path = self._folder / name
        if not path.exists():
            command = [executable(), "-y", "-v", "error", *arguments, str(path)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return path
