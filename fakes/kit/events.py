"""POST /_fake/events: a platform tells the application that somebody did something there, well or badly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import json_object, readable
from fakes.kit.documents import check_fields
from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery

_MOST_TIMES = 1000
_LATEST_S = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class EventAsked:
    """One event to send.

    Attributes:
        fields: What happened; each platform reads its own.
        times: How many such events, each with an id of its own.
        is_duplicate: Send each twice, with the same id.
        is_forged: Sign with a wrong key.
        late_s: How old the signed time is, in seconds.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1
    is_duplicate: bool = False
    is_forged: bool = False
    late_s: float = 0.0

    def text(self, name: str, default: str | None = None) -> str:
        """A field that is text.

        Raises:
            ValueError: It is missing or something else.
        """
        value = self.fields.get(name, default)
        if not isinstance(value, str) or not value:
            raise ValueError(f"event field '{name}' is {value!r}; it must be a text")
        return value

    def check_type(self, known: str) -> None:
        """Refuse a `type` other than the one that a platform has; it need not be named.

        Raises:
            ValueError: Another type.
        """
        if self.text("type", known) != known:
            raise ValueError(f"unknown event type '{self.fields['type']}'; known is {known}")


@dataclass(frozen=True, slots=True)
class Outbound:
    """An event ready to be sent; `ids` is what the answer says of it."""

    ids: Mapping[str, Any]
    delivery: Delivery


def read_event(body: bytes, known: frozenset[str]) -> EventAsked:
    """Read a body with `times`, `duplicate`, `bad_signature`, `late_s` and the platform's own fields.

    Raises:
        ValueError: Not a JSON object, or a field that is unknown or has a bad value.
    """
    try:
        read = json_object(body)
    except ValueError as error:
        raise ValueError(f"the body is {error}") from error
    times, late_s = read.pop("times", 1), read.pop("late_s", 0)
    if isinstance(times, bool) or not isinstance(times, int) or not 1 <= times <= _MOST_TIMES:
        raise ValueError(
            f"event field 'times' is {times!r}; it must be a whole number from 1 to {_MOST_TIMES}"
        )
    is_age = isinstance(late_s, int | float) and not isinstance(late_s, bool)
    if not is_age or not 0 <= late_s <= _LATEST_S:
        words = f"it must be a number of seconds from 0 to {_LATEST_S}"
        raise ValueError(f"event field 'late_s' is {late_s!r}; {words}")
    is_duplicate, is_forged = bool(read.pop("duplicate", False)), bool(read.pop("bad_signature", False))
    common = ("times", "duplicate", "bad_signature", "late_s")
    check_fields(read, (*sorted(known), *common), "event field")
    return EventAsked(read, times, is_duplicate, is_forged, float(late_s))


def events_route(kit: Kit, known: frozenset[str], make: Callable[[EventAsked], list[Outbound]]) -> Route:
    """The route. It answers with what was sent and what the application said to the first attempt of each.

    A `traceparent` of the request travels on with the events, so that what they cause can be found.

    Args:
        kit: Webhooks and the fake's name.
        known: The platform's own fields.
        make: Does what happened, and returns what is to be sent; ValueError when it cannot happen.
    """

    async def send(request: Request) -> Response:
        sent = []
        traceparent = request.headers.get("traceparent")
        try:
            asked = read_event(await request.body(), known)
            for _ in range(asked.times):
                for outbound in make(asked):
                    for _ in range(2 if asked.is_duplicate else 1):
                        delivery = _traced(outbound.delivery, traceparent)
                        status, body = await kit.webhooks.first_answer(delivery)
                        sent.append({**outbound.ids, "status": status, "body": readable(body)})
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"fake": kit.name, "sent": sent})

    return Route("/_fake/events", send, methods=["POST"])


def _traced(delivery: Delivery, traceparent: str | None) -> Delivery:
    if traceparent is None:
        return delivery
    return replace(
        delivery, headers=lambda attempt: {**delivery.headers(attempt), "traceparent": traceparent}
    )
