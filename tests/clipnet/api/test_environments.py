"""What the environment changes, and what it must not: staging is guarded exactly as production is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from clipnet.api.app import create_app
from clipnet.api.context import Context
from clipnet.clock import ManualClock
from clipnet.db.engine import create_engine
from clipnet.db.models import Base
from clipnet.settings import ENVIRONMENTS, load
from tests.clipnet.api.conftest import API, PASSWORD, START, WEB

_CHANCE = re.compile(
    r"(set-cookie: \w+=|expires=)[^;\n]+|((?:state|nonce|code_challenge)=)[\w-]+|()(?=[\w-]*\d)[\w-]{15,}"
)
PREFLIGHT = {"access-control-request-method": "PUT", "access-control-request-headers": "content-type"}
USER = {"email": "a@b.cd", "password": PASSWORD, "name": "A"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, made by a client that may be logged in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object] | None = None


FOREIGN = "https://elsewhere.example"
STRANGERS = (
    Asked("GET", "/v1/me", {}),
    Asked("GET", "/v1/me", {"origin": WEB}),
    Asked("GET", "/v1/me", {"origin": FOREIGN}),
    Asked("GET", "/v1/me", {"authorization": "Bearer clp_nobody"}),
    Asked("OPTIONS", "/v1/clips", {"origin": WEB, **PREFLIGHT}),
    Asked("OPTIONS", "/v1/clips", {"origin": FOREIGN, **PREFLIGHT}),
    Asked("POST", "/v1/users", {"origin": FOREIGN}, USER),
    Asked("POST", "/v1/users", {"sec-fetch-site": "cross-site"}, USER),
    Asked("POST", "/v1/sessions", {}, {"email": "nobody@b.cd", "password": PASSWORD}),
    Asked("GET", "/v1/oauth/google/start", {}),
    Asked("GET", "/v1/oauth/google/callback?state=x&code=y", {}),
    Asked("GET", "/docs", {}),
    Asked("GET", "/nowhere", {}),
)
USERS = (
    Asked("POST", "/v1/users", {"origin": WEB}, USER),
    Asked("GET", "/v1/me", {"origin": WEB}),
    Asked("POST", "/v1/users", {"origin": WEB}, USER),
    Asked("POST", "/v1/clips", {"origin": WEB}, {"url": "http://169.254.169.254/secrets.mp4"}),
    Asked("POST", "/v1/clips", {"origin": FOREIGN}, {"url": "http://127.0.0.1/a.mp4"}),
    Asked("GET", "/v1/oauth/google/start", {}),
    Asked("DELETE", "/v1/sessions/current", {"origin": FOREIGN}),
    Asked("POST", "/v1/sessions", {"origin": WEB}, {"email": "a@b.cd", "password": "wrong password"}),
    Asked("POST", "/v1/sessions", {"origin": WEB}, {"email": "a@b.cd", "password": PASSWORD}),
)


@asynccontextmanager
async def client_of(env: dict[str, str], environment: str) -> AsyncIterator[httpx.AsyncClient]:
    """An API of this environment on an empty database."""
    context = Context(load({**env, "APP_ENV": environment}), clock=ManualClock(START))
    engine = create_engine(env["DATABASE_URL"], application="test")
    async with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(table.delete())
    await engine.dispose()
    try:
        transport = httpx.ASGITransport(create_app(context))
        async with httpx.AsyncClient(transport=transport, base_url=env["API_URL"]) as client:
            yield client
    finally:
        await context.close()


def _masked(found: re.Match[str]) -> str:
    return next(name for name in found.groups() if name is not None) + "*"


async def answers(env: dict[str, str], environment: str) -> list[str]:
    """All that is answered, without what chance decides."""
    told = []
    async with client_of(env, environment) as client:
        for asked in (*STRANGERS, *USERS):
            own = {name: env["WEB_URL"] if value == WEB else value for name, value in asked.headers.items()}
            answer = await client.request(asked.method, asked.path, headers=own, json=asked.body)
            headers = "\n".join(f"{name}: {value}" for name, value in sorted(answer.headers.multi_items()))
            told.append(f"{asked}\n{answer.status_code}\n{_CHANCE.sub(_masked, headers + answer.text)}")
    return told


@pytest.mark.parametrize("https", [False, True])
async def test_staging_answers_browsers_and_strangers_as_production_does(
    clean: None, env: dict[str, str], https: bool
) -> None:
    if https:
        env = {**env, "API_URL": API.replace("http:", "https:"), "WEB_URL": WEB.replace("http:", "https:")}

    staging, production = await answers(env, "staging"), await answers(env, "production")

    assert staging == production
    cookies = re.findall(r"set-cookie: .*", "\n".join(staging))
    assert len(cookies) > 3
    assert {"Secure" in cookie for cookie in cookies if "Max-Age=0" not in cookie} == {https}


async def test_only_health_and_its_like_tell_environments_apart(clean: None, env: dict[str, str]) -> None:
    banners = {}
    for environment in ENVIRONMENTS:
        async with client_of(env, environment) as client:
            body = (await client.get("/health")).json()
            banners[body["environment"]] = body["banner"]

    assert banners == {"development": "DEVELOPMENT", "staging": "STAGING", "production": None}


@pytest.mark.parametrize("module", ["clipnet.api", "clipnet.worker", "clipnet.web"])
@pytest.mark.parametrize("value", ["prod", "Staging", "test"])
def test_another_environment_stops_the_start_by_name(env: dict[str, str], module: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, **env, "APP_ENV": value, "RUNPOD_NAMESPACE": "production"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    said = done.stdout + done.stderr
    assert done.returncode == 2
    assert len(said.splitlines()) == 1
    assert f"APP_ENV is '{value}'; it must be one of: development, staging, production" in said
