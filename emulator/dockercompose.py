"""Calls Compose: its output goes to a log, and a failure is put into words."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.dockerengine import Engine
from emulator.dockererrors import in_words
from emulator.errors import StartFailed
from emulator.statefolder import writing


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

    Raises:
        EmulatorError: It failed, or was not done in time.
    """
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        file = log.open("ab+")
    with file:
        began = file.seek(0, 2)
        try:
            done = subprocess.run(
                [*engine.compose, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**engine.env, **env},
                timeout=within_s,
            )
        except subprocess.TimeoutExpired as error:
            raise StartFailed(
                f"{doing} was not done after {within_s:g} s", f"its output is in {log}"
            ) from error
        if done.returncode:
            file.seek(began)
            raise in_words(file.read().decode(errors="replace"), doing, engine.address, log)
