"""Old data goes with all of it; what is younger, under way or needed stays; the dry run tells exactly."""

import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import redis.asyncio
from bullmq import Queue

from clipnet.jobs import ClipPayload, job
from emulator import jobs
from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.parts import Parts
from emulator.posts import posts
from emulator.pruning import Pruning, files, prune
from emulator.releases.record import Action, Deployment, DeploymentState, builtin, stamp
from emulator.releases.store import Store
from emulator.seeding import load
from tests.emulator.stacks import servers

DAY_S = 86_400.0
FOLDER = "staging_clips"
KEY = "111222333444555:stagingSecret_AbC-123@"


@pytest.fixture(scope="module")
def parts(media_cache: Path) -> Iterator[Parts]:
    """A stack whose fakes are Cloudinary and two platforms."""
    with servers("cloudinary", "google", "twitch", cache=media_cache) as running:
        more = {
            "CLOUDINARY_FOLDER": FOLDER,
            "CLOUDINARY_URL": running.env["CLOUDINARY_URL"].replace("k:s@", KEY),
        }
        yield replace(running, env={**running.env, **more})


@pytest.fixture
async def database(parts: Parts) -> AsyncIterator[Any]:
    """The stack's database, empty of clips; the queue and the files are empty, too."""
    await load(parts, "none")
    connection = await asyncpg.connect(parts.database_url)
    async with redis.asyncio.from_url(parts.redis_url) as queue:
        await queue.flushall()
    for path in parts.logs_dir.glob("*"):
        path.unlink()
    yield connection
    await connection.close()


async def add_clip(database: Any, age_d: float, state: str = "ready", clip: str | None = None) -> str:
    """Add a clip that was last touched so many days ago, with a step and a run of a job."""
    clip = clip or str(uuid4())
    at = datetime.now(UTC) - timedelta(days=age_d)
    await database.execute(
        "INSERT INTO clips (id, title, state, source_kind, video_public_id, created_at, updated_at)"
        " VALUES ($1::uuid, 'A clip', $2, 'upload', $3, $4, $4)",
        clip,
        state,
        f"{FOLDER}/{clip}",
        at,
    )
    await database.execute(
        "INSERT INTO clip_steps (clip_id, step, state, started_at) VALUES ($1::uuid, 'probe', 'done', $2)",
        clip,
        at,
    )
    await database.execute(
        "INSERT INTO job_runs (job_id, name, clip_id, attempt, state, started_at, finished_at)"
        " VALUES ($2, 'clip:process', $1::uuid, 1, 'completed', $3, $3)",
        clip,
        f"{clip}-clip_process",
        at,
    )
    return clip


def upload_asset(parts: Parts, clip: str, kind: str = "image") -> str:
    """Upload an asset for a clip as the worker does it; return its public id."""
    from cloudinary import uploader

    from clipnet.api.assets import connection_options
    from clipnet.settings import Secret

    options = connection_options(Secret(parts.env["CLOUDINARY_URL"]))
    picture = (
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00"
        b"\x02\x02D\x01\x00;"
    )
    uploader.upload(picture, resource_type=kind, public_id=f"{FOLDER}/{clip}", **options)
    return f"{FOLDER}/{clip}"


def asset_ids(parts: Parts) -> set[str]:
    from cloudinary import api

    from clipnet.api.assets import connection_options
    from clipnet.settings import Secret

    options = connection_options(Secret(parts.env["CLOUDINARY_URL"]))
    return {
        one["public_id"]
        for one in api.resources(resource_type="image", type="upload", **options)["resources"]
    }


async def put_state(parts: Parts, fake: str, document: Mapping[str, Any]) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.put(f"{parts.fakes[fake]}/_fake/state", json=document)).raise_for_status()


def upload_file(parts: Parts, clip: str, age_d: float) -> Path:
    folder = parts.media_dir / "uploads" / clip
    folder.mkdir(parents=True)
    (folder / "source.mp4").write_bytes(b"x" * 1_000)
    for path in (folder / "source.mp4", folder):
        os.utime(path, (time.time() - age_d * DAY_S,) * 2)
    return folder


async def pruned(parts: Parts, *, is_dry: bool = False, days: float = 14) -> Pruning:
    return await prune(parts, days * DAY_S, time.time(), is_dry=is_dry)


def told(found: Pruning) -> set[tuple[str, str]]:
    return {(item.kind, item.id) for item in found.items}


