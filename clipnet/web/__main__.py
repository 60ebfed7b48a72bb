"""Serves the frontend on HOST:PORT until it is told to stop: `python -m clipnet.web`."""

import asyncio
import json
import os
import sys

from clipnet.serve import serve
from clipnet.web.app import BadSetting, create, load


def main() -> int:
    """Exit code 0 after a stop on command, 2 for a bad setting."""
    try:
        settings = load(os.environ)
    except BadSetting as error:
        line = {"level": "error", "event": "bad setting", "service": "web", "error": str(error)}
        sys.stdout.write(json.dumps(line) + "\n")
        return 2
    asyncio.run(serve(create(settings), settings.host, settings.port, grace_s=settings.stop_grace_s))
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # everything is closed; tearing down the interpreter would only take time
