"""Messages: sent, edited, deleted, listed; a repeated nonce gives the earlier one."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Row
from typing import Any

from fakes.discord import errors
from fakes.discord.state.guild import GUILD_ID, Channel, Guild
from fakes.kit.clock import iso
from fakes.kit.documents import SeedRow, age_s
from fakes.kit.kit import Kit
from fakes.kit.snowflake import Snowflakes

SCHEMA = """
CREATE TABLE messages (
    id TEXT PRIMARY KEY, channel_id TEXT NOT NULL, author_id TEXT NOT NULL, author_name TEXT NOT NULL,
    webhook_id TEXT, interaction_id TEXT, content TEXT NOT NULL, embeds TEXT NOT NULL,
    components TEXT NOT NULL, attachments TEXT NOT NULL, flags INTEGER NOT NULL, tts INTEGER NOT NULL,
    nonce TEXT, reply_to TEXT, created_s REAL NOT NULL, edited_s REAL,
    is_deleted INTEGER NOT NULL DEFAULT 0, idempotency_key TEXT
);
CREATE INDEX messages_by_channel ON messages (channel_id, id);
CREATE INDEX messages_by_nonce ON messages (nonce);
CREATE INDEX messages_by_interaction ON messages (interaction_id)
"""
EPOCH_MS = 1_420_070_400_000
LOADING = 128
COMPONENTS_V2 = 32768
_VISIBLE = (
    "SELECT * FROM messages WHERE channel_id = ? AND is_deleted = 0 AND flags & 64 = 0"
    " AND CAST(id AS INTEGER) < ? AND CAST(id AS INTEGER) > ? ORDER BY CAST(id AS INTEGER)"
)
_NEWEST_FIRST = f"{_VISIBLE} DESC LIMIT ?"
_OLDEST_FIRST = f"{_VISIBLE} ASC LIMIT ?"
_LAST_ID = 2**63 - 1
NONCE_LIFE_S = 300.0  # guess: "the past few minutes"


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a message; its bytes are not kept."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to post; for an edit, `fields` names what it changes."""

    content: str = ""
    embeds: tuple[Mapping[str, Any], ...] = ()
    components: tuple[Mapping[str, Any], ...] = ()
    files: tuple[File, ...] = ()
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    is_nonce_enforced: bool = False
    reply_to: str | None = None
    has_more: bool = False
    fields: frozenset[str] = frozenset()
    idempotency_key: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show; `has_more` stands for stickers and polls."""
        return not (self.content or self.embeds or self.components or self.files or self.has_more)


@dataclass(frozen=True, slots=True)
class Author:
    """Who a message is by; a webhook has its own id and a name of its choice."""

    id: str
    name: str
    webhook_id: str | None = None
    interaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message; times in Unix seconds."""

    id: str
    channel_id: str
    author: Author
    content: str
    embeds: tuple[Mapping[str, Any], ...]
    components: tuple[Mapping[str, Any], ...]
    attachments: tuple[Mapping[str, Any], ...]
    flags: int
    tts: bool
    nonce: str | int | None
    reply_to: str | None
    created_s: float
    edited_s: float | None
    idempotency_key: str | None = field(default=None)