async def test_an_old_clip_goes_with_all_of_it_as_the_dry_run_said(parts: Parts, database: Any) -> None:
    old, young = await add_clip(database, 20), await add_clip(database, 3)
    for clip in (old, young):
        upload_asset(parts, clip)
        upload_file(parts, clip, 20)
    await database.execute(
        "INSERT INTO posts (id, clip_id, platform, state, external_id, idempotency_key, created_at,"
        " posted_at) VALUES ($1::uuid, $2::uuid, 'youtube', 'posted', 'video1', 'key1', $3, $3)",
        str(uuid4()),
        old,
        datetime.now(UTC) - timedelta(days=20),
    )
    videos = [{"id": f"video{number}", "login": "clipper_cleo", "title": "A clip"} for number in (1, 2)]
    await put_state(parts, "google", {"videos": videos})

    dry = await pruned(parts, is_dry=True)
    before = asset_ids(parts), {post["id"] for post in posts(parts.fakes)}
    real = await pruned(parts)

    runs = [item.id for item in dry.items if item.kind == "run"]
    assert told(dry) == {
        ("clip", old),
        ("upload", old),
        ("asset", f"image/{FOLDER}/{old}"),
        ("post", "google/video1"),
        *(("run", one) for one in runs),
    }
    assert len(runs) == 1
    assert before == ({f"{FOLDER}/{old}", f"{FOLDER}/{young}"}, {"video1", "video2"})
    assert (told(real), real.kept) == (told(dry), ())
    assert [str(row["id"]) for row in await database.fetch("SELECT id FROM clips")] == [young]
    assert await database.fetchval("SELECT count(*) FROM clip_steps") == 1
    assert await database.fetchval("SELECT count(*) FROM job_runs") == 1
    assert [path.name for path in (parts.media_dir / "uploads").iterdir()] == [young]
    assert asset_ids(parts) == {f"{FOLDER}/{young}"}
    assert [post["id"] for post in posts(parts.fakes)] == ["video2"]
    assert (await pruned(parts)).items == ()


async def test_sizes_and_counts_are_told_by_kind(parts: Parts, database: Any) -> None:
    old = await add_clip(database, 20)
    upload_file(parts, old, 20)

    found = (await pruned(parts, is_dry=True)).public()

    assert found["kinds"]["upload"] == {"count": 1, "bytes": 1_000}
    assert (found["count"], found["bytes"]) == (3, 1_000)


@pytest.mark.parametrize("state", ["queued", "processing"])
async def test_a_clip_in_the_making_stays_however_old(parts: Parts, database: Any, state: str) -> None:
    clip = await add_clip(database, 400, state)
    upload_file(parts, clip, 400)

    found = await pruned(parts)

    assert {kind for kind, _ in told(found)} == {"run"}
    assert await database.fetchval("SELECT count(*) FROM clips") == 1
    assert (parts.media_dir / "uploads" / clip / "source.mp4").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO votes (clip_id, voter, value) VALUES ($1::uuid, 'user:1', 1)",
        "INSERT INTO posts (id, clip_id, platform, state, idempotency_key, created_at)"
        " VALUES (gen_random_uuid(), $1::uuid, 'x', 'delayed', 'k', '2001-01-01')",
        "INSERT INTO posts (id, clip_id, platform, state, idempotency_key, created_at, posted_at)"
        " VALUES (gen_random_uuid(), $1::uuid, 'x', 'posted', 'k', '2001-01-01', now())",
        "INSERT INTO bot_events (id, platform, event_id, kind, clip_id, state, received_at)"
        " VALUES (gen_random_uuid(), 'x', 'e', 'command', $1::uuid, 'received', '2001-01-01')",
        "INSERT INTO bot_channels (id, platform, external_id, name, settings) VALUES (gen_random_uuid(),"
        " 'twitch', '1', 'sam', jsonb_build_object('media_url', 'http://x/' || $1::uuid::text || '.mp4'))",
    ],
    ids=["voted for", "a post waits", "posted lately", "a command waits", "cut from"],
)
async def test_an_old_clip_that_is_still_used_stays(parts: Parts, database: Any, statement: str) -> None:
    clip = await add_clip(database, 20)
    await database.execute(statement, clip)

    await pruned(parts)

    assert [str(row["id"]) for row in await database.fetch("SELECT id FROM clips")] == [clip]


async def test_an_old_clip_that_a_job_is_about_stays(parts: Parts, database: Any) -> None:
    clip = await add_clip(database, 20, "failed")
    one = job("clip:process", ClipPayload(clip), subject=clip)
    async with redis.asyncio.from_url(parts.redis_url) as client:
        await Queue(one.queue, {"connection": client, "prefix": "bull"}).add(
            one.name, dict(one.payload), dict(one.opts)
        )

    await pruned(parts)

    assert await database.fetchval("SELECT count(*) FROM clips") == 1


