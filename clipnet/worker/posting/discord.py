"""Messages at Discord: the answer to an interaction, or a message of the bot in a channel.

Sources: docs.discord.com/developers/interactions/receiving-and-responding (follow-up messages) and
.../resources/message (create message; `nonce` with `enforce_nonce` makes a repeat within a few minutes return
the first message; get channel messages).
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any, Final

from clipnet.clock import Clock
from clipnet.settings import DiscordSettings
from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, Postponed, StepError, Transient
from clipnet.worker.posting.once import began, leave_trace, once
from clipnet.worker.posting.order import Order, Posted, message

_SERVICE: Final = "discord"
_LONGEST: Final = 2000
_NO_MENTIONS: Final[dict[str, Any]] = {"parse": []}
_EXPIRED: Final = (401, 404)
_UNKNOWN_WEBHOOK: Final = 10015
_PROMISED_WITHIN_S: Final = 0.5
"""Discord knows a command's token once it has read the API's "thinking": we may be here before that."""
_EPOCH_MS: Final = 1_420_070_400_000
_MARGIN: Final = timedelta(minutes=20)
"""How much older than the trace the message may be: "thinking" comes first, and clocks differ."""
_PAGE: Final = 100
_MOST_PAGES: Final = 5


class Discord:
    """Answers commands and writes into channels."""

    def __init__(self, settings: DiscordSettings, calls: Calls, clock: Clock) -> None:
        self._settings = settings
        self._calls = calls
        self._clock = clock

    async def post(self, order: Order) -> Posted:
        """Fill in the answer that was promised to a command; when that has expired, write to its channel."""
        token = order.reply.get("token")
        if token and (filled := await self._fill_in(order, str(token))) is not None:
            return filled
        if token and began(order) is not None and order.reply.get("is_private"):
            words = "Discord's time for the answer is over, and it is not known whether it was shown"
            raise Permanent("discord_unsure", words)
        channel = order.target or str(order.reply.get("channel_id") or "")
        if not channel:
            raise Permanent("no_channel", "no Discord channel is connected")

        async def find(since: datetime) -> Posted | None:
            return await self._find(order, channel, since)

        async def send() -> Posted:
            return self._posted(await self._write(order, channel))

        return await once(order, self._clock, find, send)

    async def _fill_in(self, order: Order, token: str) -> Posted | None:
        """Edit the original answer: doing it twice leaves one message. None when it is too late for that."""
        is_first = began(order) is None
        if is_first:
            await leave_trace(order, self._clock)
        application = order.reply.get("application_id") or self._settings.client_id
        url = f"{self._settings.url}/webhooks/{application}/{token}/messages/@original"
        body = {"content": message(order, _LONGEST), "allowed_mentions": _NO_MENTIONS}
        answer = await self._calls.send(_SERVICE, "PATCH", url, json=body)
        if answer.json().get("code") == _UNKNOWN_WEBHOOK:
            await asyncio.sleep(_PROMISED_WITHIN_S)
            answer = await self._calls.send(_SERVICE, "PATCH", url, json=body)
        if answer.ok:
            return self._posted(answer)
        if answer.status in _EXPIRED:
            return None
        error = self._failure(answer)
        if is_first and isinstance(error, Permanent | Postponed):
            await order.remember(None)
        raise error

    def _posted(self, answer: Answer) -> Posted:
        if not answer.ok:
            raise self._failure(answer)
        return self._shown(answer.json())

    def _shown(self, body: Any) -> Posted:
        if not body.get("id"):
            raise Transient("discord_unreadable", "Discord sent an answer that cannot be read")
        identity, channel = str(body["id"]), body.get("channel_id")
        place = f"channels/{body.get('guild_id') or '@me'}/{channel}/{identity}"
        return Posted(identity, f"{self._settings.web_url}/{place}" if channel else None)

    async def _write(self, order: Order, channel: str) -> Answer:
        body = {
            "content": message(order, _LONGEST),
            "nonce": nonce(order.key),
            "enforce_nonce": True,
            "allowed_mentions": _NO_MENTIONS,
        }
        return await self._as_bot("POST", f"/channels/{channel}/messages", json=body)

    async def _find(self, order: Order, channel: str, since: datetime) -> Posted | None:
        """Look for the message among the bot's own since then; the nonce is known for a few minutes only."""
        words, after = message(order, _LONGEST), snowflake(since - _MARGIN)
        for _ in range(_MOST_PAGES):
            query = {"limit": _PAGE, "after": after}
            answer = await self._as_bot("GET", f"/channels/{channel}/messages", params=query)
            rows = answer.rows()
            if not answer.ok:
                raise self._failure(answer)
            for row in rows:
                author = row.get("author") or {}
                if author.get("id") == self._settings.client_id and row.get("content") == words:
                    return self._shown(row)
            if len(rows) < _PAGE:
                break
            after = max(int(row["id"]) for row in rows)
        return None

    async def _as_bot(self, method: str, path: str, **more: Any) -> Answer:
        headers = {"Authorization": f"Bot {self._settings.bot_token.reveal()}"}
        return await self._calls.send(
            _SERVICE, method, f"{self._settings.url}{path}", headers=headers, **more
        )

    def _failure(self, answer: Answer) -> StepError:
        body = answer.json()
        said = str(body.get("message") or answer.said())[:300]
        if answer.status == 429:
            return answer.slow_down(
                "discord_rate", f"Discord asks us to slow down: {said}", self._clock.now()
            )
        if (error := answer.unavailable()) is not None:
            return error
        if answer.status == 401:
            return Permanent("discord_access", f"Discord refuses ClipBOT's credentials: {said}")
        code = body.get("code", answer.status)
        return Permanent("discord_refused", f"Discord refused the message ({code}): {said}")


def nonce(key: str) -> str:
    """Return what Discord recognises a repeated message by: 25 characters, the most it takes."""
    return hashlib.sha256(key.encode()).hexdigest()[:25]


def snowflake(moment: datetime) -> int:
    """Return the least id of a message that is sent at a moment."""
    return max(int(moment.timestamp() * 1000) - _EPOCH_MS, 0) << 22
