"""The example project's tests pass, with a stack of their own and with one that runs already."""

import os
import subprocess
import sys
from pathlib import Path

from emulator.testing.access import Clipnet

EXAMPLE = Path(__file__).parents[2] / "examples" / "pytest"


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
