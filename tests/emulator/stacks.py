"""A stack without its applications for tests: PostgreSQL with the schema, Redis and fakes, all real."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clipnet.db.engine import create_engine
from clipnet.db.migrate import migrate
from emulator.parts import Parts, parts
from tests.fakes.serving import served
from tests.servers import postgres, redis

TOKEN_KEY = "c3RhZ2luZy10b2tlbi1rZXktb2YtdGhlLWVtdWxhdG8="


@contextmanager
def servers(*fakes: str, cache: Path) -> Iterator[Parts]:
    """Run the servers of a stack; `cache` keeps rendered media between tests."""
    with (
        tempfile.TemporaryDirectory(prefix="clipnet-stack-") as folder,
        postgres() as database_url,
        redis() as redis_url,
    ):
        state = Path(folder)
        asyncio.run(_with_schema(database_url))
        with served(*fakes, folder=state / "fakes", blobs_dir=state / "blobs") as running:
            host = running.host("cloudinary") if "cloudinary" in fakes else "127.0.0.1:1"
            env = {
                "DATABASE_URL": database_url,
                "REDIS_URL": redis_url,
                "API_URL": "http://127.0.0.1:1",
                "WEB_URL": "http://127.0.0.1:1",
                "MEDIA_DIR": str(state / "media"),
                "TOKEN_KEY": TOKEN_KEY,
                "CLOUDINARY_URL": f"cloudinary://k:s@staging?upload_prefix=http://{host}&cname={host}",
                **{f"FAKES_{name.upper()}_URL": url for name, url in running.urls.items()},
            }
            yield parts("test", env, state, cache)


async def _with_schema(database_url: str) -> None:
    engine = create_engine(database_url, application="test")
    await migrate(engine)
    await engine.dispose()


def run_cli(*arguments: str, cwd: Path, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, without the settings of whoever runs the tests."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}
    return subprocess.run(
        [sys.executable, "-c", "from emulator.cli import main; main()", *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
