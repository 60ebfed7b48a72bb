"""Unknown speech decoded by pocketsphinx, which the tests have installed."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from fakes.kit.addresses import Reach
from fakes.runpod.models import Call, HandlerError, Stop, Tools, answer, asr
from fakes.runpod.models.sound import decoded
from tests.fakes.runpod.material import SPEECH_DIR, in_base64
from tests.fakes.runpod.speeches import TRANSCRIPTS, clear, mixed, part, said, silence, speech, wav

DEADLINE_S = 60.0
NOTHING_KNOWN = Tools(None, None, Reach(frozenset()))


@pytest.fixture(scope="module")
def sound() -> str:
    """`What a strike in the last minute of the match.` from 1 s on, then silence."""
    start_s = clear("goal.opus", 4.75)
    return in_base64(wav(mixed((1.0, part("goal.opus", start_s)), (0.0, silence(5.0)))))


def heard(sound: str, stop: Stop | None = None, **more: Any) -> Any:
    given = {"audio_base64": sound, "word_timestamps": True, **more}
    return answer("whisper", given, Call(NOTHING_KNOWN, stop or Stop(), lambda _item: None))


def test_the_decoder_is_there() -> None:
    assert asr.is_installed()


@pytest.mark.usefixtures("without_decoder")
def test_without_the_decoder_unknown_speech_stays_unknown(sound: str) -> None:
    assert not asr.is_installed()
    assert heard(sound)["transcription"] == "[unrecognised speech]"


@pytest.mark.slow
def test_unknown_speech_has_words_with_times_and_a_low_sureness(sound: str) -> None:
    heard_words = heard(sound)

    words = heard_words["word_timestamps"]
    truth = [(word.strip(".").lower(), start + 1.0) for word, start, _ in said("goal.opus", 4.75)]
    right = [
        (word["word"].strip(), at_s)
        for word in words
        for true_word, at_s in truth
        if word["word"] == f" {true_word}" and abs(word["start"] - at_s) < 0.15
    ]
    assert len(right) >= 5  # of nine: sanity, no promise
    assert heard_words["transcription"] == "".join(word["word"] for word in words).strip()
    assert heard_words["detected_language"] == "en"
    (segment,) = heard_words["segments"]
    assert (segment["start"], segment["end"]) == (words[0]["start"], words[-1]["end"])
    assert (segment["avg_logprob"], segment["no_speech_prob"]) == (-0.64, 0.31)


@pytest.mark.slow
def test_the_same_sound_is_decoded_the_same(sound: str) -> None:
    assert heard(sound) == heard(sound)


def test_speech_that_is_said_to_be_of_another_language_is_not_decoded(sound: str) -> None:
    answered = heard(sound, language="de")

    assert answered["transcription"] == "[unrecognised speech]"
    assert answered["detected_language"] == "de"


@pytest.mark.slow
def test_known_words_stay_known_beside_decoded_ones(tmp_path: Path, sound: str) -> None:
    known = tmp_path / "known"
    known.mkdir()
    (known / "goal.opus").write_bytes((SPEECH_DIR / "goal.opus").read_bytes())
    (known / "transcript.json").write_text(json.dumps({"goal.opus": TRANSCRIPTS["goal.opus"]}))
    given = in_base64(wav(mixed((0.0, speech("goal.opus")), (8.0, part("interview.opus", 0.0, 3.5)))))

    answered = answer(
        "whisper",
        {"audio_base64": given, "word_timestamps": True},
        Call(Tools(known, tmp_path, Reach(frozenset())), Stop(), lambda _item: None),
    )

    texts = [segment["text"] for segment in answered["segments"]]
    assert texts[:3] == [
        " He takes the ball on the left, past one, past two, he shoots.",
        " Goal!",
        " What a strike in the last minute of the match.",
    ]
    assert "begin" in texts[3]
    assert answered["segments"][3]["start"] > 8.0


def test_only_so_much_speech_is_decoded() -> None:
    stretches = [(0.0, 1.0), (2.0, 2.0 + asr.MOST_SPEECH_S), (200.0, 201.0)]
    with decoded(in_base64(wav(silence(3.0))), "audio") as source:
        assert asr.decode(source, stretches, Stop(), "audio")[1:] == [(), ()]


@pytest.mark.slow
def test_a_stop_ends_the_decoder() -> None:
    stop = Stop()
    long = in_base64(wav(mixed(*((at_s, speech("weather.opus")) for at_s in range(0, 90, 9)))))
    timer = threading.Timer(1.5, stop.set)
    began_s = time.monotonic()
    timer.start()

    with pytest.raises(HandlerError):
        heard(long, stop)

    timer.join()
    assert time.monotonic() - began_s < DEADLINE_S
