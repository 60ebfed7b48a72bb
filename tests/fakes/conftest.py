"""A platform on a free port, and the application that it tells of events."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.fakes.oauth_ways import WAYS
from tests.fakes.receiver import Receiver, receiving
from tests.fakes.serving import Served, served


@pytest.fixture(scope="module")
def receiving_server() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def receiver(receiving_server: Receiver) -> Iterator[Receiver]:
    """Where the application would be; as new for each test."""
    yield receiving_server
    receiving_server.received.clear()
    receiving_server.answer = Receiver("").answer


@pytest.fixture(scope="module")
def running(platform: str, receiving_server: Receiver) -> Iterator[Served]:
    """The fake that the fixture `platform` of the folder names."""
    with served(platform, api_url=receiving_server.url, redirect_bases=("http://127.0.0.1:8401",)) as fakes:
        yield fakes


@pytest.fixture
def fake(platform: str, running: Served, receiver: Receiver) -> Iterator[httpx.Client]:
    """A client without a token; the fake is as new afterwards, and what it has told is forgotten."""
    with httpx.Client(base_url=running.url(platform), trust_env=False, timeout=10) as client:
        yield client
        client.post("/_fake/reset")


@pytest.fixture(scope="module")
def providers() -> Iterator[Served]:
    """All that people log in with."""
    with served(*WAYS) as running:
        yield running


@pytest.fixture
def at(providers: Served) -> Iterator[Callable[[str], httpx.Client]]:
    """A client of one provider, by name; those that were asked for are as new afterwards."""
    clients: dict[str, httpx.Client] = {}

    def made(name: str) -> httpx.Client:
        if name not in clients:
            clients[name] = httpx.Client(base_url=providers.url(name), trust_env=False, timeout=10)
        return clients[name]

    yield made
    for client in clients.values():
        client.put("/_fake/state", json={})
        client.close()
