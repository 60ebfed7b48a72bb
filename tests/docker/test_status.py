"""`status` on containers says the same as on processes, also of containers whose processes are not seen."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from docker import DockerClient

from emulator import VERSION
from emulator.docker.project import Project
from emulator.docker.usage import hidden
from emulator.plan import folder_of
from emulator.record import StackRecord
from emulator.stack import status
from emulator.testing.own import OwnStack


def test_every_service_has_a_pid_a_version_an_uptime_and_memory(
    docker_stack: OwnStack, docker_engine: DockerClient
) -> None:
    found = status(docker_stack.settings)

    project = Project(docker_stack.parts.stack, docker_stack.parts.state_dir)
    assert found["runtime"] == "docker"
    ours = {row["name"]: row["version"] for row in found["services"][3:]}
    assert ours == dict.fromkeys(("fakes", "edge", "api", "worker", "web"), VERSION)
    for row in found["services"]:
        container = docker_engine.containers.get(f"{project.name}-{row['name']}-1")
        assert row["pid"] == container.attrs["State"]["Pid"]
        assert (row["state"], row["health"], row["restarts"]) == ("running", "healthy", 0)
        assert row["version"]
        assert 0 < row["uptime_s"] < 3600
        assert 0.5 < row["memory_mb"] < 1000


@pytest.mark.parametrize("pid", [2**30, os.getpid()])
def test_containers_of_processes_that_this_host_does_not_have_are_measured_by_the_engine(
    docker_stack: OwnStack, pid: int
) -> None:
    folder = folder_of(docker_stack.settings)
    record = StackRecord.read(folder)
    assert record is not None
    project = Project(record.stack, folder.path)
    elsewhere = [replace(service, pid=pid) for service in record.services]

    seen = hidden(docker_stack.settings, project, record.services)
    found = hidden(docker_stack.settings, project, elsewhere)

    assert seen == {}
    rows = {row["name"]: row for row in status(docker_stack.settings)["services"]}
    assert found.keys() == rows.keys()
    for name, usage in found.items():
        assert abs(usage.uptime_s - rows[name]["uptime_s"]) < 5
        assert usage.memory_bytes > 500_000


def test_an_engine_that_is_gone_hides_nothing_else(docker_stack: OwnStack) -> None:
    variables = {**docker_stack.settings.variables, "DOCKER_HOST": "unix:///nowhere"}

    found = status(replace(docker_stack.settings, variables=variables))

    assert [row["memory_mb"] for row in found["services"] if not row["memory_mb"]] == []
