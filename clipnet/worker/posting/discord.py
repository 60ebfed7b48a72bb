"""Messages at Discord: the answer to an interaction, or a message of the bot in a channel.

Sources: docs.discord.com/developers/interactions/receiving-and-responding (follow-up messages) and
.../resources/message (create message; `nonce` with `enforce_nonce` makes a repeat return the first message).
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from clipnet.settings import DiscordSettings
from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, StepError, Transient
from clipnet.worker.posting.order import Order, Posted, message

_SERVICE: Final = "discord"
_LONGEST: Final = 2000
_NO_MENTIONS: Final[dict[str, Any]] = {"parse": []}
_EXPIRED: Final = (401, 404)


class Discord:
    """Answers commands and writes into channels."""

    def __init__(self, settings: DiscordSettings, calls: Calls) -> None:
        self._settings = settings
        self._calls = calls

    async def post(self, order: Order) -> Posted:
        """Fill in the answer that was promised to a command; when that has expired, write to its channel."""
        token = order.reply.get("token")
        if token:
            answer = await self._answer(order, str(token))
            if answer.ok:
                return self._posted(answer)
            if answer.status not in _EXPIRED:
                raise _failure(answer)
        channel = order.target or str(order.reply.get("channel_id") or "")
        if not channel:
            raise Permanent("no_channel", "no Discord channel is connected")
        answer = await self._write(order, channel)
        if not answer.ok:
            raise _failure(answer)
        return self._posted(answer)

    async def _answer(self, order: Order, token: str) -> Answer:
        """Edit the original answer: doing it twice leaves one message."""
        application = order.reply.get("application_id") or self._settings.client_id
        url = f"{self._settings.url}/webhooks/{application}/{token}/messages/@original"
        body = {"content": message(order, _LONGEST), "allowed_mentions": _NO_MENTIONS}
        return await self._calls.send(_SERVICE, "PATCH", url, json=body)

    def _posted(self, answer: Answer) -> Posted:
        body = answer.json()
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
        headers = {"Authorization": f"Bot {self._settings.bot_token.reveal()}"}
        url = f"{self._settings.url}/channels/{channel}/messages"
        return await self._calls.send(_SERVICE, "POST", url, headers=headers, json=body)


def nonce(key: str) -> str:
    """Return what Discord recognises a repeated message by: 25 characters, the most it takes."""
    return hashlib.sha256(key.encode()).hexdigest()[:25]


def _failure(answer: Answer) -> StepError:
    body = answer.json()
    said = str(body.get("message") or answer.said())[:300]
    if answer.status == 429:
        return Transient("discord_rate", f"Discord asks us to slow down: {said}")
    if (error := answer.unavailable()) is not None:
        return error
    if answer.status == 401:
        return Permanent("discord_access", f"Discord refuses ClipBOT's credentials: {said}")
    return Permanent(
        "discord_refused", f"Discord refused the message ({body.get('code', answer.status)}): {said}"
    )
