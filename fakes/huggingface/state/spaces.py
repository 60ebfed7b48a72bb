"""Spaces, and the secrets and variables that their applications are given."""

import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.huggingface import errors
from fakes.huggingface.state.card import SDKS
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE spaces (
    key TEXT PRIMARY KEY, id TEXT NOT NULL, sdk TEXT NOT NULL, is_private INTEGER NOT NULL,
    created_s REAL NOT NULL, hardware TEXT NOT NULL, sleep_s INTEGER, used_s REAL NOT NULL,
    is_paused INTEGER NOT NULL, flaw TEXT, flaw_text TEXT
);
CREATE UNIQUE INDEX spaces_by_id ON spaces (id);
CREATE TABLE values_of_spaces (
    space TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, description TEXT,
    updated_s REAL NOT NULL, PRIMARY KEY (space, kind, name)
);
"""
SECRET, VARIABLE = "secrets", "variables"
BASIC = "cpu-basic"
BASIC_SLEEP_S = 172_800
NEVER_SLEEPS = -1
_NAME = re.compile(r"(?!.*(?:--|\.\.))(?!.*\.git$)[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Space:
    """A Space.

    Attributes:
        key: The Hub's own id; it stays when the Space is renamed.
        hardware: What was asked for.
        sleep_s: Seconds without a request until it sleeps; None for never.
        used_s: When it was last asked for something, in Unix seconds.
        flaw: Stage of a Space that cannot be built, NO_APP_FILE or CONFIG_ERROR.
        flaw_text: Why.
    """

    key: str
    id: str
    sdk: str
    is_private: bool
    created_s: float
    hardware: str
    sleep_s: int | None
    used_s: float
    is_paused: bool
    flaw: str | None
    flaw_text: str | None

    @property
    def namespace(self) -> str:
        """Whose it is."""
        return self.id.partition("/")[0]

    @property
    def name(self) -> str:
        """Its name without the namespace."""
        return self.id.partition("/")[2]

    @property
    def subdomain(self) -> str:
        """First label of its host below hf.space."""
        return re.sub("[^a-z0-9-]", "-", self.id.lower().replace("/", "-"))


@dataclass(frozen=True, slots=True)
class Value:
    """A secret or a variable."""

    name: str
    value: str
    description: str | None
    updated_s: float


def checked_name(name: object) -> str:
    """A name for a Space.

    Raises:
        ProviderError: It is none (400).
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        text = (
            f'Invalid repo name: "{str(name)[:100]}". It must have 1 to 96 letters, digits, "-", "_" or "."'
        )
        raise errors.bad_request(text)  # guess: wording
    return name


class Spaces:
    """All Spaces."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def create(self, space_id: str, sdk: object, *, is_private: bool) -> Space:
        """Add one; the caller knows that its id is free.

        Raises:
            ProviderError: No such SDK (400).
        """
        if sdk not in SDKS:
            raise errors.bad_request(f'"sdk" must be one of [{", ".join(SDKS)}]')
        now = self._clock.now()
        key = self._store.unused("spaces", "key", lambda: self._ids.hex(24))
        row = (key, space_id, sdk, is_private, now, BASIC, BASIC_SLEEP_S, now, False, None, None)
        self._store.execute("INSERT INTO spaces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return self.existing(key)

    def find(self, space_id: str) -> Space | None:
        """The one of this id; case does not matter."""
        row = self._store.one("SELECT * FROM spaces WHERE lower(id) = lower(?)", (space_id,))
        return None if row is None else _space(row)

    def existing(self, key: str) -> Space:
        """One by its key, as it is now."""
        row = self._store.one("SELECT * FROM spaces WHERE key = ?", (key,))
        if row is None:
            raise errors.repository_not_found()
        return _space(row)

    def all(self) -> list[Space]:
        """All, oldest first."""
        return [_space(row) for row in self._store.all("SELECT * FROM spaces ORDER BY created_s, key")]

    def change(self, space: Space, **columns: Any) -> Space:
        """Write columns of one."""
        words = ", ".join(f"{name} = ?" for name in columns)
        self._store.execute(
            f"UPDATE spaces SET {words} WHERE key = ?",  # noqa: S608 - own names
            (*columns.values(), space.key),
        )
        return self.existing(space.key)

    def drop(self, space: Space) -> None:
        """Remove one with its secrets and variables."""
        with self._store.transaction():
            self._store.execute("DELETE FROM spaces WHERE key = ?", (space.key,))
            self._store.execute("DELETE FROM values_of_spaces WHERE space = ?", (space.key,))

    def set_value(self, space: Space, kind: str, given: Mapping[str, Any]) -> None:
        """Write a secret or a variable: `{"key", "value", "description"?}`.

        Raises:
            ProviderError: A field is missing or wrong (400).
        """
        name, value, about = given.get("key"), given.get("value"), given.get("description")
        if not isinstance(name, str) or not _VARIABLE.fullmatch(name):
            raise errors.bad_request('"key" must match /^[a-zA-Z_][a-zA-Z0-9_]*$/')  # guess: wording
        if not isinstance(value, str) or not isinstance(about, str | None):
            raise errors.bad_request('"value" must be a string')
        row = (space.key, kind, name, value, about, self._clock.now())
        self._store.execute("INSERT OR REPLACE INTO values_of_spaces VALUES (?, ?, ?, ?, ?, ?)", row)

    def drop_value(self, space: Space, kind: str, name: object) -> None:
        """Remove a secret or a variable.

        Raises:
            ProviderError: There is none of this name (404).
        """
        gone = self._store.execute(
            "DELETE FROM values_of_spaces WHERE space = ? AND kind = ? AND name = ?",
            (space.key, kind, str(name)),
        ).rowcount
        if not gone:
            raise errors.entry_not_found()  # guess: which of the 404s

    def values(self, space: Space, kind: str) -> list[Value]:
        """All secrets or variables, by name."""
        rows = self._store.all(
            "SELECT * FROM values_of_spaces WHERE space = ? AND kind = ? ORDER BY name", (space.key, kind)
        )
        return [Value(row["name"], row["value"], row["description"], row["updated_s"]) for row in rows]

    def names_used_twice(self, space: Space) -> list[str]:
        """Names of secrets that are those of variables, too."""
        variables = _names(self.values(space, VARIABLE))
        return sorted(_names(self.values(space, SECRET)) & variables)


def _names(values: Iterable[Value]) -> set[str]:
    return {value.name for value in values}


def _space(row: sqlite3.Row) -> Space:
    fields = dict(row)
    flags = {name: bool(fields[name]) for name in ("is_private", "is_paused")}
    return Space(**{**fields, **flags})
