"""docs/contract.md, held to a program that is not ours: an API in Node in place of the reference API."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.testing.access import Clipnet
from emulator.testing.own import own_stack

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.embedded("it starts a Node program of this machine; in Docker that is an image"),
]

EXAMPLE = Path(__file__).parents[2] / "examples/node"
OVERRIDE = """
x-clipnet: {}
services:
  api:
    x-embedded: {command: [node, server.js], directory: ./api}
"""


@pytest.fixture(scope="module")
def node_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clipnet]:
    """A stack whose API is the example in Node."""
    if shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed: install Node 20 or newer")
    project = tmp_path_factory.mktemp("node-project")
    shutil.copytree(EXAMPLE, project / "api", ignore=shutil.ignore_patterns("node_modules"))
    (project / "compose.override.yaml").write_text(OVERRIDE)
    subprocess.run(
        ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
        cwd=project / "api",
        check=True,
        capture_output=True,
        timeout=300,
    )
    with own_stack(project, os.environ, seed="none") as own, Clipnet(own.parts) as access:
        yield access


def test_an_api_in_node_makes_clips_with_the_stacks_worker(node_stack: Clipnet) -> None:
    source = _serve_through_cloudinary(node_stack, node_stack.video())

    answer = node_stack.api.post("/v1/clips", json={"url": source, "title": "From Node"})

    assert answer.status_code == 201, answer.text
    clip_id = answer.json()["id"]
    clip = node_stack.wait_for(
        lambda: node_stack.database.row("SELECT * FROM clips WHERE id = $1 AND state = 'ready'", clip_id),
        f"clip {clip_id} of the Node API to be ready",
        60,
        lambda: str(
            node_stack.database.row("SELECT state, step, error_detail FROM clips WHERE id = $1", clip_id)
        ),
    )
    assert (clip["title"], str(clip["video_public_id"])) == ("From Node", f"staging_clips/{clip_id}")
    assert node_stack.fake("runpod").requests(path="/staging-whisper/", trace=clip["trace_id"]) != []


def test_a_host_outside_of_the_stack_is_refused_by_the_example(node_stack: Clipnet) -> None:
    answer = node_stack.api.post("/v1/clips", json={"url": "http://example.com/video.mp4"})

    assert answer.status_code == 422


def test_the_api_in_node_answers_what_the_contract_asks(node_stack: Clipnet) -> None:
    health = node_stack.api.get("/health").json()

    assert (health["status"], health["environment"], health["banner"]) == ("ok", "staging", "STAGING")
    assert node_stack.api.get("/ready").status_code == 200
    assert "clips_created_total" in node_stack.api.get("/metrics").text


def _serve_through_cloudinary(stack: Clipnet, video: Path) -> str:
    """Upload the video with the official SDK and return its address: a host that clips may name."""
    import cloudinary
    import cloudinary.uploader

    cloudinary.reset_config()
    cloudinary.config(
        cloud_name="staging",
        api_key="111222333444555",
        api_secret="stagingSecret_AbC-123",
        upload_prefix=stack.fake("cloudinary").url,
    )
    sent = cloudinary.uploader.upload(str(video), resource_type="video", public_id="staging_clips/source")
    return str(sent["url"])
