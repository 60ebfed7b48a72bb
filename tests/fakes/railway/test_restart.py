"""What survives when the fake's process ends."""

from __future__ import annotations

from pathlib import Path

import httpx

from fakes.railway.state import seeding
from tests.fakes.railway.conftest import SHA, Api
from tests.fakes.serving import served


def test_a_deployment_under_way_goes_on_after_a_restart(tmp_path: Path) -> None:
    headers = {"Project-Access-Token": seeding.PROJECT_TOKEN}
    with (
        served("railway", folder=tmp_path, timing="realistic") as running,
        httpx.Client(base_url=running.url("railway"), trust_env=False, timeout=10) as http,
    ):
        made = Api(http, headers).deploy(SHA)
        assert Api(http, headers).status(made) == "QUEUED"

    with (
        served("railway", folder=tmp_path, timing="realistic") as running,
        httpx.Client(base_url=running.url("railway"), trust_env=False, timeout=10) as http,
    ):
        http.post("/_fake/clock", json={"advance_s": 3600})

        assert Api(http, headers).status(made) == "SUCCESS"
