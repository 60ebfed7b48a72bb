"""The pytest plugin: `clipnet_stack` for the session, `clipnet` for each test.

    def test_a_clip_becomes_ready(clipnet):
        cleo = clipnet.sign_up("cleo@example.test")
        clip = clipnet.upload(cleo, clipnet.video())
        assert clipnet.wait_until(cleo, clip["id"])["score"] > 0

Nothing of the emulator is imported before a test asks for one of the fixtures.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.testing.access import Clipnet


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    group = parser.getgroup("clipnet", "ClipNET staging stack")
    group.addoption(
        "--clipnet-stack",
        metavar="NAME",
        help="Use the running stack of this name instead of starting one. It is reset before each test!",
    )
    group.addoption(
        "--clipnet-runtime",
        choices=("embedded", "docker"),
        default="embedded",
        help="Where a stack that is started for the tests runs (default: embedded, as processes).",
    )
    group.addoption(
        "--clipnet-seed",
        choices=("small", "none"),
        default="small",
        help="What a stack that is started for the tests holds (default: small).",
    )


@pytest.fixture(scope="session")
def clipnet_stack(pytestconfig: pytest.Config) -> Iterator[Clipnet]:
    """A stack for all tests of the session: one of its own, or the running one that --clipnet-stack names."""
    from emulator.parts import running
    from emulator.settings import load
    from emulator.testing.access import Clipnet
    from emulator.testing.own import own_stack

    name = pytestconfig.getoption("--clipnet-stack")
    if name:
        with Clipnet(running(load(os.environ, pytestconfig.invocation_params.dir, stack=name))) as access:
            yield access
        return
    seed, runtime = (pytestconfig.getoption(f"--clipnet-{name}") for name in ("seed", "runtime"))
    with own_stack(pytestconfig.rootpath, os.environ, seed, runtime) as own, Clipnet(own.parts) as access:
        yield access


@pytest.fixture
def clipnet(clipnet_stack: Clipnet) -> Clipnet:
    """The stack, reset to its seed: database, queue, files, and the fakes with their faults and clock."""
    clipnet_stack.reset()
    return clipnet_stack
