"""Signed webhooks to the application (TikTok: webhooks)."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from fakes.kit.clock import Clock
from fakes.kit.people import Person, open_id
from fakes.kit.webhooks import Delivery, Webhooks
from fakes.tiktok.state.profile import PROFILE

_RETRY_AFTER_S = tuple(60.0 * 2**number for number in range(12))  # doubles until 72 h are nearly over


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Value of the `TikTok-Signature` header: HMAC-SHA256 over time, a full stop and the body."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},s={digest}"


class Notices:
    """Tells the application what became of posts and authorizations."""

    def __init__(self, webhooks: Webhooks, clock: Clock) -> None:
        self._webhooks = webhooks
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def send(
        self, url: str, event: str, one: Person, content: Mapping[str, Any], *, after_s: float = 0.0
    ) -> None:
        """Send an event in the background, `after_s` from now; nothing without an address."""
        if not url:
            return
        self._webhooks.check(url)
        task = asyncio.get_running_loop().create_task(self._run(url, event, one, content, after_s))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stop(self) -> None:
        """Forget what waits."""
        for task in self._tasks:
            task.cancel()

    async def _run(
        self, url: str, event: str, one: Person, content: Mapping[str, Any], after_s: float
    ) -> None:
        await self._clock.sleep(after_s)
        body = _body(event, one, content, int(self._clock.now()))

        def headers(_attempt: int) -> Mapping[str, str]:
            signed = signature(PROFILE.client_secret, int(self._clock.now()), body)
            return {"Content-Type": "application/json", "TikTok-Signature": signed}

        self._webhooks.send(Delivery(url=url, body=body, headers=headers, retry_after_s=_RETRY_AFTER_S))


def _body(event: str, one: Person, content: Mapping[str, Any], at_s: int) -> bytes:
    """The message; `content` is JSON within a text."""
    message = {
        "client_key": PROFILE.client_id,
        "event": event,
        "create_time": at_s,
        "user_openid": open_id(one),
        "content": json.dumps(content, separators=(",", ":")),
    }
    return json.dumps(message, separators=(",", ":")).encode()
