"""Turns width, height, crop and gravity into steps on pixels, the same for images and videos. Pure.

Source: cloudinary.com/documentation/resizing_and_cropping.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fakes.cloudinary.media import check_pixels
from fakes.cloudinary.transformation import Component, Share
from fakes.cloudinary.transformation.gravities import COMPASS
from fakes.cloudinary.transformation.values import PADDING


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
# guess: how much of what surrounds a face a thumbnail shows, and how much a crop has to keep
_THUMBNAIL_ROOM = 1.5
_LEAST_KEPT = 0.7


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Box:
    """A region of a picture in pixels."""

    x: int
    y: int
    width: int
    height: int


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of them."""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right = max(box.x + box.width for box in boxes)
    return Box(left, top, right - left, max(box.y + box.height for box in boxes) - top)


class Focus(Protocol):
    """Somebody who looks at the picture for gravities that depend on what it shows."""

    def boxes(self, kind: str) -> Sequence[Box]:
        """The `faces` or `custom` regions, the largest first; none when nothing is known of them."""
        ...

    def window(self, width_share: float, height_share: float) -> tuple[float, float, float]:
        """The upper left corner of the best window of this size, and how much worth seeing it holds.

        All of it in shares of the picture.
        """
        ...


def steps(
    component: Component, size: Size, *, multiple: int = 1, focus: Focus | None = None
) -> tuple[Step, ...]:
    """What to do with a picture.

    Args:
        component: Where the wishes come from.
        size: Of the picture as it is.
        multiple: Sizes are rounded down to multiples of this; video wants 2.
        focus: Looks at the picture; without it nothing is found there, and the sizes are the same.

    Raises:
        ProviderError: The result would have too many pixels (400).
    """
    box = _box(component, size)
    if box is None:
        return _whole_region(component, size, focus)
    box = Size(_rounded(box.width, multiple), _rounded(box.height, multiple))
    check_pixels(box.width, box.height)
    found: list[Step] = []
    for step in _plan(_Wish(component, focus, multiple), size, box):
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


