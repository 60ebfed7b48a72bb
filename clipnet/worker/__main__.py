"""`python -m clipnet.worker [--take-over | --standby]`: the one worker.

With `--standby`, it waits until the worker that is there has ended; with `--take-over`, it ends that one.

Exit codes: 0 stopped on request, 1 broke, 2 the environment cannot be used, 3 database or Redis did not come,
4 another worker is running, 5 another worker took over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from clipnet import log
from clipnet.settings import SettingsError

BAD_SETTINGS = 2
FLAGS = ("--take-over", "--standby")


def main(arguments: list[str]) -> int:
    """Run the worker with the process's environment; return its exit code."""
    from clipnet.worker import program

    logging.getLogger("urllib3").setLevel(logging.ERROR)
    log.configure("worker", os.environ.get("LOG_FORMAT", "json"))
    if (wrong := _wrong(arguments)) is not None:
        log.log.error("worker not started", extra={"reason": wrong})
        return BAD_SETTINGS
    try:
        settings, options = program.environment(os.environ)
    except SettingsError as error:
        log.log.error("worker not started", extra={"reason": str(error)})
        return BAD_SETTINGS
    start = program.Start.ALONE
    if arguments:
        start = program.Start.STANDBY if arguments[0] == "--standby" else program.Start.TAKE_OVER
    return asyncio.run(program.run(settings, options, start))


def _wrong(arguments: list[str]) -> str | None:
    unknown = [argument for argument in arguments if argument not in FLAGS]
    if unknown:
        return f"unknown argument {unknown[0]!r}; there is {' and '.join(FLAGS)}"
    return f"{' and '.join(FLAGS)} exclude each other: give one" if len(set(arguments)) > 1 else None


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # everything is closed; tearing down the interpreter would only take a quarter of a second
