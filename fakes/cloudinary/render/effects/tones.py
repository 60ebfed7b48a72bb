"""Effects on brightness, contrast and the strength of colours.

Source: cloudinary.com/documentation/transformation_reference (e_...). How strong a value is, is a guess where
the reference gives only its range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.render.effects.arguments import Arguments, Effect, Qualifiers, on_color

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Pixels = np.ndarray[Any, np.dtype[np.float32]]

_BAND_PX = 1 << 20
_SEPIA = (0.393, 0.769, 0.189, 0, 0.349, 0.686, 0.168, 0, 0.272, 0.534, 0.131, 0)


def by_table(image: Image, change: Callable[[float], float]) -> Image:
    """Map the value of each channel, 0 to 255, to another."""
    table = [max(0, min(255, round(change(value)))) for value in range(256)]
    return on_color(image, lambda plain: plain.point(table * 3))


def in_bands(image: Image, change: Callable[[Pixels], Pixels]) -> Image:
    """Change the pixels of a picture in bands of rows, so that a large one needs little memory."""
    import numpy as np
    from PIL import Image as Pillow

    made = Pillow.new(image.mode, image.size)
    width, height = image.size
    rows = max(1, _BAND_PX // width)
    for top in range(0, height, rows):
        band = image.crop((0, top, width, min(height, top + rows)))
        pixels = change(np.asarray(band, dtype=np.float32))
        made.paste(Pillow.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8), image.mode), (0, top))
    return made


def blend(image: Image, changed: Image, percent: float) -> Image:
    """A picture on its way to what it was changed to."""
    from PIL import Image as Pillow

    return Pillow.blend(image, changed, percent / 100)


def _grayscale(image: Image, _arguments: Arguments, _beside: Qualifiers) -> Image:
    return on_color(image, lambda plain: plain.convert("L").convert("RGB"))


def _sepia(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    level = arguments.number(0, 80, 1, 100)
    return on_color(image, lambda plain: blend(plain, plain.convert("RGB", _SEPIA), level))


def _negate(image: Image, _arguments: Arguments, _beside: Qualifiers) -> Image:
    return by_table(image, lambda value: 255 - value)


def _blackwhite(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    edge = 255 * arguments.number(0, 50, 0, 100) / 100
    return on_color(
        image, lambda plain: plain.convert("L").point(lambda value: 255 * (value >= edge)).convert("RGB")
    )


def _brightness(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    factor = 1 + arguments.number(0, 80, -99, 100) / 100
    return by_table(image, lambda value: value * factor)


def _brightness_hsb(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    shift = 255 * arguments.number(0, 80, -99, 100) / 100
    return _in_hsv(image, 2, lambda value: value + shift)


def _contrast(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    level = arguments.named("level")
    first = Arguments((level,)) if level is not None else arguments
    factor = 1 + first.number(0, 0, -100, 100) / 100
    return by_table(image, lambda value: (value - 128) * factor + 128)


def _saturation(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    from PIL import ImageEnhance

    factor = 1 + arguments.number(0, 80, -100, 100) / 100
    return on_color(image, lambda plain: ImageEnhance.Color(plain).enhance(factor))


def _vibrance(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    level = arguments.number(0, 20, -100, 100) / 100

    def change(pixels: Pixels) -> Pixels:
        most = pixels.max(axis=2, keepdims=True)
        mean = pixels.mean(axis=2, keepdims=True)
        # What has little colour gets more of it than what has much.
        strength = level * (1 - (most - pixels.min(axis=2, keepdims=True)) / 255)
        made: Pixels = mean + (pixels - mean) * (1 + strength)
        return made

    return on_color(image, lambda plain: in_bands(plain, change))


def _hue(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    shift = round(arguments.number(0, 80, -100, 100) / 100 * 128)
    return _in_hsv(image, 0, lambda value: (value + shift) % 256)


def _in_hsv(image: Image, channel: int, change: Callable[[float], float]) -> Image:
    from PIL import Image as Pillow

    table = [max(0, min(255, round(change(value)))) for value in range(256)]

    def shift(plain: Image) -> Image:
        bands = list(plain.convert("HSV").split())
        bands[channel] = bands[channel].point(table)
        return Pillow.merge("HSV", bands).convert("RGB")

    return on_color(image, shift)


def _gamma(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    exponent = 1 / (1 + arguments.number(0, 0, -50, 150) / 100)
    return by_table(image, lambda value: 255 * (value / 255) ** exponent)


def _channel(index: int) -> Effect:
    def change(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
        factor = 1 + arguments.number(0, 0, -100, 100) / 100
        plain = [min(255, value) for value in range(256)]
        raised = [max(0, min(255, round(value * factor))) for value in range(256)]
        tables = [*(plain * index), *raised, *(plain * (2 - index))]
        return on_color(image, lambda one: one.point(tables))

    return change


def _automatic(correct: Callable[[Image], Image]) -> Effect:
    def change(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
        level = arguments.number(0, 100, 0, 100)
        return on_color(image, lambda plain: blend(plain, correct(plain), level))

    return change


def _stretched(plain: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.autocontrast(plain, cutoff=0.5, preserve_tone=True)


def _balanced(plain: Image) -> Image:
    from PIL import ImageOps

    return ImageOps.autocontrast(plain, cutoff=0.5)


def _brightened(plain: Image) -> Image:
    from PIL import ImageStat

    mean = ImageStat.Stat(plain.convert("L")).mean[0] / 255
    if not 0.02 < mean < 0.98:
        return plain
    exponent = math.log(0.5) / math.log(mean)
    return by_table(plain, lambda value: 255 * (value / 255) ** exponent)


def _improve(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    mode = arguments.text(0, "outdoor")
    level = (
        arguments.number(1, 100, 0, 100)
        if mode in ("indoor", "outdoor")
        else arguments.number(0, 100, 0, 100)
    )
    correct = _balanced if mode == "indoor" else _stretched
    return on_color(image, lambda plain: blend(plain, correct(plain), level))


def _fill_light(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    level = arguments.number(0, 100, 0, 100) / 100
    bias = arguments.number(1, 0, -100, 100) / 100

    def lit(value: float) -> float:
        shade = value / 255
        return 255 * (shade + level * (0.5 + bias / 2) * shade * (1 - shade) ** 2 * 2)

    return by_table(image, lit)


EFFECTS: Mapping[str, Effect] = {
    "grayscale": _grayscale,
    "sepia": _sepia,
    "negate": _negate,
    "blackwhite": _blackwhite,
    "brightness": _brightness,
    "brightness_hsb": _brightness_hsb,
    "contrast": _contrast,
    "saturation": _saturation,
    "vibrance": _vibrance,
    "hue": _hue,
    "gamma": _gamma,
    "red": _channel(0),
    "green": _channel(1),
    "blue": _channel(2),
    "auto_brightness": _automatic(_brightened),
    "auto_color": _automatic(_balanced),
    "auto_contrast": _automatic(_stretched),
    "improve": _improve,
    "fill_light": _fill_light,
}
