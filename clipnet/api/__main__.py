"""Serve the API: `python -m clipnet.api`, configured by the environment (see clipnet/settings.py)."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from clipnet.settings import SettingsError, load

if TYPE_CHECKING:
    from clipnet.api.context import Context
    from clipnet.settings import Settings

WAIT_S: Final = 30.0
"""How long the database and the queue may take to answer at start."""
_EXIT_SETTINGS: Final = 2
_EXIT_UNAVAILABLE: Final = 3


def main() -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code (2: settings, 3: a part did not answer)."""
    try:
        settings = load(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"error: {error}\n")
        return _EXIT_SETTINGS
    gc.disable()  # imports make no garbage: 0.1 s less to start
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    import logging

    from clipnet.api.app import create_app
    from clipnet.api.context import Context
    from clipnet.log import configure
    from clipnet.serve import serve

    configure("api", settings.log_format)
    log = logging.getLogger("clipnet")
    context = Context(settings)
    try:
        await _prepare(context)
    except TimeoutError as error:
        log.error("not started", extra={"error": str(error)})
        await context.close()
        return _EXIT_UNAVAILABLE

    app = create_app(context)
    gc.freeze()  # what was imported stays: 0.3 s less to stop
    gc.enable()
    log.info("serving", extra={"host": settings.host, "port": settings.port})
    await serve(app, settings.host, settings.port, grace_s=settings.stop_grace_s)
    return 0


async def _prepare(context: Context) -> None:
    """Wait for the database and the queue, both at once, and bring the schema to its newest version.

    Raises:
        TimeoutError: One did not answer within `WAIT_S`; the message names it and what it said last.
    """
    from clipnet.api.health import check_database, check_redis
    from clipnet.db.migrate import migrate

    async def wait_for(part: str) -> None:
        check = {"database": check_database, "redis": check_redis}[part]
        ends = time.monotonic() + WAIT_S
        while (said := await check(context)) != "ok":
            if time.monotonic() > ends:
                raise TimeoutError(f"{part} did not answer within {WAIT_S} s (last: {said})")
            await asyncio.sleep(0.02)

    async def database() -> None:
        await wait_for("database")
        await migrate(context.engine)

    await asyncio.gather(database(), wait_for("redis"))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # everything is closed; tearing down the interpreter would only take time
