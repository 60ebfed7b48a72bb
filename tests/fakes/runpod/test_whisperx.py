"""The form of the hub's WhisperX worker."""

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.runpod.models import HandlerError
from tests.fakes.runpod.material import SPEECH_DIR, ask, in_base64, spoken

TRANSCRIPTS: dict[str, Any] = json.loads((SPEECH_DIR / "transcript.json").read_text())
JOIN = "[0:a]atrim=0:5.8[a];[1:a]atrim=0:5,asetpts=PTS-STARTPTS[b];[a][b]concat=n=2:v=0:a=1"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech")


@pytest.fixture(scope="module")
def two_voices() -> str:
    second = str(SPEECH_DIR / "mathe.opus")
    return spoken(SPEECH_DIR / "clutch.opus", "-i", second, "-filter_complex", JOIN)


def test_without_alignment_there_are_chunks_of_text(cache: Path) -> None:
    sound = in_base64((SPEECH_DIR / "goal.opus").read_bytes())

    answer = ask("whisper", {"audio_file": sound}, cache)

    text = TRANSCRIPTS["goal.opus"]["text"]
    words = TRANSCRIPTS["goal.opus"]["words"]
    start, end = words[0]["start"], words[-1]["end"]
    assert answer == {
        "segments": [
            {"text": f" {text}", "start": pytest.approx(start, abs=0.02), "end": pytest.approx(end, abs=0.02)}
        ],
        "detected_language": "en",
    }


def test_alignment_gives_sentences_with_words(cache: Path) -> None:
    sound = in_base64((SPEECH_DIR / "goal.opus").read_bytes())

    answer = ask("whisper", {"audio_file": f"data:audio/ogg;base64,{sound}", "align_output": True}, cache)

    assert [segment["text"] for segment in answer["segments"]][:2] == [
        " He takes the ball on the left, past one, past two, he shoots.",
        "Goal!",
    ]
    goal = answer["segments"][1]
    assert list(goal) == ["start", "end", "text", "words"]
    assert [list(word) for word in goal["words"]] == [["word", "start", "end", "score"]]
    assert goal["words"][0]["word"] == "Goal!"
    assert 0.5 < goal["words"][0]["score"] <= 1


def test_diarization_tells_voices_apart(two_voices: str, cache: Path) -> None:
    given = {"audio_file": two_voices, "align_output": True, "diarization": True}

    answer = ask("whisper", given, cache)

    said = {segment["speaker"]: segment["text"] for segment in answer["segments"]}
    assert sorted(said) == ["SPEAKER_00", "SPEAKER_01"]
    assert said["SPEAKER_00"].startswith("Oh my god,")
    assert {word["speaker"] for word in answer["segments"][0]["words"]} == {"SPEAKER_00"}


def test_voices_over_the_limit_share_the_last_label(two_voices: str, cache: Path) -> None:
    given = {"audio_file": two_voices, "align_output": True, "diarization": True, "max_speakers": 1}

    answer = ask("whisper", given, cache)

    assert {segment["speaker"] for segment in answer["segments"]} == {"SPEAKER_00"}


def test_a_chunk_is_of_the_voice_that_speaks_longest(two_voices: str, cache: Path) -> None:
    answer = ask("whisper", {"audio_file": two_voices, "diarization": True}, cache)

    assert [segment["speaker"] for segment in answer["segments"]] == ["SPEAKER_00"]


@pytest.mark.usefixtures("without_decoder")
def test_who_is_not_recognised_has_no_label(cache: Path) -> None:
    sound = spoken(SPEECH_DIR / "goal.opus", "-af", "areverse")

    answer = ask("whisper", {"audio_file": sound, "align_output": True, "diarization": True}, cache)

    assert [segment["words"] for segment in answer["segments"]] == [[]] * len(answer["segments"])
    assert not any("speaker" in segment for segment in answer["segments"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"audio_file": 5}, "[\"audio_file should be <class 'str'> type, not <class 'int'>.\"]"),
        ({"audio_file": "QQ==", "words": 1}, '["Unexpected input. words is not a valid input option."]'),
        ({"audio_file": "http://a.example/b"}, "audio input: refused to download 'http://a.example/b': "),
        ({"audio_file": "file:///etc/hosts"}, "audio input: refused to download 'file:///etc/hosts': "),
        ({"audio_file": "?"}, "audio input: audio_file is not base64: "),
        ({"audio_file": "QQ=="}, "prediction: audio_file cannot be decoded: "),
        ({"audio_file": "QQ==", "language": "xx"}, "prediction: 'xx' is not a valid language code "),
    ],
)
def test_bad_input_is_refused_in_the_workers_words(given: Any, said: str) -> None:
    with pytest.raises(HandlerError) as refused:
        ask("whisper", given)

    assert refused.value.text.startswith(said)
