from __future__ import annotations

import pytest

from clipnet.worker.transcript import Spoken, Word, read_transcript

ANSWER = {
    "segments": [
        {"id": 1, "start": 0.0, "end": 1.0, "text": " one two", "avg_logprob": 0.0},
        {"id": 2, "start": 1.0, "end": 2.0, "text": " three", "avg_logprob": -0.6931471805599453},
    ],
    "detected_language": "en",
    "transcription": "one two three",
    "word_timestamps": [
        {"word": " one", "start": 0.0, "end": 0.4},
        {"word": " two", "start": 0.5, "end": 1.1},
        {"word": " three", "start": 1.2, "end": 2.0},
    ],
}


def test_words_go_to_the_segment_they_are_said_in() -> None:
    transcript = read_transcript(ANSWER)

    assert transcript.segments == (
        Spoken(0.0, 1.0, "one two", (Word("one", 0.0, 0.4), Word("two", 0.5, 1.1))),
        Spoken(1.0, 2.0, "three", (Word("three", 1.2, 2.0),)),
    )
    assert (transcript.language, transcript.text, transcript.words) == ("en", "one two three", 3)
    assert transcript.confidence == pytest.approx(0.75)


def test_nothing_said_has_no_language() -> None:
    transcript = read_transcript({"segments": [], "detected_language": "en", "transcription": ""})

    assert (transcript.language, transcript.text, transcript.confidence) == (None, "", 0.0)


@pytest.mark.parametrize("answer", [{}, {"segments": [{"text": "a"}]}, {"segments": ["a"]}])
def test_an_answer_of_another_shape_is_refused(answer: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="answer"):
        read_transcript(answer)
