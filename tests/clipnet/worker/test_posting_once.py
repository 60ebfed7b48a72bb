"""Messages are sent once, whatever became of an earlier attempt; and as slowly as the platform asks for."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from clipnet.clock import ManualClock
from clipnet.settings import Settings, load
from clipnet.worker.calls import Calls
from clipnet.worker.errors import Permanent, Postponed, Transient
from clipnet.worker.posting.discord import Discord
from clipnet.worker.posting.once import Unsure
from clipnet.worker.posting.order import EchoSeen, Order, Posted, Poster
from clipnet.worker.posting.twitch import ECHO_WITHIN_S, Twitch
from clipnet.worker.posting.x import X
from tests.clipnet.worker.control import fault, posts, requests
from tests.clipnet.worker.world import environment
from tests.fakes.serving import Served

CHANNELS = {"twitch": "1000011", "discord": "645027906669510667", "x": ""}
PLATFORMS = tuple(CHANNELS)
DUPLICATE = {"data": [{"message_id": "", "is_sent": False, "drop_reason": {"code": "msg_duplicate"}}]}


@dataclass(slots=True)
class Book:
    """Stands where the desk would: remembers across attempts, and knows what the API heard."""

    platform: str
    remembered: list[str | None] = field(default_factory=list)
    heard: list[EchoSeen] = field(default_factory=list)

    def order(self, text: str, **changes: Any) -> Order:
        async def remember(told: str | None) -> None:
            self.remembered.append(told)

        async def echoes(channel: str, since: datetime) -> Sequence[EchoSeen]:
            return self.heard

        order = Order(
            key=f"key of {text}",
            target=CHANNELS[self.platform],
            title="",
            text=text,
            link=None,
            description="",
            tags=(),
            category="17",
            remember=remember,
            remembered=self.remembered[-1] if self.remembered else None,
            echoes=echoes,
        )
        return replace(order, **changes)


class Script(httpx.AsyncBaseTransport):
    """Passes requests on, but answers some itself: what a fake cannot be brought to say."""

    def __init__(self, real: httpx.AsyncBaseTransport) -> None:
        self._real = real
        self._answers: list[tuple[str, dict[str, Any], int]] = []

    def answer(self, request: str, body: dict[str, Any], status: int = 200) -> None:
        """Answer the next request whose method and path end so."""
        self._answers.append((request, body, status))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for place, (wanted, body, status) in enumerate(self._answers):
            if f"{request.method} {request.url.path}".endswith(wanted):
                del self._answers[place]
                return httpx.Response(status, json=body)
        return await self._real.handle_async_request(request)

    async def aclose(self) -> None:
        await self._real.aclose()


@pytest.fixture
def script() -> Script:
    return Script(httpx.AsyncHTTPTransport())


@pytest.fixture
async def calls(script: Script) -> AsyncIterator[Calls]:
    async with httpx.AsyncClient(transport=script) as client:
        yield Calls(client)


@pytest.fixture
def settings(fakes: Served, tmp_path: Path) -> Settings:
    return load(environment("postgresql://a:b@127.0.0.1/c", "redis://127.0.0.1/0", fakes.urls, tmp_path))


@pytest.fixture
def clock() -> ManualClock:
    """The worker's clock: stands at the true time."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def posters(settings: Settings, calls: Calls, clock: ManualClock) -> dict[str, Poster]:
    return {
        "twitch": Twitch(settings.twitch, calls, clock),
        "discord": Discord(settings.discord, calls, clock),
        "x": X(settings.x, calls, clock),
    }


def new_text() -> str:
    """Words that nobody has said before."""
    return f"Clipped {uuid.uuid4().hex}"


def said(fakes: Served, platform: str, text: str) -> list[str]:
    """Ids of what was said at a platform with these words in it."""
    return [post["id"] for post in posts(fakes, platform) if text in post["text"]]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_trace_is_left_before_a_message_is_sent(posters: dict[str, Poster], platform: str) -> None:
    book = Book(platform)

    await posters[platform].post(book.order(new_text()))

    (trace,) = book.remembered
    assert trace is not None
    assert trace.startswith("sending since 20")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_trace_is_taken_back_when_the_message_was_refused(
    fakes: Served, posters: dict[str, Poster], platform: str
) -> None:
    book = Book(platform)
    fault(fakes, platform, kind="error", status=400, method="POST", path="*messages")
    fault(fakes, platform, kind="error", status=400, method="POST", path="*tweets")

    with pytest.raises(Permanent):
        await posters[platform].post(book.order(new_text()))

    assert [bool(told) for told in book.remembered] == [True, False]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_trace_stays_when_nobody_knows_what_became_of_the_message(
    fakes: Served, posters: dict[str, Poster], platform: str
) -> None:
    book = Book(platform)
    await posters[platform].post(Book(platform).order(new_text()))  # Twitch's token is there
    fault(fakes, platform, kind="cut", method="POST")

    with pytest.raises(Transient):
        await posters[platform].post(book.order(new_text()))

    assert [bool(told) for told in book.remembered] == [True]