async def test_what_changes_between_finding_and_removing_stays_with_all_its_own(
    parts: Parts, database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emulator.pruning import rows

    clip = await add_clip(database, 20)
    upload_asset(parts, clip)
    find = rows.known

    async def touched(*arguments: Any) -> set[str]:
        await database.execute("UPDATE clips SET updated_at = now()")
        return await find(*arguments)

    monkeypatch.setattr(rows, "known", touched)

    found = await pruned(parts)

    assert [(item.kind, item.of) for item in found.kept] == [("clip", None), ("asset", clip)]
    assert asset_ids(parts) == {f"{FOLDER}/{clip}"}


async def test_files_and_assets_whose_clip_is_gone_go_when_they_are_old(parts: Parts, database: Any) -> None:
    stray, fresh = str(uuid4()), str(uuid4())
    upload_file(parts, stray, 20)
    upload_file(parts, fresh, 1)
    upload_asset(parts, stray)
    other = upload_asset(parts, "logo")

    found = await pruned(parts, days=14)
    later = await prune(parts, 0.0, time.time() + 1, is_dry=False)

    assert told(found) == {("upload", stray)}
    assert told(later) == {("upload", fresh), ("asset", f"image/{FOLDER}/{stray}")}
    assert asset_ids(parts) == {other}


async def test_old_jobs_that_ended_go_and_others_stay(parts: Parts, database: Any) -> None:
    async with redis.asyncio.from_url(parts.redis_url, decode_responses=True) as client:
        old_ms = round((time.time() - 20 * DAY_S) * 1000)
        for name, ended_ms in (("old", old_ms), ("young", round(time.time() * 1000))):
            await client.hset(
                f"bull:clipnet:{name}",
                mapping={"name": "clip:process", "data": "{}", "timestamp": old_ms, "finishedOn": ended_ms},
            )
            await client.zadd("bull:clipnet:failed", {name: ended_ms})
        await client.hset("bull:clipnet:waiting", mapping={"name": "x", "data": "{}", "timestamp": old_ms})
        await client.rpush("bull:clipnet:wait", "waiting")

        found = await pruned(parts)

        left = {one.id for one in await jobs.listed(client, time.time())}
    assert told(found) == {("job", "clipnet/old")}
    assert left == {"young", "waiting"}


async def test_old_commands_of_clipbot_go_with_the_answers_that_platforms_received(
    parts: Parts, database: Any
) -> None:
    old, young = str(uuid4()), str(uuid4())
    for event, age_d in ((old, 20), (young, 1)):
        at = datetime.now(UTC) - timedelta(days=age_d)
        await database.execute(
            "INSERT INTO bot_events (id, platform, event_id, kind, command, state, received_at)"
            " VALUES ($1::uuid, 'twitch', $2, 'command', 'top', 'done', $3)",
            event,
            f"event-{event}",
            at,
        )
        await database.execute(
            "INSERT INTO bot_answers (job_id, event_id, external_id) VALUES ($1, $2::uuid, $3)",
            f"{event}-answer",
            event,
            f"message-{event}",
        )
    messages = [
        {"id": f"message-{event}", "channel": "streamer_sam", "text": "the best"} for event in (old, young)
    ]
    await put_state(parts, "twitch", {"messages": messages})

    found = await pruned(parts)

    assert told(found) == {("event", old), ("post", f"twitch/message-{old}")}
    assert [post["id"] for post in posts(parts.fakes)] == [f"message-{young}"]
    assert await database.fetchval("SELECT count(*) FROM bot_answers") == 1


async def test_orders_are_kept_for_a_day_however_much_is_to_go(parts: Parts, database: Any) -> None:
    for name, age_h in (("fresh", 2), ("old", 30)):
        await database.execute(
            "INSERT INTO outbox (job_id, queue, name, payload, opts, created_at, sent_at)"
            " VALUES ($1, 'clipnet', 'clip:process', '{}', '{}', $2, $2)",
            name,
            datetime.now(UTC) - timedelta(hours=age_h),
        )
    await database.execute(
        "INSERT INTO outbox (job_id, queue, name, payload, opts, created_at)"
        " VALUES ('unsent', 'clipnet', 'clip:process', '{}', '{}', '2001-01-01')"
    )

    found = await pruned(parts, days=1 / 24)

    assert [item.what for item in found.items] == ["old"]
    assert {row["job_id"] for row in await database.fetch("SELECT job_id FROM outbox")} == {"fresh", "unsent"}


async def test_old_logs_that_were_put_aside_go(parts: Parts, database: Any) -> None:
    parts.logs_dir.mkdir(exist_ok=True)
    for name, age_d in (("api.log", 20), ("api.log.1", 20), ("worker.log.1", 1), ("deploy-3.log", 20)):
        (parts.logs_dir / name).write_text("line\n")
        os.utime(parts.logs_dir / name, (time.time() - age_d * DAY_S,) * 2)

    found = await pruned(parts)

    assert told(found) == {("log", "api.log.1"), ("log", "deploy-3.log")}
    assert {path.name for path in parts.logs_dir.iterdir()} == {"api.log", "worker.log.1"}


def test_files_that_are_used_between_finding_and_removing_stay(tmp_path: Path) -> None:
    clip, log = str(uuid4()), tmp_path / "api.log.1"
    folder = tmp_path / "uploads" / clip
    folder.mkdir(parents=True)
    (folder / "part").write_text("one")
    log.write_text("line")
    for path in (folder / "part", folder, log):
        os.utime(path, (1.0, 1.0))
    (upload,) = files.uploads({clip: folder}, (), (), 10.0)
    (put_aside,) = files.logs(tmp_path, 10.0)
    os.utime(folder / "part", (20.0, 20.0))
    os.utime(log, (20.0, 20.0))

    assert (upload.bytes, put_aside.bytes) == (3, 4)
    assert not files.remove_upload(tmp_path, upload)
    assert not files.remove_log(tmp_path, put_aside)
    assert (folder / "part").exists()
    assert log.exists()


def test_what_goes_while_it_is_looked_at_has_no_time(tmp_path: Path) -> None:
    assert files.touched(tmp_path / "gone") == (0.0, 0)


async def test_old_releases_that_serve_nowhere_go(parts: Parts, database: Any) -> None:
    store = Store(parts.state_dir / "releases")
    made = {}
    for digit, age_d in (("a", 90), ("b", 80), ("c", 70), ("d", 60), ("e", 1)):
        at = stamp(time.time() - age_d * DAY_S)
        version = f"0.1.0+{digit * 7}"
        made[digit] = version
        tree = store.folder(version) / "tree"
        tree.mkdir(parents=True)
        (tree / "main.py").write_text("x" * 500)
        store.add(replace(builtin(), version=version, commit=digit * 40, created_at=at, tree=tree))
    everything = ("api", "worker", "web")
    for number, digit, state in ((1, "b", "live"), (2, "c", "live"), (3, "d", "running")):
        at = stamp(time.time())
        store.save(
            Deployment(
                number, Action.DEPLOY, made[digit], everything, "anna", at, state=DeploymentState(state)
            )
        )
    store.set_current(dict.fromkeys(everything, made["c"]))

    dry = await pruned(parts, is_dry=True)
    found = await pruned(parts)

    assert told(dry) == told(found) == {("release", made["a"])}
    assert found.items[0].bytes >= 500
    assert [release.version for release in store.releases()] == [made[digit] for digit in "bcde"]
    shutil.rmtree(store.path)


async def test_a_database_of_another_application_is_refused(parts: Parts) -> None:
    connection = await asyncpg.connect(parts.database_url)
    await connection.execute("CREATE DATABASE foreign_one")
    try:
        foreign = parts.database_url.rpartition("/")[0] + "/foreign_one"

        with pytest.raises(ConfigurationRefused, match="the database has no table bot_answers, bot_channels"):
            await pruned(replace(parts, env={**parts.env, "DATABASE_URL": foreign}))
    finally:
        await connection.execute("DROP DATABASE foreign_one WITH (FORCE)")
        await connection.close()


async def test_cloudinary_that_refuses_is_told_before_anything_goes(parts: Parts, database: Any) -> None:
    await add_clip(database, 20)
    wrong = parts.env["CLOUDINARY_URL"].replace(KEY, "nobody:wrong@")

    with pytest.raises(CheckFailed, match="Cloudinary refuses to do that"):
        await pruned(replace(parts, env={**parts.env, "CLOUDINARY_URL": wrong}))

    assert await database.fetchval("SELECT count(*) FROM clips") == 1


async def test_a_seed_that_is_old_goes_and_comes_back_with_a_reset(parts: Parts) -> None:
    from emulator.reset import reset

    await load(parts, "small")
    connection = await asyncpg.connect(parts.database_url)
    count = await connection.fetchval("SELECT count(*) FROM clips")

    found = await prune(parts, 0.0, time.time(), is_dry=False)
    left = await connection.fetchval("SELECT count(*) FROM clips WHERE state IN ('ready', 'failed')")
    await reset(parts)

    assert found.kept == ()
    assert left < count
    assert await connection.fetchval("SELECT count(*) FROM clips") == count
    await connection.close()
