"""`down`: asks the supervisor to stop everything, waits for it, and clears what an earlier crash left."""

from __future__ import annotations

import os
import select
import shutil
import signal
from contextlib import suppress
from time import monotonic

from emulator import strays
from emulator.errors import StackBusy
from emulator.plan import folder_of
from emulator.settings import Settings
from emulator.statefolder import StateFolder, holder, try_lock, writing

_STOP_WITHIN_S = 60.0


def down(settings: Settings, *, wipe: bool) -> bool:
    """Stop the stack; with `wipe` remove everything it kept. Tell whether anything was running. Idempotent.

    Raises:
        StackBusy: It is just being started or stopped by another command.
    """
    from emulator.docker.strays import clear as clear_containers

    folder = folder_of(settings)
    if not folder.path.is_dir():
        return bool(clear_containers(settings, folder, wipe=wipe))
    was_running = _end_supervisor(folder, settings.stack)
    lock = try_lock(folder.lock)
    if lock is None:
        raise StackBusy(
            f"another 'up' or 'down' of stack '{settings.stack}' is at work", "try again in a moment"
        )
    try:
        left = (*strays.clear(folder), *clear_containers(settings, folder, wipe=wipe))
        if wipe:
            with writing(folder.path):
                shutil.rmtree(folder.path)
    finally:
        os.close(lock)
    return was_running or bool(left)


def _end_supervisor(folder: StateFolder, stack: str) -> bool:
    pid = holder(folder)
    if pid is None:
        return False
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        deadline = monotonic() + _STOP_WITHIN_S
        if select.select([descriptor], [], [], deadline - monotonic())[0]:
            return True
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        if not select.select([descriptor], [], [], 5)[0]:
            raise StackBusy(
                f"the supervisor of stack '{stack}' (process {pid}) does not end", "look at it with ps"
            )
        return True
    finally:
        os.close(descriptor)
