"""`ClipnetStack`: stacks in Docker for tests that use testcontainers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from emulator.errors import EmulatorError
from emulator.testing import ClipnetStack
from emulator.testing.leftovers import OWNER, remove_leftovers
from tests.docker.projects import LABEL, OURS, clean_env, held
from tests.engine import CHECKOUT
from tests.servers import wait_until

EXAMPLE = CHECKOUT / "examples" / "testcontainers"
HOLD = """
import sys, threading
from emulator.testing import ClipnetStack
with ClipnetStack(seed="none", image=sys.argv[1]) as stack:
    print(stack.containers.project.name, stack.parts.state_dir, flush=True)
    threading.Event().wait()
"""
HOSTS = "127.0.0.1,localhost,fakes,media.example"


@pytest.fixture(scope="module")
def ryuk_image(docker_engine: DockerClient) -> Iterator[str]:
    """What stands in for Ryuk's image, which a machine without a registry does not have."""
    image, _ = docker_engine.images.build(
        path=str(Path(__file__).parent / "ryuk"),
        tag=f"{OURS}-ryuk:latest",
        rm=True,
        forcerm=True,
    )
    yield image.tags[0]
    running = {"filters": {"ancestor": image.id}, "all": True, "ignore_removed": True}
    wait_until(lambda: not docker_engine.containers.list(**running), lambda: "Ryuk to end", 60)
    docker_engine.images.remove(image.id, force=True)


@pytest.fixture(scope="module")
def stack(project_image: str) -> Iterator[ClipnetStack]:
    """A stack that the environment of whoever runs the tests must not change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSE_PROJECT_NAME", "somebody-else")
        patch.setenv("API_PORT", "3000")
        patch.setenv("POSTGRES_ADDR", "127.0.0.1:5432")
        patch.setenv("SOURCE_HOSTS", "nobody.example")
        with ClipnetStack(image=project_image, env={"SOURCE_HOSTS": HOSTS}) as started:
            yield started


def test_a_clip_goes_its_whole_way(stack: ClipnetStack) -> None:
    before = len(stack.posts("youtube"))
    client = stack.log_in("sam@clipnet.test")
    clip = stack.upload(client, stack.video("forecast"), publish_to="youtube")

    ready = stack.wait_until(client, clip["id"])
    stack.wait_for(lambda: len(stack.posts("youtube")) == before + 1, "the post", 60)

    assert "heavy rain" in ready["transcript"]
    assert client.get(ready["video_url"]).status_code == 200
    assert stack.database.value("SELECT count(*) FROM clips") == 61
    assert "clip:process" in {job.name for job in stack.queue.jobs("completed")}


def test_a_command_in_the_chat_becomes_a_clip_of_a_seeded_stream(stack: ClipnetStack) -> None:
    stack.fake("twitch").event(type="chat", channel="streamer_sam", user="viewer_vic", text="!clip 5 A play")

    of_bot = "SELECT state FROM clips WHERE title = 'A play'"
    stack.wait_for(lambda: stack.database.value(of_bot) == "ready", "the clip", 60)

    assert stack.wait_for(lambda: stack.posts("twitch"), "the answer in the chat", 60)


def test_a_reset_brings_the_seed_back(stack: ClipnetStack) -> None:
    stack.sign_up("nobody@example.test")

    stack.reset()

    assert stack.database.value("SELECT count(*) FROM users WHERE email = 'nobody@example.test'") == 0
    assert stack.database.value("SELECT count(*) FROM clips") == 60


def test_all_ports_are_on_loopback_and_below_those_that_the_kernel_gives_away(
    stack: ClipnetStack, docker_engine: DockerClient
) -> None:
    mine = {"label": f"{LABEL}={stack.containers.project.name}"}
    published = [
        place
        for container in docker_engine.containers.list(filters=mine)
        for places in container.ports.values()
        for place in places or ()
    ]

    assert {place["HostIp"] for place in published} == {"127.0.0.1"}
    assert all(int(place["HostPort"]) < 32768 for place in published)
    assert f"http://127.0.0.1:{stack.containers.get_service_port('edge', 8401)}" == stack.api_url


def test_the_containers_restart_as_the_file_says_once_all_is_up(
    stack: ClipnetStack, docker_engine: DockerClient
) -> None:
    mine = {"label": f"{LABEL}={stack.containers.project.name}"}

    policies = {
        container.attrs["HostConfig"]["RestartPolicy"]["Name"]
        for container in docker_engine.containers.list(filters=mine)
    }

    assert policies == {"unless-stopped"}


def test_a_second_stack_with_files_of_its_own_runs_beside_the_first(
    stack: ClipnetStack, project_image: str, docker_engine: DockerClient, tmp_path: Path
) -> None:
    stack.reset()
    override = tmp_path / "compose.ci.yaml"
    override.write_text("services: {api: {environment: {SOURCE_HOSTS: files.example}}}")

    with ClipnetStack(seed="none", image=project_image, overrides=[override]) as second:
        project, folder = second.containers.project, second.parts.state_dir
        hosts = [inside(one, "api", "printenv", "SOURCE_HOSTS") for one in (stack, second)]
        clips = [one.database.value("SELECT count(*) FROM clips") for one in (stack, second)]

    assert hosts == [HOSTS, "files.example"]
    assert stack.env["SOURCE_HOSTS"] == HOSTS
    assert clips == [60, 0]
    assert held(docker_engine, project.name) == []
    assert not folder.exists()


@pytest.mark.parametrize(
    ("override", "words"),
    [
        (
            "services: {postgres: {command: [sh, -c, 'echo no room for me; exit 3']}}",
            r"service 'postgres' ended with exit code 3; its last lines:\n.*no room for me",
        ),
        (
            "services: {redis: {healthcheck: {test: [CMD, redis-cli, -e, no], start_period: 0s}}}",
            r"service 'redis' is not healthy \(ERR unknown command 'no'.*; its last lines:\n.*Ready",
        ),
        ("services: {api: {networks: [moon]}}", "refers to undefined network moon"),
    ],
)
def test_a_start_that_fails_says_why_and_leaves_nothing(
    project_image: str, docker_engine: DockerClient, tmp_path: Path, override: str, words: str
) -> None:
    before = docker_engine.containers.list(all=True, filters={"label": OWNER}, ignore_removed=True)
    file = tmp_path / "compose.override.yaml"
    file.write_text(override)

    with (
        pytest.raises(EmulatorError, match=f"(?s){words}"),
        ClipnetStack(seed="none", image=project_image, project=tmp_path),
    ):
        pass

    after = docker_engine.containers.list(all=True, filters={"label": OWNER}, ignore_removed=True)
    assert {one.id for one in after} <= {one.id for one in before}


def inside(stack: ClipnetStack, service: str, *command: str) -> str:
    """Return what a command says in a service's container."""
    return stack.containers.exec_in_container(list(command), service)[0].strip()


