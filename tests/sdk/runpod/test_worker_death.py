"""Workers of the official package that die or leave, and what becomes of their jobs."""

from functools import partial
from pathlib import Path

import pytest

from tests.fakes.serving import Served
from tests.sdk.runpod.workers import control, end_of, ended, living, running, submitted, workers
from tests.servers import wait_until

pytestmark = pytest.mark.slow

CLIP = "staging-clip"


def test_a_job_whose_worker_is_killed_is_done_by_another(fake: Served, folder: Path, tmp_path: Path) -> None:
    with workers(fake, folder, ("sync", CLIP), ("sync", CLIP)) as pair:
        job = submitted(fake, CLIP, {"do": "progress", "file": str(tmp_path / "go")})
        first = running(fake, CLIP, job)
        next(one for one in pair if one.id == first["workerId"]).kill()
        wait_until(lambda: len(living(fake)) == 1, lambda: "the death to be noticed")
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
            wait_until(partial(_is_gone, fake, worker_id), lambda: "the death to be noticed")

        failed = end_of(fake, CLIP, job)

    assert (failed["status"], failed["retries"]) == ("FAILED", 1)
    assert failed["error"] == "job timed out after 1 retries"
    assert ended(fake, CLIP, {"mock_return": "the model"})["output"] == "the model"


def test_a_handler_that_exits_takes_its_worker_along(fake: Served, folder: Path, tmp_path: Path) -> None:
    control(fake, "PUT", "gpu", {"workers": 2, "attached": [CLIP]})
    with workers(fake, folder, ("sync", CLIP), ("refresh", CLIP)) as (one, other):
        done = ended(fake, CLIP, {"do": "exit once", "file": str(tmp_path / "exited")})
        codes = (one.process.wait(20), other.process.wait(20))
        left = living(fake)
    control(fake, "PUT", "gpu", {"workers": 1, "attached": []})

    # whichever of them got it first; the other one was told to end with its first job
    assert (done["status"], done["output"], done["retries"]) == ("COMPLETED", "done by another", 1)
    assert sorted(codes) == [0, 3]
    assert left == []


def _is_gone(fake: Served, worker_id: str) -> bool:
    return worker_id not in {one["worker"] for one in living(fake)}
