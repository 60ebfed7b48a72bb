import json

import pytest

from benchmarks.runpod import best, compared, completed, main

WORK = {"memory at the start, MB", "memory, MB"} | {
    f"{way}{figure}"
    for way in ("runsync", "polled")
    for figure in (" alone, p50 ms", " alone, p99 ms", ", per s", ", p99 ms", ", CPU ms")
}
LOOKS = {
    f"{name}, {figure} ms" for name in ("health", "requests", "first status") for figure in ("p50", "p99")
}


@pytest.mark.slow
def test_both_servers_are_measured_before_and_after_many_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--jobs", "20", "--finished", "40", "--json"])

    columns = json.loads(capsys.readouterr().out)
    assert {name: set(columns[name]) for name in ("fake", "fake after", "official", "official after")} == {
        "fake": WORK | LOOKS,
        "fake after": WORK | LOOKS,
        "official": WORK,
        "official after": WORK,
    }


def test_the_best_of_the_rounds_counts() -> None:
    rounds = [{"polled, per s": 30.0, "polled, p99 ms": 9.0}, {"polled, per s": 20.0, "polled, p99 ms": 4.0}]

    assert best(rounds) == {"polled, per s": 30.0, "polled, p99 ms": 4.0}


def test_ratios_leave_out_what_the_other_has_not() -> None:
    measured = {
        "fake": {"polled, per s": 30.0, "health, p50 ms": 2.0},
        "fake after": {"polled, per s": 15.0, "health, p50 ms": 3.0},
        "official": {"polled, per s": 40.0, "CPU ms": 0.0},
        "official after": {"polled, per s": 40.0, "CPU ms": 1.0},
    }

    columns = compared(measured)

    assert {head: dict(figures) for head, figures in columns.items()} == measured | {
        "fake growth": {"polled, per s": 0.5, "health, p50 ms": 1.5},
        "official growth": {"polled, per s": 1.0},
        "fake/official": {"polled, per s": 0.75},
    }


@pytest.mark.slow
def test_one_server_is_shown_alone(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--jobs", "20", "--finished", "40", "--peer", "fake"])

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["fake", "fake", "after", "fake", "growth"]
    assert {row[:24].strip() for row in rows} == WORK | LOOKS


@pytest.mark.parametrize("job", [{"id": "1", "status": "FAILED"}, {"id": "1", "status": "COMPLETED"}])
def test_only_work_that_was_done_counts(job: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match="the job is"):
        completed(job)
