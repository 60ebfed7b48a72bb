"""Tokens and whom they stand for: a person, a workspace, or one environment of a project."""

from collections.abc import Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Literal, cast

from fakes.kit.kit import Kit

SCHEMA = """
CREATE TABLE users (
    id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, username TEXT NOT NULL,
    email TEXT NOT NULL, created_s REAL NOT NULL
);
CREATE TABLE tokens (
    id TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
    workspace_id TEXT, project_id TEXT, environment_id TEXT, is_production INTEGER NOT NULL,
    created_s REAL NOT NULL
)
"""
Kind = Literal["nobody", "account", "workspace", "project"]


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account."""

    id: str
    workspace_id: str
    name: str
    username: str
    email: str
    created_s: float


@dataclass(frozen=True, slots=True)
class Token:
    """One token; a project's is for one of its environments."""

    id: str
    token: str
    kind: Kind
    name: str
    workspace_id: str | None
    project_id: str | None
    environment_id: str | None
    is_production: bool
    created_s: float


NOBODY = Token("", "", "nobody", "", None, None, None, False, 0.0)


class Tokens:
    """All tokens and people.

    Args:
        kit: Clock, ids and store.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def add_user(self, user: User) -> None:
        """Add a person."""
        values = (user.id, user.workspace_id, user.name, user.username, user.email, user.created_s)
        self._kit.store.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", values)

    def add(self, token: Token) -> None:
        """Add a token."""
        self._kit.store.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                token.id,
                token.token,
                token.kind,
                token.name,
                token.workspace_id,
                token.project_id,
                token.environment_id,
                token.is_production,
                token.created_s,
            ),
        )

    def new_for(self, project_id: str, environment_id: str, name: str) -> str:
        """Make a project token; returns its text, which is told only once."""
        made = self._kit.store.unused("tokens", "id", self._kit.ids.uuid)
        text = self._kit.store.unused("tokens", "token", self._kit.ids.uuid)
        now = self._kit.clock.now()
        self.add(Token(made, text, "project", name, None, project_id, environment_id, False, now))
        return text

    def shown(self, headers: Mapping[str, str]) -> Token:
        """Whom a request's headers stand for; `NOBODY` where there is no good token.

        `Authorization: Bearer` carries tokens of accounts and workspaces, `Project-Access-Token` those of
        projects; `Team-Access-Token` is the older header for workspaces.
        """
        project = headers.get("project-access-token")
        if project is not None:
            return self._find(project, "project")
        team = headers.get("team-access-token")
        if team is not None:
            return self._find(team, "workspace")
        scheme, _, text = headers.get("authorization", "").partition(" ")
        return self._find(text.strip(), "account", "workspace") if scheme.lower() == "bearer" else NOBODY

    def user_of(self, token: Token) -> User | None:
        """The person that an account token belongs to."""
        if token.kind != "account":
            return None
        row = self._kit.store.one("SELECT * FROM users WHERE workspace_id = ?", (token.workspace_id,))
        return User(**{name: row[name] for name in row.keys()}) if row else None  # noqa: SIM118 - a Row is no dict

    def by_id(self, token_id: str) -> Token | None:
        """The project token of this id."""
        row = self._kit.store.one("SELECT * FROM tokens WHERE id = ? AND kind = 'project'", (token_id,))
        return _token(row) if row else None

    def of_project(self, project_id: str) -> list[Token]:
        """A project's tokens, oldest first."""
        rows = self._kit.store.all("SELECT * FROM tokens WHERE project_id = ? ORDER BY rowid", (project_id,))
        return [_token(row) for row in rows]

    def delete(self, token_id: str) -> None:
        """Take a token away."""
        self._kit.store.execute("DELETE FROM tokens WHERE id = ?", (token_id,))

    def delete_within(self, column: str, value: str) -> None:
        """Delete those of an environment or a project, by the name of its column."""
        self._kit.store.execute(f"DELETE FROM tokens WHERE {column} = ?", (value,))  # noqa: S608 - own names

    def _find(self, text: str, *kinds: Kind) -> Token:
        row = self._kit.store.one("SELECT * FROM tokens WHERE token = ?", (text,))
        found = _token(row) if row else NOBODY
        return found if found.kind in kinds or found.is_production else NOBODY


def _token(row: Row) -> Token:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row is no dict
    kind = cast(Kind, row["kind"])
    return Token(**{**values, "kind": kind, "is_production": bool(row["is_production"])})
