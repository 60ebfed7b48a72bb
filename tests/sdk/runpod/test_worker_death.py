"""Workers of the official package that die or leave, and what becomes of their jobs."""

from functools import partial
from pathlib import Path

import pytest

from tests.fakes.serving import Served
from tests.sdk.runpod.workers import Worker, end_of, ended, living, pings, running, submitted, workers
from tests.servers import wait_until

pytestmark = pytest.mark.slow

CLIP = "staging-clip"
HEARD = 4
"""Pings after which their interval is known: one or two come before the first poll."""


def test_a_job_whose_worker_is_killed_is_done_by_another(fake: Served, folder: Path, tmp_path: Path) -> None:
    with workers(fake, folder, ("sync", CLIP), ("sync", CLIP)) as pair:
        job = submitted(fake, CLIP, {"do": "progress", "file": str(tmp_path / "go")})
        first = running(fake, CLIP, job)
        next(one for one in pair if one.id == first["workerId"]).kill()
        wait_until(lambda: len(living(fake, *pair)) == 1, lambda: "the death to be noticed")
        second = running(fake, CLIP, job)
        (tmp_path / "go").touch()

        done = end_of(fake, CLIP, job)

    assert {first["workerId"], second["workerId"]} == {one.id for one in pair}
    assert (done["status"], done["output"], done["retries"]) == ("COMPLETED", "done", 1)
    assert done["workerId"] == second["workerId"]


def test_a_job_that_loses_two_workers_fails_and_the_model_serves_again(
    fake: Served, folder: Path, tmp_path: Path
) -> None:
    with workers(fake, folder, ("sync", CLIP), ("sync", CLIP)) as pair:
        job = submitted(fake, CLIP, {"do": "progress", "file": str(tmp_path / "never")})
        for _ in pair:
            worker_id = running(fake, CLIP, job)["workerId"]
            next(one for one in pair if one.id == worker_id).kill()
            wait_until(partial(_is_gone, fake, pair, worker_id), lambda: "the death to be noticed")

        failed = end_of(fake, CLIP, job)

    assert (failed["status"], failed["retries"]) == ("FAILED", 1)
    assert failed["error"] == "job timed out after 1 retries"
    assert ended(fake, CLIP, {"mock_return": "the model"})["output"] == "the model"


def test_a_job_whose_worker_hangs_with_its_heartbeats_is_done_by_another(
    fake: Served, folder: Path, tmp_path: Path
) -> None:
    with workers(fake, folder, ("sync", CLIP), ("sync", CLIP), ping_every_s=1) as pair:
        job = submitted(fake, CLIP, {"do": "progress", "file": str(tmp_path / "go")})
        first = running(fake, CLIP, job)["workerId"]
        frozen = next(one for one in pair if one.id == first)
        wait_until(lambda: pings(fake, frozen.id) > HEARD, lambda: f"{HEARD} pings")
        frozen.freeze()
        wait_until(partial(_is_gone, fake, pair, first), lambda: "three heartbeats to be missed")
        (tmp_path / "go").touch()

        done = end_of(fake, CLIP, job)

    assert (done["status"], done["output"], done["retries"]) == ("COMPLETED", "done", 1)
    assert done["workerId"] != first


def test_a_handler_that_exits_takes_its_worker_along(fake: Served, folder: Path, tmp_path: Path) -> None:
    with workers(fake, folder, ("sync", CLIP), ("sync", CLIP)) as pair:
        job = submitted(fake, CLIP, {"do": "exit once", "file": str(tmp_path / "exited")})
        done = end_of(fake, CLIP, job)
        left = living(fake, *pair)
        codes = {one.id: one.process.wait(20) for one in pair if one.id not in left}

    assert (done["status"], done["output"], done["retries"]) == ("COMPLETED", "done by another", 1)
    assert (left, list(codes.values())) == ([done["workerId"]], [3])


def test_a_worker_that_is_to_be_refreshed_ends_with_its_job(fake: Served, folder: Path) -> None:
    with workers(fake, folder, ("refresh", CLIP)) as (one,):
        done = ended(fake, CLIP, {"do": "echo"})
        left = living(fake, one)
        code = one.process.wait(20)

    assert (done["status"], left, code) == ("COMPLETED", [], 0)
    assert ended(fake, CLIP, {"mock_return": "the model"})["output"] == "the model"


def _is_gone(fake: Served, pair: list[Worker], worker_id: str) -> bool:
    return worker_id not in living(fake, *pair)
