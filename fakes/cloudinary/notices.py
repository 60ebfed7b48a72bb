"""Notifications: signed, sent to addresses or kept for those who poll.

Source: cloudinary.com/documentation/notifications.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fakes.cloudinary import signatures, wire
from fakes.cloudinary.state import Account, Asset, CloudinaryState
from fakes.cloudinary.state.messages import Signed, batch_address, channel_address
from fakes.cloudinary.state.triggers import POLL
from fakes.cloudinary.wire import Hooks
from fakes.kit.clock import iso, iso_with_offset
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery

# "About three more attempts, 3, 6 and 9 minutes apart": cloudinary.com/documentation/notifications
_RETRY_AFTER_S = (180.0, 360.0, 540.0)
_ANONYMOUS = "*"


class Notices:
    """Tells of what was done.

    Args:
        kit: Webhooks, clock and ids.
        state: Where messages wait, and how a cloud signs.
    """

    def __init__(self, kit: Kit, state: CloudinaryState) -> None:
        self._kit = kit
        self._state = state

    def check(self, hooks: Hooks) -> None:
        """Refuse addresses outside of this stack before anything is done.

        Raises:
            CallbackRefused: One is outside.
        """
        for url in (*hooks.urls, *hooks.eager_urls):
            if not url.startswith(POLL):
                self._kit.webhooks.check(url)

    def tell(self, account: Account, kind: str, content: Mapping[str, Any], hooks: Hooks) -> None:
        """Send a notification to the addresses of the call, or else to those of the cloud's triggers.

        Args:
            account: Whose key did it; its secret signs.
            kind: `notification_type`.
            content: What else is in the body.
            hooks: Where to; `eager_urls` for eager transformations.
        """
        urls = hooks.eager_urls if kind == "eager" else hooks.urls
        if not urls:
            triggers = self._state.triggers.of_event(account.cloud, kind)
            urls = tuple(dict.fromkeys(trigger.uri for trigger in triggers))
        if not urls:
            return
        batch_id = hooks.batch_id or content.get("batch_id") or self._kit.ids.hex(64)
        body = self._body(account, kind, content, hooks)
        for url in urls:
            if url.startswith(POLL):
                self._keep(account, url.removeprefix(POLL), batch_id, body)
            else:
                self._send(account, url, body)

    def tell_error(self, account: Account, error: ProviderError, public_id: str, hooks: Hooks) -> None:
        """Send a notification that work behind an answer has failed."""
        self.tell(account, "error", {"error": {"message": error.message}, "public_id": public_id}, hooks)

    def tell_changes(self, account: Account, changes: Sequence[tuple[Asset, Asset]], hooks: Hooks) -> None:
        """Send a notification of each kind of change that there is between assets before and after."""
        for kind, content in wire.changes(changes):
            self.tell(account, kind, content, hooks)

    def batched(self, hooks: Hooks) -> tuple[Hooks, str]:
        """The hooks of work behind an answer, and its batch id: the one asked for, or a new one."""
        batch_id = hooks.batch_id or self._kit.ids.hex(64)
        return replace(hooks, batch_id=batch_id), batch_id

    def _body(self, account: Account, kind: str, content: Mapping[str, Any], hooks: Hooks) -> str:
        now_s = self._kit.clock.now()
        at = iso_with_offset(now_s)
        message = {"notification_type": kind, "timestamp": at, "request_id": self._kit.ids.hex(32), **content}
        if hooks.batch_id is not None:
            message["batch_id"] = hooks.batch_id
        message |= {"signature_key": account.api_key}
        message["notification_context"] = {
            "triggered_at": iso(now_s, micros=True),
            "triggered_by": {"source": "api", "id": account.api_key},
        }
        return json.dumps(message)

    def _signer(self, account: Account, body: str) -> Callable[[], Signed]:
        """Signs a body for the present second."""
        algorithm = self._state.accounts.cloud(account.cloud).signature_algorithm

        def sign() -> Signed:
            timestamp = str(int(self._kit.clock.now()))
            secret = account.api_secret or ""
            signature = signatures.notification_signature(
                body.encode(), timestamp, secret, algorithm=algorithm
            )
            return Signed(body, signature, timestamp)

        return sign

    def _keep(self, account: Account, channel: str, batch_id: str, body: str) -> None:
        address = batch_address(batch_id) if channel == _ANONYMOUS else channel_address(channel)
        self._state.messages.put(account.cloud, address, batch_id, self._signer(account, body)())

    def _send(self, account: Account, url: str, body: str) -> None:
        sign = self._signer(account, body)

        def headers(_attempt: int) -> Mapping[str, str]:
            signed = sign()
            return {
                "Content-Type": "application/json",
                "X-Cld-Timestamp": signed.timestamp,
                "X-Cld-Signature": signed.signature,
            }

        self._kit.webhooks.send(
            Delivery(
                url,
                body.encode(),
                headers,
                retry_after_s=_RETRY_AFTER_S,
                is_accepted=lambda status, _body: status == 200,
            )
        )
