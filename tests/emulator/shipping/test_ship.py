"""`clipnet-emulate ship` against Railway's and Vercel's stand-ins: what it deploys, and what it refuses."""

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.shipping import targets
from emulator.shipping.railway import Railway
from fakes.railway.state import seeding
from tests.emulator.shipping.conftest import FIRST, SECOND, Ship
from tests.fakes.serving import Served, served

STAGING = "staging.clipnet.ai"


def serving(railway: httpx.Client, service: str) -> dict[str, Any]:
    """What Railway knows of the newest deployment of a service."""
    query = "query ($i: DeploymentListInput!) { deployments(input: $i, first: 1) { edges { node"
    query += " { id status meta } } } }"
    within = {
        "environmentId": seeding.STAGING_ENVIRONMENT_ID,
        "serviceId": seeding.service_id(service),
        "projectId": seeding.STAGING_PROJECT_ID,
    }
    headers = {"Project-Access-Token": seeding.PROJECT_TOKEN}
    body = {"query": query, "variables": {"i": within}}
    answer = railway.post("/graphql/v2", json=body, headers=headers).json()
    return dict(answer["data"]["deployments"]["edges"][0]["node"])


def shown(vercel: httpx.Client) -> str:
    """What staging's domain shows."""
    return vercel.get("/", headers={"Host": STAGING}).text


def busy(railway: httpx.Client) -> None:
    """Let Railway have trouble with the next request."""
    fault = {"kind": "refusal", "code": "service_unavailable", "times": 1}
    railway.put("/_fake/faults", json=fault).raise_for_status()


@pytest.mark.parametrize("service", ["api", "worker"])
def test_a_service_is_deployed_at_the_commit_and_waited_for(
    ship: Ship, railway: httpx.Client, service: str
) -> None:
    done = ship(service, "--json")

    (shipped,) = json.loads(done.stdout)
    found = serving(railway, service)
    assert done.returncode == 0, done.stderr
    assert (found["id"], found["status"], found["meta"]["commitHash"]) == (
        shipped["deployment"],
        "SUCCESS",
        FIRST,
    )
    assert (shipped["service"], shipped["commit"]) == (service, FIRST)
    assert f"{service}: SUCCESS" in done.stderr


def test_logs_are_shown_and_cannot_speak_to_the_runner(
    ship: Ship, railway: httpx.Client, env: dict[str, str]
) -> None:
    railway.put("/_fake/state", json={"outcomes": {"api": "FAILED"}})

    done = ship("api", GITHUB_ACTIONS="true")

    relayed = [line for line in done.stderr.splitlines() if line.startswith("| ")]
    commands = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert done.returncode == 14
    assert relayed
    assert len(commands) == 1
    assert commands[0].startswith("::error title=deploy-api::deployment ")
    assert "ended as FAILED; its last lines:%0A" in commands[0]
    assert env["RAILWAY_TOKEN"] not in done.stdout + done.stderr


def test_outside_of_a_workflow_there_are_no_annotations(ship: Ship, railway: httpx.Client) -> None:
    railway.put("/_fake/state", json={"outcomes": {"worker": "CRASHED"}})

    done = ship("worker")

    assert (done.returncode, "::" in done.stderr) == (14, False)
    assert "of worker ended as CRASHED" in done.stderr
    assert "hint: what served before goes on to serve" in done.stderr


def test_the_summary_of_the_step_is_a_table(ship: Ship, railway: httpx.Client, tmp_path: Path) -> None:
    assert railway.get("/_fake/health").is_success
    summary = tmp_path / "summary.md"

    done = ship("api", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))

    head, _, row = summary.read_text().splitlines()
    assert done.returncode == 0, done.stderr
    assert head == "| service | commit | deployment | took |"
    assert row.startswith(f"| api | `{FIRST[:12]}` | `")


