"""Which frames of an animation are shown, in which order, for how long, and how bright.

Source: cloudinary.com/documentation/animated_images, transformation_reference (e_fade, e_loop, dl...).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.errors import too_many_pixels_in_all, transformation_refused
from fakes.cloudinary.media import ALL_PAGES_LIMIT_PX
from fakes.cloudinary.render.images import files
from fakes.cloudinary.transformation import Component, PlainStep, Plan

if TYPE_CHECKING:
    from PIL.Image import Image

TIMING = frozenset({"boomerang", "fade", "loop"})
"""Effects that are about the frames as a row, not about the pixels of each."""
_MOVING = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
_ALWAYS_MOVING = frozenset({"gif", "webp"})
_DEFAULT_FADE_MS = 1000


@dataclass(frozen=True, slots=True)
class Reel:
    """The frames to write.

    Attributes:
        numbers: Of the frames of the source, in the order in which they are shown; one for a still picture.
        durations_ms: How long each is shown; none for a still picture.
        lights: How bright each is, 0 to 1.
        loops: How often it is played; 0 is for ever.
    """

    numbers: tuple[int, ...] = (0,)
    durations_ms: tuple[int, ...] = ()
    lights: tuple[float, ...] = (1.0,)
    loops: int = 0

    @property
    def is_moving(self) -> bool:
        """Whether there is more than one frame."""
        return len(self.numbers) > 1


def reel(image: Any, format_name: str, asked: Plan) -> Reel:
    """What to show of a picture in a format.

    Raises:
        ProviderError: There are too many pixels in all frames (400).
    """
    count = _frame_count(image, format_name, asked)
    if count == 1:
        return Reel()
    numbers = tuple(range(count))
    if _effects(asked, "boomerang"):
        numbers += numbers[::-1]
    pixels = image.size[0] * image.size[1] * len(numbers)
    if pixels > ALL_PAGES_LIMIT_PX:
        raise too_many_pixels_in_all(pixels, ALL_PAGES_LIMIT_PX)
    delay_ms = asked.last("delay_ms")
    shown_ms = files.durations_ms(image, count)
    durations_ms = tuple(delay_ms or shown_ms[number] for number in numbers)
    return Reel(numbers, durations_ms, _lights(durations_ms, asked), _loops(asked, image.info.get("loop", 0)))


def frames(image: Any, shown: Reel) -> Iterator[Image]:
    """The frames of a picture in the order of a reel."""
    if not shown.is_moving:
        yield image
        return
    for number in shown.numbers:
        image.seek(number)
        yield image.copy()


def lit(made: Iterator[Image], shown: Reel) -> Iterator[Image]:
    """The frames as bright as a reel says."""
    from PIL import ImageEnhance

    for frame, light in zip(made, shown.lights, strict=True):
        yield frame if light == 1.0 else ImageEnhance.Brightness(frame).enhance(light)


def centered(steps: Sequence[PlainStep]) -> tuple[PlainStep, ...]:
    """Steps for an animation, in which nothing is looked for: every frame would have another place.

    Raises:
        ProviderError: Padding instead of a bad crop was asked for (400).
    """
    found: list[PlainStep] = []
    for step in steps:
        if isinstance(step, Component) and (step.gravity or "").startswith("auto"):
            if step.crop in ("fill_pad", "auto_pad"):
                raise transformation_refused(f"Invalid crop in transformation: {step.crop}")  # guess: wording
            step = replace(step, gravity="center")
        found.append(step)
    return tuple(found)


def _frame_count(image: Any, format_name: str, asked: Plan) -> int:
    """All frames of an animation when the format can hold them, unless one page is asked for."""
    if format_name not in files.ANIMATED or image.format not in _MOVING or asked.last("pages"):
        return 1
    is_wanted = asked.has("animated") or asked.has("apng") or image.format.lower() == format_name
    return int(getattr(image, "n_frames", 1)) if format_name in _ALWAYS_MOVING or is_wanted else 1


def _effects(asked: Plan, name: str) -> list[tuple[float, bool]]:
    """The values of an effect wherever it is asked for, and whether they were written."""
    found = [one.effect for one in asked.components if one.effect is not None and one.effect.name == name]
    return [(effect.value, bool(effect.arguments)) for effect in found]


def _loops(asked: Plan, present: int) -> int:
    for value, is_written in _effects(asked, "loop"):
        return int(value) if is_written else 0
    return present


def _lights(durations_ms: Sequence[int], asked: Plan) -> tuple[float, ...]:
    """How bright each frame is: fades in come first, fades out last."""
    lights = []
    whole_ms, at_ms = sum(durations_ms), 0
    fades = [value if is_written else _DEFAULT_FADE_MS for value, is_written in _effects(asked, "fade")]
    for duration_ms in durations_ms:
        light = 1.0
        for fade_ms in fades:
            gone_ms = at_ms if fade_ms > 0 else whole_ms - at_ms - duration_ms
            light *= min(1.0, gone_ms / abs(fade_ms)) if fade_ms else 1.0
        lights.append(light)
        at_ms += duration_ms
    return tuple(lights)
