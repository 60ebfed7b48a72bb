from __future__ import annotations

from pathlib import Path

import pytest

from tests.emulator.project import Project


def test_a_machine_that_has_everything(project: Project) -> None:
    found = project.json("doctor")

    names = [check["name"] for check in found["checks"]]
    assert found["ok"]
    wanted = "clipnet-emulate python postgres redis ffmpeg identity disk configuration ports docker"
    assert names == wanted.split()
    assert [check["name"] for check in found["checks"] if check["optional"]] == ["docker"]


def test_what_is_missing_is_named_with_the_next_step(project: Project, tmp_path: Path) -> None:
    project.extra_env |= {"CLIPNET_POSTGRES_BIN": str(tmp_path), "CLIPNET_REDIS_BIN": "/bin/true"}

    done = project.run("doctor")

    assert done.returncode == 1
    assert f"FAILED  postgres: there is no PostgreSQL in '{tmp_path}'; install it with:" in done.stdout
    assert "FAILED  redis: '/bin/true' is no Redis server" in done.stdout


@pytest.mark.parametrize("server", ["POSTGRES", "REDIS"])
def test_up_says_the_same_before_it_starts_anything(project: Project, server: str) -> None:
    from tests.emulator.project import with_servers

    project.write(with_servers())
    project.extra_env[f"CLIPNET_{server}_BIN"] = "/nowhere"

    done = project.run("up", "-d")

    assert done.returncode == 6
    assert "/nowhere" in done.stderr


def test_ports_of_the_running_stack_are_its_own(project: Project) -> None:
    project.json("up", "-d")

    found = project.json("doctor")

    assert found["ok"]
    assert "used by this stack" in str(found["checks"])
