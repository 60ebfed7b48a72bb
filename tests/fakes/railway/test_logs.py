"""Logs: of builds, of what runs, of an environment; and the filter."""

from __future__ import annotations

from typing import Any

import pytest

from fakes.kit.deployments import Line
from fakes.railway.state import seeding
from fakes.railway.state.logs import Written, matching, structured
from tests.fakes.railway.conftest import API, WORKER, Api

BUILD = "query ($i: String!) { buildLogs(deploymentId: $i) { message severity timestamp } }"
LOGS = "query ($i: String!, $f: String, $n: Int, $s: DateTime, $e: DateTime) { deploymentLogs("
LOGS += "deploymentId: $i, filter: $f, limit: $n, startDate: $s, endDate: $e)"
LOGS += " { message severity timestamp attributes { key value } tags { serviceId deploymentId } } }"
OF_ENVIRONMENT = "query ($e: String!, $f: String, $a: String, $b: Int, $n: Int) { environmentLogs("
OF_ENVIRONMENT += (
    "environmentId: $e, filter: $f, anchorDate: $a, beforeLimit: $b, afterLimit: $n) { message } }"
)


def write(api: Api, deployment_id: str, *lines: str) -> None:
    api.http.post(f"/_fake/deployments/{deployment_id}", json={"logs": lines}).raise_for_status()


def messages(found: list[dict[str, Any]]) -> list[str]:
    return [line["message"] for line in found]


def test_a_build_has_lines_of_its_own(project: Api) -> None:
    made = project.deploy()

    build, run = project.data(BUILD, i=made), project.data(LOGS, i=made)

    assert messages(build) == ["scheduling build", "[builder] installing packages"]
    assert messages(run) == ["Starting Container"]
    assert run[0]["tags"] == {"serviceId": API, "deploymentId": made}
    assert run[0]["timestamp"].endswith("000Z")


def test_a_structured_line_has_its_level_and_attributes(project: Api) -> None:
    made = project.deploy()
    write(project, made, '{"message": "slow", "level": "warning", "took_ms": 12, "path": "/v1"}')

    last = project.data(LOGS, i=made)[-1]

    assert (last["message"], last["severity"]) == ("slow", "warn")
    found = {one["key"]: one["value"] for one in last["attributes"]}
    assert found == {"level": "warn", "took_ms": "12", "path": '"/v1"'}


def test_a_log_is_cut_to_its_last_lines(project: Api) -> None:
    made = project.deploy()
    write(project, made, "a", "b", "c")

    assert messages(project.data(LOGS, i=made, n=2)) == ["b", "c"]
    assert project.data(LOGS, i=made, n=0) == []


def test_a_log_is_cut_by_time(project: Api) -> None:
    project.http.post("/_fake/clock", json={"freeze": True})
    project.http.post("/_fake/clock", json={"set": "2026-11-21T06:00:00Z"})
    made = project.deploy()
    project.http.post("/_fake/clock", json={"advance_s": 60})
    write(project, made, "later")

    assert messages(project.data(LOGS, i=made, s="2026-11-21T06:00:30Z")) == ["later"]
    assert messages(project.data(LOGS, i=made, e="2026-11-21T06:00:30Z")) == ["Starting Container"]
    assert project.refusal(LOGS, i=made, s="yesterday") == (200, "Invalid date: yesterday")


def test_an_environment_has_the_lines_of_all_its_services(project: Api) -> None:
    project.http.post("/_fake/clock", json={"freeze": True})
    project.http.post("/_fake/clock", json={"set": "2026-11-21T06:00:00Z"})
    api, worker = project.deploy(service=API), project.deploy(service=WORKER)
    for number, made in enumerate((api, worker, api)):
        project.http.post("/_fake/clock", json={"advance_s": 10})
        write(project, made, f"line {number}")
    place = {"e": seeding.STAGING_ENVIRONMENT_ID}

    everything = messages(project.data(OF_ENVIRONMENT, **place, f='"line "'))
    one_service = messages(project.data(OF_ENVIRONMENT, **place, f="@service:worker line"))
    around = messages(project.data(OF_ENVIRONMENT, **place, a="2026-11-21T06:00:20Z", b=1, n=5))

    assert everything == ["line 0", "line 1", "line 2"]
    assert one_service == ["line 1"]
    assert around == ["line 1", "line 2"]


def line(message: str, severity: str = "info", **attributes: str) -> Written:
    return Written("d", "e", API, 0.0, "deploy", severity, message, attributes)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        (None, True),
        ("", True),
        ("request", True),
        ("REQUEST", True),
        ('"failed request"', True),
        ('"request failed"', False),
        ("@level:error", True),
        ("@level:info", False),
        ("-@level:info", True),
        ("@level:error AND failed", True),
        ("@level:info OR failed", True),
        ("@level:info OR nothing", False),
        ("@service:api", True),
        (f"@service:{API}", True),
        ("@service:worker", False),
        ("@path:/v1", True),
        ("@path:/v2", False),
        ("@none:x", False),
        ("-nothing failed", True),
        ("(failed)", True),
    ],
)
def test_a_filter_finds_lines(text: str | None, fits: bool) -> None:
    found = matching(text, {API: "api"})

    assert found(line("A failed request", "error", path='"/v1"')) is fits


@pytest.mark.parametrize("message", ["{", "{}", "[1]", '{"a": 1}', '{"message": 1}', "{" * 3000])
def test_a_line_that_is_not_structured_stays_as_it_is(message: str) -> None:
    assert structured(Line(message, "error")) == (message, "error", {"level": "error"})
