from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipnet.worker.score import WEIGHTS, Parts, keywords, relevance_part, score, speech_part

PART = st.floats(0, 1)
NAMES = tuple(WEIGHTS)


def test_the_formula_is_the_documented_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    assert score(0.5, 0.4, 0.3, 0.2).total == pytest.approx(
        round(100 * (0.25 * 0.5 + 0.30 * 0.4 + 0.20 * 0.3 + 0.25 * 0.2), 1)
    )


@given(st.tuples(PART, PART, PART, PART), st.sampled_from(NAMES), PART)
def test_the_total_lies_within_its_range_and_never_falls_when_a_part_rises(
    parts: tuple[float, float, float, float], name: str, more: float
) -> None:
    before = dict(zip(NAMES, parts, strict=True))
    after = before | {name: min(1.0, before[name] + more)}

    low, high = score(**before).total, score(**after).total

    assert 0 <= low <= high <= 100


def test_the_ends_of_the_range_are_reached() -> None:
    assert score(0, 0, 0, 0).total == 0
    assert score(1, 1, 1, 1).total == 100
    assert score(7, -3, 1, 1) == Parts(1.0, 0.0, 1.0, 1.0)


@given(st.integers(0, 200), st.integers(0, 50), st.floats(1, 60), PART)
def test_more_words_never_make_speech_worse(words: int, more: int, length_s: float, sure: float) -> None:
    assert speech_part(words, length_s, sure) <= speech_part(words + more, length_s, sure)


def test_silence_has_no_speech() -> None:
    assert speech_part(0, 20.0, 1.0) == 0


def test_relevance_is_what_is_seen_and_said() -> None:
    nothing = relevance_part(["a red ball"], "somebody talks about pasta")
    half = relevance_part(["a red ball"], "the ball is here")

    assert nothing < half < relevance_part(["a red ball"], "a red ball")
    assert relevance_part(["a red ball"], "") == nothing
    assert relevance_part(["a red ball"], "pasta", similarity=0.9) == 0.9


def test_keywords_are_meaning_words_in_the_singular() -> None:
    assert keywords("The two Dogs and 3 cats, a dog!") == {"dog", "cat"}