def killed(image: str, **env: str) -> tuple[str, Path]:
    """Start a stack in a process, kill that, and return the project's name and the state folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, image], stdout=subprocess.PIPE, text=True, env={**clean_env(), **env}
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.kill()
    project, folder = said.split()
    return project, Path(folder)


def test_what_a_killed_run_left_is_removed_by_the_next(
    project_image: str, docker_engine: DockerClient
) -> None:
    project, folder = killed(project_image, TESTCONTAINERS_RYUK_DISABLED="true")
    left = held(docker_engine, project)

    remove_leftovers(docker_engine.api)

    assert len(left) > 9  # containers, both networks, and volumes
    assert held(docker_engine, project) == []
    assert not folder.parent.exists()


def test_what_a_killed_run_left_is_removed_by_ryuk(
    ryuk_image: str, project_image: str, docker_engine: DockerClient
) -> None:
    ryuk = {
        "TESTCONTAINERS_RYUK_DISABLED": "false",
        "RYUK_CONTAINER_IMAGE": ryuk_image,
        "RYUK_RECONNECTION_TIMEOUT": "1s",
    }

    project, _ = killed(project_image, **ryuk)

    wait_until(lambda: not held(docker_engine, project), lambda: f"{held(docker_engine, project)} to go", 60)


def test_the_example_passes(project_image: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio"],
        cwd=EXAMPLE,
        env={**clean_env(), "EMULATE_IMAGE": project_image},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.stdout.strip().splitlines()[-1].startswith("4 passed"), done.stdout + done.stderr
