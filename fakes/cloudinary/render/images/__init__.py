"""Transforms images with Pillow. Everything here blocks; it runs in threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.errors import too_many_pixels_in_all, transformation_refused
from fakes.cloudinary.media import ALL_PAGES_LIMIT_PX, BROKEN
from fakes.cloudinary.render.gaps import check_gaps
from fakes.cloudinary.render.geometry import Box, Size
from fakes.cloudinary.render.images import files, layers
from fakes.cloudinary.render.images.component import transformed
from fakes.cloudinary.render.images.focus import Regions, Seen
from fakes.cloudinary.render.images.layers import Studio
from fakes.cloudinary.render.materials import Materials
from fakes.cloudinary.transformation import Component, Layer, PlainStep, Plan

if TYPE_CHECKING:
    from PIL.Image import Image

_FIELDS = frozenset(
    {"width", "height", "aspect", "crop", "gravity", "x", "y", "zoom", "dpr", "angle", "radius", "opacity"}
    | {"background", "border", "text_colour", "colour_space", "effect", "quality", "chroma", "delay_ms"}
    | {"density_dpi", "pages", "layers"}
)
_FLAGS = frozenset(
    {"progressive", "lossy", "png8", "png24", "png32", "animated", "awebp", "apng", "mono", "group4"}
    | {"tiff8_lzw", "rasterize", "relative", "region_relative", "no_overflow", "tiled", "cutter"}
    | {"text_no_trim", "text_disallow_overflow"}
)
# Effects of animations, which say how often they are played.
_TIMING = frozenset({"loop"})


def render(
    source: Path,
    target: Path,
    asked: Plan,
    format_name: str,
    materials: Materials | None = None,
    regions: Regions | None = None,
) -> Size:
    """Write what the transformation makes of an image.

    Args:
        source: The image.
        target: The file to write.
        asked: What to do.
        format_name: The format to write.
        materials: What its layers name.
        regions: What a client said about where faces and the like are, in pixels of the image.

    Returns:
        The size of the result.

    Raises:
        ProviderError: It cannot be done (400, 420, 501).
    """
    check_gaps(asked, "images", _FIELDS, _FLAGS)
    with files.opened(source, asked.steps) as image:
        try:
            count = _frame_count(image, format_name, asked)
            durations_ms = files.durations_ms(image, count) if count > 1 else []
            info = {
                "loop": image.info.get("loop", 0),
                "durations_ms": durations_ms,
                "dpi": image.info.get("dpi"),
            }
            shown = files.frames(image, count) if count > 1 else iter((image,))
            made = _Run(materials or Materials(), regions or Regions()).frames(shown, asked.steps)
            return files.save(made, count, target, asked, (format_name, info))
        except BROKEN as error:
            raise transformation_refused("Invalid image file") from error


def picture(source: Path, asked: Plan) -> Image:
    """What a transformation without layers makes of an image, in memory; of an animation, its first frame.

    Raises:
        ProviderError: It cannot be done (400, 420, 501).
    """
    check_gaps(asked, "images", _FIELDS, _FLAGS)
    with files.opened(source, asked.steps) as image:
        return next(_Run(Materials(), Regions()).frames(iter((image,)), asked.steps))


def draw(layer: Layer, target: Path, below: Size, materials: Materials, *, is_placed: bool) -> Size:
    """Write a picture or text layer as PNG, for what Pillow does not put together itself.

    Args:
        layer: The layer.
        target: The file to write.
        below: Size of what it is for.
        materials: What layers name.
        is_placed: It is put in its place on an empty canvas of that size; else it is drawn alone.

    Raises:
        ProviderError: It cannot be done (400, 420, 501).
    """
    from PIL import Image as Pillow

    empty = Pillow.new("RGBA", (below.width, below.height))
    studio, seen = _Run(materials, Regions()).studio, Seen(empty, Regions())
    try:
        if is_placed:
            within = (*layer.placing.flags, "no_overflow")
            layer = replace(layer, placing=replace(layer.placing, flags=within))
            made = layers.combined(empty, layer, studio, seen)
        else:
            made = layers.picture(empty, layer, studio, Box(0, 0, *empty.size))
    except BROKEN as error:
        raise transformation_refused("Invalid image file") from error
    made.convert("RGBA").save(target, "PNG")
    return Size(*made.size)


def _frame_count(image: Any, format_name: str, asked: Plan) -> int:
    """How many frames to write: all of an animation, unless one page is asked for."""
    if format_name not in files.ANIMATED or asked.last("pages") or image.format in ("TIFF", "PSD", "ICO"):
        return 1
    if image.format != "GIF" and image.format != "WEBP" and format_name in ("png", "avif"):
        return int(getattr(image, "n_frames", 1)) if image.format in ("PNG", "AVIF") else 1
    if format_name in ("png", "avif") and not asked.has("animated") and not asked.has("apng"):
        return 1
    count = int(getattr(image, "n_frames", 1))
    pixels = image.size[0] * image.size[1] * count
    if pixels > ALL_PAGES_LIMIT_PX:
        raise too_many_pixels_in_all(pixels, ALL_PAGES_LIMIT_PX)
    return count


class _Run:
    """Does the steps of a plan, and remembers pictures that every frame needs."""

    def __init__(self, materials: Materials, regions: Regions) -> None:
        self.studio = Studio(materials, self._opened, self._done)
        self._regions = regions

    def frames(self, shown: Iterator[Image], steps: Sequence[PlainStep]) -> Iterator[Image]:
        """What becomes of each frame."""
        for frame in shown:
            yield self._done(files.upright(frame, steps), steps, self._regions)

    def _opened(self, path: Path, steps: Sequence[PlainStep]) -> Image:
        with files.opened(path, steps) as image:
            return files.upright(image, steps)

    def _done(self, image: Image, steps: Sequence[PlainStep], regions: Regions | None = None) -> Image:
        """The picture after all steps; what is known of its regions holds until its size changes."""
        known, first_size = regions or Regions(), image.size
        for step in steps:
            present = known if image.size == first_size else Regions()
            if not isinstance(step, Component):
                image = layers.combined(image, step, self.studio, Seen(image, present))
            elif step.effect is None or step.effect.name not in _TIMING:
                image = transformed(image, step, present)
        return image
