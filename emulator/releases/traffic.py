"""Whom the edge sends requests to, asked and told by its control surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from emulator.errors import CheckFailed
from emulator.httpclient import NoAnswer, request

_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Route:
    """Where one name leads.

    Attributes:
        address: `host:port`, as the edge reaches it.
        release: Version that serves there.
        host: What the Host header says there; None to leave it as it is.
    """

    address: str
    release: str
    host: str | None = None


class Traffic:
    """The edge of one stack, by the port of its control surface."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/_edge/"

    async def routes(self) -> dict[str, Route]:
        """Return name -> route, as it is.

        Raises:
            CheckFailed: The edge does not answer.
        """
        found = await self._ask("GET", None)
        return {name: Route(r["address"], r["release"], r.get("host")) for name, r in found["routes"].items()}

    async def lead(self, routes: Mapping[str, Route]) -> None:
        """Lead new requests elsewhere, for all of these names at once; what is under way ends where it is.

        Raises:
            CheckFailed: The edge does not answer, or refuses it.
        """
        await self._ask("PUT", {"routes": {name: asdict(route) for name, route in routes.items()}})

    async def drained(self, address: str, within_s: float) -> int:
        """Wait until nothing is under way at an address; return what still is when the time is over.

        Raises:
            CheckFailed: The edge does not answer.
        """
        query = urlencode({"address": address, "within_s": within_s})
        found = await self._ask("GET", None, f"drained?{query}", within_s + _WITHIN_S)
        return int(found["under_way"])

    async def _ask(self, method: str, body: Any, path: str = "routes", within_s: float = _WITHIN_S) -> Any:
        try:
            answer = await request(method, self._url + path, body, within_s)
            found = answer.json()
        except NoAnswer as error:
            raise CheckFailed(f"the edge does not answer: {error}", "see: clipnet-emulate status") from error
        if answer.status >= 400:
            raise CheckFailed(f"the edge refused it: {found.get('error', found)}")
        return found
