"""Transforms images with Pillow. Everything here blocks; it runs in threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.media import BROKEN
from fakes.cloudinary.render.gaps import check_gaps
from fakes.cloudinary.render.geometry import Box, Size
from fakes.cloudinary.render.images import animation, files, layers
from fakes.cloudinary.render.images.component import transformed
from fakes.cloudinary.render.images.files import Source
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
# How much work one picture may be, in pixels that are gone through, all steps and frames together.
_WORK_LIMIT_PX = 1_500_000_000


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
    if format_name == "svg":
        return files.save_svg(source, target, asked)
    with files.opened(source, asked.steps) as image:
        try:
            reel = animation.reel(image, format_name, asked)
            steps = animation.centered(asked.steps) if reel.is_moving else asked.steps
            run = _Run(materials or Materials(), regions or Regions())
            made = animation.lit(run.frames(animation.frames(image, reel), steps), reel)
            return files.save(made, target, asked, format_name, Source(image.info.get("dpi"), reel))
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


class _Run:
    """Does the steps of a plan, and remembers pictures that every frame needs."""

    def __init__(self, materials: Materials, regions: Regions) -> None:
        self.studio = Studio(materials, self._opened, self._done)
        self._regions = regions
        self._spent_px = 0

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
            self._spend(image)
            present = known if image.size == first_size else Regions()
            if not isinstance(step, Component):
                image = layers.combined(image, step, self.studio, Seen(image, present))
            elif step.effect is None or step.effect.name not in animation.TIMING:
                image = transformed(image, step, present)
        return image

    def _spend(self, image: Image) -> None:
        """Keep account of the work, so that no chain of steps holds a thread for long."""
        self._spent_px += image.size[0] * image.size[1]
        if self._spent_px > _WORK_LIMIT_PX:
            raise transformation_refused("Transformation is too complex")  # guess: a bound of our own
