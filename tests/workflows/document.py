"""A workflow as its file has it: triggers, and jobs in the order of what they need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"


@dataclass(frozen=True, slots=True)
class Job:
    """One job; `body` is all that the file says of it."""

    name: str
    needs: Sequence[str]
    body: Mapping[str, Any]

    @property
    def steps(self) -> Sequence[Mapping[str, Any]]:
        """Its steps."""
        return list(self.body["steps"])

    @property
    def commands(self) -> list[str]:
        """What its steps run."""
        return [str(step["run"]) for step in self.steps if "run" in step]


@dataclass(frozen=True, slots=True)
class Workflow:
    """One file of `.github/workflows`."""

    path: Path
    body: Mapping[str, Any]

    @property
    def triggers(self) -> Mapping[str, Any]:
        """What starts it."""
        (found,) = (value for key, value in self.body.items() if key in (True, "on"))
        return dict(found)

    @property
    def jobs(self) -> Mapping[str, Job]:
        """Its jobs by name, each after those that it needs."""
        found = {name: Job(name, _needs(body), body) for name, body in self.body["jobs"].items()}
        order = TopologicalSorter({name: job.needs for name, job in found.items()}).static_order()
        return {name: found[name] for name in order}

    def texts(self) -> Iterator[str]:
        """Every text in it, wherever it stands."""
        yield from _texts(self.body)

    def starts_on_push(self, branch: str) -> bool:
        """Tell whether a push to a branch starts it; a `*` stands for anything without a slash."""
        patterns = self.triggers["push"]["branches"]
        assert all(re.fullmatch(r"[\w.*-]+", pattern) for pattern in patterns), (
            f"of {patterns} not all are known"
        )
        return any(re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*"), branch) for pattern in patterns)


def load(name: str) -> Workflow:
    """Read one of this repository's workflows."""
    path = FOLDER / name
    return Workflow(path, yaml.safe_load(path.read_text()))


def _needs(body: Mapping[str, Any]) -> Sequence[str]:
    needs = body.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
