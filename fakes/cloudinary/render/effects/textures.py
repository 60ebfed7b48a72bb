"""Effects that look at the neighbourhood of each pixel: blur, sharpness, mosaics, paint.

Source: cloudinary.com/documentation/transformation_reference (e_...).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fakes.cloudinary.render.effects.arguments import (
    Arguments,
    Box,
    Effect,
    Qualifiers,
    on_color,
    on_region,
    widened,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFilter import Filter

# Slow filters work on at most this many pixels; the result is enlarged.
_SLOW_LIMIT_PX = 1 << 20
_MOST_RADIUS = 20
_PAINTS = 64  # guess: how many colours a painter has
_STRIP_PX = 32


def blurred(image: Image, strength: float) -> Image:
    """Blur as `e_blur` does; also under transparency, so that edges do not darken."""
    from PIL import ImageFilter

    return image.filter(ImageFilter.GaussianBlur(strength / 50))


def pixelated(image: Image, side_px: int) -> Image:
    """Squares of one colour each."""
    from PIL import Image as Pillow

    width, height = image.size
    few = (max(1, round(width / side_px)), max(1, round(height / side_px)))
    return image.resize(few, Pillow.Resampling.BOX).resize((width, height), Pillow.Resampling.NEAREST)


def _blur(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    return blurred(image, arguments.number(0, 100, 1, 2000))


def _blur_region(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    strength = arguments.number(0, 100, 1, 2000)
    return on_region(image, _region(image, beside), lambda part: blurred(part, strength))


def _blur_faces(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    strength = arguments.number(0, 500, 1, 2000)
    return _on_faces(image, beside, lambda part: blurred(part, strength))


def _pixelate(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    return pixelated(image, _square(image, arguments))


def _pixelate_region(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    side_px = _square(image, arguments)
    return on_region(image, _region(image, beside), lambda part: pixelated(part, side_px))


def _pixelate_faces(image: Image, arguments: Arguments, beside: Qualifiers) -> Image:
    return _on_faces(image, beside, lambda part: pixelated(part, _square(part, arguments)))


def _square(image: Image, arguments: Arguments) -> int:
    automatic = max(2, max(image.size) // 20)
    return round(arguments.number(0, automatic, 1, 200)) if arguments.text(0) else automatic


def _region(image: Image, beside: Qualifiers) -> Box:
    left, top = beside.x or 0, beside.y or 0
    return left, top, beside.width or image.size[0] - left, beside.height or image.size[1] - top


def _on_faces(image: Image, beside: Qualifiers, change: Callable[[Image], Image]) -> Image:
    for face in beside.faces(image):
        image = on_region(image, face, change)
    return image


def _redeye(image: Image, _arguments: Arguments, beside: Qualifiers) -> Image:
    return _on_faces(image, beside, _without_red)


def _without_red(part: Image) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops

    red, green, blue = part.convert("RGB").split()
    calm = ImageChops.lighter(green, blue)
    is_glowing = ImageChops.subtract(red, calm).point(lambda value: 255 * (value > 100))
    return Pillow.merge("RGB", (Pillow.composite(calm, red, is_glowing), green, blue))


def _sharpen(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    from PIL import ImageFilter

    percent = round(arguments.number(0, 100, 1, 2000))
    return on_color(image, lambda plain: plain.filter(ImageFilter.UnsharpMask(radius=1, percent=percent)))


def _unsharp_mask(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    from PIL import ImageFilter

    percent = round(arguments.number(0, 100, 1, 2000))
    return on_color(image, lambda plain: plain.filter(ImageFilter.UnsharpMask(radius=2, percent=percent)))


def _vignette(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    from PIL import Image as Pillow

    strength = arguments.number(0, 20, 0, 100) / 100
    # 0 in the middle, 255 where the inner circle of the square ends, beyond which it stays.
    rings = Pillow.radial_gradient("L").resize(image.size, Pillow.Resampling.BILINEAR)
    bright = rings.point(lambda value: round(255 * (1 - strength * max(0.0, value / 255 - 0.3) / 0.7)))
    return on_color(image, lambda plain: Pillow.composite(plain, Pillow.new("RGB", plain.size), bright))


def _oil_paint(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    side_px = 2 * max(1, round(arguments.number(0, 30, 0, 100) / 10)) + 1
    return on_color(image, lambda plain: _on_small(plain, lambda one: _painted(one, side_px)))


def _painted(plain: Image, side_px: int) -> Image:
    """Each pixel in the colour that is most frequent around it, out of a few colours."""
    from PIL import Image as Pillow
    from PIL import ImageFilter

    few = plain.quantize(_PAINTS)
    numbers = Pillow.frombytes("L", few.size, few.tobytes())
    made = _in_strips(numbers, ImageFilter.ModeFilter(side_px), side_px)
    made.putpalette(few.getpalette() or [])
    return made.convert("RGB")


def _morphology(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    """Spread what is bright or what is dark, or mix neighbours; kernels of every shape are squares here."""
    from PIL import ImageChops, ImageFilter

    method = arguments.named("method") or "erode"
    count = int(arguments.named("iterations") or 1)
    radius = float(arguments.named("radius") or 2)
    if not 1 <= count <= 5 or not 0 < radius <= _MOST_RADIUS or method not in ("dilate", "erode", "convolve"):
        raise ValueError(method)
    radius_px = count * max(1, round(radius))  # a few small squares make a large one

    def worked(plain: Image) -> Image:
        if method != "convolve":
            return widened(plain, radius_px, ImageChops.lighter if method == "dilate" else ImageChops.darker)
        for _ in range(count):
            plain = plain.filter(ImageFilter.BoxBlur(radius))
        return plain

    return on_color(image, lambda plain: _on_small(plain, worked))


def _cartoonify(image: Image, arguments: Arguments, _beside: Qualifiers) -> Image:
    strength = arguments.number(0, 50, 0, 100)
    reduction = arguments.text(1)
    is_grey = reduction == "bw"
    bits = 4 if is_grey or not reduction else max(1, 8 - round(arguments.number(1, 50, 0, 100) / 14))

    def drawn(plain: Image) -> Image:
        from PIL import ImageChops, ImageFilter, ImageOps

        grey = plain.convert("L")
        lines = _in_strips(grey, ImageFilter.MedianFilter(3), 3).filter(ImageFilter.FIND_EDGES)
        edge = 255 * (1 - strength / 100) * 0.4
        ink = lines.point(lambda value: 0 if strength and value > edge else 255).convert("RGB")
        flat = ImageOps.posterize(plain.filter(ImageFilter.MedianFilter(5)), bits)
        if is_grey:
            flat = grey.point(lambda value: 255 * (value >= 128)).convert("RGB")
        return ImageChops.multiply(flat, ink)

    return on_color(image, lambda plain: _on_small(plain, drawn))


def _in_strips(plain: Image, filter_: Filter, side_px: int) -> Image:
    """Filter some rows after the others, for filters that let nobody else work meanwhile."""
    made, (width, height) = plain.copy(), plain.size
    for top in range(0, height, _STRIP_PX):
        begin, bottom = max(0, top - side_px), min(height, top + _STRIP_PX)
        strip = plain.crop((0, begin, width, min(height, bottom + side_px))).filter(filter_)
        made.paste(strip.crop((0, top - begin, width, bottom - begin)), (0, top))
    return made


def _on_small(plain: Image, change: Callable[[Image], Image]) -> Image:
    """Work on a reduced copy when the picture is large."""
    width, height = plain.size
    if width * height <= _SLOW_LIMIT_PX:
        return change(plain)
    share = (_SLOW_LIMIT_PX / (width * height)) ** 0.5
    reduced = plain.resize((max(1, int(width * share)), max(1, int(height * share))))
    return change(reduced).resize((width, height))


EFFECTS: Mapping[str, Effect] = {
    "blur": _blur,
    "blur_region": _blur_region,
    "blur_faces": _blur_faces,
    "pixelate": _pixelate,
    "pixelate_region": _pixelate_region,
    "pixelate_faces": _pixelate_faces,
    "redeye": _redeye,
    "sharpen": _sharpen,
    "unsharp_mask": _unsharp_mask,
    "vignette": _vignette,
    "oil_paint": _oil_paint,
    "cartoonify": _cartoonify,
    "morphology": _morphology,
}
