"""Chat messages at Twitch, in the bot's name with an app access token.

Sources: dev.twitch.tv/docs/api/reference/#send-chat-message and .../docs/authentication/getting-tokens-oauth
(client credentials). Twitch knows no idempotency key and no history of a chat. But it tells all who listen
there, by EventSub, of every message, ClipBOT's own among them: the API writes these echoes down, and what has
no echo after `ECHO_WITHIN_S` was not sent. Within 30 s Twitch itself drops the same words a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from clipnet.clock import Clock
from clipnet.settings import TwitchSettings
from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, StepError, Transient
from clipnet.worker.posting.once import Unsure, began, once
from clipnet.worker.posting.order import Order, Posted, marked, message

_SERVICE: Final = "twitch"
_LONGEST: Final = 500
ECHO_WITHIN_S: Final = 10.0
_DUPLICATE: Final = "msg_duplicate"


class _Duplicate(Exception):
    """Twitch dropped the message: the same words were said in this channel within 30 s."""


class Twitch:
    """Says things in channels."""

    def __init__(self, settings: TwitchSettings, calls: Calls, clock: Clock) -> None:
        self._settings = settings
        self._calls = calls
        self._clock = clock
        self._token: str | None = None

    async def post(self, order: Order) -> Posted:
        """Send the message, as a reply where one is answered."""
        channel = order.target or str(order.reply.get("channel_id") or "")
        if not channel:
            raise Permanent("no_channel", "no Twitch channel is connected")
        await self._app_token(renew=False)
        body = {
            "broadcaster_id": channel,
            "sender_id": self._settings.bot_user_id,
            "message": message(order, _LONGEST),
        }
        if order.reply.get("message_id"):
            body["reply_parent_message_id"] = str(order.reply["message_id"])

        async def find(since: datetime) -> Posted | None:
            return await self._echo(order, body, since)

        async def send() -> Posted:
            return await self._say(order, body)

        return await once(order, self._clock, find, send)

    async def _say(self, order: Order, body: Mapping[str, Any]) -> Posted:
        """Send it; what Twitch takes for a repetition is ours if an earlier attempt may have sent it."""
        try:
            return await self._send(order, body)
        except _Duplicate:
            if began(order) is not None:
                return Posted(None)
        try:
            return await self._send(order, {**body, "message": message(marked(order), _LONGEST)})
        except _Duplicate as error:
            raise Transient("twitch_duplicate", "Twitch takes the message for a repetition") from error

    async def _echo(self, order: Order, body: Mapping[str, Any], since: datetime) -> Posted | None:
        """Return the message that an earlier attempt sent, None when it is sure that it sent none.

        Raises:
            Unsure: It is too early for that.
        """
        said = {_words(body["message"]), _words(message(marked(order), _LONGEST))}
        for echo in await order.echoes(str(body["broadcaster_id"]), since):
            # a reply begins with the name of whom it answers
            is_same = any(_words(echo.text).endswith(words) for words in said)
            if is_same and echo.reply_to == body.get("reply_parent_message_id"):
                return Posted(echo.external_id)
        passed_s = (self._clock.now() - since).total_seconds()
        if passed_s < ECHO_WITHIN_S:
            words = "it is not known yet whether Twitch has the message"
            raise Unsure("twitch_unsure", words, after_s=ECHO_WITHIN_S - passed_s)
        return None

    async def _send(self, order: Order, body: Mapping[str, Any]) -> Posted:
        answer = await self._request(order, body, await self._app_token(renew=False))
        if answer.status == 401:
            answer = await self._request(order, body, await self._app_token(renew=True))
        if not answer.ok:
            raise self._failure(answer)
        return _sent(answer)

    async def _request(self, order: Order, body: Mapping[str, Any], token: str) -> Answer:
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
                raise self._failure(answer)
            self._token = token
        return self._token

    def _failure(self, answer: Answer) -> StepError:
        said = str(answer.json().get("message") or answer.said())[:300]
        if answer.status == 429:
            return answer.slow_down("twitch_rate", f"Twitch asks us to slow down: {said}", self._clock.now())
        if (error := answer.unavailable()) is not None:
            return error
        if answer.ok:
            return Transient("twitch_unreadable", "Twitch sent an answer that cannot be read")
        if answer.status == 401:
            return Permanent("twitch_access", f"Twitch refuses ClipBOT's credentials: {said}")
        if answer.status == 409:
            return Transient("twitch_conflict", f"Twitch could not take the message now: {said}")
        return Permanent("twitch_refused", f"Twitch refused the message (HTTP {answer.status}): {said}")


def _sent(answer: Answer) -> Posted:
    """Return the message that was sent.

    Raises:
        _Duplicate: It was dropped as a repetition.
    """
    rows = answer.json().get("data")
    row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else None
    if row is None:
        raise Transient("twitch_unreadable", "Twitch sent an answer that cannot be read")
    dropped = row.get("drop_reason") or {}
    if row.get("is_sent") is False and dropped.get("code") == _DUPLICATE:
        raise _Duplicate
    if row.get("is_sent") is False:
        reason = dropped.get("message") or dropped.get("code") or "no reason given"
        raise Permanent("twitch_dropped", f"Twitch dropped the message: {reason}")
    return Posted(str(row["message_id"]) if row.get("message_id") else None)


def _words(text: str) -> str:
    return " ".join(text.split())
