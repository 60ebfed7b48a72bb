"""The worker as a program, with everything around it real or a fake: clips, crashes, orders."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from clipnet import jobs
from clipnet.db.models import BotChannel, BotEvent, ClipStep, ClipTag, Post, Score, Segment
from clipnet.queue import JobQueue
from clipnet.worker import analysis
from clipnet.worker.loudness import TARGET_LUFS
from clipnet.worker.probe import read
from tests.clipnet.worker.conftest import Videos
from tests.clipnet.worker.consent import google_account, tiktok_account
from tests.clipnet.worker.control import fault, got, mend, posts, requests
from tests.clipnet.worker.durable import durable_redis
from tests.clipnet.worker.world import Program, World, made, started, until
from tests.fakes.receiver import Answer, Received, receiving
from tests.fakes.serving import Served

pytestmark = pytest.mark.slow

STEPS = ["fetch", "probe", "polish", "whisper", "score", "upload"]


@pytest.fixture
def worker(world: World, tmp_path: Path) -> Iterator[Program]:
    with started(world.env, tmp_path) as program:
        yield program


def files(folder: Path) -> list[str]:
    """What lies in MEDIA_DIR besides the uploads."""
    return (
        [name for name in os.listdir(folder / "work") if name != "posts"]
        if (folder / "work").exists()
        else []
    )


async def polishing(world: World, clip: str) -> None:
    """Wait until FFmpeg encodes this clip."""

    async def look() -> bool | None:
        return (world.media / "work" / clip / "polished.part" / "clip.mp4").exists() or None

    await until(look, "FFmpeg")


async def test_a_spoken_clip_goes_all_the_way(
    world: World, worker: Program, videos: Videos, tmp_path: Path
) -> None:
    name = await world.submit(videos.spoken(), source_name="goal.mp4")

    clip = await world.settled(name)

    assert (clip.state, clip.step, clip.progress, clip.error_code) == ("ready", None, 100, None)
    assert [step for step, attempt, state in await world.steps(name)] == STEPS
    assert {(attempt, state) for _, attempt, state in await world.steps(name)} == {(1, "done")}
    assert clip.transcript is not None
    assert "Goal!" in clip.transcript
    assert (clip.language, clip.template, clip.width, clip.height) == ("en", "sports", 202, 360)
    assert clip.duration_s == pytest.approx(7.2, abs=0.1)
    assert clip.title.startswith("He takes the ball")
    assert clip.video_public_id == f"staging_clips/{name}"
    async with world.sessions() as session:
        score = await session.get(Score, clip.id)
        segments = list(await session.scalars(select(Segment).where(Segment.clip_id == clip.id)))
        tags = set(await session.scalars(select(ClipTag.tag).where(ClipTag.clip_id == clip.id)))
    assert score is not None
    assert score.total == clip.score
    assert 0 < score.total <= 100
    assert [one.position for one in segments] == list(range(len(segments)))
    assert segments[0].words[0].keys() == {"word", "start_s", "end_s"}
    assert "sports" in tags
    assert not files(world.media)
    await the_stored_video_is_right(clip.video_url or "", clip.poster_url or "", tmp_path)


async def the_stored_video_is_right(video_url: str, poster_url: str, folder: Path) -> None:
    path = folder / "stored.mp4"
    path.write_bytes(got(video_url).content)
    media = read(path)
    assert (media.width, media.height, media.has_audio) == (202, 360, True)
    measured = await analysis.analyse(path, media, folder, find_cuts=False, time_limit_s=20)
    reached = analysis.parse_integrated((folder / "loudness.txt").read_text())
    assert measured.loudness
    assert reached == pytest.approx(TARGET_LUFS, abs=1.0)
    assert got(poster_url).headers["content-type"] == "image/jpeg"


async def test_a_clip_without_sound_is_finished_without_words(
    world: World, worker: Program, videos: Videos
) -> None:
    clip = await world.settled(await world.submit(videos.silent()))

    assert (clip.state, clip.transcript, clip.language) == ("ready", "", None)
    assert not requests(world.fakes, "runpod", "staging-whisper")


async def test_every_call_and_job_of_a_clip_is_one_trace(
    world: World, worker: Program, videos: Videos
) -> None:
    name = await world.submit(videos.spoken())
    await world.settled(name)

    async def look() -> set[str] | None:
        spans = [
            row for row in worker.lines() if row["event"] == "span" and row.get("job", "").startswith(name)
        ]
        return {row["trace_id"] for row in spans} if len(spans) >= 7 else None

    traces = await until(look, "the spans")
    called = requests(world.fakes, "runpod", "runsync") + requests(world.fakes, "cloudinary", "/upload")
    assert len(traces) == 1
    assert {row["trace_id"] for row in called} == traces
    assert {run.trace_id for run in await world.runs()} == traces
    assert (await world.clip(name)).trace_id in traces


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("text", "not_a_video", "cannot be read as a video"),
        ("sound", "no_video_stream", "holds no picture"),
        ("empty", "source_empty", "is empty"),
        ("gone", "source_missing", "no longer there"),
        ("host", "source_not_allowed", "videos are not fetched from 'evil.example'"),
        ("none", "source_missing", "the clip has no source"),
    ],
)
async def test_what_cannot_become_a_clip_fails_at_once_with_its_reason(
    world: World, worker: Program, videos: Videos, tmp_path: Path, kind: str, code: str, words: str
) -> None:
    (tmp_path / "text.mp4").write_text("no video " * 500)
    (tmp_path / "empty.mp4").touch()
    match kind:
        case "text" | "empty":
            name = await world.submit(tmp_path / f"{kind}.mp4")
        case "sound":
            name = await world.submit(videos.sound_only())
        case "gone":
            name = await world.submit(source_path="uploads/none.mp4")
        case "host":
            name = await world.submit(source_url="http://evil.example/a.mp4")
        case _:
            name = await world.submit()

    clip = await world.settled(name)

    assert (clip.state, clip.error_code) == ("failed", code)
    assert words in (clip.error_detail or "")
    assert (await world.steps(name))[-1][1:] == (1, "failed")
    assert len(await world.runs(job_id=jobs.job_id(name, "clip:process"))) == 1
    assert not files(world.media)


async def test_a_source_is_fetched_from_an_allowed_host(
    world: World, worker: Program, videos: Videos
) -> None:
    content = videos.silent().read_bytes()
    with receiving() as host:
        host.answer = lambda _: Answer(200, content, {"Content-Type": "video/mp4"})

        clip = await world.settled(await world.submit(source_url=f"{host.url}/a.mp4"))

    assert (clip.state, clip.source_bytes) == ("ready", len(content))
    assert "traceparent" in host.received[0].headers


async def test_a_redirect_to_another_host_is_not_followed(world: World, worker: Program) -> None:
    with receiving() as host:
        host.answer = lambda _: Answer(302, b"", {"Location": "http://169.254.169.254/secret"})

        clip = await world.settled(await world.submit(source_url=f"{host.url}/a.mp4"))

    assert (clip.state, clip.error_code) == ("failed", "source_not_allowed")
    assert len(host.received) == 1


async def test_a_page_instead_of_a_video_is_said_so(world: World, worker: Program) -> None:
    with receiving() as host:
        host.answer = lambda _: Answer(200, b"<html>", {"Content-Type": "text/html"})

        clip = await world.settled(await world.submit(source_url=f"{host.url}/a.mp4"))

    assert (clip.error_code, clip.error_detail) == (
        "not_a_video",
        "the address leads to 'text/html', not to a video",
    )


async def test_a_host_that_is_not_there_is_said_so(world: World, worker: Program) -> None:
    clip = await world.settled(await world.submit(source_url="http://127.0.0.1:1/a.mp4"))

    assert (clip.error_code, clip.error_detail) == (
        "source_unreachable",
        "the source could not be reached (ConnectError)",
    )


async def test_a_host_that_fails_is_asked_again(world: World, worker: Program, videos: Videos) -> None:
    content = videos.silent().read_bytes()
    with receiving() as host:

        def answer(_: Received) -> Answer:
            return Answer(503) if len(host.received) == 1 else Answer(200, content)

        host.answer = answer

        name = await world.submit(source_url=f"{host.url}/a.mp4")
        clip = await world.settled(name)

    assert clip.state == "ready"
    assert (await world.steps(name))[:2] == [("fetch", 1, "retrying"), ("fetch", 2, "done")]
    runs = await world.runs(job_id=jobs.job_id(name, "clip:process"))
    assert [run.state for run in runs[:2]] == ["retrying", "waiting"]


async def test_refused_credentials_are_not_tried_again(world: World, tmp_path: Path, videos: Videos) -> None:
    wrong = world.env | {"RUNPOD_API_KEY": "rpa_staging_wrong"}
    with started(wrong, tmp_path):
        name = await world.submit(videos.silent())
        clip = await world.settled(name)

    assert (clip.state, clip.error_code, clip.error_detail) == (
        "failed",
        "gpu_refused",
        "RunPod refuses our key",
    )
    assert (await world.steps(name))[-1] == ("score", 1, "failed")


async def test_a_clip_that_failed_is_taken_up_again_where_it_stopped(
    world: World, tmp_path: Path, videos: Videos
) -> None:
    wrong = world.env | {"RUNPOD_API_KEY": "rpa_staging_wrong"}
    with started(wrong, tmp_path):
        name = await world.submit(videos.silent())
        await world.settled(name)
    with started(world.env, tmp_path):
        await JobQueue(world.redis)._queue("clipnet").retryJobs({"state": "failed"})

        async def look() -> bool | None:
            return (await world.clip(name)).state == "ready" or None

        await until(look, "the clip")

    steps = await world.steps(name)
    assert [step for step, _, state in steps if state == "done"].count("fetch") == 1
    assert ("score", 1, "failed") in steps
    assert ("score", 2, "done") in steps


async def test_clips_that_come_together_share_calls_to_whisper(
    world: World, worker: Program, videos: Videos
) -> None:
    names = [await world.submit(videos.spoken(), want_start_s=0.0, want_end_s=1.0 + n / 10) for n in range(4)]

    for name in names:
        assert (await world.settled(name)).state == "ready"

    assert len(requests(world.fakes, "runpod", "staging-whisper")) < len(names)


async def test_a_worker_that_is_killed_leaves_a_clip_that_is_finished_once(
    world: World, tmp_path: Path, videos: Videos
) -> None:
    name = ""
    with started(world.env, tmp_path) as first:
        name = await world.submit(videos.spoken())
        await polishing(world, name)
        first.kill()
    await until(lambda: _none_of(name), "FFmpeg to die with its worker")

    with started(world.env, tmp_path) as second:
        clip = await world.settled(name)
        back = [row for row in second.lines() if row["event"] == "jobs put back"]

    assert clip.state == "ready"
    assert back[0]["jobs"] == [jobs.job_id(name, "ffmpeg:polish")]
    assert [row for row in await world.steps(name) if row[0] == "polish"] == [
        ("polish", 1, "retrying"),
        ("polish", 2, "done"),
    ]
    assert not files(world.media)


async def _none_of(part: str) -> bool | None:
    return not _ffmpegs(part) or None


def _ffmpegs(part: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if part.encode() in command:
                found.append(entry.name)
    return found


async def test_a_worker_that_is_stopped_puts_its_job_back_without_an_attempt(
    world: World, tmp_path: Path, videos: Videos
) -> None:
    with started(world.env, tmp_path) as first:
        name = await world.submit(videos.spoken())
        await polishing(world, name)
        began = time.monotonic()
        code = first.stop()
        took_s = time.monotonic() - began
    assert code == 0
    assert took_s < 2.0
    assert await world.redis.hget(f"bull:clipnet:{jobs.job_id(name, 'ffmpeg:polish')}", "atm") in (None, "0")

    with started(world.env, tmp_path):
        clip = await world.settled(name)

    assert clip.state == "ready"
    states = [run.state for run in await world.runs(name="ffmpeg:polish")]
    assert states == ["stopped", "completed"]


async def test_redis_that_is_killed_and_started_again_loses_nothing(
    postgres_url: str, fakes: Served, tmp_path: Path, videos: Videos
) -> None:
    (tmp_path / "redis").mkdir()
    with durable_redis(tmp_path / "redis") as redis:
        async with made(postgres_url, redis.url, fakes, tmp_path) as world:
            with started(world.env, tmp_path):
                name = await world.submit(videos.spoken())
                await polishing(world, name)
                redis.kill()
                redis.start()
                clip = await world.settled(name)

                async def look() -> bool | None:
                    counts = (await world.waiting())["clipnet"]
                    return counts["active"] == 0 or None

                await until(look, "the queue to be empty")

            assert clip.state == "ready"
            assert len(requests(world.fakes, "cloudinary", "video/upload")) == 1


async def test_a_clip_that_is_cancelled_stops_at_once(world: World, worker: Program, videos: Videos) -> None:
    name = await world.submit(videos.spoken())
    await polishing(world, name)

    await JobQueue(world.redis).cancel(jobs.job_id(name, "clip:process"))
    clip = await world.settled(name, 5)

    assert (clip.state, clip.error_code, clip.error_detail) == ("failed", "cancelled", "stopped: on request")
    assert (await world.steps(name))[-1] == ("polish", 1, "failed")
    assert not _ffmpegs(name)
    assert not files(world.media)
    assert (await world.settled(await world.submit(videos.silent()))).state == "ready"


async def test_a_reset_while_a_clip_is_made_leaves_nothing_of_it(
    world: World, worker: Program, videos: Videos
) -> None:
    name = await world.submit(videos.spoken())
    await polishing(world, name)

    await JobQueue(world.redis).cancel("*")
    async with world.sessions.begin() as session:
        for table in ("clip_steps", "job_runs", "outbox", "clips"):
            await session.execute(_delete(table))
    await world.redis.flushall()

    after = await world.settled(await world.submit(videos.silent()))
    assert after.state == "ready"
    assert not _ffmpegs(name)
    async with world.sessions() as session:
        left = select(func.count()).select_from(ClipStep).where(ClipStep.clip_id == uuid.UUID(name))
        assert await session.scalar(left) == 0

    async def tidied() -> bool | None:
        return not files(world.media) or None

    await until(tidied, "the files to be gone")
    assert worker.process.poll() is None


def _delete(table: str) -> Any:
    from sqlalchemy import text

    return text(f"DELETE FROM {table}")


async def test_a_second_worker_is_refused_in_one_sentence(
    world: World, worker: Program, tmp_path: Path
) -> None:
    await _ready(worker)
    with started(world.env, tmp_path) as second:
        code = await asyncio.to_thread(second.process.wait, 20)

        assert code == 4
        assert second.lines()[-1]["reason"] == (
            f"another worker (pid {worker.process.pid} on {os.uname().nodename}) is running "
            "and exactly one may: stop it, or start with --take-over"
        )
    assert worker.process.poll() is None


async def test_a_worker_that_is_taken_over_stops(world: World, worker: Program, tmp_path: Path) -> None:
    await _ready(worker)
    with started(world.env, tmp_path, "--take-over") as second:
        code = await asyncio.to_thread(worker.process.wait, 20)
        await _ready(second)

        assert code == 5
        assert "worker stopped" in worker.events()


async def test_the_lease_comes_back_after_redis_was_flushed(world: World, worker: Program) -> None:
    await _ready(worker)
    await world.redis.flushall()

    async def look() -> str | None:
        return str(await world.redis.get(jobs.WORKER_LEASE_KEY) or "") or None

    assert f'"pid":{worker.process.pid}' in await until(look, "the lease", 5)


async def _ready(program: Program) -> None:
    async def look() -> bool | None:
        return "worker ready" in program.events() or None

    await until(look, "the worker")


async def test_a_worker_without_its_database_says_what_it_waited_for(world: World, tmp_path: Path) -> None:
    env = world.env | {"DATABASE_URL": "postgresql://a:b@127.0.0.1:9/c", "START_DEADLINE_S": "1"}
    with started(env, tmp_path) as program:
        code = await asyncio.to_thread(program.process.wait, 20)

        assert code == 3
        assert "waited 1 s: the database does not answer" in program.lines()[-1]["reason"]


async def test_a_missing_setting_is_said_before_anything_starts(world: World, tmp_path: Path) -> None:
    env = {name: value for name, value in world.env.items() if name != "RUNPOD_API_KEY"}
    with started({**env, "RUNPOD_API_KEY": ""}, tmp_path) as program:
        code = await asyncio.to_thread(program.process.wait, 20)

        assert code == 2
        assert "RUNPOD_API_KEY is missing" in program.lines()[-1]["reason"]


async def test_a_job_that_redis_forgot_is_sent_again_at_the_start(
    world: World, tmp_path: Path, videos: Videos
) -> None:
    name = await world.submit(videos.silent())
    await world.redis.flushall()

    with started(world.env, tmp_path):
        clip = await world.settled(name)

    assert clip.state == "ready"


async def test_a_job_of_a_clip_that_is_gone_ends_quietly(world: World, worker: Program) -> None:
    identity = str(world.ids.uuid())
    job = jobs.job("clip:process", jobs.ClipPayload(identity), subject=identity)
    await JobQueue(world.redis).add(job)

    async def look() -> bool | None:
        return (await world.waiting())["clipnet"]["completed"] == 1 or None

    await until(look, "the job")
    assert (await world.runs())[0].state == "completed"


async def test_files_of_clips_that_are_over_are_removed_at_the_start(world: World, tmp_path: Path) -> None:
    left = world.media / "work" / str(world.ids.uuid()) / "polished"
    left.mkdir(parents=True)
    (world.media / "work" / "posts" / "x").mkdir(parents=True)

    with started(world.env, tmp_path) as program:
        await _ready(program)

        assert not files(world.media)
        assert not (world.media / "work" / "posts").exists()


async def test_a_clip_is_posted_where_its_owner_wants_it(
    world: World, worker: Program, videos: Videos
) -> None:
    owner = await world.user(google_account(world.fakes), tiktok_account(world.fakes))
    upright = videos.silent(2, "720x1280")
    name = await world.submit(upright, user_id=owner, publish_to=["youtube", "tiktok"], title="My clip")

    made_posts = await world.posted(name, 2)

    assert [(post.platform, post.state, post.error) for post in made_posts] == [
        ("tiktok", "posted", None),
        ("youtube", "posted", None),
    ]
    tiktok, youtube = made_posts
    assert youtube.external_id in [
        post["id"] for post in posts(world.fakes, "google") if post["title"] == "My clip"
    ]
    assert tiktok.external_id in [post["id"] for post in posts(world.fakes, "tiktok")]
    assert {step for step, _, state in await world.steps(name) if state == "done"} >= {
        "post:youtube",
        "post:tiktok",
    }
    assert (await world.clip(name)).state == "ready"


async def test_a_post_without_an_account_fails_and_the_clip_stays_ready(
    world: World, worker: Program, videos: Videos
) -> None:
    name = await world.submit(videos.silent(), user_id=await world.user(), publish_to=["youtube"])

    (post,) = await world.posted(name, 1)

    assert (post.state, post.error) == ("failed", "no YouTube account is connected; connect YouTube first")
    assert (await world.clip(name)).state == "ready"


async def test_a_withdrawn_consent_is_said_in_words(world: World, worker: Program, videos: Videos) -> None:
    owner = await world.user(("google", "ya29.gone", "1//gone"))
    name = await world.submit(videos.silent(), user_id=owner, publish_to=["youtube"])

    (post,) = await world.posted(name, 1)

    assert (post.state, post.error) == ("failed", "access to YouTube was withdrawn; reconnect YouTube")


async def test_a_used_up_quota_delays_a_post(world: World, worker: Program, videos: Videos) -> None:
    body = {"error": {"code": 403, "message": "quota", "errors": [{"reason": "quotaExceeded"}]}}
    fault(world.fakes, "google", kind="error", status=403, path="/upload/*", body=json.dumps(body))
    owner = await world.user(google_account(world.fakes))
    name = await world.submit(videos.silent(), user_id=owner, publish_to=["youtube"])

    async def look() -> Post | None:
        found = [post for post in await world.posts(name) if post.state == "delayed"]
        return found[0] if found else None

    post = await until(look, "the delay")
    assert post.error is not None
    assert post.error.startswith("YouTube's quota is used up; ClipNET posts the clip by itself at ")
    assert post.error.endswith(" 08:00 UTC")

    mend(world.fakes, "google")
    queue = JobQueue(world.redis)._queue("clipnet")

    async def promoted() -> bool | None:
        await queue.promoteJobs()
        return (await world.posts(name))[0].state == "posted" or None

    await until(promoted, "the post")
    runs = await world.runs(name="post:youtube")
    assert [(run.attempt, run.state) for run in runs] == [(1, "delayed"), (1, "completed")]


@pytest.mark.parametrize("after", [0, 1])
async def test_a_worker_that_is_killed_while_it_posts_posts_once(
    world: World, tmp_path: Path, videos: Videos, after: int
) -> None:
    owner = await world.user(google_account(world.fakes))
    fault(world.fakes, "google", kind="latency", ms=1500, path="/upload/*", after=after, times=1)
    with started(world.env, tmp_path) as first:
        name = await world.submit(videos.silent(), user_id=owner, publish_to=["youtube"], title="Once")

        async def look() -> bool | None:
            return len(requests(world.fakes, "google", "/upload/")) == after + 1 or None

        await until(look, "the upload")
        first.kill()
    with started(world.env, tmp_path):
        (post,) = await world.posted(name, 1)

    assert (post.state, post.attempts) == ("posted", 2)
    found = [one["id"] for one in posts(world.fakes, "google") if one["title"] == "Once"]
    assert found == [post.external_id]
    assert not files(world.media)


async def from_channel(world: World, clip: str, platform: str, channel: str, **reply: str) -> BotEvent:
    """Say that a clip was asked for in a channel."""
    one = BotChannel(id=world.ids.uuid(), platform=platform, external_id=channel, name="clips", settings={})
    event = BotEvent(
        id=world.ids.uuid(),
        platform=platform,
        event_id=f"event-{clip}",
        channel_id=one.id,
        kind="command",
        command="clip",
        reply={"channel_id": channel, **reply},
        payload={},
        clip_id=uuid.UUID(clip),
        state="received",
    )
    async with world.sessions.begin() as session:
        session.add(one)
        await session.flush()
        session.add(event)
    return event


async def event_over(world: World, event: BotEvent) -> str:
    """Wait until an event is answered; return how."""

    async def look() -> str | None:
        async with world.sessions() as session:
            found = await session.get(BotEvent, event.id)
            return found.state if found and found.state != "received" else None

    return await until(look, "the event")


@pytest.mark.parametrize(
    ("platform", "channel"), [("discord", "645027906669510667"), ("twitch", "1000011"), ("x", "1111")]
)
async def test_a_clip_that_clipbot_made_is_shown_in_its_channel(
    world: World, tmp_path: Path, videos: Videos, platform: str, channel: str
) -> None:
    before = {post["id"] for post in posts(world.fakes, platform)}
    path = world.upload(videos.silent())
    name = await world.submit(source_path=path, source_kind="bot", title="Bot clip")
    event = await from_channel(world, name, platform, channel)
    with started(world.env, tmp_path):
        assert await event_over(world, event) == "done"

    (post,) = await world.posts(name)
    said = [one for one in posts(world.fakes, platform) if one["id"] not in before]
    assert (post.platform, post.target, post.state) == (platform, channel, "posted")
    assert [one["id"] for one in said] == [post.external_id]
    assert "Bot clip" in said[0]["text"]
    assert ((await world.clip(name)).video_url or "") in said[0]["text"]


async def test_the_channel_is_told_when_its_clip_failed(world: World, tmp_path: Path, videos: Videos) -> None:
    before = {post["id"] for post in posts(world.fakes, "discord")}
    name = await world.submit(source_path=world.upload(videos.sound_only()), source_kind="bot")
    event = await from_channel(world, name, "discord", "645027906669510667")
    with started(world.env, tmp_path):
        assert await event_over(world, event) == "done"

    (said,) = [one for one in posts(world.fakes, "discord") if one["id"] not in before]
    assert said["text"] == "the clip failed: the file holds no picture: it is sound only, or empty"


@pytest.fixture(autouse=True)
async def nothing_stays(world: World) -> AsyncIterator[None]:
    """No FFmpeg of a test outlives it."""
    yield
    await until(lambda: _none_of(str(world.media)), "every FFmpeg of the test to end")
