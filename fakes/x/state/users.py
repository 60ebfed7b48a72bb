"""Accounts: the people of the stack and the bot."""

from dataclasses import dataclass

from fakes.kit.kit import Kit
from fakes.kit.people import PEOPLE, snowflake_id

SCHEMA = """
CREATE TABLE users (
    id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, name TEXT NOT NULL, is_suspended INTEGER NOT NULL
)
"""
BOT_ID = "1111111111111111111"
BOT_USERNAME = "clipnet"
BOT_TOKEN = "x-staging-bot-token"
PRODUCTION_BOT_TOKEN = "x-production-bot-token"
BOT_SCOPES = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
CREATED_S = 1_577_836_800.0


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    id: str
    username: str
    name: str
    is_suspended: bool


class Users:
    """All accounts.

    Args:
        kit: The store.
    """

    def __init__(self, kit: Kit) -> None:
        self._store = kit.store

    def populate(self) -> None:
        """The people and the bot."""
        rows = [(BOT_ID, BOT_USERNAME, "ClipNET", False)]
        rows += [(snowflake_id(one), one.login, one.display_name, one.is_banned) for one in PEOPLE]
        self._store.execute_many("INSERT INTO users VALUES (?, ?, ?, ?)", rows)

    def find(self, id_or_username: str) -> User | None:
        """The account of this id or username."""
        row = self._store.one(
            "SELECT * FROM users WHERE id = ? OR username = ?", (id_or_username, id_or_username.lower())
        )
        return (
            None if row is None else User(row["id"], row["username"], row["name"], bool(row["is_suspended"]))
        )

    def get(self, user_id: str) -> User:
        """The account of an id that is known to exist."""
        found = self.find(user_id)
        assert found is not None
        return found
