import pytest

from clipnet.settings import SettingsError
from clipnet.worker.options import Options, load


def test_options_have_defaults() -> None:
    assert load({}) == Options()


def test_options_are_read_from_the_environment() -> None:
    env = {
        "POLISH_MAX_HEIGHT": "640",
        "STOP_GRACE_S": "2.5",
        "HANDOVER_GRACE_S": "60",
        "START_DEADLINE_S": "5",
    }

    assert load(env) == Options(
        polish_max_height=640, stop_grace_s=2.5, handover_grace_s=60, start_deadline_s=5
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"(?s)POLISH_MAX_HEIGHT is 'tall'.*STOP_GRACE_S is '-1'"):
        load({"POLISH_MAX_HEIGHT": "tall", "STOP_GRACE_S": "-1"})
