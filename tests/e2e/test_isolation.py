"""Whoever reaches for production on the shared GPU is refused, and everybody can see it."""

import httpx

from emulator.testing.access import Clipnet
from fakes.runpod.state import STAGING_KEY
from tests.e2e.test_smoke import answered, cli


def test_reaching_for_productions_gpu_is_refused_recorded_and_told(clipnet: Clipnet) -> None:
    fake = clipnet.fake("runpod")
    volume = "/runpod-volume/production/whisper"

    with httpx.Client(base_url=f"{fake.url}/v2", headers={"Authorization": STAGING_KEY}) as client:
        seen = client.get("/production-whisper/health")
        named = client.post("/staging-whisper/run", json={"input": {"model_path": volume}})

    expected = [
        "production endpoint 'production-whisper' called with a staging key",
        f"model_path '{volume}' named with a staging key",
    ]
    assert (seen.status_code, named.status_code) == (404, 403)
    assert [one["violation"] for one in fake.violations()] == expected
    assert fake.state()["violations"] == 2
    assert answered(clipnet, "status")["alerts"] == [
        {"kind": "isolation", "fake": "runpod", "count": 2, "last": expected[-1]}
    ]
    assert cli(clipnet, "status").stdout.splitlines()[-1] == (
        f"alert: runpod refused 2 times what would reach production: {expected[-1]}"
    )
    log = cli(clipnet, "logs", "fakes").stdout.splitlines()
    told = [line for line in log if "isolation violation" in line]
    assert [any(text in line for line in told[-2:]) for text in expected] == [True, True]
