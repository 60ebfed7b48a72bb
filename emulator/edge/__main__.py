"""Runs the edge until SIGTERM or SIGINT: `python -m emulator.edge`."""

import asyncio
import gc
import json
import os
import signal
import sys
import time

from emulator.edge.journal import timestamp
from emulator.edge.routes import BadRoute
from emulator.edge.server import edge
from emulator.edge.settings import BadSetting, EdgeSettings, load


def main() -> int:
    """Exit code 0 after a stop on command, 1 if a port is taken, 2 for a bad setting."""
    try:
        settings = load(os.environ)
    except BadSetting as error:
        _say("bad setting", str(error))
        return 2
    gc.freeze()  # what was imported stays; collections look at requests only
    try:
        asyncio.run(_serve(settings))
    except BadRoute as error:
        _say("bad routes", str(error))
        return 2
    except OSError as error:
        _say("cannot listen", str(error))
        return 1
    return 0


async def _serve(settings: EdgeSettings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with edge(settings, _write) as running:
        await stopped.wait()
        await running.stop()


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


def _say(event: str, error: str) -> None:
    line = {"ts": timestamp(time.time()), "level": "error", "event": event, "service": "edge", "error": error}
    _write(json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    code = main()
    os._exit(code)  # everything is closed; tearing down the interpreter would only take time
