"""`fake NAME`: serves one fake alone, as the stack would, with nothing kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from tempfile import TemporaryDirectory

from emulator.environment import inherited
from emulator.errors import ConfigurationRefused, Interrupted
from emulator.launch import interruptible
from emulator.plan import plan, speech_dir
from emulator.ports import refuse_taken
from emulator.runtimes.spawn import die_with
from emulator.settings import Settings

_END_WITHIN_S = 10


def serve(settings: Settings, name: str, port: int | None, env: Mapping[str, str]) -> int:
    """Serve a fake until it ends or this process is interrupted; return its exit code.

    Its port is that of the stack unless one is given.

    Raises:
        ConfigurationRefused: There is no such fake.
        PortTaken: The port is in use.
    """
    planned = plan(settings)
    service = planned.topology.service("fakes")
    fakes = [known.name for known in service.ports]
    if name not in fakes:
        raise ConfigurationRefused(f"there is no fake '{name}'", f"fakes: {', '.join(fakes)}")
    chosen = port or planned.ports[name]
    refuse_taken({name: chosen}, settings.stack, flag="--port")
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
        return _run({**inherited(env), **own})


def _run(env: Mapping[str, str]) -> int:
    """Run the process of the fakes with this one's output; it ends with this one."""
    with interruptible():
        process = subprocess.Popen(
            (sys.executable, "-m", "fakes"),
            env=dict(env),
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid(), signal.SIGKILL),
        )
        try:
            return process.wait()
        except Interrupted:
            process.terminate()
            process.wait(_END_WITHIN_S)
            raise
        finally:
            process.kill()
            process.wait()
