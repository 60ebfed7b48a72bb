"""Keeps production out: refuses what names it, and databases that are not this stack's.

Pure, but for raising. Never shows a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from emulator.errors import ProductionRefused
from emulator.profiles import BY_NAME, CLOUDINARY_FOLDER, PRODUCTION_HOSTS, PRODUCTION_WORDS
from emulator.topology import Topology

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LOCALHOST = ".localhost"
"""Ends the names that never lead off this machine (RFC 6761, section 6.3)."""
_SEPARATORS = re.compile(r"[\s,;&?=|\"'<>]+")
_BARE_HOST = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d+)?(?:/.*)?", re.IGNORECASE)
_STORES = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "redis": "redis",
    "rediss": "redis",
}


@dataclass(frozen=True, slots=True)
class Offence:
    """One value that must not be there; `why` shows no secret."""

    where: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.name} {self.why}"


def refuse_production(topology: Topology, ports: Mapping[str, int], dotenv: Mapping[str, str]) -> None:
    """Raise if anything in a resolved stack or in `.env` belongs to production or to another stack.

    Raises:
        ProductionRefused: With every offence.
    """
    found = offences(topology, ports, dotenv)
    if not found:
        return
    raise ProductionRefused(
        "this stack would touch production, or something that is not its own:\n"
        + "\n".join(f"  - {offence}" for offence in found),
        "a staging stack takes staging values only: correct them, then run: clipnet-emulate config check",
    )


def refuse_names_of_production(values: Mapping[str, str]) -> None:
    """Raise if one of these values, given by name, names production: a host of it, or one of its words.

    Raises:
        ProductionRefused: With every offence; no value is shown.
    """
    found = [f"{name} {why}" for name, value in values.items() for why in dict.fromkeys(_marks(value))]
    if found:
        raise ProductionRefused(
            "this would touch production: " + "; ".join(found),
            "name the addresses, projects and tokens of a staging system",
        )


def offences(topology: Topology, ports: Mapping[str, int], dotenv: Mapping[str, str]) -> tuple[Offence, ...]:
    """Return everything that must not be there."""
    stores = {role: ports[topology.service(role).ports[0].name] for role in ("postgres", "redis")}
    found: list[Offence] = []
    for name, value, wanted in (
        ("environment", topology.environment, "staging"),
        ("cloudinary_folder", topology.cloudinary_folder, CLOUDINARY_FOLDER),
        ("runpod_namespace", topology.runpod_namespace, "staging"),
    ):
        if value != wanted:
            found.append(Offence("x-clipnet", name, f"is '{value}', not '{wanted}'"))
    for service in topology.services:
        where = f"service '{service.name}'"
        for name, value in service.environment.items():
            found += [Offence(where, name, why) for why in _reasons(name, value, stores)]
        for word in service.command:
            found += [Offence(where, "command", why) for why in _marks(word)]
    for name, value in dotenv.items():
        found += [Offence(".env", name, why) for why in _dotenv_reasons(name, value)]
    return tuple(found)


def _reasons(name: str, value: str, stores: Mapping[str, int]) -> Iterator[str]:
    """Yield why a service must not get this value; the most telling reason alone where there are several."""
    reasons = [*_marks(value), *_foreign_stores(value, stores)]
    setting = BY_NAME.get(name)
    if not reasons and setting is not None and value:
        if setting.fits_production(value) and not setting.fits_staging(value):
            reasons.append("is a value of production" + _shown(name, value))
        elif not setting.fits_staging(value):
            reasons.append("is no value of staging" + _shown(name, value))
    if not reasons and name.endswith("_URL"):
        reasons += _leaving(value)
    yield from dict.fromkeys(reasons)


def _dotenv_reasons(name: str, value: str) -> Iterator[str]:
    yield from dict.fromkeys(_marks(value))
    setting = BY_NAME.get(name)
    if (
        setting is not None
        and name in {"APP_ENV", "RUNPOD_NAMESPACE", "CLOUDINARY_FOLDER"}
        and setting.fits_production(value)
    ):
        yield "is a value of production" + _shown(name, value)
    for url in _urls(value):
        if url.scheme.partition("+")[0] in _STORES and url.hostname not in _LOOPBACK:
            yield f"names a database or queue on '{url.hostname}'"


def _marks(value: str) -> Iterator[str]:
    """Yield what in a value names production: a host of it, or one of its words."""
    for host in _hosts(value):
        if any(host == suffix or host.endswith(f".{suffix}") for suffix in PRODUCTION_HOSTS):
            yield f"names the production host '{host}'"
    for word, meaning in PRODUCTION_WORDS.items():
        if word in value:
            yield f"is or holds {meaning}"


def _foreign_stores(value: str, stores: Mapping[str, int]) -> Iterator[str]:
    """Yield each database or queue in a value that is not this stack's."""
    for url in _urls(value):
        role = _STORES.get(url.scheme.partition("+")[0])
        if role is None:
            continue
        port = _port(url)
        if url.hostname not in _LOOPBACK or port != stores[role]:
            yield (
                f"names a {role} at '{url.hostname}:{port or 'default port'}', "
                f"this stack's is 127.0.0.1:{stores[role]}"
            )


def _leaving(value: str) -> Iterator[str]:
    for url in _urls(value):
        host = url.hostname or ""
        is_here = host in _LOOPBACK or host.endswith(_LOCALHOST)
        if url.scheme in {"http", "https", "ws", "wss"} and not is_here:
            yield f"leaves this machine: '{url.hostname}' is not 127.0.0.1"


def _urls(value: str) -> Iterator[SplitResult]:
    for token in _SEPARATORS.split(value):
        if "://" in token:
            try:
                yield urlsplit(token)
            except ValueError:
                continue


def _hosts(value: str) -> Iterator[str]:
    """Yield every host name in a value, of a URL or standing alone."""
    for url in _urls(value):
        yield (url.hostname or "").lower()
    for token in _SEPARATORS.split(value):
        match = _BARE_HOST.fullmatch(token)
        if match is not None:
            yield match.group(1).lower()


def _port(url: SplitResult) -> int | None:
    try:
        return url.port
    except ValueError:
        return None


def _shown(name: str, value: str) -> str:
    setting = BY_NAME.get(name)
    return "" if setting is None or setting.is_secret else f": '{value}'"
