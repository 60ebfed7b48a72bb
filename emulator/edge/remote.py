"""What other programs ask of the edge: its routes, a change of them, and what is under way.

Not a part of the edge's own process.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulator.edge.control import LONGEST_WAIT_S, PREFIX
from emulator.edge.routes import Route, parse_route
from emulator.errors import EmulatorError

_ANSWER_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class RoutesNow:
    """Where requests go, and how many are where."""

    routes: Mapping[str, Route]
    under_way: Mapping[str, int]


class EdgeRemote:
    """The edge's control surface.

    Args:
        address: host:port of it, on this machine.
    """

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)

    async def routes(self) -> RoutesNow:
        """Return the routes and what is under way.

        Raises:
            EmulatorError: The edge does not answer.
        """
        return _routes_now(await self._ask("GET", "routes"))

    async def change(self, routes: Mapping[str, Route | None]) -> RoutesNow:
        """Have new requests go elsewhere, for all given names at once; None takes a route away.

        Requests under way end where they are.

        Raises:
            EmulatorError: The edge does not answer, or refuses a route; none was changed then.
        """
        body = {"routes": {name: route.public() if route else None for name, route in routes.items()}}
        return _routes_now(await self._ask("PUT", "routes", body))

    async def drained(self, address: str, within_s: float) -> bool:
        """Wait until no request is under way at an address; False if some still are after `within_s`.

        Raises:
            EmulatorError: The edge does not answer.
        """
        within_s = min(within_s, LONGEST_WAIT_S)
        query = urlencode({"address": address, "within_s": within_s})
        answer = await self._ask("GET", f"drained?{query}", within_s=within_s + _ANSWER_WITHIN_S)
        return bool(answer["drained"])

    async def requests(self, limit: int = 100) -> list[dict[str, Any]]:
        """Return the last requests, the newest first, as the log has them.

        Raises:
            EmulatorError: The edge does not answer.
        """
        found: list[dict[str, Any]] = (await self._ask("GET", f"requests?limit={limit}"))["requests"]
        return found

    async def _ask(
        self, method: str, path: str, body: object = None, within_s: float = _ANSWER_WITHIN_S
    ) -> dict[str, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {PREFIX}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(within_s):
                status, answer = await self._exchange(head.encode() + content)
        except (OSError, TimeoutError, EOFError, ValueError) as error:
            raise EmulatorError(
                f"the edge's control surface at {self._host}:{self._port} does not answer "
                f"({error or type(error).__name__})",
                "see its log with: clipnet-emulate logs edge",
            ) from error
        if status != 200:
            raise EmulatorError(f"the edge refused {method} {PREFIX}{path}: {answer.get('error', status)}")
        return answer

    async def _exchange(self, request: bytes) -> tuple[int, dict[str, Any]]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            body: dict[str, Any] = json.loads(await reader.read())
            return int(head.split(b" ", 2)[1]), body
        finally:
            writer.close()


def _routes_now(answer: Mapping[str, Any]) -> RoutesNow:
    routes = {name: parse_route(name, body) for name, body in answer["routes"].items()}
    return RoutesNow(routes, answer["under_way"])
