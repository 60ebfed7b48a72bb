"""A seed is in the database, in the files and in the fakes; a reset brings all of it back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import redis.asyncio
from cryptography.fernet import Fernet

from emulator.errors import ConfigurationRefused, StateFolderUnusable
from emulator.parts import Parts
from emulator.reset import Resetter, reset, restore_uploads
from emulator.seeding import load, places_of


@pytest.fixture
async def database(parts: Parts) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(parts.database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def queue(parts: Parts) -> AsyncIterator[Any]:
    client = redis.asyncio.from_url(parts.redis_url, decode_responses=True)
    async with client:
        yield client


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


async def content(database: Any) -> dict[str, list[Any]]:
    """Return all rows of all tables of the application, and where each sequence goes on."""
    tables = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    found = {}
    for (table,) in tables:
        rows = await database.fetch(f"SELECT to_jsonb(t) AS row FROM public.{table} t ORDER BY 1")
        found[table] = [row["row"] for row in rows]
    sequences = await database.fetch(
        "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
    )
    for (name,) in sequences:
        found[name] = list(await database.fetchrow(f"SELECT last_value, is_called FROM {name}"))
    return found


async def test_small_is_loaded_and_its_videos_play(
    parts: Parts, database: Any, http: httpx.AsyncClient
) -> None:
    report = await load(parts, "small")

    clip = await database.fetchrow("SELECT * FROM clips WHERE state = 'ready' ORDER BY created_at LIMIT 1")
    video = await http.get(clip["video_url"], headers={"Range": "bytes=4-11"})
    poster = await http.get(clip["poster_url"])
    assert report.rows["clips"] == await database.fetchval("SELECT count(*) FROM clips") == 60
    assert (video.status_code, video.content[:4]) == (206, b"ftyp")
    assert (poster.status_code, poster.content[:2]) == (200, b"\xff\xd8")


async def test_the_source_of_a_failed_upload_is_there(parts: Parts, database: Any) -> None:
    await load(parts, "small")

    paths = await database.fetch(
        "SELECT source_path FROM clips WHERE state = 'failed' AND source_kind = 'upload'"
    )

    assert paths
    assert all((parts.media_dir / path).stat().st_size > 1000 for (path,) in paths)


async def test_tokens_are_encrypted_with_the_key_of_the_stack(parts: Parts, database: Any) -> None:
    await load(parts, "small")

    row = await database.fetchrow(
        "SELECT * FROM oauth_accounts WHERE login = 'streamer_sam' AND provider = 'google'"
    )

    opened = Fernet(parts.env["TOKEN_KEY"]).decrypt(row["access_token"])
    assert opened == b"seeded-google-access-streamer_sam"


async def test_the_fakes_know_what_was_posted_before(
    parts: Parts, database: Any, http: httpx.AsyncClient
) -> None:
    await load(parts, "small")

    posted = await database.fetch(
        "SELECT external_id FROM posts WHERE platform = 'youtube' AND state = 'posted'"
    )
    known = (await http.get(f"{parts.fakes['google']}/_fake/posts")).json()["posts"]

    assert {post["id"] for post in known} == {row["external_id"] for row in posted}


async def test_none_leaves_nothing(parts: Parts, database: Any) -> None:
    await load(parts, "small")

    await load(parts, "none")

    assert await database.fetchval("SELECT count(*) FROM clips") == 0
    assert await database.fetchval("SELECT count(*) FROM users") == 0


async def test_an_unknown_seed_is_refused(parts: Parts) -> None:
    with pytest.raises(ConfigurationRefused, match="there is no seed 'medium'"):
        await load(parts, "medium")


async def test_uploads_that_find_no_place_are_refused_in_words(parts: Parts, tmp_path: Path) -> None:
    unusable = tmp_path / "state"
    unusable.write_text("in the way")
    elsewhere = replace(parts, state_dir=unusable)

    with pytest.raises(StateFolderUnusable, match=f"'{unusable}' cannot be written: Not a directory"):
        await load(elsewhere, "none")
    with pytest.raises(StateFolderUnusable, match=f"'{unusable}' cannot be written: Not a directory"):
        restore_uploads(elsewhere)


async def test_reset_undoes_every_kind_of_change(parts: Parts, database: Any, queue: Any) -> None:
    await load(parts, "small")
    before = await content(database)
    await database.execute("UPDATE clips SET title = 'changed' WHERE state = 'failed'")
    await database.execute("DELETE FROM clips WHERE state = 'ready'")
    await database.execute("DELETE FROM users WHERE email = 'cleo@clipnet.test'")
    await database.execute("INSERT INTO idempotency_keys (scope, key, request_sha256) VALUES ('a', 'b', 'c')")
    await database.execute(
        "INSERT INTO votes (clip_id, voter, value) SELECT id, 'twitch:1', 1 FROM clips ON CONFLICT DO NOTHING"
    )
    await queue.set("bull:clipnet:left-behind", "x")

    await reset(parts)

    assert await content(database) == before
    assert await queue.dbsize() == 0


async def test_reset_keeps_connections_and_puts_files_back(parts: Parts) -> None:
    await load(parts, "small")
    before = {path.relative_to(parts.media_dir) for path in parts.media_dir.rglob("*")}
    for path in parts.media_dir.rglob("source"):
        path.unlink()
    (parts.media_dir / "new").mkdir()

    async with Resetter(parts) as resetter:
        await resetter.reset()
        again = await resetter.reset()

    assert {path.relative_to(parts.media_dir) for path in parts.media_dir.rglob("*")} == before
    assert set(again.parts_ms) == {"jobs", "database", "files", "fakes", "redis"}


async def test_reset_follows_a_change_of_the_tables(parts: Parts, database: Any) -> None:
    await load(parts, "small")
    async with Resetter(parts) as resetter:
        await resetter.reset()
        await database.execute("CREATE TABLE extra (id int PRIMARY KEY, body json)")
        await database.execute("ALTER TABLE users ADD COLUMN nickname text")
        await load(parts, "small")
        await database.execute("""INSERT INTO extra VALUES (1, '{"a": 1}')""")
        await database.execute("UPDATE users SET nickname = 'x'")

        await resetter.reset()

    assert await database.fetchval("SELECT count(*) FROM extra") == 0
    assert await database.fetchval("SELECT count(*) FROM users WHERE nickname IS NOT NULL") == 0
    await database.execute("DROP TABLE extra")
    await database.execute("ALTER TABLE users DROP COLUMN nickname")
    await load(parts, "none")


async def test_a_stack_that_was_never_seeded_is_emptied(parts: Parts, database: Any) -> None:
    await load(parts, "small")
    await database.execute("DROP SCHEMA seed CASCADE")

    await reset(parts)

    assert await database.fetchval("SELECT count(*) FROM users") == 0


def test_the_worker_fetches_sources_where_it_reaches_the_fake_and_browsers_from_here(parts: Parts) -> None:
    places = places_of(replace(parts, inner={"cloudinary": "fakes:8410"}))

    assert places.sources == "http://fakes:8410/staging"
    assert places.delivery.startswith("http://127.0.0.1:")