@pytest.mark.parametrize("platform", ["discord", "x"])
async def test_what_an_attempt_that_was_killed_has_sent_is_found_at_the_platform(
    fakes: Served, posters: dict[str, Poster], platform: str
) -> None:
    book, text = Book(platform), new_text()
    first = await posters[platform].post(book.order(text))

    again = await posters[platform].post(book.order(text, key="a nonce that has been forgotten"))

    assert again == first
    assert said(fakes, platform, text) == [first.external_id]


async def test_what_has_an_echo_at_twitch_was_sent(fakes: Served, posters: dict[str, Poster]) -> None:
    book, text = Book("twitch"), new_text()
    first = await posters["twitch"].post(book.order(text))
    book.heard = [
        EchoSeen("another's", "Something else", None),
        EchoSeen("a reply", text, "parent"),
        EchoSeen(str(first.external_id), text, None),
    ]

    again = await posters["twitch"].post(book.order(text))

    assert again == first
    assert said(fakes, "twitch", text) == [first.external_id]


async def test_a_reply_at_twitch_is_told_from_the_same_words_to_somebody_else(
    fakes: Served, posters: dict[str, Poster]
) -> None:
    book, text = Book("twitch"), new_text()
    await posters["twitch"].post(book.order(text))
    book.heard = [EchoSeen("m-1", text, "to-cleo"), EchoSeen("m-2", f"@Vic {text}", "to-vic")]

    found = await posters["twitch"].post(book.order(text, reply={"message_id": "to-vic"}))

    assert found == Posted("m-2")


async def test_an_echo_is_waited_for_before_twitch_is_sent_a_message_again(
    fakes: Served, posters: dict[str, Poster], clock: ManualClock
) -> None:
    book, text = Book("twitch"), new_text()
    await posters["twitch"].post(Book("twitch").order(new_text()))
    fault(fakes, "twitch", kind="cut", method="POST", path="*messages", times=1)
    with pytest.raises(Transient):
        await posters["twitch"].post(book.order(text))

    clock.advance(4)
    with pytest.raises(Unsure) as caught:
        await posters["twitch"].post(book.order(text))
    clock.advance(caught.value.after_s)
    posted = await posters["twitch"].post(book.order(text))

    assert caught.value.after_s == ECHO_WITHIN_S - 4
    assert said(fakes, "twitch", text) == [posted.external_id]


async def test_what_twitch_takes_for_a_repetition_is_ours_after_an_attempt_without_end(
    posters: dict[str, Poster], script: Script, clock: ManualClock
) -> None:
    book = Book("twitch", [f"sending since {(clock.now() - timedelta(seconds=20)).isoformat()}"])
    script.answer("/chat/messages", DUPLICATE)

    posted = await posters["twitch"].post(book.order(new_text()))

    assert posted == Posted(None)


async def test_what_twitch_takes_for_a_repetition_is_said_with_a_mark_else(
    fakes: Served, posters: dict[str, Poster], script: Script
) -> None:
    text = new_text()
    script.answer("/chat/messages", DUPLICATE)

    posted = await posters["twitch"].post(Book("twitch").order(text))

    (found,) = [post for post in posts(fakes, "twitch") if text in post["text"]]
    assert (found["id"], found["text"][0], found["text"].endswith(f"] {text}")) == (
        posted.external_id,
        "[",
        True,
    )


async def mentions(fakes: Served, count: int) -> list[str]:
    """Have somebody mention the bot so often; return the ids of these posts."""
    async with httpx.AsyncClient() as client:
        body = {"text": "@clipnet help", "times": count}
        sent = (await client.post(f"{fakes.url('x')}/_fake/events", json=body)).json()["sent"]
    return [one["post_id"] for one in sent]


async def test_the_same_words_can_be_said_to_two_people_at_x(
    fakes: Served, posters: dict[str, Poster]
) -> None:
    text, (one, other) = new_text(), await mentions(fakes, 2)

    first = await posters["x"].post(Book("x").order(text, reply={"post_id": one}))
    second = await posters["x"].post(Book("x").order(text, key="another", reply={"post_id": other}))
    again = await posters["x"].post(Book("x").order(text, key="another", reply={"post_id": other}))

    found = [post for post in posts(fakes, "x") if text in post["text"]]
    assert [(post["id"], post["channel"]) for post in found] == [
        (first.external_id, one),
        (second.external_id, other),
    ]
    assert (found[0]["text"], found[1]["text"].endswith(f"] {text}"), again) == (text, True, second)


async def test_a_post_that_x_has_but_does_not_show_yet_is_waited_for(
    fakes: Served, posters: dict[str, Poster], script: Script, clock: ManualClock
) -> None:
    book, text = Book("x"), new_text()
    first = await posters["x"].post(book.order(text))
    script.answer("1111111111111111111/tweets", {"meta": {"result_count": 0}})
    script.answer("1111111111111111111/tweets", {"meta": {"result_count": 0}})

    with pytest.raises(Unsure) as caught:
        await posters["x"].post(book.order(text))
    clock.advance(caught.value.after_s)
    again = await posters["x"].post(book.order(text))

    assert (again, said(fakes, "x", text)) == (first, [first.external_id])


