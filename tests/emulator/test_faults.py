"""`fault` and `fake`, against the real process of the fakes."""

from __future__ import annotations

import json
import signal
from typing import Any
from urllib.request import Request, urlopen

import pytest
from click.shell_completion import ShellComplete

from emulator.cli import cli
from emulator.cli.fault import effect_of, span_of
from fakes.runpod.state import STAGING_KEY
from tests.emulator.project import Project, programs, wait_for

pytestmark = pytest.mark.slow


def test_a_fault_is_added_listed_and_cleared(with_fake: Project) -> None:
    added = with_fake.json(
        "fault", "add", "cloudinary", "error", "--status", "503", "--times", "2", "--path", "/v1_1/*"
    )

    listed = with_fake.json("fault", "list")
    text = with_fake.run("fault", "list").stdout
    cleared = with_fake.json("fault", "clear")

    assert [(rule["fake"], rule["id"], rule["status"], rule["times"]) for rule in listed] == [
        ("cloudinary", added["id"], 503, 2)
    ]
    assert "cloudinary  f1  error  *       /v1_1/*  2      status 503\n" in text
    assert (cleared, with_fake.json("fault", "list")) == ({"cleared": ["cloudinary", "runpod"]}, [])


def test_one_fault_of_several_is_cleared(with_fake: Project) -> None:
    for kind in ("hang", "cut"):
        with_fake.json("fault", "add", "cloudinary", kind)

    done = with_fake.run("fault", "clear", "cloudinary", "--id", "f1")
    again = with_fake.run("fault", "clear", "cloudinary", "--id", "f1")
    nowhere = with_fake.run("fault", "clear", "--id", "f2")

    assert done.stdout == "fault f1 on cloudinary is cleared\n"
    assert [fault["id"] for fault in with_fake.json("fault", "list")] == ["f2"]
    assert (again.returncode, "no fault 'f1' on fake 'cloudinary'" in again.stderr) == (4, True)
    assert (nowhere.returncode, "--id needs the fake" in nowhere.stderr) == (2, True)


def test_staging_waits_for_production_until_its_load_is_cleared(with_fake: Project) -> None:
    load = ("production-load", "--jobs-per-minute", "600", "--seconds-per-job", "100")
    added = with_fake.run("fault", "add", "runpod", *load)
    job_id = _ask(with_fake, "v2/staging-clip/run", {"input": {"mock_delay": 0}})["id"]
    status = f"v2/staging-clip/status/{job_id}"
    _ask(with_fake, "_fake/clock", {"advance_s": 30})

    listed = with_fake.run("fault", "list").stdout
    waiting = _ask(with_fake, status)["status"]
    with_fake.json("fault", "clear", "runpod", "--id", "f1")
    done = wait_for(lambda: _done(_ask(with_fake, status)), "the job of staging is done")

    effect = "jobs-per-minute 600, seconds-per-job 100"
    assert added.stdout == f"fault f1 on runpod: production-load {effect} until it is cleared\n"
    assert f"runpod  f1  production-load                       {effect}\n" in listed
    assert waiting == "IN_QUEUE"
    assert done["delayTime"] >= 30_000
    assert with_fake.json("fault", "list") == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "refusal", "code": "clip_disabled", "times": 2}, "code clip_disabled for the next 2 calls"),
        ({"kind": "refusal", "code": "50013", "times": 1}, "code 50013 for the next call"),
        ({"kind": "refusal", "code": "429", "times": None}, "code 429 until it is cleared"),
        ({"kind": "throttled", "workers": None}, " until it is cleared"),
        (
            {"kind": "slow", "ms": 1500.0, "ms_per_input_s": 2},
            "ms 1500, ms-per-input-s 2 until it is cleared",
        ),
    ],
)
def test_what_a_condition_does_and_for_how_long_is_told(fault: dict[str, Any], words: str) -> None:
    added = {"fake": "twitch", "id": "f1", **fault}

    assert f"{effect_of(added)} {span_of(added)}" == words


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ("production-load",),
            4,
            "a fault of kind 'production-load' needs 'jobs_per_minute', jobs that arrive each minute:"
            " a number from 0.1 to 600",
        ),
        (
            ("production-load", "--jobs-per-minute", "0"),
            4,
            "fault field 'jobs_per_minute' of kind 'production-load' is 0.0;"
            " it must be a number from 0.1 to 600",
        ),
        (
            ("production-load", "--jobs-per-minute", "5", "--times", "3"),
            4,
            "fault field 'times' means nothing for kind 'production-load';"
            " it takes jobs_per_minute, seconds_per_job",
        ),
        (
            ("throttled", "--workers", "many"),
            2,
            "Invalid value for '--workers': 'many' is not a valid integer",
        ),
        (("throttled", "--worker", "1"), 2, "No such option '--worker'"),
    ],
)
def test_options_of_a_condition_that_cannot_be_are_refused(
    with_fake: Project, words: tuple[str, ...], code: int, sentence: str
) -> None:
    done = with_fake.run("fault", "add", "runpod", *words)

    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
    assert with_fake.json("fault", "list") == []


