"""What a project's tests can look like."""

# ruff: noqa: D103 - a test says what it shows by its name

from emulator.testing.access import Clipnet


def test_an_upload_becomes_a_clip_with_a_transcript(clipnet: Clipnet) -> None:
    cleo = clipnet.sign_up("cleo@example.test")
    clip = clipnet.upload(cleo, clipnet.video("forecast"), title="The weather")

    ready = clipnet.wait_until(cleo, clip["id"])

    assert "heavy rain" in ready["transcript"]
    assert 0 < ready["score"] <= 100
    assert clipnet.database.value("SELECT state FROM clips WHERE id::text = $1", clip["id"]) == "ready"
    assert clipnet.fake("cloudinary").requests(path="/video/upload")


def test_a_gpu_that_fails_once_is_asked_again(clipnet: Clipnet) -> None:
    clipnet.fake("runpod").fault("error", status=503, path="*staging-whisper*", times=1)
    vic = clipnet.sign_up("vic@example.test")
    clip = clipnet.upload(vic, clipnet.video("forecast"))

    ready = clipnet.wait_until(vic, clip["id"])

    answers = [entry["status"] for entry in clipnet.fake("runpod").requests(path="staging-whisper")]
    assert ready["transcript"]
    assert answers[0] == 503
    assert answers[-1] == 200


def test_a_command_in_the_chat_is_answered_once(clipnet: Clipnet) -> None:
    clipnet.fake("twitch").event(type="chat", channel="streamer_sam", user="viewer_vic", text="!help")

    state = "SELECT state FROM bot_events WHERE command = 'help'"
    clipnet.wait_for(lambda: clipnet.database.value(state) == "done", "an answer in the chat")

    assert len(clipnet.posts("twitch")) == 1


def test_the_seed_is_back_before_each_test(clipnet: Clipnet) -> None:
    demo = clipnet.log_in()

    clips = demo.get("/v1/clips", params={"limit": 100}).json()["items"]

    assert len(clips) == 60
    assert clipnet.queue.jobs() == []
    assert clipnet.fake("runpod").requests() == []


def test_nothing_reaches_for_production(clipnet: Clipnet) -> None:
    for name in clipnet.parts.fakes:
        assert clipnet.fake(name).violations() == []
