"""The shape of the finished picture: upright 9:16, never larger than its source. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from clipnet.worker.errors import Permanent

SMALLEST_PX: Final = 16
_HIGHEST_FPS: Final = Fraction(60)
_LOWEST_FPS: Final = Fraction(23)


@dataclass(frozen=True, slots=True)
class Frame:
    """Square the pixels to `display_*`, cut `crop_*` from the middle, scale to `width` x `height`."""

    display_width: int
    display_height: int
    crop_width: int
    crop_height: int
    width: int
    height: int


def plan_frame(width: int, height: int, pixel_aspect: Fraction, *, max_height: int) -> Frame:
    """Return the largest 9:16 part of a picture as it is shown (after rotation), scaled down where too high.

    Raises:
        Permanent: The picture is smaller than `SMALLEST_PX` on one side.
    """
    wide, high = _squared(width, height, pixel_aspect)
    if min(wide, high) < SMALLEST_PX:
        raise Permanent(
            "too_small", f"the picture is {wide} x {high} pixels; at least {SMALLEST_PX} are needed"
        )

    crop_width, crop_height = min(wide, high * 9 / 16), min(high, wide * 16 / 9)
    shrink = min(1.0, max_height / crop_height)
    return Frame(
        wide,
        high,
        _even(crop_width),
        _even(crop_height),
        _even(crop_width * shrink),
        _even(crop_height * shrink),
    )


def frame_rate(average_fps: Fraction | None) -> Fraction:
    """Return the constant rate to encode at: the source's own, held within what every platform takes."""
    if average_fps is None or average_fps <= 0:
        return Fraction(30)
    return Fraction(30) if average_fps < _LOWEST_FPS else min(average_fps, _HIGHEST_FPS)


def _squared(width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Make the pixels square by shrinking one side, never by stretching the other."""
    if pixel_aspect <= 0 or pixel_aspect == 1:
        return width, height
    if pixel_aspect > 1:
        return width, round(height / pixel_aspect)
    return round(width * pixel_aspect), height


def _even(length: float) -> int:
    return max(2, int(length + 1e-6) // 2 * 2)
