from __future__ import annotations

import subprocess
import sys

import pytest

from clipnet.probe import check
from clipnet.queue import connect
from tests.servers import answering, free_port


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
    assert done.stderr.startswith("api: ConnectionRefusedError")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", None),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "answered 'HTTP/1.1 503 Service Unavailable'"),
        (b"", "answered 'nothing'"),
    ],
)
def test_only_an_answer_of_200_is_health(answer: bytes, said: str | None) -> None:
    with answering(answer) as port:
        found = check("api", {"PORT": str(port)})

    assert found == (said and f"port {port} {said}")


def test_an_unknown_service_is_a_wrong_argument() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clipnet.probe", "fridge"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "usage: python -m clipnet.probe api|worker|web\n")
