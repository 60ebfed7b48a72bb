"""Faults on command: rules that strike requests, and conditions that last until they are removed."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from fakes.kit.ids import Ids
from fakes.kit.kinds import RULE_KINDS, FaultKind


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
    kind: str
    path: str
    method: str
    times: int | None
    after: int
    probability: float
    ms: float = 0.0
    status: int = 500
    body: str | None = None
    headers: Mapping[str, str] | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is meant."""
        return self.method in ("*", method) and fnmatch.fnmatchcase(path, self.path)

    def public(self) -> dict[str, Any]:
        """As the control surface shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Condition:
    """A fault of the fake itself, about no request in particular.

    Attributes:
        options: Values of all options of its kind; who has it may count them down.
        is_over: Set by who has it when it has ended by itself; it is then no longer listed.
    """

    id: str
    kind: str
    options: dict[str, Any]
    is_over: bool = False

    def public(self) -> dict[str, Any]:
        """As the control surface shows it."""
        return {"id": self.id, "kind": self.kind, **self.options}


class Lasting(Protocol):
    """What a fake does about conditions of one kind. There may be several at once."""

    def begin(self, condition: Condition) -> None:
        """Let it hold from now on."""
        ...

    def end(self, condition: Condition) -> None:
        """Let it hold no longer; not asked when it has ended by itself."""
        ...


class Faults:
    """The rules and conditions of one fake, in the order they were added.

    Args:
        ids: Where chance comes from.
        kinds: The conditions that the fake knows.
        lasting: Who has them, by the kind's name.
    """

    def __init__(
        self, ids: Ids, kinds: Sequence[FaultKind] = (), lasting: Mapping[str, Lasting] | None = None
    ) -> None:
        self._ids = ids
        self._kinds = {kind.name: kind for kind in (*RULE_KINDS, *kinds)}
        self._lasting = lasting or {}
        self._rules: list[Fault] = []
        self._conditions: list[Condition] = []
        self._next = 0

    def add(self, body: Mapping[str, Any]) -> Fault | Condition:
        """Add a fault given as JSON.

        Raises:
            ValueError: A field is unknown or has a bad value; the text names it.
        """
        kind = self._kinds.get(str(body.get("kind")))
        if kind is None:
            known = ", ".join(self._kinds)
            raise ValueError(f"unknown fault kind '{body.get('kind')}'; known are {known}")
        options = kind.read(body)
        self._next += 1
        fault_id = f"f{self._next}"
        if kind.name not in self._lasting:
            rule = Fault(fault_id, kind.name, **{**options, "method": options["method"].upper()})
            self._rules.append(rule)
            return rule
        condition = Condition(fault_id, kind.name, options)
        self._lasting[kind.name].begin(condition)
        self._conditions.append(condition)
        return condition

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

    def list(self) -> tuple[Fault | Condition, ...]:
        """All rules that can still strike, and all conditions that hold."""
        self._conditions = [condition for condition in self._conditions if not condition.is_over]
        return (*self._rules, *self._conditions)

    def remove(self, fault_id: str) -> bool:
        """Remove one fault; False when there is none of that id."""
        found = [fault for fault in self.list() if fault.id == fault_id]
        for fault in found:
            self._drop(fault)
        return bool(found)

    def clear(self) -> None:
        """Remove all faults."""
        for fault in self.list():
            self._drop(fault)

    def _drop(self, fault: Fault | Condition) -> None:
        if isinstance(fault, Fault):
            self._rules.remove(fault)
            return
        self._conditions.remove(fault)
        self._lasting[fault.kind].end(fault)
