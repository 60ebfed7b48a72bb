"""Notifications API: `/v2/notifications/<cloud>/messages`, for those who poll.

Source: `cloudinary.api.notifications` and `ack_notifications` of Cloudinary's Python SDK.
"""

import base64
import json
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.state.messages import Message, batch_address, channel_address

_BASE = "/v2/notifications/{cloud}/messages"
_MOST_HANDLES = 100


class NotificationsApi:
    """Hands out notifications that wait."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._messages = service.state.messages

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows."""
        reads_form = self._service.reads_form
        return [
            Route(_BASE, reads_form(self.poll), methods=["GET"]),
            Route(f"{_BASE}/ack", reads_form(self.acknowledge), methods=["POST"]),
        ]

    async def poll(self, request: Request, form: Form) -> Response:
        """Claim messages; wait for one if there is none."""
        account = self._service.admin(request)
        address = _address(form)
        limit = _number(form, "max_messages", 10, 1, 100)
        invisible_s = _number(form, "visibility_timeout", 30, 1, 600)
        clock = self._service.kit.clock
        until_s = clock.now() + _number(form, "wait_seconds", 20, 0, 60)
        while True:
            claimed = self._messages.claim(account.cloud, address, limit, invisible_s)
            left_s = until_s - clock.now()
            if claimed or left_s <= 0 or await request.is_disconnected():
                return JSONResponse({"messages": [_message_body(one) for one in claimed]})
            await self._messages.arrival(min(left_s, 1.0))

    async def acknowledge(self, request: Request, form: Form) -> Response:
        """Be done with messages."""
        account = self._service.admin(request)
        handles = form.many("receipt_handles")
        if not handles:
            raise errors.missing_parameter("receipt_handles")
        if len(handles) > _MOST_HANDLES:
            raise errors.invalid_parameter("receipt_handles", f"more than {_MOST_HANDLES}")
        done = self._messages.acknowledge(account.cloud, handles)
        words = {True: "acked", False: "not_found"}  # guess: the second word
        results = [{"receipt_handle": one, "status": words[was_there]} for one, was_there in done.items()]
        return JSONResponse({"results": results})


def _address(form: Form) -> str:
    channel, batch_id = form.text("channel"), form.text("batch_id")
    if channel and not batch_id:
        return channel_address(channel)
    if batch_id and not channel:
        return batch_address(batch_id)
    raise errors.invalid_request("exactly one of channel and batch_id must be given")


def _number(form: Form, name: str, default: int, least: int, most: int) -> int:
    text = form.text(name)
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise errors.invalid_parameter(name, text)
    return int(text)


def _message_body(message: Message) -> dict[str, object]:
    """One message; the signature covers the bytes of `signed_payload` exactly."""
    signed = message.signed
    encoded = base64.urlsafe_b64encode(signed.body.encode()).decode().rstrip("=")
    return {
        "receipt_handle": message.receipt_handle,
        "batch_id": message.batch_id,
        "payload": json.loads(signed.body),
        "signed_payload": encoded,
        "signature": signed.signature,
        "timestamp": signed.timestamp,
    }
