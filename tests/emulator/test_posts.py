"""Posts are told per platform, under the platform's own name."""

import httpx
import pytest

from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.parts import Parts
from emulator.posts import posts
from emulator.seeding import load


async def test_posts_of_all_platforms_carry_their_platforms_name(parts: Parts) -> None:
    await load(parts, "small")

    async with httpx.AsyncClient() as http:
        found = await posts(http, parts.fakes)

    assert {post["platform"] for post in found} == {"youtube"}
    assert all(post["id"] and post["at"] for post in found)


async def test_one_platform_can_be_asked_by_its_own_name(parts: Parts) -> None:
    await load(parts, "small")

    async with httpx.AsyncClient() as http:
        assert await posts(http, parts.fakes, "youtube")
        assert await posts(http, parts.fakes, "twitch") == []


async def test_a_post_whose_key_came_before_is_told() -> None:
    told = [
        {"id": str(number), "idempotency_key": key} for number, key in enumerate(("a", None, "a", None, "b"))
    ]
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"posts": told}))

    async with httpx.AsyncClient(transport=transport) as http:
        found = await posts(http, {"x": "http://127.0.0.1:1"})

    assert [post["is_duplicate"] for post in found] == [False, False, True, False, False]


async def test_an_unknown_platform_is_refused_with_those_there_are(parts: Parts) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(ConfigurationRefused) as refused:
            await posts(http, parts.fakes, "myspace")

    assert refused.value.hint == "platforms: youtube, twitch"


async def test_a_fake_that_does_not_answer_well_is_named() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(500, text="broken"))

    async with httpx.AsyncClient(transport=transport) as http:
        with pytest.raises(CheckFailed, match="fake 'x' does not tell its posts: 500 broken"):
            await posts(http, {"x": "http://127.0.0.1:1"})
