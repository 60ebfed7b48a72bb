from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipnet.worker.errors import Permanent
from clipnet.worker.frame import Frame, frame_rate, plan_frame

ONE = Fraction(1)


def test_a_wide_picture_loses_its_sides() -> None:
    assert plan_frame(1920, 1080, ONE, max_height=1920) == Frame(1920, 1080, 606, 1080, 606, 1080)


def test_an_upright_picture_that_is_too_large_is_scaled_down() -> None:
    assert plan_frame(2160, 3840, ONE, max_height=1920) == Frame(2160, 3840, 2160, 3840, 1080, 1920)


def test_pixels_that_are_not_square_are_squared_by_shrinking() -> None:
    assert plan_frame(720, 576, Fraction(16, 15), max_height=1920).display_height == 540


def test_a_picture_of_a_few_pixels_is_refused() -> None:
    with pytest.raises(Permanent, match="8 x 100 pixels; at least 16"):
        plan_frame(8, 100, ONE, max_height=1920)


@given(st.integers(16, 8000), st.integers(16, 8000), st.integers(64, 3840))
def test_a_plan_is_even_upright_and_never_larger_than_its_source(width: int, height: int, most: int) -> None:
    frame = plan_frame(width, height, ONE, max_height=most)

    assert all(side % 2 == 0 for side in (frame.crop_width, frame.crop_height, frame.width, frame.height))
    assert frame.width <= frame.crop_width <= width
    assert frame.height <= min(frame.crop_height, most)
    assert frame.crop_height <= height
    assert abs(frame.crop_width - frame.crop_height * 9 / 16) <= 3


@pytest.mark.parametrize(
    ("average", "constant"),
    [
        (None, Fraction(30)),
        (Fraction(12), Fraction(30)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (Fraction(240), Fraction(60)),
    ],
)
def test_the_rate_is_one_that_every_platform_takes(average: Fraction | None, constant: Fraction) -> None:
    assert frame_rate(average) == constant
