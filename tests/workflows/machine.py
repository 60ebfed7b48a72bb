"""Furnishes a checked-out folder with what `make` would install, as a machine that was used before has it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tests.sdk import nodejs

_PROGRAMS: Mapping[str, str] = {
    "clipnet-emulate": 'exec "{python}" -c "from emulator.cli import main; main()" "$@"',
    "pytest": 'exec "{python}" -m pytest "$@"',
    "vercel": 'exec "{vercel}" "$@"',
}
"""What `make` and Vercel's package would put beside the interpreter."""


def furnish(workspace: Path) -> None:
    """Make `.venv` of a checkout: the checkout's own code, then this interpreter's packages."""
    venv = workspace / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=60)
    paths = sysconfig.get_paths(vars={"base": str(venv), "platbase": str(venv)})
    packages = Path(paths["purelib"])
    (packages / "here.pth").write_text(f"{workspace}\n{sysconfig.get_path('purelib')}\n")
    values = {"python": venv / "bin" / "python", "vercel": nodejs.vercel_program()}
    for mark in ("installed", "installed-test"):
        (venv / mark).touch()
    for name, command in _PROGRAMS.items():
        program = venv / "bin" / name
        program.write_text(f"#!/bin/sh\n{command.format(**values)}\n")
        program.chmod(0o755)
