"""The guild: its people, its channels, and the application's own settings."""

from collections.abc import Iterable
from dataclasses import dataclass
from sqlite3 import Row

from fakes.discord import errors
from fakes.discord.state.profile import GUILD_ID as GUILD_ID
from fakes.discord.state.profile import PROFILE
from fakes.kit.documents import SeedRow
from fakes.kit.kit import Kit
from fakes.kit.people import PEOPLE, snowflake_id

SCHEMA = """
CREATE TABLE users (
    id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, global_name TEXT NOT NULL, email TEXT NOT NULL,
    is_bot INTEGER NOT NULL, permissions TEXT NOT NULL
);
CREATE TABLE channels (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)
"""
GUILD_NAME = "ClipNET staging"
CHANNEL_ID = "645027906669510667"
_CHANNELS = ((CHANNEL_ID, "clips"), ("645027906669510668", "general"))
APPLICATION_ID = PROFILE.client_id
BOT_TOKEN = "discord-staging-bot-token"
PRODUCTION_BOT_TOKEN = "discord-production-bot-token"
_USE_COMMANDS = 1 << 31
_MEMBER = 104324673 | _USE_COMMANDS
_MODERATOR = _MEMBER | 1099713961985
OWNER = str(2147483647 | _USE_COMMANDS)


@dataclass(frozen=True, slots=True)
class User:
    """One account; `permissions` are its bits in the guild, as decimal text."""

    id: str
    username: str
    global_name: str
    email: str
    is_bot: bool
    permissions: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One text channel of the guild."""

    id: str
    name: str


class Guild:
    """The one guild.

    Args:
        kit: The store.
    """

    def __init__(self, kit: Kit) -> None:
        self._store = kit.store

    def populate(self) -> None:
        """The people of the stack, the bot and two channels."""
        rows = [(APPLICATION_ID, "clipnet", "ClipNET", "bot@clipnet.test", True, str(_MODERATOR))]
        for one in PEOPLE:
            rank = {"streamer_sam": OWNER, "mod_mia": str(_MODERATOR)}.get(one.login, str(_MEMBER))
            rows.append((snowflake_id(one), one.login, one.display_name, one.email, False, rank))
        self._store.execute_many("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._store.execute_many("INSERT INTO channels VALUES (?, ?)", _CHANNELS)

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add channels: `[{"id", "name"}]`.

        Raises:
            ValueError: A field is missing.
        """
        for where, row in given:
            if not row.get("id") or not row.get("name"):
                raise ValueError(f"{where} needs an id and a name")
            self._store.execute("INSERT INTO channels VALUES (?, ?)", (str(row["id"]), str(row["name"])))

    def user(self, id_or_name: str) -> User | None:
        """The account of this id or username."""
        row = self._store.one("SELECT * FROM users WHERE id = ? OR username = ?", (id_or_name, id_or_name))
        if row is None:
            return None
        name = (row["username"], row["global_name"], row["email"])
        return User(row["id"], *name, bool(row["is_bot"]), row["permissions"])

    @property
    def bot(self) -> User:
        """The application's own account."""
        found = self.user(APPLICATION_ID)
        assert found is not None
        return found

    def channel(self, channel_id: str) -> Channel:
        """The channel of this id.

        Raises:
            ProviderError: There is none (404).
        """
        row = self._store.one("SELECT * FROM channels WHERE id = ?", (channel_id,))
        if row is None:
            raise errors.unknown_channel()
        return _channel(row)

    def find_channel(self, id_or_name: str) -> Channel | None:
        """The channel of this id or name."""
        row = self._store.one("SELECT * FROM channels WHERE id = ? OR name = ?", (id_or_name, id_or_name))
        return None if row is None else _channel(row)

    @property
    def interactions_url(self) -> str | None:
        """Where interactions are sent, if the application said so."""
        row = self._store.one("SELECT value FROM settings WHERE name = 'interactions_url'")
        return None if row is None else str(row["value"])

    def set_interactions_url(self, url: str) -> None:
        """Send interactions to this address from now on."""
        self._store.execute("INSERT OR REPLACE INTO settings VALUES ('interactions_url', ?)", (url,))


def _channel(row: Row) -> Channel:
    return Channel(row["id"], row["name"])
