"""`event` on the command line of a running stack: what is sent, answered and caused."""

import pytest

from emulator.testing.access import Clipnet
from tests.e2e.test_smoke import answered, cli


def test_a_chat_command_is_sent_answered_and_followed_to_the_bots_answer(clipnet: Clipnet) -> None:
    done = cli(clipnet, "event", "twitch", "chat", "!help", "--user", "mod_mia", "--wait", "30s")

    lines = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, [line[0] for line in lines]) == (0, ["sent", "answered", "job", "trace"])
    assert lines[0][1:4] == ["twitch", "chat", "!help"]
    assert lines[1][1] == "204"
    assert (lines[2][1], lines[2][3]) == ("clipbot:notify", "completed")
    assert any(post["text"].startswith("I make clips") for post in clipnet.fake("twitch").posts())


@pytest.mark.parametrize(
    "event",
    [
        ("twitch", "redeem", "what a goal"),
        ("discord", "/clip", "seconds=5", "title=what a goal"),
        ("x", "mention"),
    ],
)
def test_a_clip_can_be_asked_for_everywhere(clipnet: Clipnet, event: tuple[str, ...]) -> None:
    told = answered(clipnet, "event", *event)

    assert {job["name"] for job in told["jobs"]} >= {"clip:process"}
    assert {job["trace_id"] for job in told["jobs"]} == {told["trace_id"]}


def test_a_duplicate_is_answered_and_causes_its_job_once(clipnet: Clipnet) -> None:
    told = answered(clipnet, "event", "twitch", "chat", "!status", "--duplicate", "--wait", "30s")

    assert [one["status"] for one in told["sent"]] == [204, 204]
    assert len({one["id"] for one in told["sent"]}) == 1
    assert [job["name"] for job in told["jobs"]] == ["clipbot:notify"]


def test_several_events_cause_a_job_each(clipnet: Clipnet) -> None:
    told = answered(clipnet, "event", "twitch", "chat", "!status", "--times", "3", "--wait", "30s")

    assert len({one["id"] for one in told["sent"]}) == len(told["jobs"]) == 3


@pytest.mark.parametrize("flaw", [("--bad-signature",), ("--late", "15m")])
@pytest.mark.parametrize(
    ("event", "status"), [(("twitch", "chat", "!status"), 403), (("discord", "/status"), 401)]
)
def test_an_event_that_cannot_be_trusted_is_refused_and_causes_nothing(
    clipnet: Clipnet, event: tuple[str, ...], status: int, flaw: tuple[str, ...]
) -> None:
    told = answered(clipnet, "event", *event, *flaw)

    assert ([one["status"] for one in told["sent"]], told["jobs"]) == ([status], [])


def test_what_is_said_beside_commands_causes_nothing(clipnet: Clipnet) -> None:
    done = cli(clipnet, "event", "twitch", "chat", "hello there")

    assert done.stdout.splitlines()[-1] == "no jobs"


def test_a_duration_that_is_none_is_refused(clipnet: Clipnet) -> None:
    done = cli(clipnet, "event", "twitch", "chat", "!status", "--late", "soon")

    assert done.returncode == 2
    assert "'soon' is not a duration; write it like 30s, 1m30s or 500ms" in done.stderr


def test_a_forged_mention_is_refused_and_causes_nothing(clipnet: Clipnet) -> None:
    told = answered(clipnet, "event", "x", "mention", "@clipnet status", "--bad-signature")

    assert ([one["status"] for one in told["sent"]], told["jobs"]) == ([403], [])


@pytest.mark.parametrize("event", [("discord", "/status"), ("x", "mention", "@clipnet status")])
def test_a_duplicate_is_stored_and_answered_once_everywhere(clipnet: Clipnet, event: tuple[str, ...]) -> None:
    before = clipnet.database.value("SELECT count(*) FROM bot_events WHERE state <> 'ignored'")

    told = answered(clipnet, "event", *event, "--duplicate", "--wait", "30s")

    stored = clipnet.database.value("SELECT count(*) FROM bot_events WHERE state <> 'ignored'")
    assert [one["status"] for one in told["sent"]] == [200, 200]
    assert ([job["name"] for job in told["jobs"]], stored - before) == (["clipbot:notify"], 1)


def test_who_may_not_is_told_so_in_the_chat(clipnet: Clipnet) -> None:
    chat = ("event", "twitch", "chat", "!clip", "--channel", "clipper_cleo")

    refused = answered(clipnet, *chat, "--user", "viewer_vic", "--wait", "30s")
    allowed = answered(clipnet, *chat, "--user", "mod_mia")

    assert [job["name"] for job in refused["jobs"]] == ["clipbot:notify"]
    assert "clip:process" in [job["name"] for job in allowed["jobs"]]
    said = [post["text"] for post in clipnet.fake("twitch").posts() if post["channel"] == "clipper_cleo"]
    assert said == ["Only moderators may use !clip in this channel."]