async def test_a_post_that_x_may_not_show_is_known_by_its_refusal(
    fakes: Served, posters: dict[str, Poster]
) -> None:
    book, text = Book("x"), new_text()
    first = await posters["x"].post(book.order(text))
    fault(fakes, "x", kind="error", status=403, path="/2/users/*/tweets")

    again = await posters["x"].post(book.order(text))

    assert (again, said(fakes, "x", text)) == (Posted(None), [first.external_id])


async def test_links_that_x_shortens_are_recognised(posters: dict[str, Poster], script: Script) -> None:
    book, text = Book("x"), new_text()
    shown = {
        "id": "77",
        "text": f"{text} https://t.co/abc",
        "entities": {"urls": [{"url": "https://t.co/abc", "expanded_url": "http://127.0.0.1/clip.mp4"}]},
    }
    book.remembered = [f"sending since {datetime.now(UTC).isoformat()}"]
    script.answer("1111111111111111111/tweets", {"data": [shown]})

    found = await posters["x"].post(book.order(text, link="http://127.0.0.1/clip.mp4"))

    assert found.external_id == "77"


async def test_an_answer_at_discord_that_came_too_late_is_looked_for_in_the_channel(
    fakes: Served, posters: dict[str, Poster], settings: Settings
) -> None:
    book, text = Book("discord"), new_text()
    reply = {"token": "ended", "application_id": settings.discord.client_id}
    first = await posters["discord"].post(book.order(text, reply=reply))

    again = await posters["discord"].post(book.order(text, key="another", reply=reply))

    assert (again, said(fakes, "discord", text)) == (first, [first.external_id])


async def test_an_answer_that_is_earlier_than_its_promise_is_filled_in_a_moment_later(
    fakes: Served, settings: Settings, posters: dict[str, Poster], script: Script
) -> None:
    text, reply = new_text(), {"token": "promised", "application_id": settings.discord.client_id}
    unknown = {"code": 10015, "message": "Unknown Webhook"}
    shown = {"id": "77", "channel_id": CHANNELS["discord"]}
    script.answer("/promised/messages/@original", unknown, status=404)
    script.answer("/promised/messages/@original", shown)

    posted = await posters["discord"].post(Book("discord").order(text, reply=reply))

    assert (posted.external_id, said(fakes, "discord", text)) == ("77", [])


async def test_an_answer_for_one_alone_is_not_risked_twice(
    fakes: Served, posters: dict[str, Poster], settings: Settings, clock: ManualClock
) -> None:
    text, trace = new_text(), f"sending since {clock.now().isoformat()}"
    reply = {"token": "ended", "application_id": settings.discord.client_id, "is_private": True}

    with pytest.raises(Permanent, match="not known whether it was shown"):
        await posters["discord"].post(Book("discord", [trace]).order(text, reply=reply))

    assert said(fakes, "discord", text) == []


async def test_an_answer_at_discord_that_was_refused_leaves_no_doubt(
    fakes: Served, settings: Settings, posters: dict[str, Poster]
) -> None:
    reply = {"token": "promised", "application_id": settings.discord.client_id, "is_private": True}
    limit = {"path": "*/@original", "times": 2, "body": '{"message": "slow down", "retry_after": 60}'}
    fault(fakes, "discord", kind="error", status=429, method="PATCH", **limit)
    sure, unsure = Book("discord"), Book("discord", ["sending since 2026-11-21T06:00:00+00:00"])

    for book in (sure, unsure):
        with pytest.raises(Postponed):
            await posters["discord"].post(book.order(new_text(), reply=reply))

    assert (sure.remembered[-1], len(sure.remembered), len(unsure.remembered)) == (None, 2, 1)


async def test_discord_is_obeyed_when_it_asks_to_slow_down(fakes: Served, posters: dict[str, Poster]) -> None:
    book = Book("discord")

    with pytest.raises(Postponed, match="slow down") as caught:
        for _ in range(6):
            book.remembered.clear()
            await posters["discord"].post(book.order(new_text()))

    limited = requests(fakes, "discord", "/messages")[-1]
    assert limited["status"] == 429
    assert 0 < caught.value.after_s <= 5
    assert book.remembered[-1] is None


@pytest.mark.parametrize(
    ("platform", "headers"),
    [
        ("twitch", {"Ratelimit-Reset": "+20"}),
        ("twitch", {"Retry-After": "20"}),
        ("x", {"x-rate-limit-reset": "+20"}),
    ],
)
async def test_the_moment_at_which_there_is_room_again_is_waited_for(
    fakes: Served, posters: dict[str, Poster], clock: ManualClock, platform: str, headers: dict[str, str]
) -> None:
    now_s = int(clock.now().timestamp())
    told = {name: str(now_s + 20) if value == "+20" else value for name, value in headers.items()}
    fault(fakes, platform, kind="error", status=429, method="POST", headers=told)

    with pytest.raises(Postponed) as caught:
        await posters[platform].post(Book(platform).order(new_text()))

    assert 19 <= caught.value.after_s <= 20
