from __future__ import annotations

import pytest

from clipnet.worker.calls import Answer, unreachable


def answer(content: bytes, status: int = 429) -> Answer:
    return Answer("tiktok", status, {}, content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"error": {"code": "busy", "message": "too many videos"}}', "too many videos"),
        (b'{"error": "busy"}', "busy"),
        (b'{"message": "slow down"}', "slow down"),
        (b'{"title": "Too Many Requests", "detail": "slow down"}', "slow down"),
        (b"<h1>slow\n  down</h1>", "<h1>slow down</h1>"),
        (b"[]", "[]"),
        (b"", "no reason"),
    ],
)
def test_a_service_that_is_not_available_is_quoted_in_its_own_words(content: bytes, words: str) -> None:
    error = answer(content).unavailable()

    assert str(error) == f"TikTok is not available now (HTTP 429: {words})"


def test_an_answer_about_us_says_nothing_of_the_service() -> None:
    assert answer(b"", 404).unavailable() is None


def test_a_service_is_called_by_its_name() -> None:
    error = unreachable("youtube", ConnectionError())

    assert (error.code, str(error)) == (
        "youtube_unreachable",
        "YouTube could not be reached (ConnectionError)",
    )
