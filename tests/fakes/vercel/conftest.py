from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.receiver import Receiver, receiving
from tests.fakes.serving import Served, served

TOKEN = {"Authorization": "Bearer vercel_staging_token"}
TEAM = "team_clipnetstaging0000000001"
PROJECT = "clipnet-web-staging"
PROJECT_ID = "prj_clipnetstagingweb0000001"
BRANCH_HOST = "clipnet-web-staging-git-develop-clipnet-staging.vercel.app"
PRODUCTION_HOST = "clipnet-web-staging.vercel.app"
STAGING = "staging.clipnet.ai"
PAGE = b"<h1>staging</h1>\n"
Deploy = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served("vercel") as fakes:
        yield fakes


@pytest.fixture(scope="module")
def agent() -> Iterator[Receiver]:
    """Who carries out deployments."""
    with receiving() as one:
        yield one


@pytest.fixture
def client(running: Served) -> Iterator[httpx.Client]:
    """The deployer; the fake is as new for each test."""
    with api_of(running) as one:
        yield one


@pytest.fixture
def deploy(client: httpx.Client) -> Deploy:
    """Upload files and deploy them."""
    return lambda *args, **fields: deployed(client, *args, **fields)


@contextmanager
def api_of(fakes: Served) -> Iterator[httpx.Client]:
    url = fakes.url("vercel")
    with httpx.Client(base_url=url, trust_env=False, timeout=10, headers=TOKEN) as one:
        one.put("/_fake/state", json={}).raise_for_status()
        yield one


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def upload(client: httpx.Client, content: bytes, header: str = "x-vercel-digest") -> httpx.Response:
    return client.post("/v2/files", content=content, headers={header: sha1(content)})


def listed(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return [{"file": path, "sha": sha1(one), "size": len(one)} for path, one in files.items()]


def deployed(
    client: httpx.Client, files: Mapping[str, bytes] | None = None, branch: str | None = None, **fields: Any
) -> dict[str, Any]:
    answer = ask(client, {"index.html": PAGE} if files is None else files, branch, **fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ask(
    client: httpx.Client, files: Mapping[str, bytes], branch: str | None = None, **fields: Any
) -> httpx.Response:
    for content in files.values():
        upload(client, content).raise_for_status()
    git = {"gitMetadata": {"commitRef": branch, "commitSha": "c" * 40}} if branch else {}
    body = {"name": PROJECT, "project": PROJECT_ID, "files": listed(files), **git, **fields}
    return client.post("/v13/deployments", json=body)


def site(client: httpx.Client, host: str, path: str = "/") -> httpx.Response:
    return client.get(path, headers={"Host": host})


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def violations(client: httpx.Client) -> list[str]:
    found = client.get("/_fake/requests", params={"violations": "1"}).json()["requests"]
    return [one["violation"] for one in found]


def aliases(client: httpx.Client) -> dict[str, str]:
    found: dict[str, str] = client.get("/_fake/state").json()["state"]["aliases"]
    return found


def tree(fakes: Served, deployment: str) -> Path:
    return fakes.folder / "vercel-files" / "trees" / deployment
