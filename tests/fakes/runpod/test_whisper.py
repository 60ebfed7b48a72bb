"""Whisper's inputs and outputs, as RunPod's worker has them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fakes.kit.addresses import Reach
from fakes.runpod.models import HandlerError
from fakes.runpod.models.catalogue import SpokenWord
from fakes.runpod.models.transcript import LANGUAGE_CODES, UNTRANSLATED, sentences
from fakes.runpod.models.whisper import MODELS
from tests.fakes.runpod.conftest import Account
from tests.fakes.runpod.material import SPEECH_DIR, ask, in_base64, spoken
from tests.fakes.runpod.speeches import TRANSCRIPTS, heard

OUTSIDE = "the host is outside of this stack"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("speech")


def test_the_answer_has_the_workers_shape(cache: Path) -> None:
    sound = in_base64((SPEECH_DIR / "goal.opus").read_bytes())

    plain = ask("whisper", {"audio_base64": sound}, cache)
    timed = heard(sound, cache, model="turbo", translate=True)

    assert set(plain) == {"segments", "detected_language", "transcription", "translation", "device", "model"}
    assert (plain["translation"], plain["device"], plain["model"]) == (None, "cuda", "base")
    assert (timed["model"], timed["translation"]) == ("turbo", timed["transcription"])
    assert list(plain["segments"][0]) == [
        "id", "seek", "start", "end", "text", "tokens", "temperature", "avg_logprob", "compression_ratio",
        "no_speech_prob",
    ]  # fmt: skip
    assert [segment["id"] for segment in plain["segments"]] == [1, 2, 3]
    assert plain["segments"][1]["text"] == " Goal!"


def test_the_same_sound_gives_the_same_answer(cache: Path) -> None:
    sound = in_base64((SPEECH_DIR / "goal.opus").read_bytes())

    assert heard(sound, cache) == heard(sound, cache)


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("plain_text", "Goal! What a strike in the last minute of the match."),
        ("plain text", "Goal! What a strike in the last minute of the match."),
        ("html", "Goal! What a strike in the last minute of the match."),
        ("formatted_text", "Goal!\nWhat a strike in the last minute of the match."),
        (
            "srt",
            "1\n00:00:00,150 --> 00:00:00,520\nGoal!\n\n"
            "2\n00:00:00,853 --> 00:00:02,860\nWhat a strike in the last minute of the match.\n\n",
        ),
        (
            "vtt",
            "00:00:00.150 --> 00:00:00.520\nGoal!\n\n"
            "00:00:00.853 --> 00:00:02.860\nWhat a strike in the last minute of the match.\n\n",
        ),
    ],
)
def test_transcription_and_translation_come_in_the_workers_styles(style: str, text: str, cache: Path) -> None:
    sound = spoken(SPEECH_DIR / "goal.opus", "-ss", "4")

    answer = heard(sound, cache, transcription=style, translate=True, translation=style)

    assert (answer["transcription"], answer["translation"]) == (text, text)


def test_another_language_is_translated_as_far_as_it_was_sent(cache: Path) -> None:
    sound = spoken(SPEECH_DIR / "mathe.opus", "-ss", "1.2", "-t", "5.8")

    answer = heard(sound, cache, translate=True, translation="formatted_text")

    assert answer["transcription"].startswith("eine Aufgabe aus der Prüfung. Zuerst teilen")
    assert answer["translation"].splitlines()[:2] == [
        "out a problem from the exam.",
        "First we divide both sides by three.",
    ]


def test_what_nobody_has_translated_says_so(tmp_path: Path) -> None:
    known = tmp_path / "known"
    known.mkdir()
    (known / "mathe.opus").write_bytes((SPEECH_DIR / "mathe.opus").read_bytes())
    entry = {name: value for name, value in TRANSCRIPTS["mathe.opus"].items() if name != "english"}
    (known / "transcript.json").write_text(json.dumps({"mathe.opus": entry}))
    sound = in_base64((SPEECH_DIR / "mathe.opus").read_bytes())

    answer = _heard_with(known, sound, tmp_path, translate=True)

    assert answer["transcription"] == entry["text"]
    assert answer["translation"] == " ".join([UNTRANSLATED] * 3)


def test_the_language_is_the_one_that_was_named(cache: Path) -> None:
    sound = in_base64((SPEECH_DIR / "goal.opus").read_bytes())

    assert heard(sound, cache, language="de")["detected_language"] == "de"


@pytest.mark.usefixtures("without_decoder")
def test_a_segment_is_dropped_that_the_thresholds_take_for_silence(cache: Path) -> None:
    sound = spoken(SPEECH_DIR / "goal.opus", "-af", "areverse")

    answer = heard(sound, cache, no_speech_threshold=0.3, logprob_threshold=-0.5)

    assert (answer["segments"], answer["transcription"]) == ([], "")


def test_a_batch_answers_each_item_and_names_the_bad_one(cache: Path) -> None:
    sound = in_base64((SPEECH_DIR / "goal.opus").read_bytes())
    items = [
        {"id": "a", "audio_base64": sound, "word_timestamps": True},
        {"id": "b", "audio_base64": "not base64!"},
        {"id": "c", "audio_base64": in_base64(b"not a sound")},
        {"id": "d"},
        {"audio_base64": sound},
    ]

    results = ask("whisper", {"items": items, "namespace": "staging"}, cache)["results"]

    assert [result["id"] for result in results] == ["a", "b", "c", "d", None]
    assert results[0] == {"id": "a"} | heard(sound, cache)
    assert results[1]["error"].startswith("audio_base64 is not base64")
    assert results[2]["error"].startswith("audio_base64 cannot be decoded")
    assert results[3]["error"] == "Must provide either audio or audio_base64"


def test_what_stands_beside_the_items_of_a_batch_holds_for_all_of_them(cache: Path) -> None:
    sound = in_base64((SPEECH_DIR / "goal.opus").read_bytes())
    items = [
        {"id": "a", "audio_base64": sound},
        {"id": "b", "audio_base64": sound, "model": "nano"},
        {"id": "c", "audio_base64": sound, "word_timestamps": False, "model": "large-v3"},
    ]

    results = ask("whisper", {"items": items, "model": "turbo", "word_timestamps": True}, cache)["results"]

    assert (results[0]["model"], results[2]["model"]) == ("turbo", "large-v3")
    assert ("word_timestamps" in results[0], "word_timestamps" in results[2]) == (True, False)
    assert results[1]["error"].startswith("Invalid model name: nano. Available models are: {'tiny', 'base',")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Must provide either audio or audio_base64"),
        ({"audio": "u", "audio_base64": "QQ=="}, "Must provide either audio or audio_base64, not both"),
        ({"audio_base64": ""}, "Must provide either audio or audio_base64"),
        (
            {"sound": 1, "audio": 5, "beam_size": None},
            "[\"Unexpected input. sound is not a valid input option.\", "
            "\"audio should be <class 'str'> type, not <class 'int'>.\", "
            "\"beam_size should be <class 'int'> type, not <class 'NoneType'>.\"]",
        ),
        ({"audio": "https://example.com/a"}, f"refused to download 'https://example.com/a': {OUTSIDE}"),
        ({"items": []}, "items must be a list that is not empty"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_the_workers_words(given: Any, said: str) -> None:
    with pytest.raises(HandlerError) as refused:
        ask("whisper", given)

    assert refused.value.text == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"model": "nano"}, f"Invalid model name: nano. Available models are: {{{str(MODELS)[1:-1]}}}"),
        (
            {"language": "english"},
            "'english' is not a valid language code (accepted language codes: af, am, ",
        ),
        ({"language": ""}, "'' is not a valid language code"),
        ({"temperature": 2}, "max() arg is an empty sequence"),
        ({"temperature": float("nan")}, "max() arg is an empty sequence"),
    ],
)
def test_what_the_worker_raises_itself_is_raised(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        ask("whisper", {"audio_base64": "QQ==", **given})


async def test_what_the_worker_raises_fails_the_job_as_an_exception_of_a_handler(account: Account) -> None:
    job_id = await account.run({"audio_base64": "QQ==", "model": "nano"}, "staging-whisper")

    job = await account.end(job_id, "staging-whisper")

    told = json.loads(job["error"])
    assert job["status"] == "FAILED"
    assert told["error_type"] == "<class 'ValueError'>"
    assert told["error_message"].startswith("Invalid model name: nano. Available models are: {'tiny',")


def test_all_languages_of_whisper_are_known() -> None:
    codes = LANGUAGE_CODES.split(", ")

    assert (len(codes), len(set(codes)), codes[0], codes[-1]) == (100, 100, "af", "yue")


def test_sentences_end_at_their_marks_and_at_long_pauses() -> None:
    words = [SpokenWord("One.", 0, 0.4), SpokenWord("two", 0.5, 0.9), SpokenWord("three", 2.0, 2.4)]

    assert [[word.word for word in group] for group in sentences(words)] == [["One."], ["two"], ["three"]]


def _heard_with(known: Path, sound: str, cache: Path, **more: Any) -> Any:
    from fakes.runpod.models import Call, Stop, Tools, answer

    call = Call(Tools(known, cache, Reach(frozenset())), Stop(), lambda _item: None)
    return answer("whisper", {"audio_base64": sound, **more}, call)
