"""What is deployed at the platforms is real in a stack, by their own tools, until a reset."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from emulator.testing.access import Clipnet

SPACE = "clipnet-staging/clipnet-api"
STAGING = {"Authorization": "Bearer vercel_staging_token"}
RAILWAY = {"Project-Access-Token": "57a91e00-b70e-4000-8000-000000000003"}
ENVIRONMENT, API = (f"57a91e00-{part}-4000-8000-00000000c11b" for part in ("e000", "5e00"))
DOCKERFILE = """
FROM python:3.13-slim
WORKDIR /app
COPY . .
CMD ["python", "-m", "http.server", "{port}", "--bind", "0.0.0.0"]
"""
FILES = {
    "README.md": "---\nsdk: docker\napp_port: {port}\n---\n",
    "Dockerfile": DOCKERFILE,
    "hello.txt": "from a Space\n",
}


def hf(clipnet: Clipnet, home: Path, *arguments: str) -> None:
    """Run the Hub's own program against the stack."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "HF_HOME": str(home)}
    env |= {"HF_ENDPOINT": clipnet.fake("huggingface").url, "HF_HUB_DISABLE_TELEMETRY": "1"}
    env |= {"HF_TOKEN": "hf_stagingwrite0000000000000000000000", "HF_HUB_DISABLE_XET": "1"}
    program = Path(sys.executable).parent / "hf"
    done = subprocess.run(
        [program, *arguments], env=env, cwd=home, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def page(url: str) -> str | None:
    """What an address shows; None if nobody listens."""
    try:
        return httpx.get(url, trust_env=False, timeout=5).text
    except httpx.HTTPError:
        return None


def test_a_space_that_is_uploaded_runs_until_a_reset(clipnet: Clipnet, tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "space"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text.replace("{port}", str(port)))

    hf(clipnet, tmp_path, "repos", "create", SPACE, "--type", "space", "--space-sdk", "docker", "--exist-ok")
    hf(clipnet, tmp_path, "upload", SPACE, str(folder), ".", "--repo-type", "space")

    url = f"http://127.0.0.1:{port}/hello.txt"
    clipnet.wait_for(lambda: page(url) == "from a Space\n", "the Space's file", 60)
    clipnet.wait_for(lambda: stage(clipnet) == "RUNNING", "RUNNING", 30, lambda: str(stage(clipnet)))
    clipnet.reset()
    clipnet.wait_for(lambda: page(url) is None, "the end of the Space", 30)


def stage(clipnet: Clipnet) -> Any:
    return clipnet.fake("huggingface").state()["state"]["spaces"].get(SPACE)


def test_what_is_deployed_to_vercel_is_the_public_frontend_until_a_reset(clipnet: Clipnet) -> None:
    before = page(clipnet.web_url)
    body = {
        "name": "clipnet-web-staging",
        "files": [{"file": "index.html", "data": "from Vercel"}],
        "gitMetadata": {"commitRef": "develop", "commitSha": "c" * 40},
    }

    url = f"{clipnet.fake('vercel').url}/v13/deployments"
    httpx.post(url, json=body, headers=STAGING, trust_env=False).raise_for_status()

    clipnet.wait_for(lambda: page(clipnet.web_url) == "from Vercel", "the page", 30)
    clipnet.reset()
    clipnet.wait_for(lambda: page(clipnet.web_url) == before, "the stack's own frontend", 30)


def test_a_commit_that_nobody_pushed_fails_at_railway_with_the_next_step(clipnet: Clipnet) -> None:
    deploy = "mutation ($e: String!, $s: String!, $c: String) {"
    deploy += " serviceInstanceDeployV2(environmentId: $e, serviceId: $s, commitSha: $c) }"
    made = railway(clipnet, deploy, e=ENVIRONMENT, s=API, c="a" * 40)
    read = "query ($i: String!) { deployment(id: $i) { status } }"

    def has_failed() -> bool:
        return bool(railway(clipnet, read, i=made)["status"] == "FAILED")

    clipnet.wait_for(has_failed, "the failure", 30)
    logs = railway(clipnet, "query ($i: String!) { buildLogs(deploymentId: $i) { message } }", i=made)
    assert any("clipnet-emulate remote" in line["message"] for line in logs)


def railway(clipnet: Clipnet, query: str, **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    url = f"{clipnet.fake('railway').url}/graphql/v2"
    answer = httpx.post(url, json=body, headers=RAILWAY, trust_env=False).json()
    assert "errors" not in answer, answer
    return next(iter(answer["data"].values()))
