"""Spaces go through the Hub's stages by the clock, and stop, sleep and start again as at the Hub."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.fakes.huggingface.conftest import (
    API,
    DOCKER,
    SPACE,
    USER,
    WRITE,
    advance,
    committed,
    created,
    file,
    header,
    refusal,
    runtime,
    seeded,
    stage,
)
from tests.fakes.serving import served

README = "---\nsdk: docker\n---\n"
WAITS = {"build_s": 45, "start_s": 8}
DAYS_2_S = 172_800


def stages(hub: httpx.Client, *waits_s: float) -> list[str]:
    """The stage now, and after each wait."""
    found = [stage(hub)]
    for wait_s in waits_s:
        advance(hub, wait_s)
        found.append(stage(hub))
    return found


def events(hub: httpx.Client, kind: str) -> list[str]:
    """The lines of a log that ends."""
    with hub.stream("GET", f"{API}/logs/{kind}") as answer:
        lines = [line for line in answer.iter_lines() if line.startswith("data: {")]
    return [json.loads(line.removeprefix("data: "))["data"] for line in lines]


def frozen(hub: httpx.Client, **document: Any) -> None:
    seeded(hub, document)
    hub.post("/_fake/clock", json={"freeze": True}).raise_for_status()


def test_a_first_version_is_built_started_and_runs(hub: httpx.Client) -> None:
    frozen(hub, **WAITS)
    created(hub)
    committed(hub, header(), file("Dockerfile"))
    building = runtime(hub)

    found = stages(hub, 44, 1, 7, 1)

    assert found == ["BUILDING", "BUILDING", "APP_STARTING", "APP_STARTING", "RUNNING"]
    assert building["hardware"] == {"current": None, "requested": "cpu-basic"}
    running = runtime(hub)
    assert (running["hardware"]["current"], running["replicas"]) == (
        "cpu-basic",
        {"current": 1, "requested": 1},
    )
    assert running["sha"] == hub.get(API).json()["sha"]
    assert running["domains"] == [{"domain": "clipnet-staging-clipnet-api.hf.space", "stage": "READY"}]


def test_the_former_version_serves_while_the_next_is_built(hub: httpx.Client) -> None:
    frozen(hub, **WAITS, spaces=[{"id": SPACE, "files": DOCKER}])
    committed(hub, header(), file("a.txt"))

    found = stages(hub, 45, 8)

    assert found == ["RUNNING_BUILDING", "RUNNING_APP_STARTING", "RUNNING"]


@pytest.mark.parametrize(
    ("outcome", "found"),
    [
        ("BUILD_ERROR", ["BUILDING", "BUILD_ERROR", "BUILD_ERROR"]),
        ("RUNTIME_ERROR", ["BUILDING", "APP_STARTING", "RUNTIME_ERROR"]),
    ],
)
def test_a_version_fails_as_it_was_told_to(hub: httpx.Client, outcome: str, found: list[str]) -> None:
    frozen(hub, **WAITS, outcome=outcome)
    created(hub)
    committed(hub, header(), file("Dockerfile"))

    assert stages(hub, 45, 8) == found
    log = events(hub, "build" if outcome == "BUILD_ERROR" else "run")
    assert any("ERROR" in line or "Exit code" in line for line in log)


def test_realistic_timing_takes_its_time() -> None:
    with (
        served("huggingface", timing="realistic") as fakes,
        httpx.Client(base_url=fakes.url("huggingface"), headers=WRITE, trust_env=False) as hub,
    ):
        created(hub)
        committed(hub, header(), file("Dockerfile"))

        assert stages(hub, 45, 8) == ["BUILDING", "APP_STARTING", "RUNNING"]


@pytest.mark.parametrize(
    ("sdk", "readme", "files", "expected", "words"),
    [
        ("docker", README, (), "NO_APP_FILE", "No application file: Dockerfile"),
        ("gradio", "---\nsdk: gradio\n---\n", (), "NO_APP_FILE", "No application file: app.py"),
        ("gradio", "---\nsdk: gradio\napp_file: main.py\n---\n", ("main.py",), "RUNNING", None),
        ("docker", "---\nsdk: gradio\n---\n", ("app.py",), "RUNNING", None),
        ("docker", "# nothing\n", ("Dockerfile",), "CONFIG_ERROR", "Missing configuration in README"),
        (
            "docker",
            "---\ntitle: a\n---\n",
            ("Dockerfile",),
            "CONFIG_ERROR",
            "Missing configuration in README",
        ),
        ("docker", "---\nsdk: shiny\n---\n", ("Dockerfile",), "CONFIG_ERROR", '"sdk" must be one of'),
        ("docker", "---\nsdk: [\n---\n", ("Dockerfile",), "CONFIG_ERROR", "YAML metadata is invalid"),
    ],
)
def test_the_readme_says_what_is_needed(
    hub: httpx.Client, sdk: str, readme: str, files: tuple[str, ...], expected: str, words: str | None
) -> None:
    created(hub, sdk=sdk)

    committed(hub, header(), file("README.md", readme.encode()), *map(file, files))

    found = runtime(hub)
    assert found["stage"] == expected
    assert (words or "") in found.get("errorMessage", "")
    assert ("errorMessage" in found) == (words is not None)


def test_a_paused_space_stays_so_until_it_is_restarted(space: httpx.Client) -> None:
    paused = space.post(f"{API}/pause").json()["stage"]
    committed(space, header(), file("a.txt"))
    still = runtime(space)
    restarted = space.post(f"{API}/restart").json()["stage"]

    assert (paused, still["stage"], restarted) == ("PAUSED", "PAUSED", "RUNNING")
    assert still["replicas"] == {"current": 0, "requested": 1}


def test_a_restart_builds_only_when_asked_to_or_when_it_must(hub: httpx.Client) -> None:
    frozen(hub, **WAITS, spaces=[{"id": SPACE, "files": DOCKER}])

    plain = hub.post(f"{API}/restart").json()["stage"]
    advance(hub, 8)
    factory = hub.post(f"{API}/restart", params={"factory": "true"}).json()["stage"]

    assert (plain, factory) == ("RUNNING_APP_STARTING", "RUNNING_BUILDING")
    actions = [one["action"] for one in hub.get("/_fake/spaces").json()["deployments"]]
    assert actions == ["seeded", "restart", "redeploy"]


def test_a_restart_after_a_failed_build_builds(hub: httpx.Client) -> None:
    frozen(hub, outcome="BUILD_ERROR", build_s=45)
    created(hub)
    committed(hub, header(), file("Dockerfile"))
    advance(hub, 45)

    assert hub.post(f"{API}/restart").json()["stage"] == "BUILDING"


def test_what_is_not_built_again_does_not_fail_to_build(hub: httpx.Client) -> None:
    frozen(hub, outcome="BUILD_ERROR", spaces=[{"id": SPACE, "files": DOCKER}])

    assert hub.post(f"{API}/restart").json()["stage"] == "RUNNING"


def test_a_clock_that_goes_back_takes_no_version_back(space: httpx.Client) -> None:
    committed(space, header(), file("a.txt"))
    space.post("/_fake/clock", json={"set": "2026-01-01T00:00:00Z"})
    before = stage(space)

    oid = committed(space, header(), file("b.txt")).json()["commitOid"]

    assert (before, runtime(space)["sha"]) == ("RUNNING", oid)


@pytest.mark.parametrize("action", ["pause", "restart", "sleeptime", "hardware"])
def test_static_spaces_only_run(hub: httpx.Client, action: str) -> None:
    created(hub, sdk="static")

    refused = hub.post(f"{API}/{action}", json={"seconds": 60, "flavor": "t4-small"})

    assert refusal(refused) == (400, None, "Static Spaces cannot be paused, restarted or given hardware")


def test_a_space_on_free_hardware_sleeps_after_two_days_until_somebody_comes(hub: httpx.Client) -> None:
    frozen(hub, start_s=8, spaces=[{"id": SPACE, "files": DOCKER}])

    found = stages(hub, DAYS_2_S - 1, 1)
    page = hub.get(f"/spaces/{SPACE}")

    assert found == ["RUNNING", "RUNNING", "SLEEPING"]
    assert (page.status_code, SPACE in page.text) == (200, True)
    assert stages(hub, 8) == ["APP_STARTING", "RUNNING"]


def test_a_visit_keeps_a_space_awake(hub: httpx.Client) -> None:
    frozen(hub, spaces=[{"id": SPACE, "files": DOCKER}])
    advance(hub, DAYS_2_S - 1)

    hub.get(f"/spaces/{SPACE}")

    assert stages(hub, 1) == ["RUNNING", "RUNNING"]


def test_upgraded_hardware_sleeps_when_it_is_told_to(hub: httpx.Client) -> None:
    frozen(hub, spaces=[{"id": SPACE, "files": DOCKER}])

    upgraded = hub.post(f"{API}/hardware", json={"flavor": "t4-small"}).json()
    awake = stages(hub, DAYS_2_S * 10)
    sleepy = hub.post(f"{API}/sleeptime", json={"seconds": 600}).json()

    assert (upgraded["hardware"]["requested"], upgraded["gcTimeout"]) == ("t4-small", None)
    assert awake == ["RUNNING", "RUNNING"]
    assert (sleepy["gcTimeout"], sleepy["stage"]) == (600, "SLEEPING")
    back = hub.post(f"{API}/hardware", json={"flavor": "cpu-basic", "sleepTimeSeconds": 60}).json()
    assert back["gcTimeout"] == DAYS_2_S
    never = hub.post(f"{API}/hardware", json={"flavor": "t4-small", "sleepTimeSeconds": -1}).json()
    assert never["gcTimeout"] is None


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("hardware", {}, '"flavor" must be one of [cpu-basic, '),
        (
            "hardware",
            {"flavor": "t4-small", "sleepTimeSeconds": "1"},
            '"seconds" must be a number of seconds',
        ),
        ("sleeptime", {}, '"seconds" must be a number of seconds'),
        ("sleeptime", {"seconds": -2}, '"seconds" must be a number of seconds'),
        ("sleeptime", {"seconds": 1 << 64}, '"seconds" must be a number of seconds'),
        ("sleeptime", {"seconds": True}, '"seconds" must be a number of seconds'),
    ],
)
def test_bad_hardware_and_times_are_refused(
    space: httpx.Client, path: str, body: dict[str, Any], words: str
) -> None:
    refused = space.post(f"{API}/{path}", json=body)

    assert (refused.status_code, words in refused.json()["error"]) == (400, True)


@pytest.mark.parametrize("kind", ["secrets", "variables"])
def test_a_space_starts_again_with_its_secrets_and_variables(hub: httpx.Client, kind: str) -> None:
    frozen(hub, start_s=8, spaces=[{"id": SPACE, "files": DOCKER}])

    added = hub.post(f"{API}/{kind}", json={"key": "NAME", "value": "first", "description": "of it"})
    after_adding = stages(hub, 8)
    hub.post(f"{API}/{kind}", json={"key": "NAME", "value": "second"})
    given = hub.get(f"/_fake/spaces/{SPACE}/environment").json()["environment"]
    gone = hub.request("DELETE", f"{API}/{kind}", json={"key": "NAME"})

    assert (added.json()["NAME"]["description"], gone.json()) == ("of it", {})
    assert after_adding == ["RUNNING_APP_STARTING", "RUNNING"]
    assert (given["NAME"], given["SPACE_ID"], given["PORT"]) == ("second", SPACE, "7860")
    missing = hub.request("DELETE", f"{API}/{kind}", json={"key": "NAME"})
    assert refusal(missing) == (404, "EntryNotFound", "Entry not found")


def test_a_secret_is_never_told_nor_written_down(space: httpx.Client) -> None:
    space.post(f"{API}/secrets", json={"key": "KEY", "value": "very-secret-value"})

    listed = space.get(f"{API}/secrets").json()

    assert set(listed["KEY"]) == {"key", "updatedAt"}
    journal = space.get("/_fake/requests").text
    assert ("very-secret-value" in journal, '"KEY' in journal.replace("\\", "")) == (False, True)


def test_a_secret_with_the_name_of_a_variable_is_a_mistake(space: httpx.Client) -> None:
    space.post(f"{API}/variables", json={"key": "NAME", "value": "a"})
    space.post(f"{API}/secrets", json={"key": "NAME", "value": "b"})
    collided = runtime(space)

    space.request("DELETE", f"{API}/variables", json={"key": "NAME"})

    assert collided["stage"] == "CONFIG_ERROR"
    assert collided["errorMessage"] == "Collision on variables and secrets names"
    assert stage(space) == "RUNNING"


@pytest.mark.parametrize("body", [{"key": "1A", "value": "a"}, {"key": "A"}, {"key": "A", "value": 1}])
@pytest.mark.parametrize("kind", ["secrets", "variables"])
def test_a_bad_secret_or_variable_is_refused(space: httpx.Client, kind: str, body: dict[str, Any]) -> None:
    assert space.post(f"{API}/{kind}", json=body).status_code == 400


def test_a_build_log_ends_with_the_build(space: httpx.Client) -> None:
    oid = committed(space, header(), file("a.txt")).json()["commitOid"]

    log = events(space, "build")

    assert len(log) == 1
    assert log[0].startswith("===== Build Queued at 20")
    assert log[0].endswith(f" / Commit SHA: {oid[:7]} =====\n")
    assert refusal(space.get(f"{API}/logs/other"))[:2] == (404, "EntryNotFound")


def test_a_run_log_is_followed_until_the_space_stops(space: httpx.Client) -> None:
    with space.stream("GET", f"{API}/logs/run") as answer:
        lines = answer.iter_lines()
        first = json.loads(next(lines).removeprefix("data: "))
        with httpx.Client(base_url=space.base_url, headers=space.headers, trust_env=False) as other:
            other.post(f"{API}/pause").raise_for_status()
        rest = list(lines)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert first["data"].startswith("===== Application Startup at 20")
    assert set(first) == {"data", "timestamp"}
    assert len(rest) < 5


def test_who_follows_a_log_hears_of_the_next_start(space: httpx.Client) -> None:
    with space.stream("GET", f"{API}/logs/run") as answer:
        events_of = (line for line in answer.iter_lines() if line.startswith("data: {"))
        before = [next(events_of), next(events_of)]
        with httpx.Client(base_url=space.base_url, headers=space.headers, trust_env=False) as other:
            other.post(f"{API}/restart").raise_for_status()
            after = next(events_of)
            other.post(f"{API}/pause").raise_for_status()

    assert [("Application Startup" in one) for one in (*before, after)] == [True, False, True]


def test_there_is_hardware_to_choose_from(hub: httpx.Client) -> None:
    found = {one["name"]: one for one in hub.get("/api/spaces/hardware").json()}

    assert found["cpu-basic"]["accelerator"] is None
    assert found["t4-small"]["accelerator"]["model"] == "T4"


def test_an_unknown_space_has_no_environment(hub: httpx.Client) -> None:
    refused = hub.get(f"/_fake/spaces/{USER}/nowhere/environment")

    assert (refused.status_code, refused.json()) == (400, {"error": f"there is no Space '{USER}/nowhere'"})
