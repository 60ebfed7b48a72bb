"""People and their channels: profile, what is streamed, and whom the bot may serve."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.kit.documents import SeedRow
from fakes.kit.kit import Kit
from fakes.kit.people import PEOPLE, decimal_id

SCHEMA = """
CREATE TABLE users (
    id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL, email TEXT NOT NULL,
    has_channel INTEGER NOT NULL, is_banned INTEGER NOT NULL, is_moderator INTEGER NOT NULL,
    created_s REAL NOT NULL, title TEXT NOT NULL, game_id TEXT NOT NULL, game_name TEXT NOT NULL,
    stream_id TEXT, started_s REAL, viewer_count INTEGER NOT NULL
);
CREATE TABLE bot_grants (user_id TEXT NOT NULL, scope TEXT NOT NULL, PRIMARY KEY (user_id, scope));
"""
BOT_ID = "1000001"
BOT_LOGIN = "clipnet_bot"
_LIVE = ("streamer_sam", "clipper_cleo")
_CREATED_S = 1_577_836_800.0
_BOT_SCOPES = ("user:bot", "user:read:chat", "user:write:chat")
_STREAMED_S = 5400.0


@dataclass(frozen=True, slots=True)
class User:
    """One account; `stream_id` and `started_s` (Unix seconds) are None while it is offline."""

    id: str
    login: str
    display_name: str
    email: str
    has_channel: bool
    is_banned: bool
    is_moderator: bool
    created_s: float
    title: str
    game_id: str
    game_name: str
    stream_id: str | None
    started_s: float | None
    viewer_count: int

    @property
    def is_live(self) -> bool:
        """Whether a broadcast is running."""
        return self.stream_id is not None

    @property
    def picture_url(self) -> str:
        """Where the account's picture would be."""
        pictures = "https://static-cdn.jtvnw.net/user-default-pictures-uv"
        return f"{pictures}/{self.id}-profile_image-300x300.png"


class Accounts:
    """All accounts.

    Args:
        kit: Clock and store.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def populate(self) -> None:
        """The people of the stack, the bot, and the scopes that both gave to staging's client."""
        now = self._kit.clock.now()
        self._add(BOT_ID, BOT_LOGIN, "ClipnetBot", "bot@clipnet.test", {})
        for one in PEOPLE:
            row: dict[str, Any] = {"has_channel": one.has_channel, "is_banned": one.is_banned}
            row |= {"is_moderator": one.login == "mod_mia", "title": f"{one.display_name} plays"}
            if one.login in _LIVE:
                row |= {
                    "stream_id": f"4{decimal_id(one)}",
                    "started_s": now - _STREAMED_S,
                    "viewer_count": 42,
                }
            self._add(decimal_id(one), one.login, one.display_name, one.email, row)
        grants = [(BOT_ID, scope) for scope in _BOT_SCOPES]
        grants += [(decimal_id(one), "channel:bot") for one in PEOPLE if one.has_channel]
        self._kit.store.execute_many("INSERT INTO bot_grants VALUES (?, ?)", grants)

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add accounts: `[{"id", "login", "display_name"?, "has_channel"?, "is_live"?, "title"?}]`.

        Raises:
            ValueError: An id or login is missing.
        """
        for where, row in given:
            if not row.get("id") or not row.get("login"):
                raise ValueError(f"{where} needs an id and a login")
            more: dict[str, Any] = {"has_channel": row.get("has_channel", False)}
            more["title"] = row.get("title", "")
            if row.get("is_live"):
                more |= {"stream_id": f"4{row['id']}", "started_s": self._kit.clock.now(), "viewer_count": 1}
            login = str(row["login"])
            self._add(str(row["id"]), login, row.get("display_name", login), f"{login}@clipnet.test", more)

    def by_id(self, user_id: str | None) -> User | None:
        """The account of this id."""
        return _user(self._kit.store.one("SELECT * FROM users WHERE id = ?", (user_id,)))

    def by_login(self, login: str) -> User | None:
        """The account of this login, in any spelling."""
        return _user(self._kit.store.one("SELECT * FROM users WHERE login = ?", (login.lower(),)))

    def find(self, ids: Sequence[str], logins: Sequence[str]) -> list[User]:
        """Accounts of these ids and logins, each once, in the order asked for; unknown ones are left out."""
        found = [self.by_id(one) for one in ids] + [self.by_login(one) for one in logins]
        return list({user.id: user for user in found if user is not None}.values())

    def live(self) -> list[User]:
        """Accounts that stream, most viewers first."""
        rows = self._kit.store.all(
            "SELECT * FROM users WHERE stream_id IS NOT NULL ORDER BY viewer_count DESC, id"
        )
        return [user for user in map(_user, rows) if user is not None]

    def has_granted(self, user_id: str, scope: str) -> bool:
        """Whether this person gave staging's client a scope for its bot."""
        found = self._kit.store.one(
            "SELECT 1 FROM bot_grants WHERE user_id = ? AND scope = ?", (user_id, scope)
        )
        return found is not None

    def _add(self, user_id: str, login: str, name: str, email: str, more: Mapping[str, Any]) -> None:
        self._kit.store.execute(
            "INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '509658', 'Just Chatting', ?, ?, ?)",
            (
                user_id,
                login.lower(),
                name,
                email,
                bool(more.get("has_channel")),
                bool(more.get("is_banned")),
                bool(more.get("is_moderator")),
                _CREATED_S,
                more.get("title", ""),
                more.get("stream_id"),
                more.get("started_s"),
                more.get("viewer_count", 0),
            ),
        )


def _user(row: Row | None) -> User | None:
    if row is None:
        return None
    flags = {name: bool(row[name]) for name in ("has_channel", "is_banned", "is_moderator")}
    return User(**{**{name: row[name] for name in row.keys()}, **flags})  # noqa: SIM118 - a Row is no dict
