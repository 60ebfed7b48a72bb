"""All that the fake remembers, in one SQLite file."""

from collections.abc import Mapping
from typing import Any

from fakes.discord.refusals import ON_COMMAND
from fakes.discord.state import commands, guild, interactions, messages, webhooks
from fakes.discord.state.profile import PROFILE
from fakes.kit.documents import check_fields, rows
from fakes.kit.kit import Kit
from fakes.kit.limits import Taken, Windows
from fakes.kit.oauth import SCHEMA as OAUTH_SCHEMA
from fakes.kit.oauth import Engine
from fakes.kit.refusals import Refusals

SCHEMA = ";".join(
    (OAUTH_SCHEMA, guild.SCHEMA, messages.SCHEMA, interactions.SCHEMA, commands.SCHEMA, webhooks.SCHEMA)
)
GLOBAL_LIMIT = 50
_FIELDS = ("oauth", "channels", "messages", "commands")


class State:
    """Guild, messages, interactions, commands, webhooks, grants and rate limits.

    Args:
        kit: The store is opened here.
    """

    def __init__(self, kit: Kit) -> None:
        kit.open_store(SCHEMA)
        self.oauth = Engine(PROFILE, kit)
        self.guild = guild.Guild(kit)
        self.messages = messages.Messages(kit, self.guild)
        self.interactions = interactions.Interactions(kit, self.guild, self.messages)
        self.commands = commands.Commands(kit, self.messages.ids)
        self.webhooks = webhooks.ChannelWebhooks(kit, self.messages.ids)
        self.refusals = Refusals(ON_COMMAND)
        self._windows = Windows(kit.clock)

    def populate(self) -> None:
        """Write what is always there."""
        self.oauth.populate()
        self.guild.populate()
        self.webhooks.populate()

    def load(self, document: Mapping[str, Any]) -> None:
        """Add a seed document: `{"oauth", "channels", "messages", "commands"}`, each optional.

        Raises:
            ValueError: A field is unknown or not usable.
        """
        check_fields(document, _FIELDS)
        self.oauth.load(document)
        self.guild.load(rows(document, "channels"))
        self.messages.load(rows(document, "messages"))
        for _, body in rows(document, "commands"):
            self.commands.put(commands.GLOBAL, body)

    def summary(self) -> dict[str, Any]:
        """Counts."""
        return {
            "oauth": self.oauth.summary(),
            **self.messages.summary(),
            "interactions": self.interactions.summary(),
            "commands": [one.name for one in self.commands.list(commands.GLOBAL)],
            "interactions_url": self.guild.interactions_url,
        }

    def reset(self) -> None:
        """Forget the rate limits."""
        self._windows.clear()

    def take_global(self, who: str) -> Taken:
        """Count a request against the 50 a second of one bot or caller."""
        return self._windows.take(f"global {who}", GLOBAL_LIMIT, 1.0)

    def take(self, bucket: str, limit: int, window_s: float) -> Taken:
        """Count a request against its route's bucket."""
        return self._windows.take(bucket, limit, window_s)
