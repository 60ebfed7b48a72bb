"""discord.py, the Python client of Discord, against the fake."""

import warnings
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

import httpx
import pytest

from tests.fakes.serving import Served, served

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # before Python 3.13 it imports audioop
    import discord
    from discord import app_commands
    from discord.http import Route

GUILD, CHANNEL = 290926798626357999, 645027906669510667
TOKEN = "discord-staging-bot-token"
HOOK = "1300000000000000001/staging-webhook-token-" + "0" * 46


@pytest.fixture(scope="module")
def fakes() -> Iterator[Served]:
    with served("discord") as running:
        yield running


@pytest.fixture
async def client(fakes: Served) -> AsyncIterator[discord.Client]:
    """A client that is logged in; discord.py knows one host for all clients of a process."""
    real, Route.BASE = Route.BASE, f"{fakes.url('discord')}/api/v10"
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(TOKEN)
        yield client
    finally:
        await client.close()
        Route.BASE = real


async def test_the_bot_logs_in(client: discord.Client) -> None:
    assert client.user is not None
    assert (client.user.name, client.application_id) == ("clipnet", 1100000000000000001)


async def test_a_wrong_token_fails_the_login(client: discord.Client) -> None:
    other = discord.Client(intents=discord.Intents.none())

    with pytest.raises(discord.LoginFailure):
        await other.login("wrong")

    await other.close()


@pytest.mark.slow
async def test_messages_are_sent_waiting_for_the_limit_edited_and_deleted(client: discord.Client) -> None:
    channel = client.get_partial_messageable(CHANNEL, guild_id=GUILD)

    sent = [await channel.send(f"clip {number}") for number in range(7)]
    edited = await sent[0].edit(content="best clip")
    await sent[1].delete()
    listed = [message.content async for message in channel.history(limit=10)]

    assert edited.content == "best clip"
    assert listed == ["clip 6", "clip 5", "clip 4", "clip 3", "clip 2", "best clip"]


async def test_an_empty_message_is_50006_and_files_arrive(client: discord.Client, fakes: Served) -> None:
    channel = client.get_partial_messageable(CHANNEL, guild_id=GUILD)

    with pytest.raises(discord.HTTPException) as caught:
        await channel.send("")
    sent = await channel.send("look", file=discord.File(BytesIO(b"video"), "clip.mp4"))

    assert caught.value.code == 50006
    assert (sent.attachments[0].filename, sent.attachments[0].size) == ("clip.mp4", 5)


async def test_commands_are_synced(client: discord.Client) -> None:
    tree = app_commands.CommandTree(client)

    @tree.command(name="clip", description="Make a clip")
    async def clip(interaction: discord.Interaction, seconds: int) -> None:
        """Is never called: only the registration is tried."""

    synced = await tree.sync()
    fetched = await tree.fetch_commands()

    assert [command.name for command in synced] == ["clip"]
    assert fetched == synced


async def test_a_webhook_posts(client: discord.Client) -> None:
    hook = discord.Webhook.from_url(f"https://discord.com/api/webhooks/{HOOK}", client=client)

    sent = await hook.send("from a webhook", username="Clipper", wait=True)

    assert (sent.content, sent.author.name) == ("from a webhook", "Clipper")


def refuse(fakes: Served, code: str) -> None:
    """Let the next call be refused."""
    fault = {"kind": "refusal", "code": code, "times": 1}
    httpx.put(f"{fakes.url('discord')}/_fake/faults", json=fault, trust_env=False).raise_for_status()


@pytest.mark.parametrize(
    ("code", "kind", "status"),
    [
        ("50001", discord.Forbidden, 403),
        ("50013", discord.Forbidden, 403),
        ("50007", discord.Forbidden, 403),
        ("10003", discord.NotFound, 404),
        ("10008", discord.NotFound, 404),
        ("40005", discord.HTTPException, 413),
        ("50006", discord.HTTPException, 400),
    ],
)
async def test_errors_are_raised_as_their_kind(
    client: discord.Client, fakes: Served, code: str, kind: type[discord.HTTPException], status: int
) -> None:
    refuse(fakes, code)

    with pytest.raises(discord.HTTPException) as caught:
        await client.fetch_channel(CHANNEL)

    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code) == (status, int(code))


async def test_an_unknown_channel_is_not_found(client: discord.Client) -> None:
    with pytest.raises(discord.NotFound) as caught:
        await client.get_partial_messageable(1, guild_id=GUILD).send("x")

    assert (caught.value.code, caught.value.text) == (10003, "Unknown Channel")


async def test_a_bad_form_names_its_field(client: discord.Client) -> None:
    channel = client.get_partial_messageable(CHANNEL, guild_id=GUILD)

    with pytest.raises(discord.HTTPException) as caught:
        await channel.send(embed=discord.Embed(title="x" * 257))

    assert caught.value.code == 50035
    assert "In embeds.0.title: Must be 256 or fewer in length." in caught.value.text


@pytest.mark.parametrize("code", ["429", "429-shared", "20028"])
async def test_a_wait_that_is_too_long_is_rate_limited(
    client: discord.Client, fakes: Served, code: str
) -> None:
    client.http.max_ratelimit_timeout = 0.5  # the client takes no less than 30 s from its users
    refuse(fakes, code)

    with pytest.raises(discord.RateLimited) as caught:
        await client.fetch_channel(CHANNEL)

    assert caught.value.retry_after == 1.0
