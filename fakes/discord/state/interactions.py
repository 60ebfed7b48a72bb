"""Interactions: asked, acknowledged once within 3 seconds, answered for 15 minutes."""

from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from fakes.discord import errors
from fakes.discord.state.guild import APPLICATION_ID, Channel, Guild, User
from fakes.discord.state.messages import LOADING, Author, Draft, Message, Messages
from fakes.kit.credentials import is_same
from fakes.kit.kit import Kit

SCHEMA = """
CREATE TABLE interactions (
    id TEXT PRIMARY KEY, token TEXT NOT NULL UNIQUE, channel_id TEXT NOT NULL, user_id TEXT NOT NULL,
    command TEXT NOT NULL, created_s REAL NOT NULL, state TEXT NOT NULL, callback_type INTEGER,
    original_id TEXT, reason TEXT, is_user_installed INTEGER NOT NULL
)
"""
ANSWER_WITHIN_S = 3.0
TOKEN_LIFE_S = 900.0
USER_INSTALLED_FOLLOW_UPS = 5
PONG, DEFERRED = 1, 5


@dataclass(frozen=True, slots=True)
class Interaction:
    """One interaction; `state` is created, acknowledged or failed (with its `reason`)."""

    id: str
    token: str
    channel_id: str
    user_id: str
    command: str
    created_s: float
    state: str
    callback_type: int | None
    original_id: str | None
    reason: str | None
    is_user_installed: bool


class Interactions:
    """All interactions.

    Args:
        kit: Clock, ids and store.
        guild: Knows the channels and the bot.
        messages: Where answers are posted.
    """

    def __init__(self, kit: Kit, guild: Guild, messages: Messages) -> None:
        self._kit = kit
        self._guild = guild
        self._messages = messages

    def begin(
        self, channel: Channel, user: User, command: str, *, is_user_installed: bool = False
    ) -> Interaction:
        """Somebody uses a command, of an application of the guild or of the person's own."""
        interaction_id, token = self._messages.ids.next(), f"aW50ZXJhY3Rpb24{self._kit.ids.url_safe(160)}"
        self._kit.store.execute(
            "INSERT INTO interactions VALUES (?, ?, ?, ?, ?, ?, 'created', NULL, NULL, NULL, ?)",
            (interaction_id, token, channel.id, user.id, command, self._kit.clock.now(), is_user_installed),
        )
        return self.one(interaction_id)

    def acknowledge(self, interaction_id: str, token: str, kind: int, draft: Draft) -> Message | None:
        """Take the first answer; returns the message that it made, if it made one.

        Raises:
            ProviderError: Unknown or too late (404), answered before, or of an impossible type (400).
        """
        one = self._find("id", interaction_id)
        now = self._kit.clock.now()
        if one is None or not is_same(token, one.token):
            raise errors.unknown_interaction()
        if one.state == "acknowledged":
            raise errors.already_acknowledged()
        if one.state == "failed" or now > one.created_s + ANSWER_WITHIN_S:
            self.fail(interaction_id, "the application did not respond within 3 s")
            raise errors.unknown_interaction()
        message = self._first_message(one, kind, draft)
        self._kit.store.execute(
            "UPDATE interactions SET state = 'acknowledged', callback_type = ?, original_id = ? WHERE id = ?",
            (kind, message.id if message else None, interaction_id),
        )
        return message

    def fail(self, interaction_id: str, reason: str) -> None:
        """Note that an interaction got no usable answer; one that was acknowledged stays so."""
        self._kit.store.execute(
            "UPDATE interactions SET state = 'failed', reason = ? WHERE id = ? AND state = 'created'",
            (reason, interaction_id),
        )

    def open(self, token: str) -> Interaction:
        """The acknowledged interaction of a token that still works.

        Raises:
            ProviderError: Unknown or not acknowledged (404), or its 15 minutes are over (401).
        """
        one = self._find("token", token)
        if one is None:
            raise errors.unknown_webhook()
        if self._kit.clock.now() > one.created_s + TOKEN_LIFE_S:
            raise errors.invalid_webhook_token()
        if one.state != "acknowledged":
            raise errors.unknown_webhook()
        return one

    def original(self, token: str) -> Message:
        """The first answer.

        Raises:
            ProviderError: As `open`, or there is no such message (404).
        """
        one = self.open(token)
        if one.original_id is None:
            raise errors.unknown_message()
        return self._messages.get(one.channel_id, one.original_id)

    def message(self, token: str, message_id: str) -> Message:
        """One answer: `@original` or a follow-up.

        Raises:
            ProviderError: As `open`, or there is no such message (404).
        """
        if message_id == "@original":
            return self.original(token)
        one = self.open(token)
        message = self._messages.get(one.channel_id, message_id)
        if message.author.interaction_id != one.id:
            raise errors.unknown_message()
        return message

    def follow_up(self, token: str, draft: Draft) -> Message:
        """Post one more answer; the first after a deferred one fills that in, as Discord still does.

        Raises:
            ProviderError: As `open`, or there is nothing to show; the sixth of an application that is
                installed for a person only.
        """
        one = self.open(token)
        if one.callback_type == DEFERRED and one.original_id is not None:
            original = self._messages.get(one.channel_id, one.original_id)
            if original.flags & LOADING:
                return self._messages.edit(original, draft)
        sent = self._messages.follow_ups(one.id, one.original_id) if one.is_user_installed else 0
        if sent >= USER_INSTALLED_FOLLOW_UPS:
            raise errors.too_many_follow_ups()
        return self._messages.post(self._guild.channel(one.channel_id), self._author(one), draft)

    def summary(self) -> dict[str, Any]:
        """Number of interactions by state."""
        rows = self._kit.store.all("SELECT state, count(*) AS n FROM interactions GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    def one(self, interaction_id: str) -> Interaction:
        """The interaction of a known id, as it stands now."""
        found = self._find("id", interaction_id)
        assert found is not None
        return found

    def _first_message(self, one: Interaction, kind: int, draft: Draft) -> Message | None:
        channel = self._guild.channel(one.channel_id)
        match kind:
            case 4:
                return self._messages.post(channel, self._author(one), draft)
            case 5:
                loading = Draft(flags=draft.flags | LOADING)
                return self._messages.post(channel, self._author(one), loading)
            case 8 | 9 | 12:
                return None
        choices = "Value must be one of (4, 5, 9, 10, 12)."
        raise errors.invalid_form(("type",), "BASE_TYPE_CHOICES", choices)

    def _author(self, one: Interaction) -> Author:
        return Author(self._guild.bot.id, self._guild.bot.username, APPLICATION_ID, one.id)

    def _find(self, column: str, value: str) -> Interaction | None:
        row = self._kit.store.one(f"SELECT * FROM interactions WHERE {column} = ?", (value,))  # noqa: S608 - own names
        return None if row is None else _interaction(row)


def _interaction(row: Row) -> Interaction:
    fields = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row is no dict
    return Interaction(**{**fields, "is_user_installed": bool(row["is_user_installed"])})
