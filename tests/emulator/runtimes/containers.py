"""The Docker runtime with the steps of `tests/emulator/program.py` in small containers."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from emulator.runtimes.docker import DockerRuntime
from emulator.settings import load
from emulator.statefolder import StateFolder
from emulator.topology import Service, Topology
from tests.emulator.project import PROGRAM

_BASE = "python:3.13-slim"


def docker_runtime(folder: StateFolder, services: Sequence[Service]) -> DockerRuntime:
    """Return the runtime of a stack that consists of these services.

    A service that does not run the test program is one whose image is called after what it runs instead.
    """
    file = folder.path / "compose.yaml"
    bodies = {service.name: _body(service) for service in services}
    file.write_text(json.dumps({"services": bodies}))
    topology = Topology((file,), tuple(services), "staging", "staging_clips", "staging")
    ports = {port.name: port.container for service in services for port in service.ports}
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}
    return DockerRuntime(load(env, folder.path, stack="runtime-tests"), folder, topology, ports)


def _body(service: Service) -> dict[str, Any]:
    program, *arguments = service.command
    return {
        "image": _BASE if program == "python" else program,
        "init": True,
        "command": [program, *arguments],
        "environment": {**service.environment, "HOST": "0.0.0.0"},
        "ports": [f"127.0.0.1:{port.container}:{port.container}" for port in service.ports],
        "volumes": [f"{PROGRAM}:{PROGRAM}:ro"],
    }
