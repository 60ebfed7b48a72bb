"""Each platform's poster against its fake: once, also when an attempt was killed after the post was made."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from clipnet.clock import SystemClock
from clipnet.settings import Settings, load
from clipnet.worker.calls import Calls, new_client
from clipnet.worker.errors import Permanent, Postponed, Transient
from clipnet.worker.posting.discord import Discord, nonce
from clipnet.worker.posting.order import Order, Poster, message
from clipnet.worker.posting.tiktok import Plan, Tiktok, plan_chunks
from clipnet.worker.posting.twitch import Twitch
from clipnet.worker.posting.x import X
from clipnet.worker.posting.youtube import Youtube, quota_pause_s, video_resource
from fakes.google.state.metadata import tags_chars
from tests.clipnet.worker.conftest import Videos
from tests.clipnet.worker.consent import google_account, tiktok_account
from tests.clipnet.worker.control import fault, mend, posts, requests, reset
from tests.clipnet.worker.world import environment
from tests.fakes.serving import Served

CHANNEL = "645027906669510667"
CHUNK = 262_144


@dataclass(slots=True)
class Desk:
    """Stands where the desk would: remembers, lends the file, hands out the token."""

    video: Path
    token: str = ""
    remembered: list[str | None] = field(default_factory=list)
    renewals: int = 0

    def order(self, **changes: Any) -> Order:
        async def remember(text: str | None) -> None:
            self.remembered.append(text)

        async def token(renew: bool) -> str:
            self.renewals += renew
            return self.token

        @asynccontextmanager
        async def lent() -> AsyncIterator[Path]:
            yield self.video

        made = Order(
            key="post-1",
            target="",
            title="What a <play>",
            text=None,
            link="http://127.0.0.1/clip.mp4",
            description="Said in the clip.",
            tags=("sports", "goal"),
            category="17",
            remember=remember,
            token=token,
            video=lent,
        )
        return replace(made, **changes)


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with new_client() as client:
        yield Calls(client)


@pytest.fixture
def settings(fakes: Served, tmp_path: Path) -> Settings:
    return load(environment("postgresql://a:b@127.0.0.1/c", "redis://127.0.0.1/0", fakes.urls, tmp_path))


@pytest.fixture
def upright(videos: Videos) -> Path:
    """A video that every platform takes, larger than two chunks."""
    return videos.make(
        "upright.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=360x640:rate=30:duration=3"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "3M", "-pix_fmt", "yuv420p"),
    )


def youtube(fakes: Served, calls: Calls) -> Youtube:
    return Youtube(fakes.url("google"), fakes.url("google"), calls, chunk_bytes=CHUNK)


def size_of(path: Path) -> int:
    return path.stat().st_size


def padded(path: Path, size: int, to: Path) -> Path:
    """The same video, made this long by a `free` box at its end."""
    rest = size - size_of(path)
    to.write_bytes(path.read_bytes() + rest.to_bytes(4) + b"free" + bytes(rest - 8))
    return to


def mine(fakes: Served) -> list[dict[str, Any]]:
    return [post for post in posts(fakes, "google") if post["title"] == "What a play"]


async def test_youtube_gets_a_video_in_chunks(fakes: Served, calls: Calls, upright: Path) -> None:
    desk = Desk(upright, google_account(fakes)[1])

    posted = await youtube(fakes, calls).post(desk.order())

    found = mine(fakes)
    assert size_of(upright) > 2 * CHUNK
    assert [post["id"] for post in found] == [posted.external_id]
    assert found[0]["media"]["bytes"] == size_of(upright)
    assert posted.url == f"{fakes.url('google')}/watch?v={posted.external_id}"


async def test_youtube_is_asked_whether_an_attempt_that_was_killed_got_through(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    desk = Desk(upright, google_account(fakes)[1])
    first = await youtube(fakes, calls).post(desk.order())

    again = await youtube(fakes, calls).post(desk.order(remembered=desk.remembered[-1]))

    assert again == first
    assert len(mine(fakes)) == 1


async def test_a_youtube_upload_goes_on_where_it_broke_off(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    desk = Desk(upright, google_account(fakes)[1])
    fault(fakes, "google", kind="cut", path="/upload/*", method="PUT", after=1, times=100)
    with pytest.raises(Transient):
        await youtube(fakes, calls).post(desk.order())
    mend(fakes, "google")

    await youtube(fakes, calls).post(desk.order(remembered=desk.remembered[-1]))

    rows = requests(fakes, "google", "/upload/")
    starts = [row["headers"].get("content-range", "") for row in rows if row["method"] == "PUT"]
    assert len([start for start in starts if start.startswith("bytes 0-")]) == 1
    assert len(mine(fakes)) == 1


async def test_a_youtube_server_error_is_ridden_out_in_one_attempt(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    desk = Desk(upright, google_account(fakes)[1])
    fault(fakes, "google", kind="error", status=503, path="/upload/*", method="PUT", after=1, times=1)

    await youtube(fakes, calls).post(desk.order())

    assert len(mine(fakes)) == 1


async def test_a_token_that_youtube_does_not_know_is_renewed_once_then_given_up(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    desk = Desk(upright, "ya29.unknown")

    with pytest.raises(Permanent, match="reconnect YouTube"):
        await youtube(fakes, calls).post(desk.order())

    assert desk.renewals == 1


async def test_a_used_up_youtube_quota_waits(fakes: Served, calls: Calls, upright: Path) -> None:
    body = {"error": {"code": 403, "message": "quota", "errors": [{"reason": "quotaExceeded"}]}}
    fault(fakes, "google", kind="error", status=403, path="/upload/*", body=json.dumps(body))

    with pytest.raises(Postponed, match="quota is used up") as caught:
        await youtube(fakes, calls).post(Desk(upright, google_account(fakes)[1]).order())

    assert 0 < caught.value.after_s <= 86_400


@pytest.mark.parametrize(
    ("now", "pause_s"),
    [
        ("2026-11-21T17:00:00+00:00", 15 * 3600),
        ("2026-11-21T07:59:59+00:00", 1),
        ("2026-11-21T08:00:00+00:00", 86_400),
    ],
)
def test_a_quota_comes_back_at_midnight_pacific_time(now: str, pause_s: float) -> None:
    assert quota_pause_s(datetime.fromisoformat(now).timestamp()) == pause_s


async def test_a_youtube_channel_at_its_cap_is_tried_again_by_itself(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    fault(fakes, "google", kind="refusal", code="uploadLimitExceeded", times=1)

    with pytest.raises(Postponed, match="no more videos from this channel today"):
        await youtube(fakes, calls).post(Desk(upright, google_account(fakes)[1]).order())


def test_tags_are_as_many_as_youtube_takes(tmp_path: Path) -> None:
    order = Desk(tmp_path).order(tags=("two words", "<b>", *(f"{number}" + "x" * 99 for number in range(9))))

    tags = video_resource(order)["snippet"]["tags"]

    assert tags[:2] == ["two words", "b"]
    assert tags_chars(tags) <= 500
    assert len(tags) == 6


def test_a_youtube_video_is_described_within_its_limits(tmp_path: Path) -> None:
    order = Desk(tmp_path).order(title="<" + "x" * 200, description="ä" * 5000)

    resource = video_resource(order)["snippet"]

    assert len(resource["title"]) <= 100
    assert "<" not in resource["title"]
    assert len(resource["description"].encode()) <= 5000


async def test_tiktok_gets_a_video(fakes: Served, calls: Calls, upright: Path) -> None:
    desk = Desk(upright, tiktok_account(fakes)[1])

    posted = await Tiktok(fakes.url("tiktok"), fakes.url("tiktok"), calls).post(desk.order())

    found = posts(fakes, "tiktok")
    assert [(post["id"], post["url"]) for post in found if post["idempotency_key"] == "post-1"] == [
        (posted.external_id, posted.url)
    ]


async def test_tiktok_is_asked_whether_an_attempt_that_was_killed_got_through(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    desk = Desk(upright, tiktok_account(fakes)[1])
    tiktok = Tiktok(fakes.url("tiktok"), fakes.url("tiktok"), calls)
    first = await tiktok.post(desk.order())

    again = await tiktok.post(desk.order(remembered=desk.remembered[-1]))

    assert again == first
    assert len([post for post in posts(fakes, "tiktok") if post["idempotency_key"] == "post-1"]) == 1


async def test_a_tiktok_upload_that_was_killed_goes_on(fakes: Served, calls: Calls, upright: Path) -> None:
    desk = Desk(upright, tiktok_account(fakes)[1])
    tiktok = Tiktok(fakes.url("tiktok"), fakes.url("tiktok"), calls)
    reset(fakes, "tiktok")
    desk.token = tiktok_account(fakes)[1]
    fault(fakes, "tiktok", kind="cut", method="PUT", times=5)
    with pytest.raises(Transient):
        await tiktok.post(desk.order())

    await tiktok.post(desk.order(remembered=desk.remembered[-1]))

    rows = requests(fakes, "tiktok", "/video/init/")
    assert len(set(desk.remembered)) == 1
    assert len([row for row in rows if row["status"] == 200]) == len(desk.remembered)
    assert len([post for post in posts(fakes, "tiktok") if post["idempotency_key"] == "post-1"]) == 1


async def test_a_tiktok_upload_is_gone_on_with_at_the_chunk_that_is_missing(
    fakes: Served, calls: Calls, upright: Path, tmp_path: Path
) -> None:
    large = padded(upright, 21 * 1024 * 1024, tmp_path / "large.mp4")
    reset(fakes, "tiktok")
    desk = Desk(large, tiktok_account(fakes)[1])
    fault(fakes, "tiktok", kind="cut", method="PUT", after=1, times=1)

    await Tiktok(fakes.url("tiktok"), fakes.url("tiktok"), calls).post(desk.order())

    rows = [row for row in requests(fakes, "tiktok", "/video/") if row["method"] == "PUT"]
    starts = [row["headers"]["content-range"].split("-")[0] for row in rows]
    found = [post for post in posts(fakes, "tiktok") if post["idempotency_key"] == "post-1"]
    assert starts == ["bytes 0", f"bytes {10 * 1024**2}", f"bytes {10 * 1024**2}"]
    assert [post["media"]["bytes"] for post in found] == [size_of(large)]


async def test_a_tiktok_upload_whose_address_is_too_old_starts_over(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    reset(fakes, "tiktok")
    desk = Desk(upright, tiktok_account(fakes)[1])
    tiktok = Tiktok(fakes.url("tiktok"), fakes.url("tiktok"), calls)
    fault(fakes, "tiktok", kind="error", status=403, method="PUT", times=1)
    with pytest.raises(Transient, match="starts over"):
        await tiktok.post(desk.order())

    await tiktok.post(desk.order(remembered=desk.remembered[-1]))

    assert desk.remembered[1] is None
    assert len([post for post in posts(fakes, "tiktok") if post["idempotency_key"] == "post-1"]) == 1


async def test_a_video_that_tiktok_rejects_fails_with_its_reason(
    fakes: Served, calls: Calls, videos: Videos
) -> None:
    desk = Desk(videos.silent(1, "64x96"), tiktok_account(fakes)[1])

    with pytest.raises(Permanent, match="picture_size_check_failed"):
        await Tiktok(fakes.url("tiktok"), fakes.url("tiktok"), calls).post(desk.order())


async def test_a_tiktok_account_that_is_unknown_has_to_be_reconnected(
    fakes: Served, calls: Calls, upright: Path
) -> None:
    desk = Desk(upright, "act.unknown")

    with pytest.raises(Permanent, match="reconnect TikTok"):
        await Tiktok(fakes.url("tiktok"), fakes.url("tiktok"), calls).post(desk.order())

    assert desk.renewals == 1


@pytest.mark.parametrize(
    ("size", "plan"),
    [
        (4_194_304, Plan(4_194_304, 4_194_304, 1)),
        (20_971_519, Plan(20_971_519, 20_971_519, 1)),
        (20_971_520, Plan(20_971_520, 10_485_760, 2)),
        (130_000_000, Plan(130_000_000, 10_485_760, 12)),
    ],
)
def test_chunks_follow_tiktoks_rules(size: int, plan: Plan) -> None:
    assert plan_chunks(size) == plan
    assert plan.ranges()[0][0] == 0
    assert plan.ranges()[-1][1] == size - 1
    assert all(
        after[0] == before[1] + 1 for before, after in zip(plan.ranges(), plan.ranges()[1:], strict=False)
    )


async def test_twitch_gets_a_reply_in_the_channel(
    fakes: Served, calls: Calls, settings: Settings, tmp_path: Path
) -> None:
    order = Desk(tmp_path).order(target="1000011", text="Your clip:")

    posted = await Twitch(settings.twitch, calls, SystemClock()).post(order)

    found = posts(fakes, "twitch")[-1]
    assert posted.external_id == found["id"]
    assert found["text"] == "Your clip: What a <play> http://127.0.0.1/clip.mp4"
    assert found["idempotency_key"] == "post-1"


async def test_a_twitch_token_that_ended_is_fetched_anew(
    fakes: Served, calls: Calls, settings: Settings, tmp_path: Path
) -> None:
    twitch = Twitch(settings.twitch, calls, SystemClock())
    await twitch.post(Desk(tmp_path).order(target="1000011"))
    reset(fakes, "twitch")

    await twitch.post(Desk(tmp_path).order(target="1000011", text="again"))

    assert len(posts(fakes, "twitch")) == 1


async def test_discord_knows_a_repeated_message(
    fakes: Served, calls: Calls, settings: Settings, tmp_path: Path
) -> None:
    order = Desk(tmp_path).order(target=CHANNEL)

    first = await Discord(settings.discord, calls, SystemClock()).post(order)
    again = await Discord(settings.discord, calls, SystemClock()).post(order)

    assert again == first
    assert len([post for post in posts(fakes, "discord") if post["id"] == first.external_id]) == 1
    assert len(nonce("x" * 1000)) == 25


async def test_an_expired_discord_interaction_is_answered_in_its_channel(
    fakes: Served, calls: Calls, settings: Settings, tmp_path: Path
) -> None:
    reply = {"token": "long-gone", "application_id": settings.discord.client_id, "channel_id": CHANNEL}

    posted = await Discord(settings.discord, calls, SystemClock()).post(Desk(tmp_path).order(reply=reply))

    assert [post["id"] for post in posts(fakes, "discord")][-1] == posted.external_id


async def test_a_channel_that_discord_does_not_know_fails_in_words(
    calls: Calls, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(Permanent, match="Unknown Channel"):
        await Discord(settings.discord, calls, SystemClock()).post(Desk(tmp_path).order(target="1"))


async def test_x_takes_a_post_once(fakes: Served, calls: Calls, settings: Settings, tmp_path: Path) -> None:
    order = Desk(tmp_path).order()

    first = await X(settings.x, calls, SystemClock()).post(order)
    again = await X(settings.x, calls, SystemClock()).post(order)

    assert first.external_id is not None
    assert again == first
    assert [post["id"] for post in posts(fakes, "x") if post["idempotency_key"] == "post-1"] == [
        first.external_id
    ]


@pytest.mark.parametrize("platform", ["twitch", "discord", "x"])
@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"kind": "error", "status": 503}, Transient),
        ({"kind": "cut"}, Transient),
        ({"kind": "garbage"}, Transient),
        ({"kind": "error", "status": 400}, Permanent),
    ],
)
async def test_what_may_pass_is_tried_again_and_what_may_not_is_not(
    fakes: Served,
    calls: Calls,
    settings: Settings,
    tmp_path: Path,
    platform: str,
    rule: dict[str, Any],
    error: type[Exception],
) -> None:
    posters: dict[str, Poster] = {
        "twitch": Twitch(settings.twitch, calls, SystemClock()),
        "discord": Discord(settings.discord, calls, SystemClock()),
        "x": X(settings.x, calls, SystemClock()),
    }
    fault(fakes, platform, **rule)

    with pytest.raises(error):
        await posters[platform].post(Desk(tmp_path).order(target=CHANNEL))


def test_a_message_is_cut_but_its_link_is_not(tmp_path: Path) -> None:
    order = Desk(tmp_path).order(title="word " * 100)

    text = message(order, 280, link_counts=23)

    assert text.endswith("… http://127.0.0.1/clip.mp4")
    assert len(text.removesuffix(" http://127.0.0.1/clip.mp4")) + 1 + 23 <= 280
