"""Ctrl-C at every stage of `up` leaves no process, no port and no temporary file behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.ports import is_free
from emulator.processes import all_processes
from tests.servers import wait_until

WITHIN_S = 60.0


def marked(folder: Path) -> list[int]:
    """Return the processes whose environment names this state folder."""
    needle = str(folder).encode()
    found = []
    for pid in all_processes():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if needle in environment and pid != os.getpid():
            found.append(pid)
    return found


def left(folder: Path) -> tuple[list[int], list[int]] | None:
    """Return the processes and the ports that a stack still holds; the dying let go of them one by one."""
    named = folder / "ports.json"
    ports = json.loads(named.read_text()).values() if named.exists() else ()
    held = marked(folder), [port for port in ports if not is_free(port)]
    return held if any(held) else None


def states(folder: Path) -> dict[str, str]:
    try:
        body = json.loads((folder / "state.json").read_text())
    except (OSError, ValueError):
        return {}
    return {service["name"]: service["state"] for service in body["services"]}


pytestmark = pytest.mark.embedded("it looks at processes and ports of this machine, stage by stage")

Stage = Callable[[Path], bool]
STAGES: dict[str, Stage] = {
    "at once": lambda folder: True,
    "with the lock": lambda folder: (folder / "lock").exists(),
    "with logs": lambda folder: (folder / "logs" / "postgres.log").exists(),
    "with redis ready": lambda folder: states(folder).get("redis") == "running",
    "with postgres ready": lambda folder: states(folder).get("postgres") == "running",
    "with the fakes ready": lambda folder: states(folder).get("fakes") == "running",
    "with the api ready": lambda folder: states(folder).get("api") == "running",
    "when all is up": lambda folder: set(states(folder).values()) == {"running"},
}


def environment(folder: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}
    return {**env, "CLIPNET_STATE_DIR": str(folder), "CLIPNET_STACK": "interrupted", "CLIPNET_FSYNC": "off"}


def interrupted(tmp_path: Path, stage: str) -> tuple[int, str]:
    """Start a stack, interrupt that at a stage, and return its exit code and what it said."""
    folder = tmp_path / "interrupted"
    output = tmp_path / "up.txt"
    with output.open("wb") as out:
        up = subprocess.Popen(
            [sys.executable, "-m", "emulator", "up"],
            env=environment(tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: STAGES[stage](folder) or up.poll() is not None,
            lambda: f"stage '{stage}'; states: {states(folder)}\n{output.read_text()}",
            WITHIN_S,
        )
        up.send_signal(signal.SIGINT)
        return up.wait(WITHIN_S), output.read_text()
    finally:
        if up.poll() is None:
            up.kill()
            up.wait()


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_leaves_nothing(tmp_path: Path, stage: str) -> None:
    folder = tmp_path / "interrupted"

    code, said = interrupted(tmp_path, stage)

    assert code in (130, -signal.SIGINT), said
    wait_until(lambda: not left(folder), lambda: f"processes and ports to go: {left(folder)}", 10)
    assert list((folder / "tmp").glob("*")) == []


@pytest.mark.parametrize("stage", ["with postgres ready", "when all is up"])
def test_a_first_start_that_was_interrupted_is_seeded_by_the_next_and_only_by_it(
    tmp_path: Path, stage: str
) -> None:
    def emulate(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "emulator", *words],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    interrupted(tmp_path, stage)
    try:
        said = [emulate("up", "-d"), emulate("down"), emulate("up", "-d")]
    finally:
        emulate("down")

    assert ["log in as demo@clipnet.test" in text for text in said] == [True, False, False]
