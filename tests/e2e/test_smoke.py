"""`smoke`, `jobs`, `posts`, `trace`, `seed` and `reset` on the command line of a running stack."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from emulator.testing.access import Clipnet

TABLES = (
    "users",
    "clips",
    "clip_steps",
    "segments",
    "scores",
    "votes",
    "bot_channels",
    "bot_events",
    "job_runs",
    "outbox",
)


def cli(clipnet: Clipnet, *arguments: str) -> subprocess.CompletedProcess[str]:
    parts = clipnet.parts
    env = {**os.environ, "CLIPNET_STATE_DIR": str(parts.state_dir.parent), "CLIPNET_STACK": parts.stack}
    command = [sys.executable, "-m", "emulator", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def answered(clipnet: Clipnet, *arguments: str) -> Any:
    done = cli(clipnet, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def rows(clipnet: Clipnet) -> dict[str, int]:
    return {table: clipnet.database.value(f"SELECT count(*) FROM {table}") for table in TABLES}


def test_smoke_checks_every_part_and_leaves_nothing_behind(clipnet: Clipnet, tmp_path: Path) -> None:
    before, assets = rows(clipnet), clipnet.fake("cloudinary").state()["state"]
    junit = tmp_path / "smoke.xml"

    report = answered(clipnet, "smoke", "--junit", str(junit))

    assert report["ok"]
    assert [step["name"] for step in report["steps"] if not step["ok"]] == []
    assert len(report["steps"]) == 12
    assert all(step["ms"] >= 0 and step["detail"] for step in report["steps"])
    assert ElementTree.fromstring(junit.read_text()).get("tests") == "12"
    assert rows(clipnet) == before
    after = clipnet.fake("cloudinary").state()["state"]
    assert after.get("assets") == assets.get("assets")


def test_smoke_works_on_a_stack_without_a_seed(clipnet: Clipnet) -> None:
    answered(clipnet, "seed", "none")
    try:
        report = answered(clipnet, "smoke")

        assert report["ok"]
        assert rows(clipnet) == dict.fromkeys(TABLES, 0)
    finally:
        answered(clipnet, "seed", "small")


def test_smoke_by_addresses_alone_takes_the_public_steps_and_deletes_its_clip(clipnet: Clipnet) -> None:
    before = rows(clipnet)

    report = answered(clipnet, "smoke", "--api-url", clipnet.api_url, "--web-url", clipnet.web_url)

    names = ["release", "api", "api upload", "worker", "cloudinary asset", "web page"]
    assert report["ok"]
    assert [step["name"] for step in report["steps"]] == names
    assert rows(clipnet)["clips"] == before["clips"]


def test_smoke_by_addresses_wants_the_commit_that_was_deployed(clipnet: Clipnet) -> None:
    where = ("--api-url", clipnet.api_url, "--web-url", clipnet.web_url)

    done = cli(clipnet, "smoke", *where, "--commit", "f" * 40)

    assert done.returncode == 1
    assert "smoke failed at 'release': the API is made of commit " in done.stderr
    assert f", not {'f' * 40}" in done.stderr


def test_smoke_names_the_part_that_failed_and_keeps_everything(clipnet: Clipnet) -> None:
    clipnet.fake("cloudinary").fault("error", status=401, path="*/upload*", method="POST")

    done = cli(clipnet, "smoke", "--json")

    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert not report["ok"]
    assert [step["name"] for step in report["steps"]] == ["api", "api upload", "redis job", "worker"]
    assert "cloudinary_refused" in report["steps"][-1]["detail"]
    assert (
        clipnet.database.value("SELECT state FROM clips WHERE id::text = $1", report["clip_id"]) == "failed"
    )


def test_a_kept_clip_is_traced_through_its_jobs(clipnet: Clipnet) -> None:
    clip_id = answered(clipnet, "smoke", "--keep")["clip_id"]

    spans = answered(clipnet, "trace", clip_id)["spans"]
    jobs = answered(clipnet, "jobs", "list", "--state", "completed")
    job = answered(clipnet, "jobs", "show", f"{clip_id}-clip_process")

    assert spans[0]["name"] == "POST /v1/clips"
    assert {"api", "worker", "runpod", "cloudinary"} <= {span["service"] for span in spans}
    assert all(span["start_ms"] >= 0 and span["duration_ms"] >= 0 for span in spans)
    assert {one["name"] for one in jobs if one["payload"].get("clip") == clip_id} >= {
        "clip:process",
        "ffmpeg:polish",
        "whisper:batch",
        "ml:score",
    }
    assert job["payload"] == {"clip": clip_id}
    assert cli(clipnet, "trace", clip_id).stdout.count("|") == 2 * len(spans)


def test_a_failed_clip_is_brought_back_by_retrying_its_job(clipnet: Clipnet) -> None:
    fault = clipnet.fake("cloudinary")
    fault.fault("error", status=401, path="*/upload*", method="POST")
    demo = clipnet.log_in()
    clip = clipnet.upload(demo, clipnet.video())
    clipnet.wait_until(demo, clip["id"], "failed")
    fault.clear_faults()
    failed = clipnet.wait_for(lambda: clipnet.queue.jobs("failed", name="clip:process"), "the failed job")

    answered(clipnet, "jobs", "retry", failed[0].id)

    assert clipnet.wait_until(demo, clip["id"])["video_url"]


def test_posts_are_listed_by_platform(clipnet: Clipnet) -> None:
    everything = answered(clipnet, "posts")
    youtube = answered(clipnet, "posts", "--platform", "youtube")

    assert youtube
    assert youtube == [post for post in everything if post["platform"] == "youtube"]
    assert set(youtube[0]) >= {"platform", "id", "at", "account", "title", "text", "url"}


def test_reset_undoes_a_smoke_run(clipnet: Clipnet) -> None:
    before = rows(clipnet)
    answered(clipnet, "smoke", "--keep")

    report = answered(clipnet, "reset")

    assert report["ms"] > 0
    assert rows(clipnet) == before
    assert answered(clipnet, "jobs") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trace", "nobody"), "there is no clip 'nobody'"),
        (("jobs", "show", "nobody"), "there is no job 'nobody'"),
        (("jobs", "retry", "nobody"), "there is no job 'nobody'"),
        (("jobs", "list", "--state", "lost"), "there is no job state 'lost'"),
        (("posts", "--platform", "myspace"), "there is no platform 'myspace'"),
    ],
)
def test_what_is_not_there_is_said_in_words(clipnet: Clipnet, arguments: tuple[str, ...], words: str) -> None:
    done = cli(clipnet, *arguments)

    assert done.returncode in (1, 4)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
