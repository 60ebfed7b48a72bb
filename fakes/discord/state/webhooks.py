"""Incoming webhooks of channels."""

from dataclasses import dataclass
from sqlite3 import Row

from fakes.discord import errors
from fakes.discord.state.guild import CHANNEL_ID
from fakes.kit.credentials import is_same
from fakes.kit.kit import Kit
from fakes.kit.snowflake import Snowflakes

SCHEMA = """
CREATE TABLE webhooks (id TEXT PRIMARY KEY, token TEXT NOT NULL, channel_id TEXT NOT NULL, name TEXT NOT NULL)
"""
STAGING_ID = "1300000000000000001"
STAGING_TOKEN = "staging-webhook-token-0000000000000000000000000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook."""

    id: str
    token: str
    channel_id: str
    name: str


class ChannelWebhooks:
    """All webhooks.

    Args:
        kit: Ids and store.
        ids: Makes webhook ids.
    """

    def __init__(self, kit: Kit, ids: Snowflakes) -> None:
        self._kit = kit
        self._ids = ids

    def populate(self) -> None:
        """One webhook that is always there."""
        self._kit.store.execute(
            "INSERT INTO webhooks VALUES (?, ?, ?, 'ClipNET')", (STAGING_ID, STAGING_TOKEN, CHANNEL_ID)
        )

    def create(self, channel_id: str, name: str) -> Webhook:
        """Add a webhook to a channel.

        Raises:
            ProviderError: The name is not allowed.
        """
        check_name(name, "name")
        made = Webhook(self._ids.next(), self._kit.ids.url_safe(68), channel_id, name)
        row = (made.id, made.token, channel_id, name)
        self._kit.store.execute("INSERT INTO webhooks VALUES (?, ?, ?, ?)", row)
        return made

    def get(self, webhook_id: str, token: str) -> Webhook:
        """The webhook of an id, if the token is its own.

        Raises:
            ProviderError: Unknown (404), or another token (401).
        """
        row = self._kit.store.one("SELECT * FROM webhooks WHERE id = ?", (webhook_id,))
        if row is None:
            raise errors.unknown_webhook()
        if not is_same(token, row["token"]):
            raise errors.invalid_webhook_token()
        return _webhook(row)


def check_name(name: str, field: str) -> None:
    """Names that a webhook may have: 1 to 80 characters, without the platform's own names.

    Raises:
        ProviderError: Another name.
    """
    if not 1 <= len(name) <= 80:
        raise errors.invalid_form((field,), "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 80 in length.")
    for word in ("discord", "clyde"):
        if word in name.lower():
            message = f'Username cannot contain "{word}"'
            raise errors.invalid_form((field,), "USERNAME_INVALID_CONTAINS", message)


def _webhook(row: Row) -> Webhook:
    return Webhook(row["id"], row["token"], row["channel_id"], row["name"])
