"""Which release the API, the frontend and the worker say that they are, as seen from outside of the stack.

Asks `/version` (else `/health`) of the API, `/config.json` of the frontend and the worker's lease in Redis. A
program that tells no version is no mismatch: it may be somebody's own. Blocking, a second at most for each.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit

LEASE_KEY = "clipnet:worker:lease"
STANDBY_KEY = "clipnet:worker:standby"
SERVICES = ("api", "web", "worker")
_WITHIN_S = 1.0
_LARGEST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to ask: two origins and the address of Redis."""

    api: str
    web: str
    redis: str

    @classmethod
    def of(cls, ports: Mapping[str, int], env: Mapping[str, str]) -> Addresses | None:
        """Return the public addresses of a stack; None where it has not all of them."""
        if not {"api", "web", "redis"} <= ports.keys():
            return None
        redis = env.get("REDIS_URL") or f"redis://127.0.0.1:{ports['redis']}/0"
        return cls(f"http://127.0.0.1:{ports['api']}", f"http://127.0.0.1:{ports['web']}", redis)


@dataclass(frozen=True, slots=True)
class Told:
    """What one service says; `version` is None where it does not say, or does not answer."""

    service: str
    version: str | None
    commit: str | None = None


def ask(addresses: Addresses) -> tuple[Told, ...]:
    """Return what each of `SERVICES` says, in that order."""
    questions: tuple[Callable[[], Told], ...] = (
        lambda: of_api(addresses.api),
        lambda: of_web(addresses.web),
        lambda: of_worker(addresses.redis),
    )
    with ThreadPoolExecutor(len(questions)) as pool:
        return tuple(pool.map(lambda question: question(), questions))


def of_api(origin: str) -> Told:
    """Ask an API."""
    told = _told("api", _from_http(f"{origin}/version"))
    return told if told.version is not None else _told("api", _from_http(f"{origin}/health"))


def of_web(origin: str) -> Told:
    """Ask a frontend."""
    return _told("web", _from_http(f"{origin}/config.json"))


def of_worker(redis_url: str, key: str = LEASE_KEY) -> Told:
    """Ask Redis who the worker is; with `STANDBY_KEY`, who waits to be."""
    return _told("worker", _from_redis(redis_url, key))


def mismatch(found: Iterable[Told]) -> str | None:
    """Return in words which services are of different releases; None if those that tell are of one."""
    groups = _groups(found)
    if len(groups) < 2:
        return None
    fewest_first = sorted(groups.items(), key=lambda group: len(group[1]))
    return ", ".join(_sentence(services, label) for label, services in fewest_first)


def summary(found: Iterable[Told]) -> str:
    """Return in words what each service is, also of those that do not tell."""
    found = tuple(found)
    silent = [told.service for told in found if told.version is None]
    parts = [_sentence(services, label) for label, services in _groups(found).items()]
    return ", ".join([*parts, *([f"{_listed(silent)} told no version"] if silent else [])])


def _groups(found: Iterable[Told]) -> dict[str, list[str]]:
    """Return the services by release; the commit only tells apart what has one version."""
    known = [told for told in found if told.version is not None]
    commits: dict[str | None, set[str]] = {}
    for told in known:
        if told.commit:
            commits.setdefault(told.version, set()).add(told.commit)
    groups: dict[str, list[str]] = {}
    for told in known:
        differs = told.commit and len(commits[told.version]) > 1
        label = f"{told.version} ({told.commit[:7]})" if differs and told.commit else str(told.version)
        groups.setdefault(label, []).append(told.service)
    return groups


def _sentence(services: list[str], label: str) -> str:
    return f"{_listed(services)} {'is' if len(services) == 1 else 'are'} {label}"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _told(service: str, body: Mapping[str, Any]) -> Told:
    version, commit = body.get("version"), body.get("commit")
    return Told(
        service,
        version if isinstance(version, str) and version else None,
        commit if isinstance(commit, str) and commit else None,
    )


def _from_http(url: str) -> Mapping[str, Any]:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=_WITHIN_S)
    try:
        connection.request("GET", parts.path, headers={"Host": parts.netloc})
        answer = connection.getresponse()
        return _object(answer.read(_LARGEST_BYTES)) if answer.status == 200 else {}
    except (OSError, HTTPException):
        return {}
    finally:
        connection.close()


def _from_redis(url: str, key: str) -> Mapping[str, Any]:
    parts = urlsplit(url)
    words = [["SELECT", parts.path.strip("/") or "0"], ["GET", key]]
    if parts.password:
        words.insert(0, ["AUTH", *filter(None, (unquote(parts.username or ""), unquote(parts.password)))])
    try:
        with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), _WITHIN_S) as one:
            one.sendall(b"".join(part for command in words for part in _resp(command)))
            with one.makefile("rb") as answers:
                heads = [answers.readline(_LARGEST_BYTES) for _ in words]
                size = int(heads[-1][1:]) if heads[-1].startswith(b"$") else -1
                return _object(answers.read(size)) if 0 < size <= _LARGEST_BYTES else {}
    except (OSError, ValueError):
        return {}


def _resp(words: list[str]) -> Iterator[bytes]:
    yield b"*%d\r\n" % len(words)
    for word in words:
        yield b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode())


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
