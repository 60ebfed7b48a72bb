"""A stack of its own for a test session: on free ports, in a temporary folder, gone at the end."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import StartFailed
from emulator.parts import Parts, running
from emulator.settings import Settings, load

NAME = "pytest"
START_WITHIN_S: Mapping[str, float] = {"embedded": 90.0, "docker": 900.0}
"""By runtime; Docker may have to fetch and build images first."""

STOP_WITHIN_S = 60.0
_PR_SET_PDEATHSIG = 1
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class OwnStack:
    """A stack that was started for this session, with the process that holds it."""

    parts: Parts
    settings: Settings
    process: subprocess.Popen[bytes]


@contextmanager
def own_stack(
    project: Path, env: Mapping[str, str], seed: str = "small", runtime: str = "embedded"
) -> Iterator[OwnStack]:
    """Start a stack and stop it at the end.

    It runs the project's compose.yaml and compose.override.yaml, if there are any. It ends with this process,
    even if that is killed (volumes in Docker then stay until the next such start). Nothing survives a power
    loss: fsync is off.

    Raises:
        StartFailed: It did not come up; its words are quoted.
    """
    folder = Path(tempfile.mkdtemp(prefix="clipnet-"))
    own = {"CLIPNET_STATE_DIR": str(folder), "CLIPNET_STACK": NAME, "CLIPNET_RUNTIME": runtime}
    environment = {**env, **own, "CLIPNET_FSYNC": "off"}
    if runtime == "docker":
        _remove_volumes_of_killed_sessions(environment)
    output, errors = folder / "up.json", folder / "up.txt"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "up", "--seed", seed, "--json"],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
            preexec_fn=_ends_with_us(os.getpid()),
        )
    try:
        _wait_until_up(process, output, errors, START_WITHIN_S[runtime])
        settings = load(environment, project)
        yield OwnStack(running(settings), settings, process)
    finally:
        _stop(process)
        if runtime == "docker":
            _wipe(project, environment)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_up(process: subprocess.Popen[bytes], output: Path, errors: Path, within_s: float) -> None:
    """Wait for the JSON that `up` prints when all is healthy and the seed is loaded."""
    deadline = time.monotonic() + within_s
    while not _is_up(output.read_text()):
        if process.poll() is not None:
            said = errors.read_text().strip()
            raise StartFailed(
                f"the stack for the tests did not start (exit code {process.returncode}):\n{said}"
            )
        if time.monotonic() > deadline:
            raise StartFailed(f"the stack for the tests was not up after {within_s} s:\n{errors.read_text()}")
        time.sleep(_POLL_S)


def _is_up(text: str) -> bool:
    """Tell whether `up` has printed its table; an error is JSON too."""
    try:
        body, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return False
    return "services" in body


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wipe(project: Path, environment: Mapping[str, str]) -> None:
    """Remove the volumes that a stack in Docker keeps."""
    subprocess.run(
        [sys.executable, "-m", "emulator", "down", "--wipe"],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=STOP_WITHIN_S,
        check=False,
    )


def _remove_volumes_of_killed_sessions(env: Mapping[str, str]) -> None:
    from contextlib import closing

    from emulator.docker.engine import find
    from emulator.testing.leftovers import remove_leftovers

    with closing(find(env).client()) as client:
        remove_leftovers(client.api)


def _ends_with_us(parent: int) -> Callable[[], None]:
    """Return what the child does before exec: have itself ended when the process that started it dies."""
    libc = ctypes.CDLL(None)

    def set_up() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return set_up
