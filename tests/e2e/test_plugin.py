"""The stack of a test session ends with the session, however that ends, and says why it could not start."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from emulator.errors import StartFailed
from emulator.testing.own import own_stack
from tests.e2e.test_interrupt import left
from tests.servers import wait_until

pytestmark = pytest.mark.embedded("tests/docker/test_plugin.py asks the same of containers")

HOLD = """
import os, sys, threading
from pathlib import Path
from emulator.testing.own import own_stack
with own_stack(Path.cwd(), os.environ, "none") as own:
    print(own.parts.state_dir, flush=True)
    threading.Event().wait()
"""


def test_a_killed_session_takes_its_stack_along(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as said:
        folder = Path(said.readline().strip())

    process.send_signal(signal.SIGKILL)
    process.wait()

    wait_until(lambda: not left(folder), lambda: f"processes and ports to go: {left(folder)}", 30)


def test_a_stack_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "x-clipnet: {environment: staging}\nservices: {api: {image: nothing}}\n"
    )

    with pytest.raises(StartFailed, match="exactly one postgres is needed"), own_stack(tmp_path, os.environ):
        pass
