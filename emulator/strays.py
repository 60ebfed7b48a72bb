"""Finds and ends what a killed supervisor left behind."""

from __future__ import annotations

import os
import select
import shutil
import signal
from contextlib import suppress

from emulator.errors import StackBusy
from emulator.processes import Process, marked
from emulator.statefolder import StateFolder

_WITHIN_S = 5.0


def clear(folder: StateFolder) -> tuple[Process, ...]:
    """End every process of a stack that has no supervisor, and empty its temporary folder.

    A database is given the time to write down what it knows, so that it need not recover. Hold the stack's
    lock while calling this.

    Raises:
        StackBusy: One of them cannot be ended.
    """
    found = marked(folder.path)
    pids = {process.pid for process in found}
    databases = [process for process in found if process.is_postgres and process.parent not in pids]
    for process in found:
        if not process.is_postgres:
            end(process, signal.SIGKILL)
    for process in databases:
        end(process, signal.SIGINT)
    for process in marked(folder.path):
        end(process, signal.SIGKILL)
    empty(folder)
    return found


def end(process: Process, number: signal.Signals) -> None:
    """Send one process a signal and wait until it is gone; after SIGKILL it must be.

    Raises:
        StackBusy: It was killed and is still there.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, number)
        is_gone = bool(select.select([descriptor], [], [], _WITHIN_S)[0])
    finally:
        os.close(descriptor)
    if not is_gone and number is signal.SIGKILL:
        raise StackBusy(
            f"process {process.pid} ({process.command}) of an earlier run did not end "
            f"within {_WITHIN_S:g} s after SIGKILL",
            "it may hang in the kernel: look at it with ps, then try again",
        )


def empty(folder: StateFolder) -> None:
    """Remove the services' temporary files."""
    with suppress(FileNotFoundError):
        for entry in os.scandir(folder.tmp):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)
