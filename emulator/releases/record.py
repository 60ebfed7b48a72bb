"""What is written down about a release and about a deployment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from emulator import VERSION

APPLICATION = ("api", "worker", "web")
"""The roles that releases are of; everything else belongs to the stack."""


class Action(StrEnum):
    """What a deployment is for."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    PROMOTE = "promote"


class DeploymentState(StrEnum):
    """How far a deployment is; all but the first are ends. What is held was made, and serves nothing."""

    RUNNING = "running"
    LIVE = "live"
    HELD = "held"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StepState(StrEnum):
    """How far a step of a deployment is."""

    STARTED = "started"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Release:
    """One commit, made ready to run. Nothing of it changes any more."""

    version: str
    commit: str
    """All digits; empty for the installed package itself."""
    ref: str
    """What was asked for: a branch, a tag, a commit."""
    subject: str
    author: str
    committed_at: str
    """UTC, as ISO 8601, like all times of these records."""
    project: str
    repository: Path
    """Where it came from: the top level of a checkout, or a bare repository."""
    folder: str
    """The project's folder in the repository; empty if it is the top level."""
    tree: Path
    """The files of the whole commit, and what the build added to them."""
    python: Path | None
    """The interpreter that has what the release needs; None where it is not a Python project."""
    environment: str
    """Digest of what had to be installed."""
    digest: str
    """Digest of the tree once it was built."""
    build_log: Path | None
    created_at: str

    @property
    def source(self) -> Path:
        """The project's files: the tree, or a folder of it."""
        return self.tree / self.folder

    @property
    def is_builtin(self) -> bool:
        """True for the installed package itself, which runs when nothing was deployed."""
        return not self.commit

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {
            **asdict(self),
            "repository": str(self.repository),
            "tree": str(self.tree),
            "python": _text(self.python),
            "build_log": _text(self.build_log),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Release:
        """Read what `to_json` wrote."""
        return cls(
            **{
                **body,
                "repository": Path(body["repository"]),
                "tree": Path(body["tree"]),
                "python": _path(body["python"]),
                "build_log": _path(body["build_log"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a deployment."""

    name: str
    state: StepState
    took_s: float | None = None
    detail: str = ""

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Step:
        """Read what `to_json` of a deployment wrote."""
        return cls(**{**body, "state": StepState(body["state"])})


@dataclass(frozen=True, slots=True)
class Deployment:
    """One attempt to make a release the one that serves."""

    number: int
    action: Action
    release: str | None
    """Its version; None as long as it is not known, which is for ever if it could not be made."""
    services: tuple[str, ...]
    actor: str
    started_at: str
    before: Mapping[str, str] = field(default_factory=dict)
    """Service -> the version that served it when this began."""
    state: DeploymentState = DeploymentState.RUNNING
    steps: tuple[Step, ...] = ()
    ended_at: str | None = None
    error: Mapping[str, Any] | None = None
    """`EmulatorError.record()` of what ended it."""

    def to_json(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Deployment:
        """Read what `to_json` wrote."""
        return cls(
            **{
                **body,
                "number": int(body["number"]),
                "action": Action(body["action"]),
                "state": DeploymentState(body["state"]),
                "services": tuple(body["services"]),
                "steps": tuple(Step.from_json(step) for step in body["steps"]),
            }
        )

    def with_step(self, step: Step) -> Deployment:
        """Return it with a step added, or with that step as it is now."""
        others = tuple(known for known in self.steps if known.name != step.name)
        return replace(self, steps=(*others, step))


def builtin() -> Release:
    """Return the installed package as a release: what runs when nothing was deployed."""
    installed = Path(__file__).parents[2]
    return Release(
        version=VERSION,
        commit="",
        ref="",
        subject="the installed package",
        author="",
        committed_at="",
        project="clipnet-emulate",
        repository=installed,
        folder="",
        tree=installed,
        python=Path(sys.executable),
        environment="",
        digest="",
        build_log=None,
        created_at="",
    )


def stamp(now_s: float) -> str:
    """Return a time as these records have it, in whole seconds; texts sort as the times do."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def served(deployments: tuple[Deployment, ...], services: tuple[str, ...] = APPLICATION) -> tuple[str, ...]:
    """Return the versions that any of the services was given one after another, the last one last.

    Starts with the installed package. What was rolled back is left out: it was not good.
    """
    versions = [VERSION]
    for deployment in deployments:
        version = deployment.release
        if deployment.state is not DeploymentState.LIVE or version is None:
            continue
        if not set(deployment.services).intersection(services):
            continue
        if deployment.action is Action.ROLLBACK and version in versions:
            del versions[_last_index(versions, version) + 1 :]
        elif versions[-1] != version:
            versions.append(version)
    return tuple(versions)


def good_before(version: str, served: tuple[str, ...]) -> tuple[str, ...]:
    """Return what was served before `version`, the latest first, each once."""
    end = _last_index(served, version) if version in served else len(served)
    return tuple(dict.fromkeys(other for other in reversed(served[:end]) if other != version))


def _last_index(versions: list[str] | tuple[str, ...], version: str) -> int:
    return len(versions) - 1 - versions[::-1].index(version)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
