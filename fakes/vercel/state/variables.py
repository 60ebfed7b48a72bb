"""Environment variables of projects."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.journal import Journal
from fakes.kit.store import Store
from fakes.vercel import errors

SCHEMA = """
CREATE TABLE variables (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, type TEXT NOT NULL,
    targets TEXT NOT NULL, git_branch TEXT, environment_ids TEXT NOT NULL, comment TEXT NOT NULL,
    created_s REAL NOT NULL, updated_s REAL NOT NULL
);
CREATE INDEX variables_of_project ON variables (project_id);
"""
TYPES = ("system", "plain", "encrypted", "sensitive", "secret")
TARGETS = ("production", "preview", "development")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; its value is never shown again when its type is `sensitive`."""

    id: str
    project_id: str
    key: str
    value: str
    type: str
    targets: tuple[str, ...]
    git_branch: str | None
    environment_ids: tuple[str, ...]
    comment: str
    created_s: float
    updated_s: float

    def holds_for(self, target: str, branch: str | None, environment_id: str | None) -> bool:
        """Whether a deployment of this target, branch or custom environment gets it."""
        if environment_id is not None and environment_id in self.environment_ids:
            return True
        return target in self.targets and self.git_branch in (None, branch)


class Variables:
    """All variables of all projects; the journal is told no value."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, journal: Journal) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._journal = journal

    def of(self, project_id: str) -> list[Variable]:
        """The variables of a project, oldest first."""
        found = self._store.all(
            "SELECT * FROM variables WHERE project_id = ? ORDER BY created_s, rowid", (project_id,)
        )
        variables = [_variable(row) for row in found]
        self._journal.conceal(one.value for one in variables)
        return variables

    def existing(self, project_id: str, variable_id: str) -> Variable:
        """One variable.

        Raises:
            ProviderError: There is none (404).
        """
        found = next((one for one in self.of(project_id) if one.id == variable_id), None)
        if found is None:
            raise errors.api(404, "ENV_NOT_FOUND", "Environment Variable was not found.")  # guess: wording
        return found

    def add(self, project_id: str, given: Mapping[str, Any], *, upsert: bool) -> Variable:
        """Store a variable as it was sent.

        Raises:
            ProviderError: It is not one, or there is one of this name for one of its targets (400).
        """
        self._conceal(given)
        now = self._clock.now()
        made = self._store.unused("variables", "id", lambda: self._ids.text(16))
        blank = Variable(made, project_id, "", "", "encrypted", (), None, (), "", now, now)
        wanted = _changed(blank, given)
        if not wanted.key or not (wanted.targets or wanted.environment_ids):
            raise errors.bad_request("Invalid request: `key` and `target` are required.")
        rival = next((one for one in self.of(project_id) if _collide(one, wanted)), None)
        if rival is not None and not upsert:
            raise errors.env_conflict(wanted.key, wanted.targets)
        if rival is not None:
            wanted = replace(wanted, id=rival.id, created_s=rival.created_s)
        self._put(wanted)
        return wanted

    def change(self, variable: Variable, given: Mapping[str, Any]) -> Variable:
        """Change what is given of a variable.

        Raises:
            ProviderError: A value cannot be used, or another variable has the name (400).
        """
        self._conceal(given)
        wanted = replace(_changed(variable, given), updated_s=self._clock.now())
        others = (one for one in self.of(variable.project_id) if one.id != variable.id)
        if any(_collide(one, wanted) for one in others):
            raise errors.env_conflict(wanted.key, wanted.targets)
        self._put(wanted)
        return wanted

    def remove(self, variable: Variable) -> None:
        """Delete a variable."""
        self._store.execute("DELETE FROM variables WHERE id = ?", (variable.id,))

    def _conceal(self, given: Mapping[str, Any]) -> None:
        if isinstance(value := given.get("value"), str):
            self._journal.conceal([value])

    def _put(self, one: Variable) -> None:
        row = (
            *(one.id, one.project_id, one.key, one.value, one.type, json.dumps(one.targets)),
            *(one.git_branch, json.dumps(one.environment_ids), one.comment, one.created_s, one.updated_s),
        )
        self._store.execute("INSERT OR REPLACE INTO variables VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _changed(variable: Variable, given: Mapping[str, Any]) -> Variable:
    targets = given.get("target", list(variable.targets))
    targets = [targets] if isinstance(targets, str) else targets
    environment_ids = given.get("customEnvironmentIds") or list(variable.environment_ids)
    texts = {name: given.get(name, getattr(variable, name)) for name in ("key", "value", "type")}
    branch, comment = given.get("gitBranch", variable.git_branch), given.get("comment") or variable.comment
    for name, value in (*texts.items(), ("comment", comment), ("gitBranch", branch or "")):
        if not isinstance(value, str):
            raise errors.bad_request(f"Invalid request: `{name}` should be string.")
    if not _is_texts(targets) or not set(targets or ()) <= set(TARGETS):
        raise errors.bad_request(f"Invalid request: `target` should be one of {', '.join(TARGETS)}.")
    if not _is_texts(environment_ids):
        raise errors.bad_request("Invalid request: `customEnvironmentIds` should be array of strings.")
    if texts["type"] not in TYPES:
        raise errors.bad_request(f"Invalid request: `type` should be one of {', '.join(TYPES)}.")
    if branch and list(targets or ()) != ["preview"]:
        raise errors.bad_request("Invalid request: `gitBranch` is only allowed with the target preview.")
    return replace(
        variable,
        **texts,
        targets=tuple(targets or ()),
        environment_ids=tuple(environment_ids),
        git_branch=branch,
        comment=comment,
    )


def _is_texts(value: Any) -> bool:
    return value is None or (isinstance(value, Sequence) and all(isinstance(one, str) for one in value))


def _collide(one: Variable, other: Variable) -> bool:
    if one.key != other.key or one.git_branch != other.git_branch:
        return False
    is_same_target = bool(set(one.targets) & set(other.targets))
    return is_same_target or bool(set(one.environment_ids) & set(other.environment_ids))


def _variable(row: Any) -> Variable:
    values = dict(row)
    values["targets"] = tuple(json.loads(values["targets"]))
    values["environment_ids"] = tuple(json.loads(values["environment_ids"]))
    return Variable(**values)