def corner(point: tuple[float, float], free_px: tuple[int, int], away_px: tuple[int, int]) -> tuple[int, int]:
    """The upper left corner of what is put into something larger, or of the part that is cut out of it.

    Args:
        point: Of the compass.
        free_px: How much wider and higher the larger one is.
        away_px: How far away from the side of that point, or from the middle to the right and down.
    """
    (left, top), (x, y) = (round(free * part) for free, part in zip(free_px, point, strict=True)), away_px
    return left + (x if point[0] < 1 else -x), top + (y if point[1] < 1 else -y)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A component, who looks at the picture for it, and what sizes are multiples of."""

    component: Component
    focus: Focus | None
    multiple: int

    def boxes(self) -> Sequence[Box]:
        """The regions that the gravity is about: the largest face or all of them, what a client marked."""
        head, _, rest = (self.component.gravity or "").partition(":")
        if head == "auto" and not {"none", "custom_no_override"} & set(rest.split(":")):
            head = "custom"
        if self.focus is None or head not in ("face", "faces", "custom"):
            return ()
        found = self.focus.boxes("custom" if head == "custom" else "faces")
        if head == "custom" and not found and rest.startswith("face"):
            found = self.focus.boxes("faces")
            return found if rest == "faces" else found[:1]
        return found if head == "faces" else sorted(found, key=_negative_area)[:1]

    def looks_for_itself(self) -> bool:
        """Whether nothing is said about the place, so that it is to be chosen by what is shown."""
        gravity = self.component.gravity or ""
        return gravity.startswith(("auto", "liquid")) or gravity in ("face:auto", "faces:auto", "custom:auto")

    def position(self) -> tuple[float, float]:
        """Where on the compass the gravity points; content that was not found has its place there, too."""
        component = self.component
        gravity = component.gravity or ""
        if gravity in COMPASS:
            return COMPASS[gravity]
        if gravity in ("face", "faces", "custom:face", "custom:faces"):
            return COMPASS["north"]
        is_corner = not gravity and component.crop == "crop" and (component.x or component.y)
        return COMPASS["north_west" if is_corner else "center"]


def _negative_area(box: Box) -> int:
    return -box.width * box.height


def _whole_region(component: Component, size: Size, focus: Focus | None) -> tuple[Step, ...]:
    """`c_crop,g_face` without a size: just the region, or more of it when the zoom is below 1."""
    boxes = _Wish(component, focus, 1).boxes()
    if component.crop not in ("crop", "thumb") or not boxes:
        return ()
    box = around(boxes)
    zoom = component.zoom or 1.0
    return (_cut_around(box, Size(round(box.width / zoom), round(box.height / zoom)), size),)


def _plan(wish: _Wish, size: Size, box: Size) -> list[Step]:
    crop = wish.component.crop or "scale"
    multiple = wish.multiple
    ratio = min(box.width / size.width, box.height / size.height)
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
            return _cropped(wish, size, box)
        case "pad" | "lpad":
            inner = _scaled(size, min(1.0, ratio) if crop == "lpad" else ratio, multiple)
            return [inner, _framed(wish.component, inner, box)]
        case "mpad":
            if size.width >= box.width and size.height >= box.height:
                return []
            return [_framed(wish.component, Scale(size.width, size.height), box)]
        case "auto_pad" | "fill_pad" if _would_lose(wish, size, box):
            inner = _scaled(size, ratio, multiple)
            return [inner, _framed(wish.component, inner, box)]
        case "thumb" if wish.boxes():
            return _thumbnail(wish, size, box)
    return _filled(wish, size, box)


def _filled(wish: _Wish, size: Size, box: Size) -> list[Step]:
    """Cover the box and cut off what is beyond; `lfill` does not enlarge."""
    is_limited = wish.component.crop == "lfill"
    cover = max(box.width / size.width, box.height / size.height)
    enlarged = _scaled(size, min(1.0, cover) if is_limited else cover, wish.multiple)
    inner = Scale(max(enlarged.width, 1), max(enlarged.height, 1))
    if not is_limited:
        inner = Scale(max(inner.width, box.width), max(inner.height, box.height))
    scaled = Size(inner.width, inner.height)
    return [inner, _cut(wish, scaled, box, by=(inner.width / size.width, inner.height / size.height))]


def _cropped(wish: _Wish, size: Size, box: Size) -> list[Step]:
    zoom = wish.component.zoom
    if zoom is None or not wish.boxes():
        return [_cut(wish, size, box)]
    part = Size(max(1, round(box.width / zoom)), max(1, round(box.height / zoom)))
    return [_cut(wish, size, part), Scale(box.width, box.height)]


def _thumbnail(wish: _Wish, size: Size, box: Size) -> list[Step]:
    """The region with some room around it, in the shape of the box, made as large as the box."""
    region = around(wish.boxes())
    room = _THUMBNAIL_ROOM / (wish.component.zoom or 1.0)
    ratio = box.width / box.height
    width = max(region.width * room, region.height * room * ratio)
    shrink = min(1.0, size.width / width, size.height * ratio / width)
    width = max(1.0, width * shrink)
    part = Size(max(1, round(width)), max(1, round(width / ratio)))
    return [_cut_around(region, part, size), Scale(box.width, box.height)]


def _would_lose(wish: _Wish, size: Size, box: Size) -> bool:
    """Whether cutting to the shape of the box would lose too much of what is worth seeing."""
    cover = max(box.width / size.width, box.height / size.height)
    shares = (min(1.0, box.width / (size.width * cover)), min(1.0, box.height / (size.height * cover)))
    if wish.focus is None:
        return shares[0] * shares[1] < _LEAST_KEPT
    return wish.focus.window(*shares)[2] < _LEAST_KEPT


def _box(component: Component, size: Size) -> Size | None:
    dpr = component.dpr or 1.0
    width = _pixels(component.width, size.width, dpr)
    height = _pixels(component.height, size.height, dpr)
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


def _pixels(wish: int | Share | None, whole: int, dpr: float) -> int | None:
    if wish is None:
        return None
    return max(1, round((wish.of_one * whole if isinstance(wish, Share) else wish) * dpr))


def _scaled(size: Size, ratio: float, multiple: int) -> Scale:
    if ratio == 1.0:
        return Scale(size.width, size.height)
    width, height = round(size.width * ratio), round(size.height * ratio)
    return Scale(_rounded(width, multiple), _rounded(height, multiple))


def _cut(wish: _Wish, size: Size, box: Size, by: tuple[float, float] = (1.0, 1.0)) -> Cut:
    """The rectangle to keep.

    Args:
        wish: Says where it is.
        size: Of the picture that is cut.
        box: How large the rectangle is to be.
        by: How much the picture that was looked at has grown since.
    """
    width, height = min(box.width, size.width), min(box.height, size.height)
    width, height = _rounded(width, wish.multiple), _rounded(height, wish.multiple)
    component = wish.component
    x, y = offset(component.x, size.width), offset(component.y, size.height)
    boxes = wish.boxes()
    if boxes:
        region = around(boxes)
        left = round((region.x + region.width / 2) * by[0] - width / 2) + x
        top = round((region.y + region.height / 2) * by[1] - height / 2) + y
    elif component.gravity == "xy_center":
        left, top = x - width // 2, y - height // 2
    elif wish.focus is not None and wish.looks_for_itself():
        share_x, share_y, _ = wish.focus.window(width / size.width, height / size.height)
        left, top = round(share_x * size.width) + x, round(share_y * size.height) + y
    else:
        left, top = corner(wish.position(), (size.width - width, size.height - height), (x, y))
    return Cut(_within(left, size.width - width), _within(top, size.height - height), width, height)


def _cut_around(region: Box, part: Size, size: Size) -> Cut:
    """A rectangle with the region in its middle, as far as the picture goes."""
    width, height = max(1, min(part.width, size.width)), max(1, min(part.height, size.height))
    left = region.x + (region.width - width) // 2
    top = region.y + (region.height - height) // 2
    return Cut(_within(left, size.width - width), _within(top, size.height - height), width, height)


def _framed(component: Component, inner: Scale, box: Size) -> Frame:
    point = COMPASS.get(component.gravity or "center", COMPASS["center"])
    width, height = max(box.width, inner.width), max(box.height, inner.height)
    away_px = (offset(component.x, width), offset(component.y, height))
    left, top = corner(point, (width - inner.width, height - inner.height), away_px)
    return Frame(_within(left, width - inner.width), _within(top, height - inner.height), width, height)


def _within(value: int, most: int) -> int:
    return max(0, min(value, most))


def _rounded(value: int, multiple: int) -> int:
    return max(multiple, value - value % multiple)
