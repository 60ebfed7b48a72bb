"""Which release answers for which name: one table, changed as a whole, kept in a file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

API: Final = "api"
WEB: Final = "web"

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
_LABEL: Final = r"[A-Za-z0-9_-]{1,63}"
_ADDRESS: Final = re.compile(rf"({_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\]):([0-9]{{1,5}})")
_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
_FIELDS: Final = frozenset({"address", "host", "release"})


class BadRoute(ValueError):
    """A route cannot be used; the text names it, its value and what to write instead."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where the requests for one name go."""

    address: str
    """host:port."""
    host: str | None = None
    """The Host header to send there; None: as the client sent it."""
    release: str | None = None

    @property
    def target(self) -> tuple[str, int]:
        """Host and port to connect to."""
        host, _, port = self.address.rpartition(":")
        return host.strip("[]"), int(port)

    def public(self) -> dict[str, str | None]:
        """Return it as plain values."""
        return asdict(self)


class Routes:
    """The table.

    Args:
        initial: What it holds unless the file says otherwise.
        file: Where it is kept, so that a restarted edge goes on with it.
        own: Addresses of the edge itself, which would go round in a circle.

    Raises:
        BadRoute: The file cannot be read.
    """

    def __init__(
        self, initial: Mapping[str, Route], file: Path | None = None, own: Iterable[str] = ()
    ) -> None:
        self._file = file
        self._own = frozenset(own)
        kept = self._kept()
        self._table: Mapping[str, Route] = initial if kept is None else kept

    def get(self, name: str) -> Route | None:
        """Return the route of a name, if it has one."""
        return self._table.get(name)

    @property
    def addresses(self) -> frozenset[str]:
        """Everything that requests may go to now."""
        return frozenset(route.address for route in self._table.values())

    def change(self, wanted: Any) -> None:
        """Take `{"api": {"address": ...}, "other": null}`: all of it at once, or nothing. None removes.

        Raises:
            BadRoute: Something of it is no route.
            OSError: The file cannot be written; nothing was changed.
        """
        if not isinstance(wanted, dict) or not wanted:
            raise BadRoute('"routes" names nothing; write {"routes": {"api": {"address": "127.0.0.1:8407"}}}')
        table = dict(self._table)
        for name, body in wanted.items():
            if body is None:
                table.pop(name, None)
            else:
                table[name] = self._route(name, body)
        self._keep(table)
        self._table = table

    def public(self) -> dict[str, dict[str, str | None]]:
        """Return the table as plain values."""
        return {name: route.public() for name, route in self._table.items()}

    def _route(self, name: str, body: Any) -> Route:
        route = parse_route(name, body)
        if route.address in self._own:
            raise BadRoute(f"route '{name}' leads to '{route.address}', which is the edge itself")
        return route

    def _kept(self) -> dict[str, Route] | None:
        if self._file is None or not self._file.exists():
            return None
        try:
            body = json.loads(self._file.read_bytes())
            return {name: self._route(name, one) for name, one in body.items()}
        except (OSError, ValueError, AttributeError) as error:
            raise BadRoute(
                f"'{self._file}' holds no routes ({error}); remove it to begin with EDGE_ROUTES"
            ) from error

    def _keep(self, table: Mapping[str, Route]) -> None:
        if self._file is None:
            return
        written = self._file.with_name(f"{self._file.name}.new")
        written.write_text(json.dumps({name: route.public() for name, route in table.items()}))
        os.replace(written, self._file)


def parse_route(name: str, body: Any) -> Route:
    """Return one route of a request.

    Raises:
        BadRoute: It is none.
    """
    if not _NAME.fullmatch(name):
        raise BadRoute(f"'{name}' is no name of a route; write small letters, digits, dots and dashes")
    if not isinstance(body, dict):
        raise BadRoute(f'route \'{name}\' is not an object; write {{"address": "127.0.0.1:8407"}}')
    if unknown := set(body) - _FIELDS:
        raise BadRoute(f"route '{name}' has '{min(unknown)}'; it may have: {', '.join(sorted(_FIELDS))}")
    host, release = body.get("host"), body.get("release")
    if host is not None and (not isinstance(host, str) or not _HOST.fullmatch(host)):
        raise BadRoute(f"route '{name}' has the host {host!r}; write a host name, or null")
    if release is not None and (not isinstance(release, str) or not release.isprintable()):
        raise BadRoute(f"route '{name}' has the release {release!r}; write a version, or null")
    return Route(address_of(name, body.get("address")), host, release)


def address_of(name: str, value: Any) -> str:
    """Return an address that can be connected to.

    Raises:
        BadRoute: It is none.
    """
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None or not 0 < int(match[2]) < 65536:
        raise BadRoute(f"route '{name}' has the address {value!r}; write host:port, such as 127.0.0.1:8407")
    return match[0]


def name_of(host: bytes | None, domain: str) -> str | None:
    """Return the route that a Host header asks for.

    The domain itself is the frontend, and any name below it the route of that name (`api.` and previews).
    """
    text = (host or b"").decode("latin-1").lower()
    bare = text.rpartition(":")[0] if text.rpartition(":")[2].isdecimal() else text
    bare = bare.rstrip(".")
    if bare == domain:
        return WEB
    return bare.removesuffix(f".{domain}") if bare.endswith(f".{domain}") else None
