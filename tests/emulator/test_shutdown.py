"""`down`, with real processes."""

from __future__ import annotations

from pathlib import Path

from emulator.processes import marked
from tests.emulator.project import Project, programs, service


def test_down_twice_is_no_error(project: Project) -> None:
    project.json("up", "-d")
    first = project.json("down")

    second = project.json("down")

    assert (first["was_running"], second["was_running"]) == (True, False)


def test_down_where_nothing_ever_ran_makes_no_folder(project: Project) -> None:
    done = project.run("down")

    assert (done.returncode, done.stdout) == (0, "stack default was not running\n")
    assert not project.folder().exists()


def test_wipe_removes_the_folder(project: Project) -> None:
    project.json("up", "-d")

    done = project.json("down", "--wipe")

    assert done["wiped"]
    assert not project.folder().exists()


def test_deaf_services_and_their_children_are_killed(project: Project) -> None:
    api = service("api", "deaf", "child", "stray", "serve")
    project.write({**programs(), "api": {**api, "stop_grace_period": "200ms"}})
    project.json("up", "-d")

    project.json("down")

    assert marked(project.folder()) == ()


def test_needed_services_are_stopped_last(project: Project) -> None:
    project.json("up", "-d")

    project.json("down")

    stopped = [row["name"] for row in project.log("supervisor") if row["event"] == "service stopped"]
    assert stopped.index("worker") < stopped.index("api") < stopped.index("postgres")
    assert Path(project.folder() / "logs" / "api.log").read_text() == "hello from api\n"
