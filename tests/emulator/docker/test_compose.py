"""Calling Compose: what it is given, where its output goes, and that it does not outlive the call."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from emulator.docker.compose import call
from emulator.docker.engine import Engine
from emulator.errors import Interrupted, StartFailed
from emulator.launch import interruptible
from emulator.processes import process
from tests.emulator.project import wait_for

_TWO_THAT_WAIT = 'sleep 60 & echo "$$ $!" >"$PIDS"; wait'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs/compose.log"


def engine(script: str, **env: str) -> Engine:
    """An engine whose Compose is a shell script."""
    path = os.environ["PATH"]
    return Engine(
        Path("/nowhere"), "20.10", "1.41", ("/bin/sh", "-c", script, "sh"), "2.26", {"PATH": path, **env}
    )


def build(compose: Engine, log: Path, *, within_s: float = 30, **env: str) -> None:
    call(compose, ("build", "api"), doing="building api", log=log, env=env, within_s=within_s)


def pids(path: Path) -> list[int]:
    """Return the pids of the script and of what it started, once they are written down."""
    wait_for(lambda: path.is_file() and path.read_text().endswith("\n"), "both have started")
    return [int(word) for word in path.read_text().split()]


def test_arguments_and_environment_reach_compose_and_its_output_is_kept(log: Path) -> None:
    for name in ("first", "second"):
        build(engine('echo "$KEPT $NAME: $*"', KEPT="yes", NAME="?"), log, NAME=name)

    assert log.read_text() == "yes first: build api\nyes second: build api\n"


def test_only_what_the_failing_call_said_is_quoted(log: Path) -> None:
    build(engine("echo of the call before"), log)

    with pytest.raises(StartFailed) as failed:
        build(engine("echo the reason; exit 3"), log)

    assert failed.value.what == "building api failed:\n  the reason"
    assert failed.value.hint == f"all of it is in {log}"


def test_a_call_that_takes_too_long_is_ended_with_all_that_it_started(log: Path, tmp_path: Path) -> None:
    with pytest.raises(StartFailed) as failed:
        build(engine(_TWO_THAT_WAIT, PIDS=str(tmp_path / "pids")), log, within_s=1)

    assert failed.value.what == "building api was not done after 1 s"
    wait_for(lambda: not any(process(pid) for pid in pids(tmp_path / "pids")), "all have ended")


def test_a_signal_ends_it_with_all_that_it_started(log: Path, tmp_path: Path) -> None:
    def interrupt() -> None:
        pids(tmp_path / "pids")
        os.kill(os.getpid(), signal.SIGTERM)

    with interruptible(), pytest.raises(Interrupted):
        thread = threading.Thread(target=interrupt)
        thread.start()
        build(engine(_TWO_THAT_WAIT, PIDS=str(tmp_path / "pids")), log)

    thread.join()
    wait_for(lambda: not any(process(pid) for pid in pids(tmp_path / "pids")), "all have ended")
