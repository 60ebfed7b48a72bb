"""Runs scripts by Node.js with the client libraries of `tests/sdk/node`, which `make test` installs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent / "node"
_DEADLINE_S = 60
_PROGRAM = """
const fails = (promise) => promise.then(() => null, (error) => error.error || error);
(async () => {{ {script} }})().then(
  (result) => console.log(JSON.stringify(result === undefined ? null : result)),
  (error) => {{ console.error(error); process.exit(1); }}
);
"""


def run(script: str, env: Mapping[str, str]) -> Any:
    """What the body of an async function returns; `fails(promise)` gives the error of what must fail."""
    done = node(["-e", _PROGRAM.format(script=script)], env, _DEADLINE_S)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def node(
    arguments: Sequence[str], env: Mapping[str, str], deadline_s: float
) -> subprocess.CompletedProcess[str]:
    """Run Node.js beside its libraries, to its end; skips the test where they are missing."""
    program = shutil.which("node")
    if program is None or not (FOLDER / "node_modules").is_dir():
        pytest.skip("Node.js or its libraries are missing: npm ci --prefix tests/sdk/node")
    return subprocess.run(
        [program, *arguments],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
    )
