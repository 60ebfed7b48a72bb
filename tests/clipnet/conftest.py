"""A real PostgreSQL and a real Redis for the session, empty before each test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from clipnet.db.engine import create_engine
from clipnet.db.migrate import migrate
from clipnet.db.models import Base
from clipnet.queue import connect
from tests import servers
from tests.clipnet.environment import environment


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """The address of a database with the newest schema; use `clean` to have it empty."""
    with servers.postgres() as url:
        asyncio.run(_migrated(url))
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis; use `clean` to have it empty."""
    with servers.redis() as url:
        yield url


@pytest.fixture
async def clean(database_url: str, redis_url: str) -> None:
    """Empty the database and Redis before the test."""
    engine = create_engine(database_url, application="test")
    async with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            await connection.execute(table.delete())
    await engine.dispose()
    redis = connect(redis_url)
    await redis.flushall()
    await redis.aclose()


@pytest.fixture
def env(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """The whole environment of the API and the worker, with a media folder of its own."""
    media_dir = tmp_path / "media"
    media_dir.mkdir()
    return environment(database_url=database_url, redis_url=redis_url, media_dir=media_dir)


async def _migrated(url: str) -> None:
    engine = create_engine(url, application="test")
    try:
        await migrate(engine)
    finally:
        await engine.dispose()