class Messages:
    """All messages of all channels.

    Args:
        kit: Clock and store.
        guild: Knows the channels.
    """

    def __init__(self, kit: Kit, guild: Guild) -> None:
        self._kit = kit
        self._guild = guild
        self.ids = Snowflakes(kit.clock, EPOCH_MS)

    def load(self, given: Iterable[SeedRow]) -> None:
        """Add messages of the bot: `[{"id"?, "channel"?, "text", "age_s"?, "idempotency_key"?}]`.

        Raises:
            ValueError: A channel is unknown.
        """
        bot = self._guild.bot
        for where, row in given:
            channel = self._guild.find_channel(str(row.get("channel", "clips")))
            if channel is None:
                raise ValueError(f"{where}.channel is '{row.get('channel')}'; it must be an id or name")
            draft = Draft(str(row.get("text", "")), idempotency_key=row.get("idempotency_key"))
            at_s = self._kit.clock.now() - age_s(where, row)
            message_id = str(row.get("id") or self.ids.next())
            self._insert(message_id, channel, Author(bot.id, bot.username), draft, at_s)

    def post(self, channel: Channel, author: Author, draft: Draft) -> Message:
        """Post a message, or return the one that was sent with the same enforced nonce.

        Raises:
            ProviderError: There is nothing to show.
        """
        earlier = self._with_nonce(channel, author, draft) if draft.is_nonce_enforced else None
        if earlier is not None:
            return earlier
        if draft.is_empty and not draft.flags & LOADING:
            raise errors.empty_message()
        if draft.reply_to is not None:
            self.get(channel.id, draft.reply_to)
        message_id = self.ids.next()
        self._insert(message_id, channel, author, draft, self._kit.clock.now())
        return self.get(channel.id, message_id)

    def get(self, channel_id: str, message_id: str) -> Message:
        """One message.

        Raises:
            ProviderError: There is none of this id in the channel, or it was deleted (404).
        """
        row = self._kit.store.one(
            "SELECT * FROM messages WHERE id = ? AND channel_id = ? AND is_deleted = 0",
            (message_id, channel_id),
        )
        if row is None:
            raise errors.unknown_message()
        return self._read(row)

    def page(self, channel_id: str, limit: int, before: int | None, after: int | None) -> list[Message]:
        """Messages that everybody in the channel sees, newest first."""
        order = _OLDEST_FIRST if after is not None else _NEWEST_FIRST
        rows = self._kit.store.all(
            order, (channel_id, _LAST_ID if before is None else before, after or 0, limit)
        )
        found = [self._read(row) for row in rows]
        return found[::-1] if after is not None else found

    def edit(self, message: Message, draft: Draft) -> Message:
        """Change the fields that the draft names; an answer that was announced is no longer loading.

        Raises:
            ProviderError: Nothing would be left to show, or more than components beside those of version 2.
        """
        content = draft.content if "content" in draft.fields else message.content
        embeds = draft.embeds if "embeds" in draft.fields else message.embeds
        components = draft.components if "components" in draft.fields else message.components
        attachments = (*message.attachments, *self._attachments(draft.files))
        if not (content or embeds or components or attachments):
            raise errors.empty_message()
        flags = message.flags & ~LOADING | draft.flags & COMPONENTS_V2
        if flags & COMPONENTS_V2 and (content or embeds):
            shown = (("content", content), ("embeds", embeds))
            raise errors.legacy_fields(*(name for name, value in shown if value))
        is_loading = bool(message.flags & LOADING)
        self._kit.store.execute(
            "UPDATE messages SET content = ?, embeds = ?, components = ?, attachments = ?, flags = ?,"
            " edited_s = ?, idempotency_key = coalesce(?, idempotency_key) WHERE id = ?",
            (
                content,
                json.dumps(embeds),
                json.dumps(components),
                json.dumps(attachments),
                flags,
                None if is_loading else self._kit.clock.now(),
                draft.idempotency_key,
                message.id,
            ),
        )
        return self.get(message.channel_id, message.id)

    def delete(self, message: Message) -> None:
        """Remove a message."""
        self._kit.store.execute("UPDATE messages SET is_deleted = 1 WHERE id = ?", (message.id,))

    def follow_ups(self, interaction_id: str, original_id: str | None) -> int:
        """How many messages an interaction has had besides its first answer, deleted ones too."""
        row = self._kit.store.one(
            "SELECT count(*) AS n FROM messages WHERE interaction_id = ? AND id <> ?",
            (interaction_id, original_id or ""),
        )
        assert row is not None
        return int(row["n"])

    def posts(self) -> list[dict[str, Any]]:
        """What the application wrote, oldest first, in the form that all platforms' posts have."""
        rows = self._kit.store.all(
            "SELECT m.*, c.name AS channel FROM messages m JOIN channels c ON c.id = m.channel_id"
            " WHERE m.is_deleted = 0 AND m.flags & 128 = 0 ORDER BY m.created_s, m.rowid"
        )
        return [_post(row, self._kit.url_at("discord.com")) for row in rows]

    def forget(self, message_id: str) -> bool:
        """Remove a message for good; tell whether there was one."""
        return self._kit.store.execute("DELETE FROM messages WHERE id = ?", (message_id,)).rowcount > 0

    def summary(self) -> dict[str, int]:
        """Counts; a duplicate is a message whose idempotency key was sent before."""
        row = self._kit.store.one(
            "SELECT count(*) AS sent, count(idempotency_key) - count(DISTINCT idempotency_key) AS duplicates,"
            " coalesce(sum(flags & 128 > 0), 0) AS loading FROM messages WHERE is_deleted = 0"
        )
        assert row is not None
        return {"messages": row["sent"], "waiting_answers": row["loading"], "duplicates": row["duplicates"]}

    def _with_nonce(self, channel: Channel, author: Author, draft: Draft) -> Message | None:
        row = self._kit.store.one(
            "SELECT * FROM messages WHERE nonce = ? AND channel_id = ? AND author_id = ? AND created_s > ?"
            " AND is_deleted = 0",
            (json.dumps(draft.nonce), channel.id, author.id, self._kit.clock.now() - NONCE_LIFE_S),
        )
        return None if row is None else self._read(row)

    def _insert(self, message_id: str, channel: Channel, author: Author, draft: Draft, at_s: float) -> None:
        self._kit.store.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0, ?)",
            (
                message_id,
                channel.id,
                author.id,
                author.name,
                author.webhook_id,
                author.interaction_id,
                draft.content,
                json.dumps(draft.embeds),
                json.dumps(draft.components),
                json.dumps(self._attachments(draft.files)),
                draft.flags,
                draft.tts,
                None if draft.nonce is None else json.dumps(draft.nonce),
                draft.reply_to,
                at_s,
                draft.idempotency_key,
            ),
        )

    def _read(self, row: Row) -> Message:
        """A message with the addresses of its files for whoever is being answered: they are not stored."""
        return _message(row, self._kit.url_at("cdn.discordapp.com"))

    def _attachments(self, files: Sequence[File]) -> list[dict[str, Any]]:
        found = []
        for file in files:
            row: dict[str, Any] = {"id": self.ids.next(), "filename": file.name, "size": file.size_bytes}
            row |= {"content_type": file.content_type, "sha256": file.sha256}
            found.append(row | ({"description": file.description} if file.description else {}))
        return found


