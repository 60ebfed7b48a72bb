"""The worker and Redis die by SIGKILL in the middle of a clip: nothing is lost, nothing is posted twice."""

import json
import os
import signal
from typing import Any

import pytest

from emulator.testing.access import Clipnet

WITHIN_S = 120


def service(clipnet: Clipnet, name: str) -> dict[str, Any]:
    state = json.loads((clipnet.parts.state_dir / "state.json").read_text())
    found: dict[str, Any] = next(one for one in state["services"] if one["name"] == name)
    return found


def kill(clipnet: Clipnet, name: str) -> int:
    """Kill a service and wait until the supervisor has another one running; return the old pid."""
    pid = int(service(clipnet, name)["pid"])
    os.kill(pid, signal.SIGKILL)
    clipnet.wait_for(
        lambda: (
            service(clipnet, name)["pid"] not in (None, pid) and service(clipnet, name)["state"] == "running"
        ),
        f"'{name}' to run again",
        last_seen=lambda: str(service(clipnet, name)),
    )
    return pid


def received(clipnet: Clipnet) -> list[tuple[str, str]]:
    """Return platform and id of all that the platforms received."""
    return [(post["platform"], post["id"]) for name in ("youtube", "tiktok") for post in clipnet.posts(name)]


@pytest.mark.parametrize("victim", ["worker", "redis"])
@pytest.mark.parametrize("step", ["polish", "whisper", "upload"])
def test_clips_survive_the_death_of(clipnet: Clipnet, victim: str, step: str) -> None:
    before = received(clipnet)
    client = clipnet.log_in("sam@clipnet.test")
    if step != "polish":
        model = {"whisper": ("runpod", "*staging-whisper*"), "upload": ("cloudinary", "*/upload*")}[step]
        clipnet.fake(model[0]).fault("latency", path=model[1], ms=1500, times=2)
    clips = [clipnet.upload(client, clipnet.video("forecast"), publish_to="youtube,tiktok") for _ in range(2)]
    ids = [clip["id"] for clip in clips]

    clipnet.wait_for(
        lambda: clipnet.database.value("SELECT step FROM clips WHERE id::text = $1", ids[0]) == step,
        f"the first clip to be at '{step}'",
    )
    kill(clipnet, victim)
    for clip_id in ids:
        clipnet.wait_until(client, clip_id, within_s=WITHIN_S)
    rows = "SELECT platform, external_id, state FROM posts WHERE clip_id::text = ANY ($1)"
    clipnet.wait_for(
        lambda: [row["state"] for row in clipnet.database.fetch(rows, ids)] == ["posted"] * 4,
        "all posts",
        WITHIN_S,
        lambda: str(clipnet.database.fetch(rows, ids)),
    )

    new = [post for post in received(clipnet) if post not in before]
    assert sorted(new) == sorted(
        (row["platform"], row["external_id"].rpartition(".")[2]) for row in clipnet.database.fetch(rows, ids)
    )
    assert clipnet.queue.jobs("failed") == []
