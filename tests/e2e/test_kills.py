"""The worker and Redis die by SIGKILL in the middle of a clip: nothing is lost, nothing is posted twice."""

import pytest

from emulator.testing.access import Clipnet
from tests.e2e.kills import check_that_nothing_is_lost_or_posted_twice, kill, send_clips


@pytest.mark.parametrize("victim", ["worker", "redis"])
@pytest.mark.parametrize("step", ["polish", "whisper", "upload"])
def test_clips_survive_the_death_of(clipnet: Clipnet, victim: str, step: str) -> None:
    sent = send_clips(clipnet, step)

    kill(clipnet, victim)

    check_that_nothing_is_lost_or_posted_twice(clipnet, sent)
