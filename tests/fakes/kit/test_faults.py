"""Fault rules."""

import pytest

from fakes.kit.faults import Faults
from fakes.kit.ids import Ids


def test_a_rule_strikes_as_often_as_it_says_and_only_what_it_names() -> None:
    faults = Faults(Ids(1))
    faults.add({"kind": "error", "path": "/v1/*", "method": "POST", "times": 2, "status": 503})

    struck = [
        faults.take(*request) is not None
        for request in [("GET", "/v1/a"), *[("POST", "/v1/a")] * 3, ("POST", "/b")]
    ]

    assert struck == [False, True, True, False, False]
    assert faults.list() == ()


def test_after_lets_requests_pass_first() -> None:
    faults = Faults(Ids(1))
    faults.add({"kind": "cut", "after": 2})

    assert [faults.take("GET", "/") is not None for _ in range(4)] == [False, False, True, True]


def test_a_probability_repeats_from_the_seed() -> None:
    def strikes() -> list[bool]:
        faults = Faults(Ids(7))
        faults.add({"kind": "cut", "probability": 0.5})
        return [faults.take("GET", "/") is not None for _ in range(40)]

    first = strikes()

    assert first == strikes()
    assert 5 < sum(first) < 35


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "boom"}, "unknown fault kind 'boom'; known are latency, error, hang, cut, garbage"),
        ({"kind": "cut", "pth": "/"}, "unknown fault field 'pth'; known are kind, path"),
        (
            {"kind": "cut", "probability": 2},
            "fault field 'probability' is 2; it must be a number from 0 to 1",
        ),
        (
            {"kind": "error", "status": "503"},
            "fault field 'status' is '503'; it must be a number from 400 to 599",
        ),
        ({"kind": "latency"}, "a fault of kind 'latency' needs 'ms', the milliseconds to wait"),
        ({"kind": "cut", "ms": 5}, "fault field 'ms' means nothing for kind 'cut'; it belongs to 'latency'"),
        ({"kind": "hang", "body": ""}, "'body' means nothing for kind 'hang'; it belongs to 'error'"),
    ],
)
def test_a_bad_rule_is_refused_by_name(body: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError) as caught:
        Faults(Ids(1)).add(body)

    assert words in str(caught.value)


def test_a_method_may_be_written_small() -> None:
    faults = Faults(Ids(1))

    rule = faults.add({"kind": "cut", "method": "get"})

    assert (rule.method, faults.take("GET", "/x")) == ("GET", rule)