def test_the_kinds_are_listed_without_a_stack(project: Project) -> None:
    kinds = project.json("fault", "kinds", "cloudinary")
    text = " ".join(project.run("fault", "kinds").stdout.split())
    nobody = project.run("fault", "kinds", "myspace")

    assert {kind["name"]: kind["fake"] for kind in kinds}.items() >= {"latency": None, "cut": None}.items()
    ms = kinds[0]["options"][0]
    assert (ms["name"], ms["is_required"], ms["highest"]) == ("ms", True, 3_600_000)
    assert " * latency " in text
    assert " --ms [--path] [--method] [--times] [--after] [--probability] * " in text
    assert " runpod production-load " in text
    assert " --jobs-per-minute [--seconds-per-job] " in text
    assert (nobody.returncode, "there is no fake 'myspace'" in nobody.stderr) == (4, True)


@pytest.mark.parametrize(
    ("words", "begun", "found"),
    [
        (("runpod",), "pro", ["production-load"]),
        (("cloudinary",), "c", ["cut"]),
        (("runpod", "production-load"), "--jobs", ["--jobs-per-minute"]),
    ],
)
def test_kinds_and_their_options_are_completed(words: tuple[str, ...], begun: str, found: list[str]) -> None:
    shell = ShellComplete(cli, {}, "clipnet-emulate", "_CLIPNET_EMULATE_COMPLETE")

    completed = shell.get_completions(["fault", "add", *words], begun)

    assert [item.value for item in completed] == found


def test_a_fault_that_cannot_be_is_refused(with_fake: Project) -> None:
    nobody = with_fake.run("fault", "add", "myspace", "error")
    wrong = with_fake.run("fault", "add", "cloudinary", "hang", "--probability", "7")

    endless = with_fake.run("fault", "add", "cloudinary", "latency")
    unknown = with_fake.run("fault", "add", "cloudinary", "earthquake")
    misspelt = with_fake.run("fault", "add", "cloudinary", "cut", "--tims", "2")

    assert (nobody.returncode, wrong.returncode, endless.returncode) == (4, 4, 4)
    assert (unknown.returncode, misspelt.returncode) == (4, 2)
    assert "unknown fault kind 'earthquake'; known are latency, error, hang, cut, garbage" in unknown.stderr
    assert "hint: see: clipnet-emulate fault kinds cloudinary" in unknown.stderr
    assert "No such option '--tims'" in misspelt.stderr
    assert "needs 'ms'" in endless.stderr
    assert "there is no fake 'myspace'" in nobody.stderr
    assert "fault field 'probability' of kind 'hang' is 7" in wrong.stderr


def test_one_fake_is_served_alone_until_ctrl_c(project: Project) -> None:
    port = project.port_base + 20
    with project.started("fake", "cloudinary", "--port", str(port)) as fake:
        health = json.loads(
            wait_for(lambda: _get(f"http://127.0.0.1:{port}/_fake/health"), "the fake answers")
        )

        fake.send_signal(signal.SIGINT)

        assert fake.wait(timeout=10) in (0, 130)
    assert health["fake"] == "cloudinary"


def test_a_fake_that_is_not_there_is_refused(project: Project) -> None:
    done = project.run("fake", "myspace")

    assert (done.returncode, "there is no fake 'myspace'" in done.stderr) == (4, True)


def _ask(project: Project, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the RunPod fake answers."""
    url = f"http://127.0.0.1:{project.port_base + 11}/{path}"
    headers = {"Authorization": f"Bearer {STAGING_KEY}"}
    asked = Request(url, None if body is None else json.dumps(body).encode(), headers)
    with urlopen(asked, timeout=5) as answer:
        return dict(json.loads(answer.read()))


def _done(job: dict[str, Any]) -> dict[str, Any] | None:
    return job if job["status"] == "COMPLETED" else None


def _get(url: str) -> bytes | None:
    try:
        with urlopen(url, timeout=1) as answer:
            return bytes(answer.read())
    except OSError:
        return None


def test_a_lone_fake_keeps_its_bytes_where_the_stack_would(project: Project) -> None:
    stack = programs()
    stack["fakes"]["environment"] = {
        "FAKES_PORTS": "cloudinary=${CLOUDINARY_LISTEN:-1}",
        "BLOBS_URL": "${BLOBS_URL:-}",
    }
    project.write(stack)
    project.extra_env["BLOBS_URL"] = "s3://k:s@127.0.0.1:1/staging?tsl=1"

    done = project.run("fake", "cloudinary", "--port", str(project.port_base + 20))

    assert (done.returncode != 0, "BLOBS_URL cannot be used" in done.stdout) == (True, True)


def test_a_taken_port_of_a_lone_fake_can_be_chosen_anew(with_fake: Project) -> None:
    done = with_fake.run("fake", "cloudinary", "--port", str(with_fake.port_base + 1))

    assert done.returncode == 7
    assert "hint: stop that program, or choose another port with --port" in done.stderr
