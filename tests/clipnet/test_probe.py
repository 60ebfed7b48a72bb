from __future__ import annotations

import subprocess
import sys

from clipnet.probe import check
from clipnet.queue import connect
from tests.servers import free_port


async def test_a_worker_is_healthy_while_its_lease_is_held(clean: None, redis_url: str) -> None:
    redis = connect(redis_url)
    without = check("worker", {"REDIS_URL": redis_url})
    await redis.set("clipnet:worker:lease", "1", px=10_000)

    with_lease = check("worker", {"REDIS_URL": redis_url})

    await redis.aclose()
    assert (without, with_lease) == ("no worker holds the lease", None)


def test_a_service_that_is_away_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clipnet.probe", "api"],
        env={"PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith("api: URLError")


def test_an_unknown_service_is_a_wrong_argument() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clipnet.probe", "fridge"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "usage: python -m clipnet.probe api|worker|web\n")
