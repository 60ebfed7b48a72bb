"""The stack keeps the bytes of assets in object storage, also when that is stopped, paused or killed."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest
from docker import DockerClient
from docker.models.containers import Container

from tests.docker.conftest import NewProject
from tests.docker.projects import ComposeProject
from tests.servers import wait_until

AUTH = ("111222333444555", "stagingSecret_AbC-123")
LARGE = os.urandom(8 << 20)


@pytest.fixture(scope="module")
def project(new_project: NewProject) -> ComposeProject:
    """A stack whose containers may be ended."""
    made = new_project()
    made.up()
    return made


@pytest.fixture
def objects(docker_engine: DockerClient, project: ComposeProject) -> Container:
    """The container of the object storage."""
    found = docker_engine.containers.get(f"{project.name}-objects-1")
    assert isinstance(found, Container)
    return found


def upload(project: ComposeProject, name: str, content: bytes) -> httpx.Response:
    url = f"{project.url('cloudinary')}/v1_1/staging/raw/upload"
    data = {"public_id": f"staging_clips/{name}"}
    return httpx.post(url, data=data, files={"file": ("a", content)}, auth=AUTH, timeout=60)


def delivered(project: ComposeProject, name: str) -> bytes:
    url = f"{project.url('cloudinary')}/staging/raw/upload/staging_clips/{name}"
    return httpx.get(url, timeout=60).raise_for_status().content


def keys(project: ComposeProject) -> set[str]:
    """The names of all objects."""
    listed = project.execute("objects", "rclone", "lsf", "/data/staging-blobs")
    assert listed.returncode == 0, listed.stderr
    return set(listed.stdout.split())


def without_storage(project: ComposeProject, name: str) -> None:
    """See that uploads are refused as Cloudinary would, and that none of them is there."""
    with ThreadPoolExecutor(4) as pool:
        refused = list(pool.map(partial(upload, project, content=LARGE), [f"{name}-{n}" for n in range(4)]))
    assert {answer.status_code for answer in refused} == {500}
    assert {answer.headers["x-cld-error"].split(":")[0] for answer in refused} == {
        "the blob store at objects"
    }
    found = httpx.get(f"{project.url('cloudinary')}/v1_1/staging/resources/raw", auth=AUTH, timeout=10).json()
    assert not [one for one in found["resources"] if name in one["public_id"]]


def with_storage(project: ComposeProject, name: str, content: bytes) -> None:
    """See that uploads go on by themselves."""
    wait_until(lambda: upload(project, name, content).status_code == 200, lambda: "uploads to go on")
    assert delivered(project, name) == content
    assert hashlib.sha256(content).hexdigest() in keys(project)


def test_bytes_are_objects_and_stay_when_both_are_started_again(project: ComposeProject) -> None:
    upload(project, "kept", LARGE).raise_for_status()
    half = "/data/staging-blobs/.rclone_temp_put_of_a_killed_server"
    assert project.execute("objects", "touch", half).returncode == 0
    assert hashlib.sha256(LARGE).hexdigest() in keys(project)

    restarted = project.run("restart", "--timeout", "5", "objects", "fakes")
    assert restarted.returncode == 0, restarted.stderr
    project.up()

    assert delivered(project, "kept") == LARGE
    assert [key for key in keys(project) if key.startswith(".")] == []


def test_stopped_storage_refuses_uploads_until_it_is_back(
    project: ComposeProject, objects: Container
) -> None:
    objects.stop(timeout=5)
    without_storage(project, "stopped")
    objects.start()

    with_storage(project, "stopped", os.urandom(1 << 20))


def test_paused_storage_refuses_uploads_until_it_goes_on(project: ComposeProject, objects: Container) -> None:
    objects.pause()
    try:
        without_storage(project, "paused")
    finally:
        objects.unpause()

    with_storage(project, "paused", os.urandom(1 << 20))


def test_storage_that_is_killed_under_load_keeps_nothing_half(
    project: ComposeProject, objects: Container
) -> None:
    contents = [os.urandom(1 << 20) for _ in range(24)]
    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(upload, project, f"killed-{n}", content) for n, content in enumerate(contents)]
        wait_until(lambda: any(one.done() for one in sent), lambda: "a first upload")
        objects.kill()
        answers = [one.result() for one in sent]
    objects.start()

    assert {answer.status_code for answer in answers} == {200, 500}
    with_storage(project, "killed-0", contents[0])
    for number, answer in enumerate(answers):
        if answer.status_code == 200:
            assert delivered(project, f"killed-{number}") == contents[number]