@pytest.mark.parametrize(
    ("words", "more", "code", "said"),
    [
        (("api",), {"RAILWAY_TOKEN": "wrong"}, 4, "Railway refused it: Not Authorized"),
        (("api",), {"RAILWAY_API_SERVICE_ID": "none"}, 4, "Railway refused it: "),
        (("api",), {"GITHUB_SHA": "a1a1"}, 4, "'a1a1' is no commit"),
        (("api", "--commit", "HEAD"), {}, 4, "'HEAD' is no commit"),
        (("api",), {"GITHUB_SHA": ""}, 4, "'' is no commit"),
        (("api",), {"RAILWAY_PROJECT_ID": ""}, 4, "not set: RAILWAY_PROJECT_ID (staging's project)"),
        (("api",), {"RAILWAY_API_URL": "https://backboard.railway.com"}, 5, "this would touch production"),
        (("api",), {"RAILWAY_API_URL": "http://127.0.0.1:9"}, 6, "Railway does not answer at http://127."),
        (("frontend",), {"VERCEL_TOKEN": "wrong"}, 4, "Vercel refused it (403): Not authorized"),
        (("frontend",), {"VERCEL_PROJECT_ID": "prj_none"}, 4, "Vercel refused it (404): "),
        (("frontend",), {"VERCEL_API_URL": "http://127.0.0.1:9"}, 6, "Vercel does not answer at http://127."),
        (("frontend",), {"VERCEL_API_URL": "https://api.vercel.com"}, 5, "this would touch production"),
        (("frontend",), {"GITHUB_REF_NAME": ""}, 4, "the commit's branch is not named"),
        (("frontend",), {"PATH": "/nowhere"}, 6, "the program 'vercel' is not there"),
        (("rollback",), {"VERCEL_TOKEN": "wrong"}, 4, "Vercel refused it (403)"),
        (("rollback", "--to", "dead"), {}, 4, "'dead' is no commit that all services have"),
    ],
)
def test_what_cannot_be_shipped_is_said_in_words(
    ship: Ship,
    railway: httpx.Client,
    page: Path,
    words: tuple[str, ...],
    more: dict[str, str],
    code: int,
    said: str,
) -> None:
    assert railway.get("/_fake/health").is_success

    done = ship(*words, folder=page, **more)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not any(value in done.stderr for value in more.values() if value == "wrong")


def test_a_commit_that_railway_was_not_told_of_is_named(ship: Ship, railway: httpx.Client) -> None:
    railway.put("/_fake/state", json={"only_known_commits": True})

    done = ship("api")

    assert done.returncode == 4
    assert "Railway refused it: Commit not found" in done.stderr
    assert "hint: Railway deploys what is pushed: push the commit first" in done.stderr


def test_trouble_at_railway_before_anything_is_deployed_is_told(ship: Ship, railway: httpx.Client) -> None:
    busy(railway)

    done = ship("api")

    assert (done.returncode, "Railway answered 503" in done.stderr) == (6, True)


def test_trouble_at_railway_is_waited_out_while_a_deployment_is_under_way(
    env: dict[str, str], railway: httpx.Client
) -> None:
    said: list[str] = []

    def hear(line: str) -> None:
        if not said:
            busy(railway)
        said.append(line)

    with Railway(targets.railway(env), hear, 30) as api:
        shipped = api.deploy("api", FIRST)

    assert "api: Railway answered 503; asking again" in said
    assert serving(railway, "api")["id"] == shipped.deployment


def test_a_deployment_that_takes_too_long_is_left_to_the_platform(ship: Ship) -> None:
    with served("railway", timing="realistic") as slow:
        done = ship("api", "--timeout", "1", RAILWAY_API_URL=slow.url("railway"))

    assert done.returncode == 14
    assert "of api was not through after 1 s (last seen: QUEUED)" in done.stderr


def test_the_frontend_is_deployed_by_vercels_own_program(
    ship: Ship, vercel: httpx.Client, page: Path
) -> None:
    done = ship("frontend", "--json", folder=page)

    (shipped,) = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (shipped["service"], shipped["commit"]) == ("frontend", FIRST)
    assert shipped["deployment"].startswith("dpl_")
    assert shown(vercel) == "one"
    assert "vercel_staging_token" not in done.stdout + done.stderr


