"""A deployment that is asked for, before anything is checked against what there is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Push:
    """A commit that somebody pushed to a branch of a repository on GitHub."""

    repo: str
    branch: str
    sha: str
    message: str
    author: str


@dataclass(frozen=True, slots=True)
class DeployAsked:
    """A deployment as it is asked for.

    Attributes:
        project: Id or name of the project.
        files: As they were listed; None when there are none to come.
        former: Id of the deployment that it repeats.
    """

    project: str
    name: str
    target: Literal["production"] | None
    environment: str | None
    branch: str | None
    sha: str | None
    meta: Mapping[str, str]
    git_source: Mapping[str, Any] | None
    source: str | None
    files: list[Any] | None
    former: str | None
    settings: Mapping[str, Any]
