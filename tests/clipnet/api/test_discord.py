from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from clipnet.api import discord
from clipnet.api.context import Context
from clipnet.api.upkeep import offer_commands
from clipnet.bot_commands import COMMANDS
from clipnet.settings import load
from tests.fakes.serving import served

BOT = {"Authorization": "Bot discord-staging-bot-token"}
COMMANDS_PATH = "/applications/1100000000000000001/commands"


@pytest.fixture
async def context(env: dict[str, str]) -> AsyncIterator[Context]:
    """The API's parts, with Discord's fake."""
    with served("discord") as fakes:
        context = Context(load({**env, "DISCORD_URL": fakes.url("discord") + "/api/v10"}))
        yield context
        await context.close()


async def offered(context: Context) -> list[dict[str, object]]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(context.settings.discord.url + COMMANDS_PATH, headers=BOT)
    rows: list[dict[str, object]] = answer.json()
    return rows


async def test_discord_offers_every_command_and_is_told_once(context: Context) -> None:
    told = [await discord.register_commands(context) for _ in range(2)]

    assert told == [True, False]
    assert {row["name"] for row in await offered(context)} == set(COMMANDS)


async def test_commands_that_somebody_changed_are_put_right(context: Context) -> None:
    await discord.register_commands(context)
    async with httpx.AsyncClient() as client:
        foreign = [{"name": "clip", "description": "Something else."}]
        await client.put(context.settings.discord.url + COMMANDS_PATH, headers=BOT, json=foreign)

    assert await discord.register_commands(context)
    assert {row["name"] for row in await offered(context)} == set(COMMANDS)


async def test_a_discord_that_does_not_answer_is_asked_again_later(env: dict[str, str]) -> None:
    context = Context(load({**env, "DISCORD_URL": "http://127.0.0.1:9/api/v10"}))

    assert not await offer_commands(context)
    await context.close()


def test_options_that_are_required_come_first() -> None:
    for name, spec in COMMANDS.items():
        options = discord.described(name, spec)["options"]
        assert 1 <= len(discord.described(name, spec)["description"]) <= 100
        required = [bool(option.get("required")) for option in options]
        assert required == sorted(required, reverse=True)
        assert all(1 <= len(option["description"]) <= 100 for option in options)
