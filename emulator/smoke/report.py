"""What a smoke run tells: its steps and how they ended, as plain values and as JUnit XML."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Plan = tuple[tuple[str, Callable[[], Awaitable[str]]], ...]
"""Steps by name; each returns what it found."""


class StepFailed(Exception):
    """A part did not do what it should have done; the text says which and what."""


@dataclass(frozen=True, slots=True)
class Step:
    """One checked step."""

    name: str
    ok: bool
    ms: float
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: the steps up to the first that failed, and the uploaded clip's id and trace."""

    ok: bool
    clip_id: str | None
    trace_id: str | None
    steps: tuple[Step, ...]

    def public(self) -> dict[str, Any]:
        """Return the report as plain values."""
        steps = [{"name": s.name, "ok": s.ok, "ms": s.ms, "detail": s.detail} for s in self.steps]
        return {"ok": self.ok, "clip_id": self.clip_id, "trace_id": self.trace_id, "steps": steps}


async def take(plan: Plan, on_step: Callable[[Step], None]) -> tuple[Step, ...]:
    """Take the steps up to the first that fails; `on_step` is told of each as it ends."""
    steps: list[Step] = []
    for name, action in plan:
        began = time.perf_counter()
        try:
            detail, ok = await action(), True
        except StepFailed as error:
            detail, ok = str(error), False
        except Exception as error:  # noqa: BLE001 - whatever breaks a step is that step's failure
            detail, ok = f"{type(error).__name__}: {error}", False
        steps.append(Step(name, ok, round((time.perf_counter() - began) * 1000, 1), detail))
        on_step(steps[-1])
        if not ok:
            break
    return tuple(steps)


def junit(report: Report, stack: str) -> str:
    """Return the report as JUnit XML: one test case per step."""
    from xml.etree import ElementTree as xml

    failed = sum(1 for step in report.steps if not step.ok)
    seconds = sum(step.ms for step in report.steps) / 1000
    suite = xml.Element(
        "testsuite", name=f"clipnet-emulate smoke {stack}", tests=str(len(report.steps)), failures=str(failed)
    )
    suite.set("time", f"{seconds:.3f}")
    for step in report.steps:
        case = xml.SubElement(
            suite, "testcase", classname="smoke", name=step.name, time=f"{step.ms / 1000:.3f}"
        )
        if step.ok:
            xml.SubElement(case, "system-out").text = step.detail
        else:
            xml.SubElement(case, "failure", message=step.detail)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(suite, encoding="unicode") + "\n"
