"""A Hub on a free port, and a client with the token of staging's deployments."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fakes.serving import Served, served

USER = "clipnet-staging"
SPACE = f"{USER}/clipnet-api"
API = f"/api/spaces/{SPACE}"
WRITE = {"Authorization": "Bearer hf_stagingwrite0000000000000000000000"}
READ = {"Authorization": "Bearer hf_stagingread00000000000000000000000"}
FINE = {"Authorization": "Bearer hf_stagingfine00000000000000000000000"}
PRODUCTION = {"Authorization": "Bearer hf_productionwrite0000000000000000000"}
DOCKER = {"Dockerfile": "FROM python:3.13-slim\n"}
Line = dict[str, Any]


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served("huggingface") as fakes:
        yield fakes


@pytest.fixture
def hub(running: Served) -> Iterator[httpx.Client]:
    """The Hub with its tokens and nothing else."""
    url = running.url("huggingface")
    with httpx.Client(base_url=url, headers=WRITE, trust_env=False, timeout=10) as client:
        seeded(client, {})
        yield client
        client.post("/_fake/reset")


@pytest.fixture
def space(hub: httpx.Client) -> httpx.Client:
    """The Hub with a Space that runs."""
    seeded(hub, {"spaces": [{"id": SPACE, "files": DOCKER}]})
    return hub


def seeded(hub: httpx.Client, document: dict[str, Any]) -> None:
    hub.put("/_fake/state", json=document).raise_for_status()


def created(hub: httpx.Client, name: str = "clipnet-api", **more: Any) -> httpx.Response:
    return hub.post("/api/repos/create", json={"name": name, "type": "space", "sdk": "docker", **more})


def header(summary: str = "Deploy", **more: Any) -> Line:
    return {"key": "header", "value": {"summary": summary, **more}}


def file(path: str, content: bytes = b"text") -> Line:
    coded = base64.b64encode(content).decode()
    return {"key": "file", "value": {"path": path, "content": coded, "encoding": "base64"}}


def committed(hub: httpx.Client, *lines: Line, revision: str = "main") -> httpx.Response:
    body = "\n".join(json.dumps(line) for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    return hub.post(f"{API}/commit/{revision}", content=body, headers=headers)


def runtime(hub: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = hub.get(f"{API}/runtime").json()
    return answer


def stage(hub: httpx.Client) -> str:
    return str(runtime(hub)["stage"])


def advance(hub: httpx.Client, seconds: float) -> None:
    hub.post("/_fake/clock", json={"advance_s": seconds}).raise_for_status()


def refusal(answer: httpx.Response) -> tuple[int, str | None, str]:
    """Status, code and text of an error; the text is in header and body alike."""
    text = answer.json()["error"]
    assert answer.headers["x-error-message"] == text
    return answer.status_code, answer.headers.get("x-error-code"), text
