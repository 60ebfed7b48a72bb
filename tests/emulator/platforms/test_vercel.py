"""What staging's frontend is at Vercel, the stack's public frontend is."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.platforms.engine import Site
from tests.emulator.platforms.conftest import WEB_URL, World, until
from tests.emulator.platforms.test_railway import asked, pushed

TOKEN = {"Authorization": "Bearer vercel_staging_token"}
PROJECT, STAGING = "clipnet-web-staging", "staging.clipnet.ai"


async def deployed(client: httpx.AsyncClient, page: str = "one", **more: Any) -> str:
    body = {"name": PROJECT, "files": [{"file": "index.html", "data": page}], **more}
    answer = await client.post("/v13/deployments", json=body)
    made: str = answer.raise_for_status().json()["id"]
    return made


async def develop(client: httpx.AsyncClient, page: str = "one") -> str:
    return await deployed(client, page, gitMetadata={"commitRef": "develop", "commitSha": "c" * 40})


async def becomes(client: httpx.AsyncClient, deployment: str, state: str) -> dict[str, Any]:
    shown: dict[str, Any] = {}

    async def is_there() -> bool:
        shown.update((await client.get(f"/v13/deployments/{deployment}")).json())
        return bool(shown["readyState"] == state)

    await until(is_there, lambda: f"{state}, but {shown['readyState']}: {shown.get('errorMessage')}")
    return shown


async def test_uploaded_files_of_develop_are_the_public_frontend(world: World) -> None:
    vercel = world.client("vercel", TOKEN)
    async with world.agent():
        made = await develop(vercel)
        await becomes(vercel, made, "READY")
        await until(lambda: world.engine.sites[-1:] != [None], lambda: world.engine.calls)

    address = world.fakes.host("vercel")
    assert world.engine.sites[-1] == Site(address, STAGING, made, "c" * 40)
    shown = await vercel.get("/", headers={"Host": STAGING})
    assert shown.text == "one"


@pytest.mark.parametrize(
    ("config", "version"),
    [('{"version": "0.1.0+abcdef1"}', "0.1.0+abcdef1"), ("<html>", None), ("[1]", None)],
)
async def test_the_version_of_a_site_is_what_it_says(world: World, config: str, version: str | None) -> None:
    vercel = world.client("vercel", TOKEN)
    files = [{"file": "index.html", "data": "one"}, {"file": "config.json", "data": config}]
    async with world.agent():
        await deployed(vercel, files=files, gitMetadata={"commitRef": "develop", "commitSha": "c" * 40})
        await until(lambda: shown(world), lambda: world.engine.calls)

    site = world.engine.sites[-1]
    assert site is not None
    assert site.version == version


async def test_a_preview_and_production_are_served_by_the_platform_alone(world: World) -> None:
    vercel = world.client("vercel", TOKEN)
    async with world.agent():
        for more in ({}, {"target": "production"}):
            await becomes(vercel, await deployed(vercel, **more), "READY")
        (pushed_to_main,) = (await push(vercel, "a" * 40, "main"))["deployments"]
        await becomes(vercel, pushed_to_main, "READY")

    assert [site for site in world.engine.sites if site is not None] == []
    assert asked(world) == []


async def push(client: httpx.AsyncClient, sha: str, branch: str = "develop") -> dict[str, Any]:
    answer = await client.post("/_fake/push", json={"sha": sha, "branch": branch, "author": "Sam"})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def test_a_host_name_that_goes_back_takes_the_frontend_along(world: World) -> None:
    vercel = world.client("vercel", TOKEN)
    async with world.agent():
        first = await develop(vercel)
        await becomes(vercel, first, "READY")
        second = await develop(vercel, "two")
        await becomes(vercel, second, "READY")
        await until(lambda: shown(world) == [first, second], lambda: world.engine.calls)

        await vercel.post(f"/v2/deployments/{first}/aliases", json={"alias": STAGING})
        await until(lambda: shown(world) == [first, second, first], lambda: world.engine.calls)


def shown(world: World) -> list[str]:
    return [site.deployment for site in world.engine.sites if site is not None]


async def test_another_host_name_leaves_the_frontend_alone(world: World) -> None:
    vercel = world.client("vercel", TOKEN)
    async with world.agent():
        first = await deployed(vercel)
        await becomes(vercel, first, "READY")
        await vercel.post(f"/v2/deployments/{first}/aliases", json={"alias": "qa.vercel.app"})
        last = await develop(vercel)
        await until(lambda: shown(world), lambda: world.engine.calls)

    assert shown(world) == [last]


async def test_a_pushed_commit_is_deployed_by_the_engine(world: World) -> None:
    sha, vercel = pushed(world), world.client("vercel", TOKEN)
    async with world.agent():
        (made,) = (await push(vercel, sha))["deployments"]
        await becomes(vercel, made, "READY")

    assert asked(world) == [("deploy", "repository.git", sha, ("web",), "vercel, Sam")]
    answer = await vercel.get("/clips", headers={"Host": STAGING})
    assert (answer.status_code, answer.headers["location"]) == (307, f"{WEB_URL}/clips")


async def test_a_commit_of_another_project_leaves_the_frontend_alone(world: World) -> None:
    sha, vercel = pushed(world), world.client("vercel", TOKEN)
    await vercel.post("/v10/projects", json={"name": "blog"})
    source = {"type": "github", "org": "clipnet", "repo": "blog", "ref": "develop", "sha": sha}
    async with world.agent():
        answer = await vercel.post("/v13/deployments", json={"name": "blog", "gitSource": source})
        await becomes(vercel, answer.raise_for_status().json()["id"], "READY")

    assert asked(world) == []


async def test_a_pushed_commit_that_fails_says_why(world: World) -> None:
    sha, vercel = pushed(world), world.client("vercel", TOKEN)
    world.engine.fails_at = "build"
    async with world.agent():
        (made,) = (await push(vercel, sha))["deployments"]
        found = await becomes(vercel, made, "ERROR")

    assert found["errorMessage"] == "step 'build' failed; see: deploy-5.log"


async def test_a_host_name_that_goes_back_to_a_commit_is_a_rollback(world: World) -> None:
    sha, vercel = pushed(world), world.client("vercel", TOKEN)
    async with world.agent():
        (first,) = (await push(vercel, sha))["deployments"]
        await becomes(vercel, first, "READY")
        await becomes(vercel, await develop(vercel), "READY")
        await vercel.post(f"/v2/deployments/{first}/aliases", json={"alias": STAGING})
        await until(lambda: len(asked(world)) == 2, lambda: world.engine.calls)

    assert asked(world)[1] == ("rollback", sha, ("web",), "vercel, Sam")


async def test_a_reset_leads_to_the_stacks_own_frontend(world: World) -> None:
    vercel = world.client("vercel", TOKEN)
    async with world.agent():
        await becomes(vercel, await develop(vercel), "READY")
        await until(lambda: shown(world), lambda: world.engine.calls)
        await vercel.post("/_fake/reset")
        await until(lambda: world.engine.sites[-1] is None, lambda: world.engine.calls)
