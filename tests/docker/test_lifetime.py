"""The plain `docker compose` stack in use: seeded, given a clip, killed, stopped and removed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import imageio_ffmpeg
import pytest
from docker import DockerClient
from docker.models.containers import Container

from seed.media import RECIPES, render
from tests.docker.conftest import NewProject
from tests.docker.projects import LABEL, ComposeProject

SERVICES = ("api", "edge", "fakes", "objects", "postgres", "redis", "web", "worker")
WITHIN_S = 120.0
POLL_S = 0.2
DEMO = {"email": "demo@clipnet.test", "password": "clipnet-demo"}
ENDED_BY_THEMSELVES = {0, 143}
"""Exit codes of programs that ended on SIGTERM; 137 is what Docker killed after its grace."""


@pytest.fixture(scope="module")
def made(new_project: NewProject) -> ComposeProject:
    return new_project()


@pytest.fixture
def stack(made: ComposeProject) -> ComposeProject:
    """The stack of this file, up and healthy; a test may do with it what it likes."""
    made.up()
    return made


def containers(engine: DockerClient, project: ComposeProject) -> dict[str, Container]:
    found = engine.containers.list(all=True, filters={"label": f"{LABEL}={project.name}"})
    return {container.labels["com.docker.compose.service"]: container for container in found}


def wait_for(question: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while not (answer := question()):
        assert time.monotonic() < deadline, f"waited {WITHIN_S} s for {what}"
        time.sleep(POLL_S)
    return answer


def test_a_seed_is_loaded_in_containers_and_a_clip_goes_all_the_way(
    stack: ComposeProject, tmp_path: Path
) -> None:
    recipe = next(recipe for recipe in RECIPES if recipe.name == "forecast")
    video = render(tmp_path, imageio_ffmpeg.get_ffmpeg_exe(), (recipe,))["forecast", "source"].path

    seeded = stack.run("run", "--rm", "seed")
    assert seeded.returncode == 0, seeded.stderr
    assert seeded.stdout.startswith("seed small is loaded: 10 users, 60 clips")
    with httpx.Client(base_url=stack.url("api"), timeout=30) as client, video.open("rb") as file:
        client.post("/v1/session", json=DEMO).raise_for_status()
        sent = client.post("/v1/clips", files={"file": ("forecast.mp4", file, "video/mp4")})
        assert sent.status_code == 201, sent.text
        clip = wait_for(lambda: ended(client, sent.json()["id"]), "the clip to be ready")
        played = client.get(clip["video_url"])

    assert (clip["state"], clip["error_detail"]) == ("ready", None)
    assert (played.status_code, played.headers["content-type"]) == (200, "video/mp4")
    assert "expect heavy rain" in clip["transcript"]


def ended(client: httpx.Client, clip_id: str) -> dict[str, Any] | None:
    clip: dict[str, Any] = client.get(f"/v1/clips/{clip_id}").json()
    return clip if clip["state"] in ("ready", "failed") else None


def test_whatever_dies_is_started_again(stack: ComposeProject, docker_engine: DockerClient) -> None:
    for service in SERVICES:
        stack.execute(service, "sh", "-c", "kill -9 -1")

    def are_back() -> bool:
        found = containers(docker_engine, stack).values()
        return all(
            container.attrs["RestartCount"] >= 1
            and container.attrs["State"].get("Health", {}).get("Status") == "healthy"
            for container in found
        )

    wait_for(are_back, "all eight to be healthy again")


def test_stop_needs_nobody_to_be_killed(stack: ComposeProject, docker_engine: DockerClient) -> None:
    done = stack.run("stop")

    states = {name: container.attrs["State"] for name, container in containers(docker_engine, stack).items()}
    assert done.returncode == 0
    assert {name: state["Status"] for name, state in states.items()} == dict.fromkeys(SERVICES, "exited")
    assert {name: state["ExitCode"] for name, state in states.items()} == {
        name: state["ExitCode"] for name, state in states.items() if state["ExitCode"] in ENDED_BY_THEMSELVES
    }


def test_a_database_whose_first_start_was_broken_off_is_made_anew_and_kept(new_project: NewProject) -> None:
    project = new_project()

    def sql(statement: str) -> str:
        up = project.run("up", "--wait", "--no-deps", "postgres")
        words = (
            "psql",
            "--host",
            "127.0.0.1",
            "--username",
            "clipnet",
            "clipnet",
            "--no-align",
            "--tuples-only",
        )
        done = project.execute("postgres", *words, "--command", statement)
        assert (up.returncode, done.returncode) == (0, 0), up.stderr + done.stderr
        return done.stdout.strip()

    broken_off = ("sh", "-c", 'initdb --username=clipnet --pgdata="$PGDATA"')
    left = project.run("run", "--rm", "--no-deps", "postgres", *broken_off)
    assert left.returncode == 0, left.stderr

    sql("CREATE TABLE kept AS SELECT 7 AS row")
    project.run("down")

    assert sql("SELECT row FROM kept") == "7"


def test_down_leaves_volumes_alone_and_down_with_volumes_nothing(
    stack: ComposeProject, docker_engine: DockerClient
) -> None:
    mine = {"label": f"{LABEL}={stack.name}"}

    def left() -> tuple[int, int, set[str]]:
        volumes = {
            volume.name.removeprefix(f"{stack.name}_") for volume in docker_engine.volumes.list(filters=mine)
        }
        networks = docker_engine.networks.list(filters=mine)
        return len(containers(docker_engine, stack)), len(networks), volumes

    stack.run("down")
    after_down = left()
    stack.run("down", "--volumes")
    after_wipe = left()

    assert after_down[:2] == (0, 0)
    assert after_down[2] >= {"postgres", "redis", "objects", "fakes"}
    assert after_wipe == (0, 0, set())
