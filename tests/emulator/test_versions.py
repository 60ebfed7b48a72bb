"""Releases that do not match are named; what tells no version is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import redis

from emulator.alerts import Alert, version_alerts
from emulator.versions import LEASE_KEY, STANDBY_KEY, Addresses, Told, ask, mismatch, of_worker, summary
from tests import servers

OLD, NEW = "0.1.0", "0.1.0+1f2e3d4"
NOWHERE = Addresses("http://127.0.0.1:9", "http://127.0.0.1:9", "redis://127.0.0.1:9/0")


@contextmanager
def answering(pages: Mapping[str, Any]) -> Iterator[str]:
    """Serve JSON, or bytes; other paths are not found."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path)
            self.send_response(404 if page is None else 200)
            self.end_headers()
            self.wfile.write(page if isinstance(page, bytes) else json.dumps(page).encode())

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with servers.redis() as url:
        yield url


@contextmanager
def lease(redis_url: str, value: str, key: str = LEASE_KEY) -> Iterator[None]:
    """Let somebody hold the lease."""
    with redis.Redis.from_url(redis_url) as client:
        client.set(key, value)
        yield
        client.delete(key)


def test_each_service_is_asked_and_a_mismatch_is_an_alert(redis_url: str) -> None:
    body = {"version": NEW, "commit": "1f2e3d4" + 33 * "0"}
    with (
        answering({"/version": body}) as api,
        answering({"/config.json": body}) as web,
        lease(redis_url, json.dumps({"version": OLD, "commit": None, "pid": 1})),
    ):
        addresses = Addresses(api, web, redis_url)

        assert ask(addresses) == (
            Told("api", NEW, body["commit"]),
            Told("web", NEW, body["commit"]),
            Told("worker", OLD),
        )
        (alert,) = version_alerts(addresses)

    assert alert == Alert("version", None, 1, f"worker is {OLD}, api and web are {NEW}")
    assert alert.text() == f"the releases do not match: worker is {OLD}, api and web are {NEW}"


def test_an_api_that_tells_its_version_with_its_health_is_understood() -> None:
    with answering({"/health": {"version": NEW}}) as api:
        assert ask(Addresses(api, NOWHERE.web, NOWHERE.redis))[0] == Told("api", NEW)


@pytest.mark.parametrize("said", [b"", b"<html>", b"[1]", b'"0.1.0"', b'{"version": 3}', b'{"version": ""}'])
def test_a_program_that_tells_no_version_is_no_mismatch(redis_url: str, said: bytes) -> None:
    with (
        answering({"/version": said}) as api,
        answering({"/config.json": {"version": NEW}}) as web,
        lease(redis_url, said.decode() or "x"),
    ):
        addresses = Addresses(api, web, redis_url)

        assert version_alerts(addresses) == ()
        assert summary(ask(addresses)) == f"web is {NEW}, api and worker told no version"


def test_what_does_not_answer_tells_nothing() -> None:
    with answering({}) as no_redis:
        addresses = Addresses(NOWHERE.api, NOWHERE.web, no_redis.replace("http", "redis") + "/0")

        assert {told.version for told in (*ask(addresses), *ask(NOWHERE))} == {None}
    assert version_alerts(None) == ()


def test_who_stands_by_can_be_asked_for(redis_url: str) -> None:
    with lease(redis_url, json.dumps({"version": NEW}), STANDBY_KEY):
        assert of_worker(redis_url, STANDBY_KEY) == Told("worker", NEW)
    assert of_worker(redis_url, STANDBY_KEY) == Told("worker", None)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([("api", "1", None), ("web", "1", None), ("worker", "1", None)], None),
        ([("api", "1", "a" * 40), ("web", "1", None), ("worker", "1", "a" * 40)], None),
        ([("api", "1", None), ("web", "2", None), ("worker", "3", None)], "api is 1, web is 2, worker is 3"),
        ([("api", "2", None), ("web", "1", None), ("worker", "1", None)], "api is 2, web and worker are 1"),
        (
            [("api", "1", "a" * 40), ("web", "1", "a" * 40), ("worker", "1", "b" * 40)],
            "worker is 1 (bbbbbbb), api and web are 1 (aaaaaaa)",
        ),
    ],
)
def test_releases_are_compared(found: list[tuple[str, str, str | None]], words: str | None) -> None:
    assert mismatch(Told(*one) for one in found) == words


def test_a_stack_without_a_frontend_is_not_asked() -> None:
    assert Addresses.of({"api": 1, "redis": 2}, {}) is None
    assert Addresses.of({"api": 1, "web": 2, "redis": 3}, {}) == Addresses(
        "http://127.0.0.1:1", "http://127.0.0.1:2", "redis://127.0.0.1:3/0"
    )
