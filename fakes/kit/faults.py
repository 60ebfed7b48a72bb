"""Faults on command: make a fake slow, refuse, hang, cut the connection or answer garbage."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from fakes.kit.documents import check_fields
from fakes.kit.ids import Ids

Kind = Literal["latency", "error", "hang", "cut", "garbage"]
_BELONGS = {"ms": "latency", "status": "error", "body": "error", "headers": "error"}
"""Field -> the only kind for which it means something."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule.

    Attributes:
        kind: latency (wait `ms`, then go on), error (answer `status`), hang (never answer), cut (close the
            connection instead of an answer), garbage (status 200 with bytes that are not the provider's).
        path: Glob on the path, `*` for all.
        method: An HTTP method, or `*`.
        times: How often it strikes; None for ever.
        after: How many matching requests pass before it strikes first.
        probability: Chance in 0..1 that it strikes, from the fake's seeded ids.
        ms: Wait in milliseconds, for latency.
        status: HTTP status, for error.
        body: Body of an error; the provider's own error body when None.
        headers: Headers of an error, e.g. Retry-After.
    """

    id: str
    kind: Kind
    path: str = "*"
    method: str = "*"
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    ms: float = 0.0
    status: int = 500
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        return self.method in ("*", method) and fnmatch.fnmatchcase(path, self.path)

    def public(self) -> dict[str, Any]:
        """As the control surface shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """The rules of one fake, in the order they were added."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._rules: list[Fault] = []
        self._next = 0

    def add(self, body: Mapping[str, Any]) -> Fault:
        """Add a rule given as JSON.

        Raises:
            ValueError: A field is unknown or has a bad value; the text names it.
        """
        check_fields(body, (name for name in Fault.__slots__ if name != "id"), "fault field")
        if body.get("kind") not in get_args(Kind):
            raise ValueError(
                f"unknown fault kind '{body.get('kind')}'; known are {', '.join(get_args(Kind))}"
            )
        for name, kind in _BELONGS.items():
            if name in body and body["kind"] != kind:
                raise ValueError(
                    f"fault field '{name}' means nothing for kind '{body['kind']}'; it belongs to '{kind}'"
                )
        if body["kind"] == "latency" and body.get("ms") is None:
            raise ValueError("a fault of kind 'latency' needs 'ms', the milliseconds to wait")
        _check_number(body, "probability", 0, 1)
        _check_number(body, "ms", 0, 3_600_000)
        _check_number(body, "status", 400, 599)
        _check_number(body, "times", 1, 1_000_000)
        _check_number(body, "after", 0, 1_000_000)
        self._next += 1
        rule = Fault(id=f"f{self._next}", **{**body, "method": str(body.get("method", "*")).upper()})
        self._rules.append(rule)
        return rule

    def take(self, method: str, path: str) -> Fault | None:
        """The rule that strikes this request, if any; counts down `after` and `times`."""
        for position, rule in enumerate(self._rules):
            if not rule.matches(method, path):
                continue
            if rule.after > 0:
                self._rules[position] = replace(rule, after=rule.after - 1)
                continue
            if rule.probability < 1 and self._ids.chance() >= rule.probability:
                continue
            if rule.times is not None:
                self._rules[position] = replace(rule, times=rule.times - 1)
                if rule.times <= 1:
                    del self._rules[position]
            return rule
        return None

    def list(self) -> tuple[Fault, ...]:
        """All rules that can still strike."""
        return tuple(self._rules)

    def remove(self, fault_id: str) -> bool:
        """Remove one rule; False when there is none of that id."""
        before = len(self._rules)
        self._rules = [rule for rule in self._rules if rule.id != fault_id]
        return len(self._rules) < before

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()


def _check_number(body: Mapping[str, Any], name: str, low: float, high: float) -> None:
    value = body.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"fault field '{name}' is {value!r}; it must be a number from {low} to {high}")
