"""What the engine remembers: clients, codes, families of tokens and tokens, as rows. No rules."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fakes.kit.ids import Ids
from fakes.kit.oauth.profile import Asked
from fakes.kit.oauth.records import Client
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY, secret TEXT NOT NULL, name TEXT NOT NULL, redirect_uris TEXT NOT NULL,
    is_production INTEGER NOT NULL
);
CREATE TABLE oauth_codes (
    code TEXT PRIMARY KEY, client_id TEXT NOT NULL, login TEXT NOT NULL, scopes TEXT NOT NULL,
    redirect_uri TEXT NOT NULL, challenge TEXT, method TEXT NOT NULL, params TEXT NOT NULL,
    gives_refresh INTEGER NOT NULL, expires_s REAL NOT NULL, is_used INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE oauth_families (
    id INTEGER PRIMARY KEY, client_id TEXT NOT NULL, login TEXT, scopes TEXT NOT NULL, params TEXT NOT NULL,
    is_revoked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX oauth_families_by_person ON oauth_families (login, client_id) WHERE is_revoked = 0;
CREATE TABLE oauth_tokens (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, family INTEGER NOT NULL,
    scopes TEXT NOT NULL, expires_s REAL, owner TEXT, is_dead INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX oauth_tokens_by_family ON oauth_tokens (family);
CREATE INDEX oauth_tokens_by_owner ON oauth_tokens (owner) WHERE owner IS NOT NULL AND is_dead = 0;
CREATE TABLE oauth_settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was handed out."""

    text: str
    client_id: str
    login: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str | None
    method: str
    params: Mapping[str, str]
    gives_refresh: bool
    expires_s: float
    is_used: bool


@dataclass(frozen=True, slots=True)
class Family:
    """One authorization; `login` is None for an application's own tokens."""

    id: int
    client_id: str
    login: str | None
    scopes: tuple[str, ...]
    params: Mapping[str, str]
    is_revoked: bool


@dataclass(frozen=True, slots=True)
class Token:
    """An access or refresh token; `is_dead` when rotated or when its family was revoked."""

    id: int
    text: str
    kind: str
    family: Family
    scopes: tuple[str, ...]
    expires_s: float | None
    is_dead: bool


