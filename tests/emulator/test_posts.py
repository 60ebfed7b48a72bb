"""Posts are told per platform, under the platform's own name."""

import json

import pytest

from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.parts import Parts
from emulator.posts import posts
from emulator.seeding import load
from tests.fakes.receiver import Answer, receiving


async def test_posts_of_all_platforms_carry_their_platforms_name(parts: Parts) -> None:
    await load(parts, "small")

    found = posts(parts.fakes)

    assert {post["platform"] for post in found} == {"youtube"}
    assert all(post["id"] and post["at"] for post in found)


async def test_one_platform_can_be_asked_by_its_own_name(parts: Parts) -> None:
    await load(parts, "small")

    assert posts(parts.fakes, "youtube")
    assert posts(parts.fakes, "twitch") == []


def test_a_post_whose_key_came_before_is_told() -> None:
    told = [
        {"id": str(number), "idempotency_key": key} for number, key in enumerate(("a", None, "a", None, "b"))
    ]
    with receiving() as fake:
        fake.answer = lambda _request: Answer(body=json.dumps({"posts": told}).encode())

        found = posts({"x": fake.url})

    assert [post["is_duplicate"] for post in found] == [False, False, True, False, False]


def test_an_unknown_platform_is_refused_with_those_there_are(parts: Parts) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        posts(parts.fakes, "myspace")

    assert refused.value.hint == "platforms: youtube, twitch"


def test_a_fake_that_does_not_answer_is_named() -> None:
    with pytest.raises(CheckFailed, match="fake 'x' does not answer: "):
        posts({"x": "http://127.0.0.1:1"})
