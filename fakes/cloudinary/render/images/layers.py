"""Lays pictures and texts over or under a picture.

Source: cloudinary.com/documentation/layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.errors import not_emulated, transformation_refused
from fakes.cloudinary.media import check_pixels
from fakes.cloudinary.render import lettering
from fakes.cloudinary.render.effects import bending
from fakes.cloudinary.render.geometry import Box, Size, corner, offset
from fakes.cloudinary.render.images import canvas
from fakes.cloudinary.render.images.focus import Seen
from fakes.cloudinary.render.materials import Materials
from fakes.cloudinary.transformation import Component, Layer, PlainStep, Share
from fakes.cloudinary.transformation.gravities import COMPASS

if TYPE_CHECKING:
    from PIL.Image import Image

_TILES_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Studio:
    """What layers need from their surroundings.

    Attributes:
        materials: The files that they name.
        open: Opens such a file as a picture.
        run: Does steps to a picture.
    """

    materials: Materials
    open: Callable[[Any, Sequence[PlainStep]], Image]
    run: Callable[[Image, Sequence[PlainStep]], Image]


def combined(base: Image, layer: Layer, studio: Studio, seen: Seen) -> Image:
    """The picture with a layer; one for each face when its place are faces, and none where there are none.

    Raises:
        ProviderError: The layer cannot be made (400, 501).
    """
    for region in _regions(base, layer.placing, seen):
        base = _with_one(base, layer, studio, region)
    return base


def _regions(base: Image, placing: Component, seen: Seen) -> Sequence[Box]:
    """The regions of the base that the gravity names; all of it as one when it names a side."""
    head, _, rest = (placing.gravity or "").partition(":")
    if head not in ("face", "faces", "custom"):
        return (Box(0, 0, *base.size),)
    boxes = seen.boxes("custom" if head == "custom" else "faces")
    if head == "custom" and not boxes and rest.startswith("face"):
        head, boxes = rest, seen.boxes("faces")
    return boxes if head == "faces" else boxes[:1]


def _with_one(base: Image, layer: Layer, studio: Studio, region: Box) -> Image:
    made = picture(base, layer, studio, region).convert("RGBA")
    placing = layer.placing
    if placing.opacity is not None:
        made = canvas.faint(made, placing.opacity)
    for turn in placing.angle:
        made = canvas.turned(made, turn)
    if placing.has("tiled"):
        made = _tiled(made, base.size)
    if placing.has("cutter"):
        return _cut_out_by(base, made)
    if placing.effect is not None and placing.effect.name == "displace":
        return _displaced(base, made, placing)
    at = _place(base, made, placing, region)
    _check_overflow(base, made, at, layer)
    blending = placing.effect.name if placing.effect is not None else ""
    if layer.is_under:
        return _joined(made, base, (-at[0], -at[1]), "")
    if placing.has("no_overflow"):
        made, at = _clipped(made, at, base.size)
    return _joined(base, made, at, blending, placing)


def _check_overflow(base: Image, made: Image, at: tuple[int, int], layer: Layer) -> None:
    """`fl_text_disallow_overflow`: a text that goes beyond the base is refused."""
    steps = [step for step in layer.steps if isinstance(step, Component)]
    if not any(one.has("text_disallow_overflow") for one in (*steps, layer.placing)):
        return
    is_inside = at[0] + made.size[0] <= base.size[0] and at[1] + made.size[1] <= base.size[1]
    if min(at) < 0 or not is_inside:
        raise transformation_refused("Text overflows the base image")  # guess: wording


def picture(base: Image, layer: Layer, studio: Studio, region: Box) -> Image:
    """The layer alone, its own steps done.

    Args:
        base: What it is for.
        layer: The layer.
        studio: Where it gets its material from.
        region: The region of the base that its gravity names, in which shares may be counted.

    Raises:
        ProviderError: It cannot be made (400, 501).
    """
    source = layer.source
    steps = _relative(layer, base, region)
    if source.kind == "text" and source.text is not None:
        material = studio.materials.layers.get(source)
        model = material.asset.detail.get("text") if material is not None else None
        drawn, rest = lettering.layer(source, steps, studio.materials.fonts, model)
        return studio.run(drawn, rest)
    if source.kind not in ("image", "text"):
        raise not_emulated(f"layers of kind '{source.kind}' on images")
    material = studio.materials.layers.get(source)
    if material is None:
        raise transformation_refused(f"Resource not found - {source.name}")
    return studio.run(studio.open(material.path, steps), steps)


def _relative(layer: Layer, base: Image, region: Box) -> Sequence[PlainStep]:
    """The layer's steps, with shares of the base in pixels where `fl_relative` says so."""
    found: list[PlainStep] = []
    for step in layer.steps:
        if isinstance(step, Component):
            is_regional = step.has("region_relative") or layer.placing.has("region_relative")
            if is_regional or step.has("relative") or layer.placing.has("relative"):
                whole = region if is_regional else Box(0, 0, *base.size)
                step = replace(
                    step, width=_of(step.width, whole.width), height=_of(step.height, whole.height)
                )
        found.append(step)
    return found