PRINT = "import os; print(*(os.environ[f'APP_{name}'] for name in ('ENV', 'VERSION', 'COMMIT')))"


def test_a_build_is_told_which_release_it_is_of(ship: Ship, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "page", "version": "1.2.3"}')

    done = ship("build", "--", sys.executable, "-c", PRINT)

    assert (done.returncode, done.stdout.split()) == (0, ["staging", f"1.2.3+{FIRST[:7]}", FIRST])


@pytest.mark.parametrize(
    ("words", "more", "code", "said"),
    [
        (("false",), {}, 1, ""),
        (("no-such-program",), {}, 6, "'no-such-program' cannot be run"),
        (("true",), {"GITHUB_SHA": ""}, 4, "'' is no commit"),
        (("true",), {"API_URL": "https://api.clipnet.ai"}, 5, "this would touch production: API_URL names"),
    ],
)
def test_a_build_that_cannot_be_is_said(
    ship: Ship, words: tuple[str, ...], more: dict[str, str], code: int, said: str
) -> None:
    done = ship("build", "--", *words, **more)

    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_a_frontend_that_was_not_built_is_named(ship: Ship, tmp_path: Path) -> None:
    done = ship("frontend")

    assert done.returncode == 4
    assert "there is no build for Vercel in '.vercel/output'" in done.stderr


def test_a_frontend_that_fails_is_told_with_its_last_lines(
    ship: Ship, vercel: httpx.Client, page: Path
) -> None:
    vercel.put("/_fake/state", json={"failure": "Command exited with 1"}).raise_for_status()
    try:
        done = ship("frontend", folder=page)
    finally:
        vercel.put("/_fake/state", json={})

    assert done.returncode == 14
    assert "'vercel deploy' ended with code 1; its last lines:" in done.stderr
    assert "Command exited with 1" in done.stderr


def test_a_program_that_hangs_is_ended(
    ship: Ship, platforms: Served, vercel: httpx.Client, page: Path, tmp_path: Path
) -> None:
    assert vercel.get("/_fake/health").is_success
    hanging = tmp_path / "bin" / "vercel"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\necho 'waiting with vercel_staging_token' >&2\nexec sleep 60\n")
    hanging.chmod(0o755)

    done = ship("frontend", "--timeout", "1", folder=page, PATH=f"{hanging.parent}:/usr/bin:/bin")

    assert done.returncode == 14
    assert "'vercel deploy' was not through after 1 s; its last lines:" in done.stderr
    assert "| waiting with ***" in done.stderr


def test_all_three_go_back_to_the_commit_before(
    ship: Ship, railway: httpx.Client, vercel: httpx.Client, page: Path
) -> None:
    for commit in (FIRST, SECOND):
        (page / ".vercel" / "output" / "static" / "index.html").write_text(commit)
        for service in ("api", "worker", "frontend"):
            done = ship(service, "--commit", commit, folder=page)
            assert done.returncode == 0, done.stderr
    before = shown(vercel)

    done = ship("rollback", "--json")
    again = ship("rollback", "--to", SECOND[:8])

    assert done.returncode == 0, done.stderr
    assert [(one["service"], one["commit"]) for one in json.loads(done.stdout)] == [
        ("api", FIRST),
        ("worker", FIRST),
        ("frontend", FIRST),
    ]
    assert before == SECOND
    assert again.returncode == 0, again.stderr
    assert (shown(vercel), serving(railway, "api")["meta"]["commitHash"]) == (SECOND, SECOND)


def test_a_rollback_that_has_nowhere_to_go_says_what_there_is(
    ship: Ship, railway: httpx.Client, vercel: httpx.Client, page: Path
) -> None:
    for service in ("api", "worker", "frontend"):
        assert ship(service, folder=page).returncode == 0

    done = ship("rollback")

    assert done.returncode == 4
    assert "there is nothing to go back to" in done.stderr
    assert f"hint: all services have: {FIRST[:7]}" in done.stderr
