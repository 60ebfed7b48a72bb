"""The official package's clients, pointed at the fake: where the two disagree, the fake is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import runpod

from fakes.runpod.state import STAGING_KEY
from tests.fakes.receiver import Receiver, receiving
from tests.fakes.runpod.material import SPEECH_DIR
from tests.fakes.serving import Served, served


@pytest.fixture(scope="module")
def fake() -> Iterator[Served]:
    with served("runpod", speech_dir=SPEECH_DIR) as running:
        before = runpod.endpoint_url_base
        runpod.endpoint_url_base = f"{running.url('runpod')}/v2"
        yield running
        runpod.endpoint_url_base = before


@pytest.fixture
def endpoint(fake: Served) -> Any:
    return runpod.Endpoint("staging-clip", api_key=STAGING_KEY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where workers of this module keep their files and logs."""
    return tmp_path_factory.mktemp("workers")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running
