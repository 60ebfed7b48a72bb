"""Attempts to reach production are told with the fake, their number and the last of them."""

import httpx

from emulator.alerts import Alert, alerts
from tests.fakes.serving import served
from tests.servers import free_port


def test_attempts_to_reach_production_are_counted_by_fake() -> None:
    with served("runpod", "twitch") as fakes:
        ports = {name: int(fakes.url(name).rpartition(":")[2]) for name in ("twitch", "runpod")}
        before = alerts(ports)
        for model in ("whisper", "clip"):
            httpx.get(
                f"{fakes.url('runpod')}/v2/production-{model}/health",
                headers={"Authorization": "rpa_staging_0000000000000000000000000000"},
            )

        found = alerts(ports)

    assert before == ()
    assert found == (
        Alert("isolation", "runpod", 2, "production endpoint 'production-clip' called with a staging key"),
    )


def test_fakes_that_do_not_answer_have_nothing_to_tell() -> None:
    assert alerts({"runpod": free_port()}) == ()
