"""The control surface of a fake, below `/_fake/`: the same on all."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from fakes.kit.addresses import CONTROL, is_within
from fakes.kit.bodies import json_object, readable
from fakes.kit.clock import SettableClock, iso, unix_s
from fakes.kit.faults import Faults
from fakes.kit.kit import Kit, Parts
from fakes.kit.numbers import whole

_PAGES = frozenset({"127.0.0.1", "localhost", "::1"})


class Surface:
    """What people and tests ask of a fake beside what its provider answers.

    Args:
        kit: The fake's tools.
        parts: The fake itself.
        faults: What strikes its requests.
        load: Replaces all rows by a seed document.
        reset: Goes back to the baseline.
    """

    def __init__(
        self,
        kit: Kit,
        parts: Parts,
        faults: Faults,
        *,
        load: Callable[[Mapping[str, Any]], None],
        reset: Callable[[], None],
    ) -> None:
        self._kit = kit
        self._parts = parts
        self._faults = faults
        self._load = load
        self._reset = reset

    def routes(self) -> list[Route]:
        """The routes; a `ValueError` of theirs is a 400 with its text."""
        rows = (
            ("health", "GET", self.health),
            ("state", "GET", self.state),
            ("state", "PUT", self.put_state),
            ("requests", "GET", self.requests),
            ("reset", "POST", self.reset),
            ("clock", "GET", self.clock),
            ("clock", "POST", self.set_clock),
            ("faults", "GET", self.list_faults),
            ("faults", "PUT", self.add_fault),
            ("faults", "DELETE", self.clear_faults),
            ("webhooks", "GET", self.webhooks),
            ("webhooks/{id}/resend", "POST", self.resend),
            ("posts", "GET", self.posts),
            ("posts", "DELETE", self.forget_posts),
        )
        return [Route(CONTROL + path, _in_words(handler), methods=[method]) for path, method, handler in rows]

    async def health(self, _request: Request) -> Response:
        """That it answers."""
        return self._told({"status": "ok"})

    async def state(self, _request: Request) -> Response:
        """What it remembers, in numbers."""
        kit = self._kit
        body = {"now": iso(kit.clock.now()), "requests": len(kit.journal)}
        body |= {"violations": kit.journal.violation_count, "faults": len(self._faults.list())}
        return self._told({**body, "state": self._parts.state.summary()})

    async def put_state(self, request: Request) -> Response:
        """Takes a seed document."""
        document = await _json_object(request)
        if self._parts.before_load is not None:
            await self._parts.before_load(document)
        self._load(document)
        return self._told({"state": self._parts.state.summary()})

    async def requests(self, request: Request) -> Response:
        """What it was asked and what it answered."""
        query = request.query_params
        found = self._kit.journal.find(
            trace_id=query.get("trace"),
            violations=query.get("violations") in ("1", "true"),
            limit=_number(query.get("limit", "500"), "limit"),
        )
        return self._told({"requests": [entry.public() for entry in found]})

    async def reset(self, _request: Request) -> Response:
        """Goes back to the baseline."""
        self._reset()
        return self._told({"reset": True})

    async def clock(self, _request: Request) -> Response:
        """The time that it goes by."""
        clock = self._kit.clock
        return JSONResponse({"now": iso(clock.now(), micros=True), "frozen": clock.is_frozen})

    async def set_clock(self, request: Request) -> Response:
        """Sets the time, or lets it stand or go on."""
        _move_clock(self._kit.clock, await _json_object(request))
        return await self.clock(request)

    async def list_faults(self, _request: Request) -> Response:
        """The faults."""
        return self._told({"faults": [fault.public() for fault in self._faults.list()]})

    async def add_fault(self, request: Request) -> Response:
        """Adds a fault."""
        return JSONResponse(self._faults.add(await _json_object(request)).public(), 201)

    async def clear_faults(self, request: Request) -> Response:
        """Removes one fault, or all."""
        fault_id = request.query_params.get("id")
        if fault_id is None:
            self._faults.clear()
        elif not self._faults.remove(fault_id):
            raise ValueError(f"no fault '{fault_id}' on fake '{self._kit.name}'")
        return await self.list_faults(request)

    async def webhooks(self, _request: Request) -> Response:
        """What it told the application, and what came of that."""
        hooks = self._kit.webhooks
        attempts = [{name: getattr(one, name) for name in one.__slots__} for one in hooks.attempts]
        deliveries = [
            {"id": number, "method": one.method, "url": one.url, "body": readable(one.body)}
            for number, one in hooks.deliveries.items()
        ]
        return self._told({"attempts": attempts, "deliveries": deliveries})

    async def resend(self, request: Request) -> Response:
        """Tells the application something once more."""
        number = _number(request.path_params["id"], "id")
        status, body = await self._kit.webhooks.resend(number)
        return self._told({"id": number, "status": status, "body": readable(body)})

    async def posts(self, _request: Request) -> Response:
        """What it received as a platform."""
        return self._told({"posts": self._parts.posts() if self._parts.posts else []})

    async def forget_posts(self, request: Request) -> Response:
        """Removes posts for good, as if they had never been received; ids that are not there are no error."""
        ids = (await _json_object(request)).get("ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise ValueError('say {"ids": ["..."]}: the ids of the posts that are to go')
        forget = self._parts.forget
        return self._told({"forgotten": [one for one in ids if forget is not None and forget(one)]})

    def _told(self, body: Mapping[str, Any]) -> Response:
        return JSONResponse({"fake": self._kit.name, **body})


def foreign_origin(scope: Scope) -> str | None:
    """The origin of the web page that made a browser send this, if it is not one of this machine.

    Browsers name it on all that may change something (fetch.spec.whatwg.org, section 3.2); programs do not.
    """
    origin = Headers(scope=scope).get("origin")
    return None if origin is None or is_within(origin, _PAGES) else origin


def _in_words(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def wrapped(request: Request) -> Response:
        try:
            return await handler(request)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return wrapped


async def _json_object(request: Request) -> dict[str, Any]:
    try:
        return json_object(await request.body())
    except ValueError as error:
        raise ValueError(f"the body is {error}") from error


def _number(text: str, name: str) -> int:
    number = whole(text)
    if number is None:
        raise ValueError(f"'{name}' is '{text[:40]}'; it must be a whole number")
    return number


def _move_clock(clock: SettableClock, body: Mapping[str, Any]) -> None:
    match dict(body):
        case {"advance_s": int() | float() as seconds}:
            clock.advance(seconds)
        case {"set": str() as text}:
            clock.set(unix_s(text))
        case {"freeze": True}:
            clock.freeze()
        case {"real": True}:
            clock.reset()
        case _:
            raise ValueError(
                'say {"advance_s": 600}, {"set": "2026-11-21T06:00:00Z"}, {"freeze": true} or {"real": true}'
            )
