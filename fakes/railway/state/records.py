"""What is known of a deployment, and what one is made of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Row
from typing import Any

from fakes.kit.orders import Action
from fakes.railway.state.commits import Commit
from fakes.railway.state.projects import Instance


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment.

    Attributes:
        uses_image: Whether it runs an image that is there already instead of building one.
        meta: Commit, branch, repository, image and reason, as Railway spells them.
        variables: The service's own variables when it was made; a rollback brings them back.
        files: Folder of the tree that was uploaded, or None.
    """

    id: str
    project_id: str
    environment_id: str
    service_id: str
    status: str
    uses_image: bool
    has_succeeded: bool
    is_stopped: bool
    status_s: float
    created_s: float
    meta: Mapping[str, Any]
    variables: Mapping[str, str]
    instance_id: str
    url: str | None
    files: Path | None

    @property
    def place(self) -> tuple[str, str, str]:
        """Its id and those of its environment and service."""
        return self.id, self.environment_id, self.service_id

    @property
    def commit(self) -> dict[str, Any] | None:
        """What is known of its commit."""
        sha = self.meta.get("commitHash")
        if sha is None:
            return None
        names = {
            "repo": "repo",
            "branch": "branch",
            "sha": "commitHash",
            "message": "commitMessage",
            "author": "commitAuthor",
        }
        return {name: self.meta.get(key) for name, key in names.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """A step of a deployment."""

    id: str
    step: str
    created_s: float
    completed_s: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A deployment to make."""

    action: Action
    meta: Mapping[str, Any]
    variables: Mapping[str, str]
    uses_image: bool = False
    files: Path | None = None


def meta_of(instance: Instance, reason: str, commit: Commit | None) -> dict[str, Any]:
    """A deployment's meta, as Railway spells it."""
    source = instance.config.get("source") or {}
    meta: dict[str, Any] = {"reason": reason}
    meta |= {name: source[name] for name in ("repo", "image") if source.get(name)}
    if commit is not None:
        meta |= {
            "branch": commit.branch,
            "commitHash": commit.sha,
            "commitMessage": commit.message,
            "commitAuthor": commit.author,
        }
    return meta


def deployment_of(row: Row) -> Deployment:
    """A row as what it says."""
    return Deployment(
        id=row["id"],
        project_id=row["project_id"],
        environment_id=row["environment_id"],
        service_id=row["service_id"],
        status=row["status"],
        uses_image=bool(row["uses_image"]),
        has_succeeded=bool(row["has_succeeded"]),
        is_stopped=bool(row["is_stopped"]),
        status_s=row["status_s"],
        created_s=row["created_s"],
        meta=json.loads(row["meta"]),
        variables=json.loads(row["variables"]),
        instance_id=row["instance_id"],
        url=row["url"],
        files=Path(row["files"]) if row["files"] else None,
    )