def _message(row: Row, origin: str) -> Message:
    return Message(
        id=row["id"],
        channel_id=row["channel_id"],
        author=Author(row["author_id"], row["author_name"], row["webhook_id"], row["interaction_id"]),
        content=row["content"],
        embeds=tuple(json.loads(row["embeds"])),
        components=tuple(json.loads(row["components"])),
        attachments=tuple(_addressed(one, origin) for one in json.loads(row["attachments"])),
        flags=row["flags"],
        tts=bool(row["tts"]),
        nonce=None if row["nonce"] is None else json.loads(row["nonce"]),
        reply_to=row["reply_to"],
        created_s=row["created_s"],
        edited_s=row["edited_s"],
        idempotency_key=row["idempotency_key"],
    )


def _addressed(attachment: Mapping[str, Any], origin: str) -> dict[str, Any]:
    url = f"{origin}/attachments/{attachment['id']}/{attachment['filename']}"
    return {**attachment, "url": url, "proxy_url": url}


def _post(row: Row, origin: str) -> dict[str, Any]:
    embeds, attachments = json.loads(row["embeds"]), json.loads(row["attachments"])
    media = {"bytes": attachments[0]["size"], "sha256": attachments[0]["sha256"]} if attachments else None
    return {
        "platform": "discord",
        "id": row["id"],
        "url": f"{origin}/channels/{GUILD_ID}/{row['channel_id']}/{row['id']}",
        "account": row["author_name"],
        "title": embeds[0].get("title") if embeds else None,
        "text": row["content"] or (embeds[0].get("description", "") if embeds else ""),
        "media": media,
        "at": iso(row["created_s"]),
        "idempotency_key": row["idempotency_key"],
        "channel": row["channel"],
    }
