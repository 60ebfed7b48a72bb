"""`BLOBS_URL` makes a stack of this machine keep its blobs in a bucket, without telling anybody the key."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.emulator.stacks import run_cli
from tests.fakes.cloudinary.buckets import BucketServer, bucket_server
from tests.servers import wait_until

pytestmark = pytest.mark.embedded(
    "in Docker blobs are in object storage without being asked: tests/docker/test_objects.py"
)

KEY = "staging-key"


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture(scope="module")
def project(server: BucketServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose stack is up, with its blobs in a bucket."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".env").write_text(
        f"CLIPNET_STACK=bucket\nCLIPNET_FSYNC=off\nBLOBS_URL={server.url('stack')}\n"
    )
    try:
        run(folder, "up", "-d")
        yield folder
    finally:
        run_cli("down", "--wipe", cwd=folder)


def run(folder: Path, *arguments: str) -> str:
    done = run_cli(*arguments, cwd=folder, timeout_s=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def env(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(run(folder, "env", "--json"))
    return found


def seeded_video(folder: Path) -> httpx.Response:
    cloud = env(folder)["FAKES_CLOUDINARY_URL"]
    auth = ("111222333444555", "stagingSecret_AbC-123")
    listed = httpx.get(f"{cloud}/v1_1/staging/resources/video", auth=auth).json()
    return httpx.get(listed["resources"][0]["secure_url"].replace("https://", "http://"))


def test_the_seed_is_in_the_bucket_and_plays(server: BucketServer, project: Path) -> None:
    objects = server.objects("stack")
    played = seeded_video(project)

    assert played.status_code == 200
    assert played.content in objects.values()
    assert list((project / ".clipnet" / "bucket" / "blobs").glob("[0-9a-f][0-9a-f]")) == []


def test_another_seed_sends_nothing_that_is_there(server: BucketServer, project: Path) -> None:
    def written() -> dict[str, Any]:
        return {path.name: path.stat().st_mtime_ns for path in (server.folder / "stack").iterdir()}

    before = written()
    run(project, "seed", "small")

    assert written() == before


def test_a_reset_leaves_the_bucket_as_it_was_seeded(server: BucketServer, project: Path) -> None:
    before = server.objects("stack").keys()
    url = f"{env(project)['FAKES_CLOUDINARY_URL']}/v1_1/staging/raw/upload"
    auth = ("111222333444555", "stagingSecret_AbC-123")
    sent = {"data": {"public_id": "staging_clips/new"}, "files": {"file": ("a", b"new")}}
    httpx.post(url, auth=auth, **sent).raise_for_status()  # type: ignore[arg-type]  # a form
    assert server.objects("stack").keys() != before

    run(project, "reset")

    wait_until(lambda: server.objects("stack").keys() == before, lambda: "the upload to go")


def test_nobody_is_told_the_secret(project: Path) -> None:
    told = [run(project, *words) for words in (["env"], ["status"], ["status", "--json"], ["logs"])]

    assert [text for text in told if KEY in text or "BLOBS" in text] == []
    for log in (project / ".clipnet" / "bucket" / "logs").iterdir():
        assert KEY not in log.read_text(), log.name
