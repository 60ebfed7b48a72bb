"""Calls Compose: its output goes to a log, and a failure is put into words."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from emulator.docker.engine import Engine
from emulator.docker.errors import in_words
from emulator.errors import StartFailed
from emulator.statefolder import writing

_END_WITHIN_S = 5.0


def call(
    engine: Engine,
    arguments: Sequence[str],
    *,
    doing: str,
    log: Path,
    env: Mapping[str, str],
    within_s: float,
) -> None:
    """Call Compose with these arguments and this environment beside the engine's own; wait for its end.

    It does not outlive the wait: on a signal or a timeout, it and what it started are ended.

    Raises:
        EmulatorError: It failed, or was not done in time.
    """
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        file = log.open("ab+")
    with file:
        began = file.seek(0, 2)
        process = subprocess.Popen(
            [*engine.compose, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env={**engine.env, **env},
            start_new_session=True,
        )
        try:
            code = process.wait(within_s)
        except subprocess.TimeoutExpired as error:
            raise StartFailed(
                f"{doing} was not done after {within_s:g} s", f"its output is in {log}"
            ) from error
        finally:
            _end(process)
        if code:
            file.seek(began)
            raise in_words(file.read().decode(errors="replace"), doing, engine.address, log)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of a group: `docker` runs Compose as a program of its own."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        pass
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
