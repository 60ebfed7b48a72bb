from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipnet.worker.errors import Permanent
from clipnet.worker.segment import BEST_S, LONGEST_S, Segment, asked, best


@pytest.mark.parametrize(
    ("duration_s", "start_s", "end_s", "expected"),
    [
        (8.0, None, None, Segment(0.0, 8.0)),
        (60.0, None, None, None),
        (60.0, 5.0, 15.0, Segment(5.0, 15.0)),
        (60.0, 50.0, None, Segment(50.0, 60.0)),
        (60.0, None, 30.0, Segment(10.0, 30.0)),
        (60.0, None, 5.0, Segment(0.0, 5.0)),
        (600.0, 0.0, 600.0, Segment(0.0, LONGEST_S)),
        (60.0, -3.0, 100.0, Segment(0.0, 60.0)),
    ],
)
def test_what_is_asked_for_is_held_within_the_source(
    duration_s: float, start_s: float | None, end_s: float | None, expected: Segment | None
) -> None:
    assert asked(duration_s, start_s, end_s) == expected


def test_a_part_outside_of_the_source_is_refused_in_words() -> None:
    with pytest.raises(Permanent, match=r"not within the video, which lasts 10\.0 s"):
        asked(10.0, 20.0, 30.0)


def test_a_part_that_is_too_short_is_refused_in_words() -> None:
    with pytest.raises(Permanent, match=r"the part asked for lasts 0\.05 s; at least 0\.1 s are needed"):
        asked(10.0, 2.0, 2.05)


def test_the_loudest_part_is_chosen() -> None:
    loudness = [-40.0] * 300 + [-15.0] * 200 + [-40.0] * 100

    assert best(60.0, loudness, ()) == Segment(30.0, 50.0)


def test_scene_changes_decide_where_there_is_no_sound() -> None:
    chosen = best(60.0, (), (31.0, 33.0, 35.0))

    assert chosen.start_s <= 31.0
    assert chosen.end_s > 35.0


def test_the_first_of_equals_is_chosen() -> None:
    assert best(60.0, [-20.0] * 600, ()) == Segment(0.0, 20.0)


@given(
    st.floats(BEST_S, 600),
    st.lists(st.floats(-120, 0), max_size=700),
    st.lists(st.floats(0, 600), max_size=20),
)
def test_a_choice_lies_within_the_source(duration_s: float, loudness: list[float], cuts: list[float]) -> None:
    chosen = best(duration_s, loudness, cuts)

    assert 0 <= chosen.start_s < chosen.end_s <= duration_s
    assert chosen.length_s == pytest.approx(BEST_S)
