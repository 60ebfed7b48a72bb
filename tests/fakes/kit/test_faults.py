"""Fault rules."""

import pytest

from fakes.kit.faults import Condition, Faults
from fakes.kit.ids import Ids
from fakes.kit.kinds import FaultKind, Option

DROUGHT = FaultKind(
    "drought",
    "lets the wells run dry",
    (
        Option("wells", "how many wells", "whole number", 1, 8, is_required=True),
        Option("depth_m", "how deep the water then is", "number", 0.5, 100, 20),
    ),
)


class Wells:
    """Writes down what begins and ends."""

    def __init__(self) -> None:
        self.refusal: str | None = None
        self.log: list[tuple[str, str, dict[str, object]]] = []
        self.held: list[Condition] = []

    def begin(self, condition: Condition) -> None:
        if self.refusal is not None:
            raise ValueError(self.refusal)
        self.held.append(condition)
        self.log.append(("begin", condition.id, dict(condition.options)))

    def end(self, condition: Condition) -> None:
        self.log.append(("end", condition.id, dict(condition.options)))


@pytest.fixture
def wells() -> Wells:
    return Wells()


@pytest.fixture
def faults(wells: Wells) -> Faults:
    return Faults(Ids(1), (DROUGHT,), {"drought": wells})


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
        (
            {"kind": "boom"},
            "unknown fault kind 'boom'; known are latency, error, hang, cut, garbage, drought",
        ),
        (
            {"kind": "cut", "pth": "/"},
            "fault field 'pth' means nothing for kind 'cut'; it takes path, method, times",
        ),
        (
            {"kind": "cut", "probability": 2},
            "fault field 'probability' of kind 'cut' is 2; it must be a number from 0 to 1",
        ),
        (
            {"kind": "error", "status": "503"},
            "fault field 'status' of kind 'error' is '503'; it must be a whole number from 400 to 599",
        ),
        (
            {"kind": "latency"},
            "a fault of kind 'latency' needs 'ms', the milliseconds to wait: a number from 0",
        ),
        ({"kind": "cut", "ms": 5}, "fault field 'ms' means nothing for kind 'cut'; it takes path"),
        ({"kind": "hang", "body": ""}, "fault field 'body' means nothing for kind 'hang'; it takes path"),
        ({"kind": "cut", "path": 5}, "fault field 'path' of kind 'cut' is 5; it must be a text"),
        (
            {"kind": "cut", "times": 1.5},
            "fault field 'times' of kind 'cut' is 1.5; it must be a whole number from 1 to 1000000",
        ),
        (
            {"kind": "error", "headers": {"a": 1}},
            "fault field 'headers' of kind 'error' is {'a': 1}; it must be an object of texts",
        ),
        ({"kind": "drought"}, "needs 'wells', how many wells: a whole number from 1 to 8"),
        (
            {"kind": "drought", "wells": 9},
            "fault field 'wells' of kind 'drought' is 9; it must be a whole number from 1 to 8",
        ),
        (
            {"kind": "drought", "wells": True},
            "fault field 'wells' of kind 'drought' is True; it must be a whole number",
        ),
        (
            {"kind": "drought", "wells": float("nan")},
            "fault field 'wells' of kind 'drought' is nan; it must be a whole number",
        ),
        (
            {"kind": "drought", "wells": 1, "depth_m": 0},
            "'depth_m' of kind 'drought' is 0; it must be a number from 0.5 to 100",
        ),
        (
            {"kind": "drought", "wells": 1, "times": 2},
            "fault field 'times' means nothing for kind 'drought'; it takes wells, depth_m",
        ),
    ],
)
def test_a_bad_fault_is_refused_by_name_and_begins_nothing(
    faults: Faults, wells: Wells, body: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError) as caught:
        faults.add(body)

    assert words in str(caught.value)
    assert (faults.list(), wells.log) == ((), [])


def test_a_method_may_be_written_small() -> None:
    faults = Faults(Ids(1))

    rule = faults.add({"kind": "cut", "method": "get"})

    assert (rule.public()["method"], faults.take("GET", "/x")) == ("GET", rule)


def test_a_condition_begins_with_all_its_options_and_ends_when_it_is_removed(
    faults: Faults, wells: Wells
) -> None:
    faults.add({"kind": "cut"})
    added = faults.add({"kind": "drought", "wells": 3.0})

    listed = [fault.public() for fault in faults.list()][1:]
    removed = faults.remove(added.id)

    options = {"wells": 3, "depth_m": 20}
    assert listed == [{"id": "f2", "kind": "drought", **options}]
    assert (removed, wells.log) == (True, [("begin", "f2", options), ("end", "f2", options)])
    assert (faults.remove(added.id), [fault.id for fault in faults.list()]) == (False, ["f1"])


def test_clearing_ends_every_condition_once(faults: Faults, wells: Wells) -> None:
    for count in (1, 2):
        faults.add({"kind": "drought", "wells": count})

    faults.clear()
    faults.clear()

    assert [entry[:2] for entry in wells.log[2:]] == [("end", "f1"), ("end", "f2")]


def test_a_condition_strikes_no_request(faults: Faults) -> None:
    faults.add({"kind": "drought", "wells": 1})

    assert faults.take("GET", "/") is None


def test_a_condition_that_ended_by_itself_is_gone(faults: Faults, wells: Wells) -> None:
    added = faults.add({"kind": "drought", "wells": 1})
    wells.held[0].is_over = True

    assert (faults.list(), faults.remove(added.id)) == ((), False)
    assert [what for what, *_ in wells.log] == ["begin"]


def test_a_condition_that_cannot_begin_is_not_there(faults: Faults, wells: Wells) -> None:
    wells.refusal = "it rains"

    with pytest.raises(ValueError, match="it rains"):
        faults.add({"kind": "drought", "wells": 1})

    assert faults.list() == ()
