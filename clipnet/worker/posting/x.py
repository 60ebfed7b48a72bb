"""Posts at X, in the bot's name.

Source: docs.x.com/x-api/posts/create-post. X refuses the same text a second time: since ours holds the
clip's own address, that refusal says that an earlier attempt got through.
"""

from __future__ import annotations

from typing import Any, Final

from clipnet.settings import XSettings
from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, Postponed, StepError, Transient
from clipnet.worker.posting.order import Order, Posted, message

_SERVICE: Final = "x"
_LONGEST: Final = 280
_LINK_COUNTS: Final = 23
_CREDITS_PAUSE_S: Final = 900.0


class X:
    """Posts for ClipBOT."""

    def __init__(self, settings: XSettings, calls: Calls) -> None:
        self._settings = settings
        self._calls = calls

    async def post(self, order: Order) -> Posted:
        """Post the message, as a reply where one is answered."""
        body: dict[str, Any] = {"text": message(order, _LONGEST, link_counts=_LINK_COUNTS)}
        if order.reply.get("post_id"):
            body["reply"] = {"in_reply_to_tweet_id": str(order.reply["post_id"])}
        headers = {
            "Authorization": f"Bearer {self._settings.bot_token.reveal()}",
            "Idempotency-Key": order.key,
        }
        answer = await self._calls.send(
            _SERVICE, "POST", f"{self._settings.url}/2/tweets", headers=headers, json=body
        )
        if is_duplicate(answer):
            return Posted(None)
        if not answer.ok:
            raise _failure(answer)
        data = answer.json().get("data")
        if not isinstance(data, dict) or not data.get("id"):
            raise Transient("x_unreadable", "X sent an answer that cannot be read")
        return Posted(str(data["id"]), f"{self._settings.web_url}/i/status/{data['id']}")


def is_duplicate(answer: Answer) -> bool:
    """Tell whether X refused a post because it has it already."""
    return answer.status == 403 and "duplicate content" in str(answer.json().get("detail", ""))


def _failure(answer: Answer) -> StepError:
    body = answer.json()
    said = str(body.get("detail") or body.get("title") or answer.said())[:300]
    if answer.status == 402 or "usage-capped" in str(body.get("type", "")):
        return Postponed("x_credits", f"X takes no more posts now: {said}", after_s=_CREDITS_PAUSE_S)
    if answer.status == 429:
        return Transient("x_rate", f"X asks us to slow down: {said}")
    if (error := answer.unavailable()) is not None:
        return error
    if answer.status == 401:
        return Permanent("x_access", f"X refuses ClipBOT's credentials: {said}")
    return Permanent("x_refused", f"X refused the post (HTTP {answer.status}): {said}")
