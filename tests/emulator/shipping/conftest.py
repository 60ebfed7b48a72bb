"""Railway and Vercel on free ports, and what a workflow's environment says of them."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from fakes.railway.state import seeding
from fakes.vercel.state import accounts
from tests.fakes.serving import Served, served
from tests.sdk import nodejs

Ship = Callable[..., subprocess.CompletedProcess[str]]
FIRST, SECOND = "a1" * 20, "b2" * 20


@pytest.fixture(scope="module")
def platforms() -> Iterator[Served]:
    with served("railway", "vercel") as running:
        yield running


@pytest.fixture
def railway(platforms: Served) -> Iterator[httpx.Client]:
    """Railway's control surface, with nothing deployed but what is always there."""
    with httpx.Client(base_url=platforms.url("railway"), trust_env=False) as client:
        client.post("/_fake/reset")
        yield client
        client.put("/_fake/state", json={})


@pytest.fixture
def vercel(platforms: Served) -> Iterator[httpx.Client]:
    """Vercel's control surface, with nothing deployed."""
    with httpx.Client(base_url=platforms.url("vercel"), trust_env=False) as client:
        client.post("/_fake/reset")
        yield client


@pytest.fixture
def env(platforms: Served) -> dict[str, str]:
    """The variables of a workflow's steps."""
    return {
        "RAILWAY_API_URL": platforms.url("railway"),
        "RAILWAY_TOKEN": seeding.PROJECT_TOKEN,
        "RAILWAY_PROJECT_ID": seeding.STAGING_PROJECT_ID,
        "RAILWAY_ENVIRONMENT_ID": seeding.STAGING_ENVIRONMENT_ID,
        "RAILWAY_API_SERVICE_ID": seeding.service_id("api"),
        "RAILWAY_WORKER_SERVICE_ID": seeding.service_id("worker"),
        "VERCEL_API_URL": platforms.url("vercel"),
        "VERCEL_TOKEN": accounts.TOKEN,
        "VERCEL_ORG_ID": accounts.STAGING_TEAM.id,
        "VERCEL_PROJECT_ID": accounts.STAGING_PROJECT_ID,
        "GITHUB_SHA": FIRST,
        "GITHUB_REF_NAME": "develop",
    }


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A folder with a frontend that is built for Vercel, whose program is there to deploy it."""
    nodejs.vercel_program()
    static = tmp_path / "page" / ".vercel" / "output" / "static"
    static.mkdir(parents=True)
    (static / "index.html").write_text("one")
    (static.parent / "config.json").write_text('{"version": 3}')
    return tmp_path / "page"


@pytest.fixture
def ship(env: Mapping[str, str], tmp_path: Path) -> Ship:
    """Runs `clipnet-emulate ship` with that environment, changed by `more`; Vercel's program is there."""

    def run(*words: str, folder: Path = tmp_path, **more: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(nodejs.VERCEL / "node_modules" / ".bin"), os.environ["PATH"]])
        python = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        return subprocess.run(
            [sys.executable, "-c", "from emulator.cli import main; main()", "ship", *words],
            cwd=folder,
            env={"PATH": path, **python, **env, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