class Ledger:
    """Reads and writes the rows of one provider.

    Args:
        store: Opened with `SCHEMA` among its tables.
        ids: Source of codes and tokens.
    """

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    def add_client(self, client: Client) -> None:
        """Add a client, or replace the one of this id."""
        self._store.execute(
            "INSERT OR REPLACE INTO oauth_clients VALUES (?, ?, ?, ?, ?)",
            (client.id, client.secret, client.name, json.dumps(client.redirect_uris), client.is_production),
        )

    def client(self, client_id: str) -> Client | None:
        """The client of this id."""
        row = self._store.one("SELECT * FROM oauth_clients WHERE id = ?", (client_id,))
        if row is None:
            return None
        uris = tuple(json.loads(row["redirect_uris"]))
        return Client(row["id"], row["secret"], row["name"], uris, bool(row["is_production"]))

    def add_code(
        self,
        asked: Asked,
        login: str,
        make: Callable[[Ids], str],
        *,
        expires_s: float,
        gives_refresh: bool,
    ) -> str:
        """Hand out a new code for a request that a person approved."""
        code = self._store.unused("oauth_codes", "code", lambda: make(self._ids))
        row: tuple[Any, ...] = (code, asked.client.id, login, json.dumps(asked.scopes), asked.redirect_uri)
        row += (asked.challenge, asked.method, json.dumps(dict(asked.params)), gives_refresh, expires_s, 0)
        self._store.execute("INSERT INTO oauth_codes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return code

    def code(self, text: str) -> Code | None:
        """The code of this text, used or not."""
        row = self._store.one("SELECT * FROM oauth_codes WHERE code = ?", (text,))
        if row is None:
            return None
        return Code(
            text=row["code"],
            client_id=row["client_id"],
            login=row["login"],
            scopes=tuple(json.loads(row["scopes"])),
            redirect_uri=row["redirect_uri"],
            challenge=row["challenge"],
            method=row["method"],
            params=json.loads(row["params"]),
            gives_refresh=bool(row["gives_refresh"]),
            expires_s=row["expires_s"],
            is_used=bool(row["is_used"]),
        )

    def use_code(self, text: str) -> None:
        """Mark a code as used."""
        self._store.execute("UPDATE oauth_codes SET is_used = 1 WHERE code = ?", (text,))

    def add_family(
        self, client_id: str, login: str | None, scopes: Iterable[str], params: Mapping[str, str]
    ) -> int:
        """Open a family for a new authorization."""
        made = self._store.execute(
            "INSERT INTO oauth_families (client_id, login, scopes, params) VALUES (?, ?, ?, ?)",
            (client_id, login, json.dumps(list(scopes)), json.dumps(dict(params))),
        )
        assert made.lastrowid is not None
        return made.lastrowid

    def revoke_family(self, family: int) -> None:
        """End an authorization with all its tokens."""
        self._store.execute("UPDATE oauth_families SET is_revoked = 1 WHERE id = ?", (family,))
        self._store.execute("UPDATE oauth_tokens SET is_dead = 1 WHERE family = ?", (family,))

    def has_live_family(self, login: str, client_id: str) -> bool:
        """Whether this person's consent to this client still stands."""
        found = self._store.one(
            "SELECT 1 FROM oauth_families WHERE login = ? AND client_id = ? AND is_revoked = 0 LIMIT 1",
            (login, client_id),
        )
        return found is not None

    def granted_scopes(self, login: str, client_id: str) -> frozenset[str]:
        """All that this person's consents to this client allow, as far as they still stand."""
        rows = self._store.all(
            "SELECT scopes FROM oauth_families WHERE login = ? AND client_id = ? AND is_revoked = 0",
            (login, client_id),
        )
        return frozenset(scope for row in rows for scope in json.loads(row["scopes"]))

    def families(self, login: str | None, limit: int) -> list[Family]:
        """The newest authorizations, newest first; all people's or one person's."""
        rows = self._store.all(
            "SELECT * FROM oauth_families WHERE coalesce(?, login, '') = coalesce(login, '')"
            " ORDER BY id DESC LIMIT ?",
            (login, limit),
        )
        return [_family(row["id"], row, row["scopes"]) for row in rows]

    def new_token(
        self,
        kind: str,
        make: Callable[[Ids], str],
        family: int,
        scopes: tuple[str, ...],
        expires_s: float | None,
        *,
        owner: str | None = None,
    ) -> str:
        """Hand out a new token."""
        text = self._store.unused("oauth_tokens", "token", lambda: make(self._ids))
        self.add_token(text, kind, family, scopes, expires_s, owner=owner)
        return text

    def add_token(
        self,
        text: str,
        kind: str,
        family: int,
        scopes: tuple[str, ...],
        expires_s: float | None,
        *,
        owner: str | None = None,
    ) -> None:
        """Add a token of a given text; `owner` is for `keep_newest`."""
        self._store.execute(
            "INSERT OR REPLACE INTO oauth_tokens (token, kind, family, scopes, expires_s, owner)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (text, kind, family, json.dumps(scopes), expires_s, owner),
        )

    def keep_newest(self, owner: str, limit: int) -> None:
        """End the oldest tokens of an owner who has more than so many."""
        self._store.execute(
            "UPDATE oauth_tokens SET is_dead = 1 WHERE id IN (SELECT id FROM oauth_tokens"
            " WHERE owner = ? AND is_dead = 0 ORDER BY id DESC LIMIT -1 OFFSET ?)",
            (owner, limit),
        )

    def tokens_of(self, family: int, limit: int) -> list[Token]:
        """The newest tokens of an authorization, newest first."""
        rows = self._store.all(
            "SELECT token FROM oauth_tokens WHERE family = ? ORDER BY id DESC LIMIT ?", (family, limit)
        )
        return [found for row in rows if (found := self.token(row["token"])) is not None]

    def token_by_id(self, token_id: int) -> Token | None:
        """The token of this number."""
        row = self._store.one("SELECT token FROM oauth_tokens WHERE id = ?", (token_id,))
        return self.token(row["token"]) if row else None

    def token(self, text: str, kind: str | None = None) -> Token | None:
        """The token of this text, dead or alive, of one kind or either."""
        row = self._store.one(
            "SELECT t.*, f.client_id, f.login, f.scopes AS granted, f.params, f.is_revoked"
            " FROM oauth_tokens t JOIN oauth_families f ON f.id = t.family"
            " WHERE t.token = ? AND t.kind = coalesce(?, t.kind)",
            (text, kind),
        )
        return _token(row, _family(row["family"], row, row["granted"])) if row else None

    def kill_token(self, text: str) -> None:
        """End one token; its family lives on."""
        self._store.execute("UPDATE oauth_tokens SET is_dead = 1 WHERE token = ?", (text,))

    def set_end(self, text: str, expires_s: float) -> None:
        """Move a token's end."""
        self._store.execute("UPDATE oauth_tokens SET expires_s = ? WHERE token = ?", (expires_s, text))

    def expire(self, kinds: Iterable[str], login: str | None, now_s: float) -> int:
        """Let the living tokens of these kinds end now, all people's or one person's; says how many."""
        done = 0
        for kind in kinds:
            done += self._store.execute(
                "UPDATE oauth_tokens SET expires_s = ? WHERE kind = ? AND is_dead = 0"
                " AND coalesce(expires_s, 9e15) > ? AND family IN (SELECT id FROM oauth_families"
                " WHERE coalesce(?, login, '') = coalesce(login, '') AND is_revoked = 0)",
                (now_s, kind, now_s, login),
            ).rowcount
        return done

    def live_families(self, login: str | None) -> list[int]:
        """Authorizations that stand, all people's or one person's."""
        rows = self._store.all(
            "SELECT id FROM oauth_families WHERE coalesce(?, login, '') = coalesce(login, '')"
            " AND is_revoked = 0",
            (login,),
        )
        return [row["id"] for row in rows]

    def set(self, key: str, value: Any) -> None:
        """Keep a setting; None removes it."""
        self._store.execute("DELETE FROM oauth_settings WHERE key = ?", (key,))
        if value is not None:
            self._store.execute("INSERT INTO oauth_settings VALUES (?, ?)", (key, json.dumps(value)))

    def setting(self, key: str) -> Any:
        """A setting, or None."""
        row = self._store.one("SELECT value FROM oauth_settings WHERE key = ?", (key,))
        return json.loads(row["value"]) if row else None

    def summary(self) -> dict[str, Any]:
        """Counts."""
        live = self._store.one("SELECT count(*) FROM oauth_families WHERE is_revoked = 0")
        return {
            "clients": self._store.count("oauth_clients"),
            "codes": self._store.count("oauth_codes"),
            "grants": self._store.count("oauth_families"),
            "live_grants": live[0] if live else 0,
            "tokens": self._store.count("oauth_tokens"),
            "auto_approve": self.setting("auto_approve"),
        }


def _family(family_id: int, row: Any, scopes: str) -> Family:
    params = json.loads(row["params"])
    return Family(
        family_id, row["client_id"], row["login"], tuple(json.loads(scopes)), params, bool(row["is_revoked"])
    )


def _token(row: Any, family: Family) -> Token:
    is_dead = family.is_revoked or bool(row["is_dead"])
    scopes = tuple(json.loads(row["scopes"]))
    return Token(row["id"], row["token"], row["kind"], family, scopes, row["expires_s"], is_dead)
