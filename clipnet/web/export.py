"""Writes the frontend as files that Vercel serves without building anything: its Build Output API, version 3.

Source: vercel.com/docs/build-output-api/configuration.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from clipnet.web.app import STATIC, WebSettings, page_config, safe_headers


class NotOurs(Exception):
    """A folder holds something else; the text names it."""


def export(told: WebSettings, target: Path) -> None:
    """Write `config.json` and `static/` into a folder; what an earlier export left there is replaced.

    Raises:
        NotOurs: The folder holds something that is no export.
        OSError: It cannot be written.
    """
    if target.exists() and not _is_export(target):
        raise NotOurs(f"'{target}' holds something else; name a folder that is new, or empty")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as made:
        whole = Path(made) / "output"
        shutil.copytree(STATIC, whole / "static" / "static", ignore=lambda *_: ["index.html"])
        shutil.copy2(STATIC / "index.html", whole / "static")
        _write(whole / "static" / "config.json", page_config(told))
        _write(whole / "config.json", routing(told))
        if target.exists():
            target.rename(Path(made) / "before")
        whole.rename(target)


def routing(told: WebSettings) -> dict[str, Any]:
    """Return the rules: headers for all, files first, the page for whatever else is no lost file."""
    return {
        "version": 3,
        "routes": [
            {"src": "/.*", "headers": safe_headers(told), "continue": True},
            {"handle": "filesystem"},
            {"src": "/static/.*", "status": 404},
            {"src": "/.*", "dest": "/index.html"},
        ],
    }


def _is_export(folder: Path) -> bool:
    """Tell whether a folder may be replaced: it is empty, or is an export."""
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    return names <= {"builds.json", "config.json", "static"} and (not names or "config.json" in names)


def _write(path: Path, body: dict[str, Any]) -> None:
    path.write_text(json.dumps(body, indent=2) + "\n")
