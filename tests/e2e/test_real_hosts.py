"""A stack on this machine that serves the real host names too, on one more port."""

import os
from pathlib import Path

import httpx
import pytest

from emulator.testing.own import own_stack
from tests.fakes.byname import ToPorts, trust

pytestmark = pytest.mark.embedded(
    "it is about a setting for processes: in Docker real host names are always there"
)


def test_a_stack_serves_real_host_names_when_asked_to_and_says_where(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("CLIPNET_")}

    with own_stack(tmp_path, {**env, "CLIPNET_TLS": "on"}, seed="none") as stack:
        given = stack.parts.env
        _, _, port = given["FAKES_TLS_ADDR"].partition(":")
        by_name = ToPorts(int(port), 0, trust(Path(given["FAKES_TLS_CA"])))
        with httpx.Client(transport=by_name, timeout=20) as client:
            found = client.get("https://accounts.google.com/.well-known/openid-configuration").json()

    assert found["token_endpoint"] == "https://oauth2.googleapis.com/token"
