"""Turns width, height, crop and gravity into steps on pixels, the same for images and videos. Pure.

Source: cloudinary.com/documentation/resizing_and_cropping.
"""

from dataclasses import dataclass

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.media import IMAGE_LIMIT_PX
from fakes.cloudinary.transformation import Component, Share
from fakes.cloudinary.transformation.values import COMPASS, PADDING


@dataclass(frozen=True, slots=True)
class Scale:
    """Resize to this size in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Keep this rectangle; `x` and `y` are its upper left corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Frame:
    """Put the picture at `x`, `y` on a canvas of this size."""

    x: int
    y: int
    width: int
    height: int


Step = Scale | Cut | Frame


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


def steps(component: Component, size: Size, *, multiple: int = 1) -> tuple[Step, ...]:
    """What to do with a picture.

    Args:
        component: Where the wishes come from.
        size: Of the picture as it is.
        multiple: Sizes are rounded down to multiples of this; video wants 2.

    Raises:
        ProviderError: The result would have too many pixels (400).
    """
    box = _box(component, size)
    if box is None:
        return ()
    box = Size(_rounded(box.width, multiple), _rounded(box.height, multiple))
    pixels = box.width * box.height
    if pixels > IMAGE_LIMIT_PX:
        limit = IMAGE_LIMIT_PX // 1_000_000
        raise transformation_refused(
            f"Maximum image size is {limit} Megapixels. Requested {pixels / 1e6:.2f} Megapixels"
        )
    found: list[Step] = []
    for step in _plan(component, size, box, multiple):
        before = final_size(tuple(found), size)
        if (step.width, step.height) != (before.width, before.height):
            found.append(step)
    return tuple(found)


def final_size(plan: tuple[Step, ...], size: Size) -> Size:
    """The size after all steps."""
    return Size(plan[-1].width, plan[-1].height) if plan else size


def offset(wish: int | Share, whole: int) -> int:
    """A distance in pixels."""
    return round(wish.of_one * whole) if isinstance(wish, Share) else wish


def _plan(component: Component, size: Size, box: Size, multiple: int) -> list[Step]:
    crop = component.crop or "scale"
    ratio = min(box.width / size.width, box.height / size.height)
    cover = max(box.width / size.width, box.height / size.height)
    match crop:
        case "scale":
            return [Scale(box.width, box.height)]
        case "fit":
            return [_scaled(size, ratio, multiple)]
        case "limit":
            return [_scaled(size, min(1.0, ratio), multiple)]
        case "mfit":
            return [_scaled(size, max(1.0, ratio), multiple)]
        case "crop":
            return [_cut(component, size, box, multiple)]
        case "pad" | "lpad" | "mpad":
            if crop == "mpad" and (size.width >= box.width or size.height >= box.height):
                return []
            inner = _scaled(size, min(1.0, ratio) if crop == "lpad" else ratio, multiple)
            return [inner, _framed(component, inner, box)]
        case _:
            enlarged = _scaled(size, min(1.0, cover) if crop == "lfill" else cover, multiple)
            inner = Scale(max(enlarged.width, 1), max(enlarged.height, 1))
            if crop != "lfill":
                inner = Scale(max(inner.width, box.width), max(inner.height, box.height))
            return [inner, _cut(component, Size(inner.width, inner.height), box, multiple)]


def _box(component: Component, size: Size) -> Size | None:
    width = _pixels(component.width, size.width)
    height = _pixels(component.height, size.height)
    aspect = component.aspect
    if aspect is not None and width is None and height is None:
        by_height = (round(size.height * aspect), size.height)
        by_width = (size.width, round(size.width / aspect))
        choose = max if component.crop in PADDING else min
        width, height = choose(by_height, by_width)
    elif aspect is not None and height is None and width is not None:
        height = round(width / aspect)
    elif aspect is not None and width is None and height is not None:
        width = round(height * aspect)
    if width is None and height is None:
        return None
    if component.crop == "crop":
        return Size(width or size.width, height or size.height)
    if width is None:
        assert height is not None
        return Size(max(1, round(size.width * height / size.height)), height)
    if height is None:
        return Size(width, max(1, round(size.height * width / size.width)))
    return Size(max(1, width), max(1, height))


def _pixels(wish: int | Share | None, whole: int) -> int | None:
    return max(1, round(wish.of_one * whole)) if isinstance(wish, Share) else wish


def _scaled(size: Size, ratio: float, multiple: int) -> Scale:
    if ratio == 1.0:
        return Scale(size.width, size.height)
    width, height = round(size.width * ratio), round(size.height * ratio)
    return Scale(_rounded(width, multiple), _rounded(height, multiple))


def _cut(component: Component, size: Size, box: Size, multiple: int) -> Cut:
    width, height = min(box.width, size.width), min(box.height, size.height)
    width, height = _rounded(width, multiple), _rounded(height, multiple)
    x, y = offset(component.x, size.width), offset(component.y, size.height)
    if component.gravity == "xy_center":
        left, top = x - width // 2, y - height // 2
    else:
        default = "north_west" if (x or y) and component.crop == "crop" else "center"
        part_x, part_y = COMPASS.get(component.gravity or default, COMPASS["center"])
        left = round((size.width - width) * part_x) + (x if part_x < 1 else -x)
        top = round((size.height - height) * part_y) + (y if part_y < 1 else -y)
    return Cut(_within(left, size.width - width), _within(top, size.height - height), width, height)


def _framed(component: Component, inner: Scale, box: Size) -> Frame:
    part_x, part_y = COMPASS.get(component.gravity or "center", COMPASS["center"])
    width, height = max(box.width, inner.width), max(box.height, inner.height)
    x, y = offset(component.x, width), offset(component.y, height)
    left = round((width - inner.width) * part_x) + (x if part_x < 1 else -x)
    top = round((height - inner.height) * part_y) + (y if part_y < 1 else -y)
    return Frame(_within(left, width - inner.width), _within(top, height - inner.height), width, height)


def _within(value: int, most: int) -> int:
    return max(0, min(value, most))


def _rounded(value: int, multiple: int) -> int:
    return max(multiple, value - value % multiple)
