"""Each container dies in turn while clips are on their way: all come back, nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.stack import is_well, status
from emulator.testing.access import Clipnet
from emulator.testing.own import OwnStack, own_stack
from tests.docker.projects import clean_env
from tests.e2e.kills import check_that_nothing_is_lost_or_posted_twice, kill, send_clips, service

SERVICES = ("postgres", "redis", "objects", "fakes", "edge", "api", "worker", "web")


@pytest.fixture(scope="module")
def stack(project_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    """A stack that is restarted in parts."""
    env = {**clean_env(), "EMULATE_IMAGE": project_image}
    with own_stack(tmp_path_factory.mktemp("project"), env, runtime="docker") as started:
        yield started


@pytest.mark.parametrize("victim", SERVICES)
def test_clips_survive_docker_kill_of(stack: OwnStack, victim: str) -> None:
    with Clipnet(stack.parts) as before:
        before.reset()
        sent = send_clips(before, "whisper")
        killed = service(before, victim)

        kill(before, victim)
        before.wait_for(lambda: is_well(status(stack.settings)), "all services to be well")

    with Clipnet(stack.parts) as after:
        check_that_nothing_is_lost_or_posted_twice(after, sent)
        assert service(after, victim)["restarts"] == killed["restarts"] + 1
