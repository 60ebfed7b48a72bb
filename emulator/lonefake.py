"""`fake NAME`: serves one fake alone, as the stack would, with nothing kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from tempfile import TemporaryDirectory
from time import monotonic, sleep

from emulator import attaching
from emulator.control import ask
from emulator.environment import inherited
from emulator.errors import CheckFailed, ConfigurationRefused, Interrupted
from emulator.launch import interruptible
from emulator.plan import plan, speech_dir
from emulator.ports import refuse_taken
from emulator.runtimes.spawn import die_with
from emulator.settings import Settings

_END_WITHIN_S = 10
_READY_WITHIN_S = 20.0
_PAUSE_S = 0.02
Show = Callable[[Mapping[str, Mapping[str, str]]], None]


def serve(
    settings: Settings,
    name: str,
    port: int | None,
    env: Mapping[str, str],
    *,
    attached: Sequence[str] = (),
    show: Show = lambda _envs: None,
) -> int:
    """Serve a fake until it ends or this process is interrupted; return its exit code.

    Its port is that of the stack unless one is given. `show` is told what workers for the endpoints in
    `attached` are started with, once they can be.

    Raises:
        ConfigurationRefused: There is no such fake, or no such endpoint to attach to.
        PortTaken: The port is in use.
        CheckFailed: The fake did not answer in time.
    """
    planned = plan(settings)
    service = planned.topology.service("fakes")
    fakes = [known.name for known in service.ports]
    if name not in fakes:
        raise ConfigurationRefused(f"there is no fake '{name}'", f"fakes: {', '.join(fakes)}")
    if attached:
        attaching.check(name)
    chosen = port or planned.ports[name]
    refuse_taken({name: chosen}, settings.stack, settings.variables, flag="--port")
    api = f"http://127.0.0.1:{planned.ports[planned.topology.service('api').ports[0].name]}"
    own = {
        "FAKES_HOST": "127.0.0.1",
        "FAKES_PORTS": f"{name}={chosen}",
        "SPEECH_DIR": speech_dir(),
        "REDIRECT_URIS_BASE": api,
        "FAKES_API_URL": api,
        "BLOBS_URL": service.environment.get("BLOBS_URL", ""),
        "FAKES_TIMING": service.environment.get("FAKES_TIMING", ""),
    }
    with TemporaryDirectory(prefix="clipnet-fake-") as folder:
        own |= {"FAKES_STATE_DIR": folder, "BLOBS_DIR": f"{folder}/blobs", "TMPDIR": folder}
        if not attached:
            return _run({**inherited(env), **own}, None, lambda _process: None)

        def attach(process: subprocess.Popen[bytes]) -> None:
            _wait_until_ready(name, chosen, process)
            if process.poll() is None:
                show(attaching.on_purpose(chosen, attached))

        return _run({**inherited(env), **own}, sys.stderr.fileno(), attach)


def _run(
    env: Mapping[str, str], output: int | None, started: Callable[[subprocess.Popen[bytes]], None]
) -> int:
    """Run the process of the fakes, which ends with this one.

    Args:
        env: Its environment.
        output: The file that it writes to; this process's standard output if None.
        started: Called once it runs.
    """
    with interruptible():
        process = subprocess.Popen(
            (sys.executable, "-m", "fakes"),
            env=dict(env),
            stdout=output,
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid(), signal.SIGKILL),
        )
        try:
            started(process)
            return process.wait()
        except Interrupted:
            process.terminate()
            process.wait(_END_WITHIN_S)
            raise
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(name: str, port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a fake answers, or has ended.

    Raises:
        CheckFailed: It does neither.
    """
    late_s = monotonic() + _READY_WITHIN_S
    while process.poll() is None:
        try:
            ask(name, port, "GET", "health")
        except CheckFailed:
            if monotonic() > late_s:
                raise
            sleep(_PAUSE_S)
        else:
            return
