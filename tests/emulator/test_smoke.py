"""The report of a smoke run, as JSON and as JUnit."""

from xml.etree import ElementTree

import pytest

from emulator.smoke import Report, Step, junit
from emulator.smoke.public import mismatch

REPORT = Report(
    False,
    "c1",
    "t1",
    (
        Step("api", True, 12.5, "ready"),
        Step("worker", False, 1500.0, "the clip failed: <not_a_video> & more"),
    ),
)


def test_the_report_is_plain_json() -> None:
    assert REPORT.public() == {
        "ok": False,
        "clip_id": "c1",
        "trace_id": "t1",
        "steps": [
            {"name": "api", "ok": True, "ms": 12.5, "detail": "ready"},
            {"name": "worker", "ok": False, "ms": 1500.0, "detail": "the clip failed: <not_a_video> & more"},
        ],
    }


def test_junit_has_a_case_for_each_step_and_the_reason_of_a_failure() -> None:
    suite = ElementTree.fromstring(junit(REPORT, "qa1"))

    failures = [case.find("failure") for case in suite]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (
        "clipnet-emulate smoke qa1",
        "2",
        "1",
    )
    assert [case.get("name") for case in suite] == ["api", "worker"]
    assert failures[0] is None
    assert failures[1] is not None
    assert failures[1].get("message") == "the clip failed: <not_a_video> & more"


@pytest.mark.parametrize(
    ("api", "web", "wrong"),
    [
        ({"version": "1", "commit": None}, {"version": "1"}, None),
        ({"version": "1", "commit": "c1"}, {"version": "2", "commit": "c1"}, None),
        (
            {"version": "1", "commit": None},
            {"version": "2", "commit": None},
            "the API is 1 (commit None), the frontend 2 (commit None)",
        ),
        (
            {"version": "1", "commit": "c1"},
            {"version": "1", "commit": "c2"},
            "the API is 1 (commit c1), the frontend 1 (commit c2)",
        ),
    ],
)
def test_api_and_frontend_are_of_one_release(
    api: dict[str, str | None], web: dict[str, str | None], wrong: str | None
) -> None:
    assert mismatch(api, web, None) == wrong


def test_the_commit_that_was_asked_for_counts() -> None:
    both = {"version": "1", "commit": "c1"}

    assert mismatch(both, both, "c1") is None
    assert mismatch(both, both, "c2") == "the API is made of commit c1, not c2"
