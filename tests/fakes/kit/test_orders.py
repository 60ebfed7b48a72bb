"""Orders are kept for the agent until it asks, whatever happens to the fake in between."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from fakes.kit.orders import Agent, Order
from tests.fakes.orders import asked, handed_over, orders
from tests.fakes.serving import served

PUSH = {"sha": "a" * 40, "message": "Add clips"}
DEADLINE_S = 5.0


def push(client: httpx.Client) -> str:
    """Let something be deployed; returns the deployment's id."""
    made: str = client.post("/_fake/push", json=PUSH).raise_for_status().json()["deployments"][0]
    return made


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    with served("vercel", deployments="agent") as fakes:
        yield fakes.url("vercel")


@pytest.fixture
def client(running: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running, trust_env=False, timeout=10) as one:
        one.post("/_fake/reset").raise_for_status()
        yield one


class Waiting:
    """A question that is asked in a thread of its own."""

    def __init__(self, client: httpx.Client, after: int) -> None:
        self.answer: dict[str, Any] | None = None
        self.failure: Exception | None = None
        self._thread = threading.Thread(target=self._ask, args=(client, after), daemon=True)
        self._thread.start()

    def end(self) -> dict[str, Any] | None:
        """The answer, or None when the connection ended."""
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive(), f"no answer within {DEADLINE_S} s"
        return self.answer

    def _ask(self, client: httpx.Client, after: int) -> None:
        try:
            self.answer = asked(client, after, wait_s=60)
        except httpx.HTTPError as error:
            self.failure = error


def test_orders_come_in_order_and_again_until_they_are_behind(client: httpx.Client) -> None:
    made = [push(client), push(client)]

    found = asked(client)
    numbers = [one["number"] for one in found["orders"][-2:]]

    assert [one["deployment"] for one in orders(client)] == made
    assert found["last"] == numbers[1] == numbers[0] + 1
    assert [one["number"] for one in asked(client, after=numbers[0])["orders"]] == [numbers[1]]
    assert asked(client, after=numbers[1])["orders"] == []


def test_who_waits_hears_of_an_order_at_once(client: httpx.Client) -> None:
    waiting = Waiting(client, asked(client)["last"])
    began = time.monotonic()

    made = push(client)

    answer = waiting.end()
    assert answer is not None
    assert [one["deployment"] for one in answer["orders"]] == [made]
    assert time.monotonic() - began < DEADLINE_S


def test_an_end_of_the_fake_ends_the_waiting_and_loses_no_order(tmp_path: Path) -> None:
    with ExitStack() as held:
        with ExitStack() as stack:
            fakes = stack.enter_context(served("vercel", deployments="agent", folder=tmp_path))
            client = stack.enter_context(httpx.Client(base_url=fakes.url("vercel"), trust_env=False))
            made, last = push(client), asked(client)["last"]
            host, _, port = fakes.host("vercel").partition(":")
            waiting = held.enter_context(socket.create_connection((host, int(port)), DEADLINE_S))
            query = f"after={last}&wait_s=60"
            waiting.sendall(f"GET /_fake/deployments?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            asked(client)  # the question before is heard by then
            began = time.monotonic()
        took_s = time.monotonic() - began

    assert took_s < 1.0
    with (
        served("vercel", deployments="agent", folder=tmp_path) as fakes,
        httpx.Client(base_url=fakes.url("vercel"), trust_env=False, timeout=10) as client,
    ):
        assert [one["deployment"] for one in orders(client)] == [made]
        push(client)
        assert asked(client)["last"] == last + 1


def test_a_reset_leaves_one_order_that_says_so(client: httpx.Client) -> None:
    push(client)
    before = asked(client)["last"]

    client.post("/_fake/reset")

    (left,) = asked(client)["orders"]
    assert (left["action"], left["deployment"], left["number"] > before) == ("reset", "", True)


def test_a_number_from_another_store_is_answered_at_once(client: httpx.Client) -> None:
    found = asked(client, after=10**6, wait_s=60)

    assert (found["orders"], found["last"] < 10**6) == ([], True)


@pytest.mark.parametrize("query", [{"after": "x"}, {"wait_s": "-1"}])
def test_a_number_that_is_none_is_refused(client: httpx.Client, query: dict[str, str]) -> None:
    refused = client.get("/_fake/deployments", params=query)

    assert refused.status_code == 400
    assert "it must be a whole number" in refused.json()["error"]


def test_files_that_were_not_handed_over_are_not_there(client: httpx.Client) -> None:
    made = push(client)

    refused = client.get(f"/_fake/deployments/{made}/files")

    words = {"error": f"no files of deployment '{made}' were handed over"}
    assert (refused.status_code, refused.json()) == (404, words)


def test_the_oldest_orders_go_when_nobody_asks() -> None:
    with (
        served("vercel", deployments="agent") as fakes,
        httpx.Client(base_url=fakes.url("vercel"), trust_env=False, timeout=10) as client,
    ):
        agent = Agent(fakes.apps["vercel"].kit, kept=2)
        for name in ("a", "b", "c"):
            agent.tell(Order("deploy", deployment=name))

        assert [one["deployment"] for one in asked(client)["orders"]] == ["b", "c"]


def test_a_lone_fake_keeps_no_orders() -> None:
    with (
        served("vercel") as fakes,
        httpx.Client(base_url=fakes.url("vercel"), trust_env=False, timeout=10) as client,
    ):
        made = push(client)

        assert asked(client) == {"orders": [], "last": 0}
        assert client.get(f"/_fake/deployments/{made}/files").status_code == 404


def test_a_tree_is_handed_over_whole() -> None:
    files = {"index.html": "one", "a/b.txt": "two"}
    with (
        served("vercel", deployments="agent") as fakes,
        httpx.Client(base_url=fakes.url("vercel"), trust_env=False, timeout=10) as client,
    ):
        body = {"name": "clipnet-web-staging", "files": [{"file": k, "data": v} for k, v in files.items()]}
        token = {"Authorization": "Bearer vercel_staging_token"}
        made = client.post("/v13/deployments", json=body, headers=token).raise_for_status().json()["id"]

        (order,) = orders(client)

        assert (order["deployment"], order["has_files"]) == (made, True)
        assert handed_over(client, made) == {name: text.encode() for name, text in files.items()}
