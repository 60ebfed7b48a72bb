"""The examples do what they say: the project's tests pass, the handler serves the stack."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.testing.access import Clipnet

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = EXAMPLES / "pytest"


def run_pytest(*arguments: str, env: dict[str, str]) -> str:
    """Run the example's tests in a process of their own and return what pytest said at its end."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", *arguments],
        cwd=EXAMPLE,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_the_example_passes_with_a_stack_of_its_own() -> None:
    assert run_pytest(env={}).startswith("5 passed")


def test_the_example_passes_with_a_running_stack(clipnet: Clipnet) -> None:
    parts = clipnet.parts

    said = run_pytest("--clipnet-stack", parts.stack, env={"CLIPNET_STATE_DIR": str(parts.state_dir.parent)})

    assert said.startswith("5 passed")


def test_the_example_handler_transcribes_for_a_running_stack(clipnet: Clipnet, tmp_path: Path) -> None:
    with handler_of(clipnet, tmp_path):
        clipnet.reset()  # which the handler outlives
        cleo = clipnet.sign_up("cleo@example.test")
        clip = clipnet.upload(cleo, clipnet.video("forecast"))
        ready = clipnet.wait_until(cleo, clip["id"])

    assert ready["transcript"].endswith(" bytes of sound")


@contextmanager
def handler_of(clipnet: Clipnet, folder: Path) -> Iterator[None]:
    """Run the example's handler for the stack's Whisper."""
    parts = clipnet.parts
    command = [sys.executable, "-m", "emulator", "env", "--attach", "whisper", "--stack", parts.stack]
    env = {**os.environ, "CLIPNET_STATE_DIR": str(parts.state_dir.parent), "HOME": str(folder)}
    told = subprocess.run([*command, "--json"], env=env, capture_output=True, check=True, timeout=60)
    handler = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "runpod" / "handler.py")],
        env=env | json.loads(told.stdout),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        clipnet.wait_for(lambda: clipnet.fake("runpod").requests(path="/job-take/"), "the handler's poll")
        yield
    finally:
        os.killpg(handler.pid, signal.SIGKILL)
        handler.wait()
