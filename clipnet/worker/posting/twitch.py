"""Chat messages at Twitch, in the bot's name with an app access token.

Sources: dev.twitch.tv/docs/api/reference/#send-chat-message and .../docs/authentication/getting-tokens-oauth
(client credentials). Twitch knows no idempotency key; ours travels along for whoever records the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clipnet.settings import TwitchSettings
from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, StepError, Transient
from clipnet.worker.posting.order import Order, Posted, message

_SERVICE: Final = "twitch"
_LONGEST: Final = 500


class Twitch:
    """Says things in channels."""

    def __init__(self, settings: TwitchSettings, calls: Calls) -> None:
        self._settings = settings
        self._calls = calls
        self._token: str | None = None

    async def post(self, order: Order) -> Posted:
        """Send the message, as a reply where one is answered; Twitch drops a repetition within 30 s."""
        channel = order.target or str(order.reply.get("channel_id") or "")
        if not channel:
            raise Permanent("no_channel", "no Twitch channel is connected")
        body = {
            "broadcaster_id": channel,
            "sender_id": self._settings.bot_user_id,
            "message": message(order, _LONGEST),
        }
        if order.reply.get("message_id"):
            body["reply_parent_message_id"] = str(order.reply["message_id"])
        answer = await self._send(order, body, await self._app_token(renew=False))
        if answer.status == 401:
            answer = await self._send(order, body, await self._app_token(renew=True))
        if not answer.ok:
            raise _failure(answer)
        return _sent(answer)

    async def _send(self, order: Order, body: Mapping[str, Any], token: str) -> Answer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Client-Id": self._settings.client_id,
            "Idempotency-Key": order.key,
        }
        return await self._calls.send(
            _SERVICE, "POST", f"{self._settings.url}/helix/chat/messages", headers=headers, json=dict(body)
        )

    async def _app_token(self, *, renew: bool) -> str:
        if self._token is None or renew:
            form = {
                "client_id": self._settings.client_id,
                "client_secret": self._settings.client_secret.reveal(),
                "grant_type": "client_credentials",
            }
            url = f"{self._settings.auth_url}/oauth2/token"
            answer = await self._calls.send(_SERVICE, "POST", url, data=form)
            token = answer.json().get("access_token")
            if not answer.ok or not isinstance(token, str):
                raise _failure(answer)
            self._token = token
        return self._token


def _sent(answer: Answer) -> Posted:
    rows = answer.json().get("data")
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else None
    if row is None:
        raise Transient("twitch_unreadable", "Twitch sent an answer that cannot be read")
    dropped = row.get("drop_reason") or {}
    if row.get("is_sent") is False and dropped.get("code") != "msg_duplicate":
        reason = dropped.get("message") or dropped.get("code") or "no reason given"
        raise Permanent("twitch_dropped", f"Twitch dropped the message: {reason}")
    return Posted(str(row["message_id"]) if row.get("message_id") else None)


def _failure(answer: Answer) -> StepError:
    said = str(answer.json().get("message") or answer.said())[:300]
    if (error := answer.unavailable()) is not None:
        return error
    if answer.ok:
        return Transient("twitch_unreadable", "Twitch sent an answer that cannot be read")
    if answer.status == 401:
        return Permanent("twitch_access", f"Twitch refuses ClipBOT's credentials: {said}")
    if answer.status == 409:
        return Transient("twitch_conflict", f"Twitch could not take the message now: {said}")
    return Permanent("twitch_refused", f"Twitch refused the message (HTTP {answer.status}): {said}")
