"""Notifications that wait to be polled, by channel (`poll://orders`) or by batch (`poll://*`).

Source: the notifications service as Cloudinary's Python SDK describes it (`cloudinary.api.notifications`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE messages (
    number INTEGER PRIMARY KEY, cloud TEXT NOT NULL, address TEXT NOT NULL, batch_id TEXT NOT NULL,
    body TEXT NOT NULL, signature TEXT NOT NULL, signed_at TEXT NOT NULL, receipt_handle TEXT,
    visible_at REAL NOT NULL
);
CREATE INDEX messages_by_address ON messages (cloud, address, number);
CREATE UNIQUE INDEX messages_by_handle ON messages (receipt_handle)
"""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Signed:
    """The text of a notification with its signature and the second in which it was made, as text."""

    body: str
    signature: str
    timestamp: str


@dataclass(frozen=True, slots=True)
class Message:
    """A notification that somebody polled."""

    receipt_handle: str
    batch_id: str
    signed: Signed


def channel_address(name: str) -> str:
    """Where the messages of a channel are kept."""
    return f"channel/{name}"


def batch_address(batch_id: str) -> str:
    """Where the messages of a batch are kept."""
    return f"batch/{batch_id}"


class Messages:
    """All messages that wait. Those that nobody takes give way to newer ones in the end.

    Args:
        store: The fake's store.
        clock: Says when a message that was claimed and not acknowledged can be had again.
        ids: Gives receipt handles.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._arrived = asyncio.Event()

    def put(self, cloud: str, address: str, batch_id: str, signed: Signed) -> None:
        """Keep a message, and wake those who wait for one."""
        row = (cloud, address, batch_id, signed.body, signed.signature, signed.timestamp)
        number = self._store.execute(
            "INSERT INTO messages VALUES (NULL, ?, ?, ?, ?, ?, ?, NULL, 0)", row
        ).lastrowid
        self._store.execute("DELETE FROM messages WHERE number <= ?", ((number or 0) - _MOST,))
        self._arrived.set()
        self._arrived = asyncio.Event()

    def claim(self, cloud: str, address: str, limit: int, invisible_s: float) -> list[Message]:
        """Take messages, oldest first; they come again after `invisible_s` unless they are acknowledged."""
        now_s = self._clock.now()
        rows = self._store.all(
            "SELECT * FROM messages WHERE cloud = ? AND address = ? AND visible_at <= ?"
            " ORDER BY number LIMIT ?",
            (cloud, address, now_s, limit),
        )
        claimed = []
        with self._store.transaction():
            for row in rows:
                handle = self._store.unused("messages", "receipt_handle", lambda: self._ids.url_safe(64))
                self._store.execute(
                    "UPDATE messages SET receipt_handle = ?, visible_at = ? WHERE number = ?",
                    (handle, now_s + invisible_s, row["number"]),
                )
                signed = Signed(row["body"], row["signature"], row["signed_at"])
                claimed.append(Message(handle, row["batch_id"], signed))
        return claimed

    def acknowledge(self, cloud: str, handles: Sequence[str]) -> dict[str, bool]:
        """Be done with messages: by handle, whether there was one."""
        sql = "DELETE FROM messages WHERE cloud = ? AND receipt_handle = ?"
        return {handle: self._store.execute(sql, (cloud, handle)).rowcount > 0 for handle in handles}

    async def arrival(self, seconds: float) -> None:
        """Wait until a message arrives anywhere, or until the fake's clock has moved on by `seconds`."""
        waits = [
            asyncio.ensure_future(self._arrived.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
