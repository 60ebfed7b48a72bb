"""Access tokens: whose they are and what they allow (huggingface.co/docs/hub/security-tokens)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from fakes.kit.documents import SeedRow, check_fields
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE tokens (
    token TEXT PRIMARY KEY, user TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, scopes TEXT NOT NULL
);
"""
USER = "clipnet-staging"
WRITE_TOKEN = "hf_stagingwrite0000000000000000000000"
READ_TOKEN = "hf_stagingread00000000000000000000000"
FINE_GRAINED_TOKEN = "hf_stagingfine00000000000000000000000"
FINE_GRAINED_SPACE = f"{USER}/clipnet-api"
PRODUCTION_TOKEN = "hf_productionwrite0000000000000000000"
PRODUCTION_NAMESPACE = "clipnet"
ROLES = ("read", "write", "fineGrained")
READ, WRITE = "repo.content.read", "repo.write"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token.

    Attributes:
        role: read, write or fineGrained.
        scopes: Spaces (or a namespace) that a fine-grained token is for; it may write to them.
    """

    user: str
    name: str
    role: str
    scopes: tuple[str, ...] = ()

    def may_see(self, space_id: str) -> bool:
        """Whether private Spaces of its user's are open to it."""
        return self._is_own(space_id) and self._is_in_scope(space_id)

    def may_write(self, space_id: str) -> bool:
        """Whether it may change this Space."""
        return self.role != "read" and self._is_own(space_id) and self._is_in_scope(space_id)

    def _is_own(self, space_id: str) -> bool:
        return space_id.partition("/")[0] == self.user

    def _is_in_scope(self, space_id: str) -> bool:
        if self.role != "fineGrained":
            return True
        return bool({space_id, space_id.partition("/")[0]} & set(self.scopes))


FIXED = {
    WRITE_TOKEN: Token(USER, "staging-deploy", "write"),
    READ_TOKEN: Token(USER, "staging-read", "read"),
    FINE_GRAINED_TOKEN: Token(USER, "staging-api", "fineGrained", (FINE_GRAINED_SPACE,)),
}


class Tokens:
    """All tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def populate(self) -> None:
        """Write the tokens that are always there."""
        for token, about in FIXED.items():
            self._add(token, about)

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add tokens: `{"token", "user", "name"?, "role"?, "scopes"?}`.

        Raises:
            ValueError: A field is not usable.
        """
        for where, row in given:
            check_fields(row, ("token", "user", "name", "role", "scopes"))
            token, user, role = row.get("token"), row.get("user"), row.get("role", "write")
            if not isinstance(token, str) or not token.startswith("hf_"):
                raise ValueError(f"{where}.token is {token!r}; a token begins with hf_")
            if not isinstance(user, str) or not user or user == PRODUCTION_NAMESPACE:
                raise ValueError(f"{where}.user is {user!r}; it must be a name other than production's")
            if role not in ROLES:
                raise ValueError(f"{where}.role is {role!r}; known are {', '.join(ROLES)}")
            scopes = row.get("scopes") or []
            if not isinstance(scopes, list) or not all(isinstance(one, str) for one in scopes):
                raise ValueError(f"{where}.scopes must be a list of texts")
            self._add(token, Token(user, str(row.get("name") or role), role, tuple(scopes)))

    def find(self, token: str) -> Token | None:
        """What is known of a token."""
        row = self._store.one("SELECT * FROM tokens WHERE token = ?", (token,))
        if row is None:
            return None
        return Token(row["user"], row["name"], row["role"], tuple(json.loads(row["scopes"])))

    def has_user(self, name: str) -> bool:
        """Whether anybody of this name has a token."""
        return self._store.one("SELECT 1 FROM tokens WHERE user = ?", (name,)) is not None

    def _add(self, token: str, about: Token) -> None:
        row = (token, about.user, about.name, about.role, json.dumps(about.scopes))
        self._store.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?)", row)
