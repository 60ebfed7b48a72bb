"""The worker dies by SIGKILL between ClipBOT's message and the note that it was sent: it is sent once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulator.testing.access import Clipnet
from tests.e2e.kills import kill

WITHIN_S = 60
PLATFORMS = ("twitch", "discord", "x")
CALLS: dict[str, dict[str, Any]] = {
    "twitch": {"path": "/helix/chat/messages", "method": "POST"},
    "discord": {"path": "*/messages*"},
    "x": {"path": "/2/tweets", "method": "POST"},
}


def said(clipnet: Clipnet, platform: str) -> list[str]:
    """Ids of what ClipBOT has said, without what it only promised."""
    return [post["id"] for post in clipnet.posts(platform) if post["text"]]


@contextmanager
def locked(clipnet: Clipnet, table: str, key: str, value: str) -> Iterator[None]:
    """Nobody can change a row until the end of the block."""
    clipnet.database.execute("BEGIN")
    try:
        clipnet.database.fetch(f"SELECT 1 FROM {table} WHERE {key}::text = $1 FOR UPDATE", value)
        yield
    finally:
        clipnet.database.execute("ROLLBACK")


def kill_after_the_call(
    clipnet: Clipnet, platform: str, before: list[str], row: tuple[str, str, str]
) -> None:
    """Kill the worker when the platform has the message, and the worker cannot write that down."""
    with locked(clipnet, *row):
        clipnet.wait_for(
            lambda: len(said(clipnet, platform)) == len(before) + 1,
            f"{platform} to have the message",
            WITHIN_S,
        )
        kill(clipnet, "worker")


def test_an_answer_is_given_once(clipnet: Clipnet) -> None:
    before = said(clipnet, "twitch")
    clipnet.fake("twitch").fault("latency", ms=1500, times=1, **CALLS["twitch"])
    clipnet.fake("twitch").event(type="chat", text="!status", user="mod_mia")
    sending = "SELECT job_id FROM bot_answers WHERE remembered IS NOT NULL AND sent_at IS NULL"
    job_id = clipnet.wait_for(lambda: clipnet.database.value(sending), "the answer to be sent", WITHIN_S)

    kill_after_the_call(clipnet, "twitch", before, ("bot_answers", "job_id", job_id))
    state = "SELECT state FROM bot_events e JOIN bot_answers a ON a.event_id = e.id WHERE a.job_id = $1"
    clipnet.wait_for(lambda: clipnet.database.value(state, job_id) == "done", "the event's end", WITHIN_S)

    new = [post for post in said(clipnet, "twitch") if post not in before]
    known = clipnet.database.value("SELECT external_id FROM bot_answers WHERE job_id = $1", job_id)
    assert new == [known]
    assert clipnet.queue.jobs("failed") == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_clip_is_posted_once(clipnet: Clipnet, platform: str) -> None:
    before = said(clipnet, platform)
    clip = clipnet.database.value(
        "SELECT c.id::text FROM clips c JOIN bot_channels b ON b.user_id = c.user_id AND b.platform = $1"
        " WHERE c.state = 'ready' AND b.name <> 'clipper_cleo' LIMIT 1",
        platform,
    )
    clipnet.fake(platform).fault("latency", ms=1500, times=1, **CALLS[platform])
    asked = clipnet.log_in("sam@clipnet.test").post(
        f"/v1/clips/{clip}/publish", json={"platforms": [platform]}
    )
    post = asked.json()["posts"][0]["id"]
    sending = "SELECT external_id FROM posts WHERE id::text = $1 AND state = 'posting'"
    clipnet.wait_for(lambda: clipnet.database.value(sending, post), "the post to be sent", WITHIN_S)

    kill_after_the_call(clipnet, platform, before, ("posts", "id", post))
    rows = "SELECT state, external_id, attempts FROM posts WHERE id::text = $1"
    clipnet.wait_for(
        lambda: clipnet.database.fetch(rows, post)[0]["state"] in ("posted", "failed"),
        "the post's end",
        WITHIN_S,
        lambda: str(clipnet.database.fetch(rows, post)),
    )

    new = [one for one in said(clipnet, platform) if one not in before]
    (row,) = clipnet.database.fetch(rows, post)
    assert (row["state"], new, row["attempts"] >= 2) == ("posted", [row["external_id"]], True)
