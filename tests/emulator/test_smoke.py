"""The report of a smoke run, as JSON and as JUnit."""

from xml.etree import ElementTree

from emulator.smoke import Report, Step, junit

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
