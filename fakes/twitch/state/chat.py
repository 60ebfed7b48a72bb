"""Chat: what people write, and what the application sends."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fakes.kit.clock import iso
from fakes.kit.documents import SeedRow, age_s
from fakes.kit.kit import Kit
from fakes.kit.oauth import Grant
from fakes.twitch import errors
from fakes.twitch.state.accounts import Accounts, User

SCHEMA = """
CREATE TABLE messages (
    id TEXT PRIMARY KEY, broadcaster_id TEXT NOT NULL, sender_id TEXT NOT NULL, text TEXT NOT NULL,
    reply_to TEXT, is_from_api INTEGER NOT NULL, at_s REAL NOT NULL, idempotency_key TEXT
);
CREATE INDEX messages_by_key ON messages (idempotency_key);
CREATE INDEX messages_by_sender ON messages (sender_id, broadcaster_id, at_s)
"""
LIMIT_CHARACTERS = 500
DUPLICATE_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that an application wants to send."""

    broadcaster_id: str | None
    sender_id: str | None
    text: str | None
    reply_to: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message in a chat, as a reply to it tells of it."""

    id: str
    text: str
    author: User


class Chat:
    """All chat rooms.

    Args:
        kit: Clock, ids and store.
        accounts: Who owns the rooms and who writes.
    """

    def __init__(self, kit: Kit, accounts: Accounts) -> None:
        self._kit = kit
        self._accounts = accounts

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add messages of the bot: `[{"id", "channel", "text", "age_s"?, "idempotency_key"?}]`.

        Raises:
            ValueError: A channel is unknown.
        """
        bot = self._accounts.by_login("clipnet_bot")
        assert bot is not None
        for where, row in given:
            channel = self._accounts.by_login(str(row.get("channel")))
            if channel is None or not row.get("id"):
                raise ValueError(f"{where} needs an id and a login as channel")
            at_s = self._kit.clock.now() - age_s(where, row)
            sent = Outgoing(channel.id, bot.id, str(row.get("text", "")), None, row.get("idempotency_key"))
            self._add(str(row["id"]), sent, is_from_api=True, at_s=at_s)

    def say(self, room: User, author: User, text: str) -> str:
        """A person writes; returns the message's id."""
        message_id = self._kit.ids.uuid()
        self._add(message_id, Outgoing(room.id, author.id, text), is_from_api=False)
        return message_id

    def send(self, grant: Grant, message: Outgoing) -> str | None:
        """The application writes; returns the message's id, None when it is dropped as a duplicate.

        Raises:
            ProviderError: A field is missing or too long, or the sender may not write there.
        """
        for name, value in (
            ("broadcaster_id", message.broadcaster_id),
            ("sender_id", message.sender_id),
            ("message", message.text),
        ):
            if not value:
                raise errors.missing_parameter(name)
        assert message.text is not None
        if len(message.text) > LIMIT_CHARACTERS:
            raise errors.message_too_large()
        self._check_sender(grant, message)
        if self._repeats(message):
            return None
        message_id = self._kit.ids.uuid()
        self._add(message_id, message, is_from_api=True)
        return message_id

    def scene(self, message: Outgoing) -> tuple[User, User]:
        """Room and author of a message that was sent."""
        room, author = self._accounts.by_id(message.broadcaster_id), self._accounts.by_id(message.sender_id)
        assert room is not None
        assert author is not None
        return room, author

    def find(self, message_id: str | None) -> Said | None:
        """The message of this id."""
        row = self._kit.store.one("SELECT * FROM messages WHERE id = ?", (message_id,))
        author = self._accounts.by_id(row["sender_id"]) if row else None
        return Said(row["id"], row["text"], author) if row and author else None

    def sent_by_api(self) -> list[dict[str, Any]]:
        """What the application wrote, oldest first, in the form that all platforms' posts have."""
        rows = self._kit.store.all(
            "SELECT m.*, room.login AS room, author.login AS author FROM messages m"
            " JOIN users room ON room.id = m.broadcaster_id JOIN users author ON author.id = m.sender_id"
            " WHERE m.is_from_api = 1 ORDER BY m.at_s, m.rowid"
        )
        return [
            {
                "platform": "twitch",
                "id": row["id"],
                "url": None,
                "account": row["author"],
                "title": None,
                "text": row["text"],
                "media": None,
                "at": iso(row["at_s"]),
                "idempotency_key": row["idempotency_key"],
                "channel": row["room"],
            }
            for row in rows
        ]

    def forget(self, message_id: str) -> bool:
        """Remove a message that the application wrote; tell whether there was one."""
        gone = self._kit.store.execute("DELETE FROM messages WHERE id = ? AND is_from_api = 1", (message_id,))
        return gone.rowcount > 0

    def summary(self) -> dict[str, int]:
        """Counts; a duplicate is a message whose idempotency key was sent before."""
        row = self._kit.store.one(
            "SELECT coalesce(sum(is_from_api), 0) AS sent, count(*) AS seen,"
            " count(idempotency_key) - count(DISTINCT idempotency_key) AS duplicates FROM messages"
        )
        assert row is not None
        return {
            "messages_sent": row["sent"],
            "messages_received": row["seen"] - row["sent"],
            "duplicates": row["duplicates"],
        }

    def _repeats(self, message: Outgoing) -> bool:
        """Whether the sender's previous message in the room has the same words and is not old."""
        last = self._kit.store.one(
            "SELECT text, at_s FROM messages WHERE sender_id = ? AND broadcaster_id = ?"
            " ORDER BY at_s DESC, rowid DESC LIMIT 1",
            (message.sender_id, message.broadcaster_id),
        )
        if last is None or last["text"] != message.text:
            return False
        return bool(self._kit.clock.now() - last["at_s"] < DUPLICATE_WITHIN_S)

    def _check_sender(self, grant: Grant, message: Outgoing) -> None:
        sender, room = self._accounts.by_id(message.sender_id), self._accounts.by_id(message.broadcaster_id)
        if room is None or not room.has_channel:
            raise errors.bad_request("The broadcaster_id is not a channel")
        if grant.person is not None and grant.user_id != message.sender_id:
            raise errors.wrong_sender()
        if sender is None or sender.is_banned:
            raise errors.sender_not_permitted()
        if grant.person is None and not (
            self._accounts.has_granted(sender.id, "user:bot")
            and self._accounts.has_granted(room.id, "channel:bot")
        ):
            raise errors.sender_not_permitted()

    def _add(
        self, message_id: str, message: Outgoing, *, is_from_api: bool, at_s: float | None = None
    ) -> None:
        self._kit.store.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                message_id,
                message.broadcaster_id,
                message.sender_id,
                message.text,
                message.reply_to,
                is_from_api,
                self._kit.clock.now() if at_s is None else at_s,
                message.idempotency_key,
            ),
        )
