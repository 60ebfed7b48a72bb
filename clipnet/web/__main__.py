"""Serves the frontend on HOST:PORT until it is told to stop: `python -m clipnet.web`.

`python -m clipnet.web build [DIR]` writes files instead, where `vercel deploy --prebuilt` looks for them.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from clipnet.serve import serve
from clipnet.web.app import BadSetting, WebSettings, create, load
from clipnet.web.export import NotOurs, export

BUILT = Path(".vercel/output")
BROKEN = 1
BAD_SETTING = 2


def main(arguments: list[str]) -> int:
    """Exit code 0 after a stop on command or a build, 1 if that cannot be written, 2 for a bad setting."""
    try:
        settings = load(os.environ)
    except BadSetting as error:
        return _fail("bad setting", str(error), BAD_SETTING)
    match arguments:
        case []:
            asyncio.run(serve(create(settings), settings.host, settings.port, grace_s=settings.stop_grace_s))
            return 0
        case ["build"]:
            return _build(settings, BUILT)
        case ["build", folder]:
            return _build(settings, Path(folder))
        case _:
            words = f"{' '.join(arguments)!r} is neither nothing, which serves, nor: build [DIR]"
            return _fail("bad arguments", words, BAD_SETTING)


def _build(settings: WebSettings, folder: Path) -> int:
    try:
        export(settings, folder)
    except (NotOurs, OSError) as error:
        return _fail("not built", str(error), BROKEN)
    _say(
        {
            "level": "info",
            "event": "built",
            "service": "web",
            "folder": str(folder),
            "version": settings.version,
        }
    )
    return 0


def _fail(event: str, words: str, code: int) -> int:
    _say({"level": "error", "event": event, "service": "web", "error": words})
    return code


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # everything is closed; tearing down the interpreter would only take time
