"""Runs scripts by Node.js with the libraries of `tests/sdk/node` and `vercel`, which `make test` installs."""

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
VERCEL = Path(__file__).parent / "vercel"
"""Vercel's program and library: in a folder of their own, as they are big."""
_DEADLINE_S = 60
_PROGRAM = """
const fails = (promise) => promise.then(() => null, (error) => error.error || error);
(async () => {{ {script} }})().then(
  (result) => console.log(JSON.stringify(result === undefined ? null : result)),
  (error) => {{ console.error(error); process.exit(1); }}
);
"""


def run(script: str, env: Mapping[str, str], libraries: Path = FOLDER) -> Any:
    """What the body of an async function returns; `fails(promise)` gives the error of what must fail."""
    done = node(["-e", _PROGRAM.format(script=script)], env, _DEADLINE_S, libraries=libraries)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def vercel_program() -> Path:
    """Vercel's command line program; skips the test where it is missing."""
    program = VERCEL / "node_modules" / ".bin" / "vercel"
    if shutil.which("node") is None or not program.exists():
        pytest.skip(f"Node.js or Vercel's program is missing: npm ci --prefix tests/sdk/{VERCEL.name}")
    return program


def node(
    arguments: Sequence[str],
    env: Mapping[str, str],
    deadline_s: float,
    *,
    libraries: Path = FOLDER,
    folder: Path | None = None,
    given: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run Node.js to its end; skips the test where its libraries are missing.

    Args:
        folder: Where it runs; None means beside its libraries.
        given: What it reads from its standard input.
    """
    program = shutil.which("node")
    if program is None or not (libraries / "node_modules").is_dir():
        pytest.skip(f"Node.js or its libraries are missing: npm ci --prefix tests/sdk/{libraries.name}")
    return subprocess.run(
        [program, *arguments],
        cwd=folder or libraries,
        input=given,
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
    )
