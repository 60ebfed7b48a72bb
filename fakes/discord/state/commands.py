"""Application commands: global and per guild, created by name, replaced at once."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.discord import errors
from fakes.discord.shapes import as_list
from fakes.discord.state.guild import APPLICATION_ID
from fakes.discord.state.profile import PROFILE
from fakes.kit.kit import Kit
from fakes.kit.snowflake import Snowflakes

SCHEMA = """
CREATE TABLE commands (
    id TEXT PRIMARY KEY, scope TEXT NOT NULL, type INTEGER NOT NULL, name TEXT NOT NULL,
    version TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (scope, type, name)
)
"""
GLOBAL = ""
_LIMITS = {1: 100, 2: 15, 3: 15}
_NAME = re.compile(r"[-_'\w]{1,32}")
_KEPT = (
    "description",
    "options",
    "default_member_permissions",
    "dm_permission",
    "nsfw",
    "name_localizations",
    "description_localizations",
    "integration_types",
    "contexts",
)
_OPTIONS = 25


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `scope` is a guild id, or `GLOBAL`."""

    id: str
    scope: str
    type: int
    name: str
    version: str
    body: Mapping[str, Any]


class Commands:
    """All commands of staging's application.

    Args:
        kit: The store.
        ids: Makes ids and versions.
    """

    def __init__(self, kit: Kit, ids: Snowflakes) -> None:
        self._store = kit.store
        self._ids = ids

    def put(self, scope: str, body: Mapping[str, Any]) -> tuple[Command, bool]:
        """Create a command, or replace the one of this name and type; says whether it is new.

        Raises:
            ProviderError: A field is not usable, or there are too many.
        """
        kind, name, kept = _checked(body)
        row = self._store.one(
            "SELECT * FROM commands WHERE scope = ? AND type = ? AND name = ?", (scope, kind, name)
        )
        if row is None and len([one for one in self.list(scope) if one.type == kind]) >= _LIMITS[kind]:
            limit = f"Maximum number of application commands reached ({_LIMITS[kind]})."
            raise errors.invalid_form((), "APPLICATION_COMMANDS_LIMIT", limit)
        command_id = row["id"] if row else self._ids.next()
        command = Command(command_id, scope, kind, name, self._ids.next(), kept)
        self._store.execute(
            "INSERT OR REPLACE INTO commands VALUES (?, ?, ?, ?, ?, ?)",
            (command.id, scope, kind, name, command.version, json.dumps(kept)),
        )
        return command, row is None

    def replace(self, scope: str, bodies: Sequence[Mapping[str, Any]]) -> list[Command]:
        """Let these be all the commands of a scope; those that were there keep their ids.

        Raises:
            ProviderError: A field of one is not usable; nothing has changed then.
        """
        with self._store.transaction():
            kept = [self.put(scope, body)[0] for body in bodies]
            for one in self.list(scope):
                if one.id not in {command.id for command in kept}:
                    self.delete(scope, one.id)
        return kept

    def list(self, scope: str) -> list[Command]:
        """The commands of a scope, oldest first."""
        rows = self._store.all("SELECT * FROM commands WHERE scope = ? ORDER BY id", (scope,))
        return [_command(row) for row in rows]

    def get(self, scope: str, command_id: str) -> Command:
        """One command.

        Raises:
            ProviderError: There is none of this id in the scope (404).
        """
        row = self._store.one("SELECT * FROM commands WHERE id = ? AND scope = ?", (command_id, scope))
        if row is None:
            raise errors.unknown_command()
        return _command(row)

    def edit(self, scope: str, command_id: str, body: Mapping[str, Any]) -> Command:
        """Change what the body names.

        Raises:
            ProviderError: Unknown (404), or a field is not usable (400).
        """
        old = self.get(scope, command_id)
        with self._store.transaction():
            self.delete(scope, command_id)
            kind, name, kept = _checked({**old.body, "type": old.type, "name": old.name, **body})
            command = Command(command_id, scope, kind, name, self._ids.next(), kept)
            self._store.execute(
                "INSERT INTO commands VALUES (?, ?, ?, ?, ?, ?)",
                (command.id, scope, kind, name, command.version, json.dumps(kept)),
            )
        return command

    def delete(self, scope: str, command_id: str) -> None:
        """Remove one.

        Raises:
            ProviderError: There is none of this id in the scope (404).
        """
        done = self._store.execute("DELETE FROM commands WHERE id = ? AND scope = ?", (command_id, scope))
        if not done.rowcount:
            raise errors.unknown_command()

    def id_of(self, name: str, guild_id: str) -> str:
        """Id of the slash command that this name means in a guild; a fixed one for an unknown name."""
        row = self._store.one(
            "SELECT id FROM commands WHERE name = ? AND type = 1 AND scope IN (?, '') ORDER BY scope DESC",
            (name, guild_id),
        )
        return str(row["id"]) if row else "771825006014889984"


def _checked(body: Mapping[str, Any]) -> tuple[int, str, dict[str, Any]]:
    kind, name = body.get("type", 1), body.get("name")
    if not isinstance(kind, int) or kind not in _LIMITS:
        raise errors.invalid_form(("type",), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).")
    if not name:
        raise errors.required("name")
    is_usable = isinstance(name, str) and _NAME.fullmatch(name) is not None and name == name.lower()
    if not is_usable and (kind == 1 or not isinstance(name, str) or len(name) > 32):
        raise errors.invalid_form(("name",), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    description = str(body.get("description") or "")
    if kind == 1 and not description:
        raise errors.required("description")
    if len(description) > 100:
        raise errors.invalid_form(
            ("description",), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
        )
    options = as_list(body.get("options"), "options")
    if len(options) > _OPTIONS:
        raise errors.invalid_form(("options",), "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 25 in length.")
    return kind, name, {field: body[field] for field in _KEPT if field in body} | {"description": description}


def _command(row: Row) -> Command:
    return Command(row["id"], row["scope"], row["type"], row["name"], row["version"], json.loads(row["body"]))


def check_application(application_id: str) -> None:
    """Refuse to reach for another application's commands.

    Raises:
        ProviderError: Another application's id (403), production's with a violation.
    """
    if application_id == PROFILE.production_client_id:
        raise errors.production_application(application_id)
    if application_id != APPLICATION_ID:
        raise errors.missing_access()
