"""docs/contract.md in Docker: the example's image in the place of the reference API, both ways to start."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import cloudinary.uploader
import httpx
import imageio_ffmpeg
import pytest
from docker import DockerClient
from docker.errors import ImageNotFound

from emulator.testing.own import own_stack
from seed.media import RECIPES, render
from tests.docker.conftest import NewProject
from tests.docker.projects import OURS, ComposeProject
from tests.engine import CHECKOUT

WITHIN_S = 120.0
POLL_S = 0.2
API = f"{OURS}-node-api:latest"
BASE = "FROM python:3.13-slim\nCOPY node /usr/local/bin/node\n"
"""An image with this machine's Node: nothing is fetched."""


@pytest.fixture(scope="module")
def node_image(docker_engine: DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image that the example can be built on."""
    program = shutil.which("node")
    if program is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed: install Node 20 or newer")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(Path(program).resolve(), folder / "node")
    (folder / "Dockerfile").write_text(BASE)
    name = f"{OURS}-node:latest"
    docker_engine.images.build(path=str(folder), tag=name, rm=True)
    yield name
    for made in (name, API):
        with suppress(ImageNotFound):
            docker_engine.images.remove(made, force=True)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: the example with what it needs, and the override where one puts it."""
    folder = tmp_path_factory.mktemp("project")
    example = folder / "examples/node"
    shutil.copytree(CHECKOUT / "examples/node", example, ignore=shutil.ignore_patterns("node_modules"))
    text = (example / "compose.override.yaml").read_text()
    (folder / "compose.override.yaml").write_text(text.replace("clipnet-node-api", API))
    subprocess.run(
        ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=example,
        check=True,
        capture_output=True,
        timeout=300,
    )
    return folder


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = next(recipe for recipe in RECIPES if recipe.name == "forecast")
    folder = tmp_path_factory.mktemp("video")
    return render(folder, imageio_ffmpeg.get_ffmpeg_exe(), (recipe,))["forecast", "source"].path


def makes_a_clip(api_url: str, cloudinary_url: str, database_url: str, video: Path) -> dict[str, Any]:
    """Give the API in Node the address of a video, and return the row that the worker made ready."""
    account = {"cloud_name": "staging", "api_key": "111222333444555", "api_secret": "stagingSecret_AbC-123"}
    options = {"public_id": "staging_clips/source", "resource_type": "video", "upload_prefix": cloudinary_url}
    cloudinary.uploader.upload(str(video), **options, **account)
    source = "http://fakes:8410/staging/video/upload/staging_clips/source.mp4"
    answer = httpx.post(f"{api_url}/v1/clips", json={"url": source, "title": "From Node"}, timeout=30)
    assert answer.status_code == 201, answer.text

    row = asyncio.run(ended(database_url, answer.json()["id"]))
    assert (row["state"], row["title"], row["error_detail"]) == ("ready", "From Node", None)
    return row


async def ended(database_url: str, clip_id: str) -> dict[str, Any]:
    database = await asyncpg.connect(database_url)
    try:
        deadline = time.monotonic() + WITHIN_S
        while True:
            row = dict(await database.fetchrow("SELECT * FROM clips WHERE id = $1", clip_id))
            if row["state"] in ("ready", "failed"):
                return row
            assert time.monotonic() < deadline, f"waited {WITHIN_S} s for the clip, it is {row['state']}"
            await asyncio.sleep(POLL_S)
    finally:
        await database.close()


def test_an_image_of_ones_own_is_the_api_of_the_plain_stack(
    new_project: NewProject, node_image: str, project: Path, video: Path
) -> None:
    stack = _plain(new_project, node_image, project)
    stack.up()

    row = makes_a_clip(
        stack.url("api"),
        stack.url("cloudinary"),
        f"postgresql://clipnet:clipnet@127.0.0.1:{stack.ports['postgres']}/clipnet",
        video,
    )

    assert str(row["video_public_id"]) == f"staging_clips/{row['id']}"
    assert stack.execute("api", "node", "--version").returncode == 0
    assert stack.run("exec", "-T", "api", "id", "-u").stdout == "10001\n"


def _plain(new_project: NewProject, node_image: str, project: Path) -> ComposeProject:
    """The plain stack, of two files in two folders: relative paths would start at the first one's."""
    text = (project / "compose.override.yaml").read_text()
    override = project / "plain.yaml"
    override.write_text(text.replace("./examples/node", str(project / "examples/node")))
    return new_project(override, NODE_IMAGE=node_image)


def test_the_same_override_serves_clipnet_emulate_with_docker(
    project_image: str, node_image: str, project: Path, video: Path
) -> None:
    env = {
        **os.environ,
        "CLIPNET_START_TIMEOUT_S": "180",
        "EMULATE_IMAGE": project_image,
        "NODE_IMAGE": node_image,
    }

    with own_stack(project, env, seed="none", runtime="docker") as stack:
        parts = stack.parts
        row = makes_a_clip(parts.api_url, parts.fakes["cloudinary"], parts.database_url, video)

    assert row["progress"] == 100
