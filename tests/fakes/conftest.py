"""A platform on a free port, and the application that it tells of events."""

from collections.abc import Iterator

import httpx
import pytest

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
    with served(platform, api_url=receiving_server.url, redirect_base="http://127.0.0.1:8401") as fakes:
        yield fakes


@pytest.fixture
def fake(platform: str, running: Served, receiver: Receiver) -> Iterator[httpx.Client]:
    """A client without a token; the fake is as new afterwards, and what it has told is forgotten."""
    with httpx.Client(base_url=running.url(platform), trust_env=False, timeout=10) as client:
        yield client
        client.post("/_fake/reset")