def _of(wish: int | Share | None, whole: int) -> int | Share | None:
    return max(1, round(wish.of_one * whole)) if isinstance(wish, Share) else wish


def _place(base: Image, made: Image, placing: Component, region: Box) -> tuple[int, int]:
    """Where the layer's upper left corner goes, in pixels of the base."""
    width, height = base.size
    x, y = offset(placing.x, width), offset(placing.y, height)
    gravity = placing.gravity or "center"
    if gravity == "xy_center":
        return x - made.size[0] // 2, y - made.size[1] // 2
    if gravity not in COMPASS:
        left = region.x + (region.width - made.size[0]) // 2
        top = region.y + (region.height - made.size[1]) // 2
        return left + x, top + y
    return corner(COMPASS[gravity], (width - made.size[0], height - made.size[1]), (x, y))


def _joined(
    base: Image, over: Image, at: tuple[int, int], blending: str, placing: Component | None = None
) -> Image:
    """Two pictures as one that has room for both."""
    from PIL import Image as Pillow

    left, top = min(0, at[0]), min(0, at[1])
    right, bottom = max(base.size[0], at[0] + over.size[0]), max(base.size[1], at[1] + over.size[1])
    size = Size(right - left, bottom - top)
    check_pixels(size.width, size.height)
    is_opaque = base.mode == "RGB" and (size.width, size.height) == base.size
    below = Pillow.new("RGBA", (size.width, size.height))
    below.paste(base.convert("RGBA"), (-left, -top))
    above = Pillow.new("RGBA", (size.width, size.height))
    above.paste(over, (at[0] - left, at[1] - top))
    made = _blended(below, above, blending, placing)
    return made.convert("RGB") if is_opaque and blending not in ("mask", "cut_out") else made


def _blended(below: Image, above: Image, blending: str, placing: Component | None) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageChops

    mixes = {
        "multiply": ImageChops.multiply,
        "screen": ImageChops.screen,
        "overlay": ImageChops.overlay,
    }
    if blending in mixes:
        mixed = mixes[blending](below.convert("RGB"), above.convert("RGB")).convert("RGBA")
        mixed.putalpha(above.getchannel("A"))
        return Pillow.alpha_composite(below, mixed)
    if blending == "cut_out":
        below.putalpha(ImageChops.subtract(below.getchannel("A"), above.getchannel("A")))
        return below
    if blending == "mask":
        shown = ImageChops.multiply(above.convert("L"), above.getchannel("A"))
        below.putalpha(ImageChops.multiply(below.getchannel("A"), shown))
        return below
    if blending == "anti_removal":
        assert placing is not None
        assert placing.effect is not None
        # guess: how it is woven in; the level says how much is seen
        above = canvas.faint(above, round(100 - placing.effect.value / 4))
        return Pillow.alpha_composite(below, above)
    if blending:
        raise not_emulated(f"the effect {blending} of layers on images")
    return Pillow.alpha_composite(below, above)


def _cut_out_by(base: Image, mask: Image) -> Image:
    """`fl_cutter`: what is left of the base where the layer is opaque, in the size of the layer."""
    from PIL import Image as Pillow
    from PIL import ImageChops

    made = Pillow.new("RGBA", mask.size)
    left, top = (mask.size[0] - base.size[0]) // 2, (mask.size[1] - base.size[1]) // 2
    made.paste(base.convert("RGBA"), (left, top))
    made.putalpha(ImageChops.multiply(made.getchannel("A"), mask.getchannel("A")))
    return made


def _displaced(base: Image, chart: Image, placing: Component) -> Image:
    """`e_displace`: the layer is a map of how far pixels of the base move, at most by `x` and `y`."""
    across_px, down_px = (offset(placing.x, base.size[0]), offset(placing.y, base.size[1]))
    made = bending.displaced(base, chart.resize(base.size), across_px, down_px)
    is_opaque = base.mode == "RGB" and made.getchannel("A").getextrema() == (255, 255)
    return made.convert("RGB") if is_opaque else made


def _tiled(tile: Image, size: tuple[int, int]) -> Image:
    from PIL import Image as Pillow

    columns, rows = -(-size[0] // tile.size[0]), -(-size[1] // tile.size[1])
    if columns * rows > _TILES_LIMIT:
        raise transformation_refused("Invalid flag in transformation: tiled")  # guess: a bound of our own
    made = Pillow.new("RGBA", size)
    for row in range(rows):
        for column in range(columns):
            made.paste(tile, (column * tile.size[0], row * tile.size[1]))
    return made


def _clipped(made: Image, at: tuple[int, int], size: tuple[int, int]) -> tuple[Image, tuple[int, int]]:
    """What of a layer lies within the base."""
    left, top = max(0, -at[0]), max(0, -at[1])
    right, bottom = min(made.size[0], size[0] - at[0]), min(made.size[1], size[1] - at[1])
    if right <= left or bottom <= top:
        return made.crop((0, 0, 1, 1)).point(lambda _: 0), (0, 0)
    return made.crop((left, top, right, bottom)), (max(0, at[0]), max(0, at[1]))
