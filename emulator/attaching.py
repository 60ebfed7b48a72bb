"""`--attach`: what a RunPod handler of one's own is started with, so that it takes an endpoint's jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.control import ask
from emulator.errors import ConfigurationRefused

if TYPE_CHECKING:
    from emulator.stack import Stack

FAKE = "runpod"


def worker_env(port: int, endpoint: str) -> dict[str, str]:
    """Return the environment of a new worker, with an id of its own.

    Args:
        port: Where the fake listens.
        endpoint: The endpoint's id, or the name of its model.

    Raises:
        ConfigurationRefused: There is no such endpoint; the text lists them.
    """
    found: dict[str, str] = ask(FAKE, port, "POST", "workers", {"endpoint": endpoint})["env"]
    return found


def of_stack(stack: Stack, endpoint: str) -> dict[str, str]:
    """Return the environment of a new worker of a running stack; its model serves whenever none lives.

    Raises:
        ConfigurationRefused: There is no such endpoint, or the stack has no such fake.
    """
    from emulator.faults import known

    return worker_env(stack.ports[known(stack, FAKE)], endpoint)


def on_purpose(port: int, endpoints: Sequence[str]) -> dict[str, dict[str, str]]:
    """Let the jobs of these endpoints wait for workers; return the environment of one for each, by its id.

    Raises:
        ConfigurationRefused: There is no such endpoint; the text lists them.
    """
    ask(FAKE, port, "PUT", "state", {"attached": list(endpoints)})
    envs = [worker_env(port, endpoint) for endpoint in endpoints]
    return {env["RUNPOD_ENDPOINT_ID"]: env for env in envs}


def check(fake: str) -> None:
    """Refuse to attach anything to a fake that has no workers.

    Raises:
        ConfigurationRefused: It is another fake.
    """
    if fake != FAKE:
        raise ConfigurationRefused(f"nothing can be attached to fake '{fake}'", f"only {FAKE} has workers")
