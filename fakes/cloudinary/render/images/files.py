"""Opens pictures as transformations see them, and writes them in every format that there is."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.cloudinary import vectors
from fakes.cloudinary.errors import not_emulated, transformation_refused
from fakes.cloudinary.media import open_picture
from fakes.cloudinary.render.geometry import Frame, Size
from fakes.cloudinary.render.images import canvas
from fakes.cloudinary.transformation import Colour, Component, PlainStep, Plan

if TYPE_CHECKING:
    from PIL.Image import Image

    from fakes.cloudinary.render.images.animation import Reel

ANIMATED = frozenset({"gif", "webp", "png", "avif"})
_OPAQUE = frozenset({"jpg", "bmp", "pdf"})
_WRITERS = {
    "jpg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "webp": "WEBP",
    "avif": "AVIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "ico": "ICO",
    "jp2": "JPEG2000",
    "pdf": "PDF",
}
_BITS = frozenset({"png", "gif", "tiff", "bmp", "pdf"})
_DEFAULT_QUALITY = 85
_LOSSY_COLOURS = 64
_ICON_SIDE_PX = 256
_POINTS_PER_INCH = 72
# Derived images have it unless they say otherwise. Source: transformation_reference#dn_density
_USUAL_DPI = (150, 150)
_MOST_ZOOM = 8.0
# Crop modes whose result is the same for a drawing that was made larger at first.
_STRETCHING = frozenset({None, "scale", "fit", "fill", "pad", "mfit"})
_TIFF_COMPRESSION = {"group4": "group4", "tiff8_lzw": "tiff_lzw"}


@dataclass(frozen=True, slots=True)
class Source:
    """What frames were made of: its density, and the row that they are shown in."""

    dpi: tuple[float, float] | None
    reel: Reel


def opened(path: Path, steps: Sequence[PlainStep]) -> Any:
    """Open the page of a picture that the steps ask for, upright unless they say otherwise.

    Raises:
        ProviderError: It is no picture, or has no such page (400).
    """
    components = [step for step in steps if isinstance(step, Component)]
    page = _page(next((one.pages for one in components if one.pages), None))
    density = next((one.density_dpi for one in components if one.density_dpi), None)
    return open_picture(path, page, _zoom(path, components, density))


def _page(text: str | None) -> int:
    """The first page of those that are named."""
    if text is None:
        return 1
    match = re.match(r"\d+", text)
    if match is None or int(match[0]) == 0:
        raise not_emulated(f"pages by '{text}'")
    return int(match[0])


def _zoom(path: Path, components: Sequence[Component], density: int | None) -> float | None:
    """How fine a drawing is made: as its density says, or an SVG as large as it is going to be shown."""
    kind = vectors.kind_of(path)
    if kind == "pdf":
        return density / _POINTS_PER_INCH if density else None
    first = components[0] if components else Component()
    width = first.width if first.crop in _STRETCHING else None
    drawing = vectors.measure(path) if kind == "svg" and isinstance(width, int) else None
    if drawing is None or not isinstance(width, int):
        return None
    return min(_MOST_ZOOM, max(1.0, width / drawing.width_px))


def upright(image: Image, steps: Sequence[PlainStep]) -> Image:
    """The picture as its Exif says it is to be held, in mode RGB or RGBA."""
    from PIL import ImageOps

    is_left = any("ignore" in step.angle for step in steps if isinstance(step, Component))
    # Either way it is a copy that no longer needs its file.
    image = image.copy() if is_left else ImageOps.exif_transpose(image)
    image = _in_srgb(image)
    if image.mode in ("RGB", "RGBA"):
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = (
            image.convert("L") if image.mode == "F" else image.point(lambda value: value / 256).convert("L")
        )
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _in_srgb(image: Image) -> Image:
    """The picture in the colours of the web: one with a profile of its own is converted, and loses it."""
    from PIL import ImageCms

    profile = image.info.pop("icc_profile", None)
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile says nothing
    assert converted is not None
    converted.info.pop("icc_profile", None)
    return converted


def save(made: Iterator[Image], target: Path, asked: Plan, format_name: str, source: Source) -> Size:
    """Write frames in a format.

    Args:
        made: The frames; all of one size.
        target: The file to write.
        asked: Quality, flags and density.
        format_name: The format.
        source: What they were made of.

    Returns:
        The size of the result.

    Raises:
        ProviderError: The format cannot be written (400).
    """
    writer = _WRITERS.get(format_name)
    if writer is None:
        raise transformation_refused(f"Invalid extension in transformation: {format_name}")
    ready = (_ready(frame, format_name, asked) for frame in made)
    first = next(ready)
    options = _options(format_name, asked, source.dpi or _USUAL_DPI)
    if format_name == "pdf" and first.mode == "1":
        options.pop("quality")  # bits are compressed in a way that has none
    if format_name == "ico":
        options["sizes"] = [first.size]
    if source.reel.is_moving:
        options |= {
            "save_all": True,
            # GIF takes one frame at a time; the others go over them twice.
            "append_images": ready if format_name == "gif" else list(ready),
            "duration": list(source.reel.durations_ms),
            "loop": source.reel.loops,
        }
        if format_name == "gif":
            options["disposal"] = 2
    first.save(target, writer, **options)
    return Size(*first.size)


def save_svg(source: Path, target: Path, asked: Plan) -> Size:
    """Write an SVG as SVG: cleaned by `fl_sanitize`, and otherwise as it is.

    Raises:
        ProviderError: The source is none (400), or its picture is to be changed (501).
    """
    drawing = vectors.measure(source)
    if drawing is None or drawing.format != "svg":
        raise transformation_refused("Invalid extension in transformation: svg")
    if any(step != Component(flags=("sanitize",)) for step in asked.steps):
        raise not_emulated("transformations of an SVG that is delivered as SVG")
    target.write_bytes(vectors.sanitized(source))
    return Size(drawing.width_px, drawing.height_px)


def _ready(frame: Image, format_name: str, asked: Plan) -> Image:
    """The frame in a mode that the format can hold."""
    if format_name in _OPAQUE and frame.mode == "RGBA":
        frame = canvas.framed(frame, Frame(0, 0, *frame.size), Colour(255, 255, 255)).convert("RGB")
    if format_name == "ico" and max(frame.size) > _ICON_SIDE_PX:
        frame = frame.copy()
        frame.thumbnail((_ICON_SIDE_PX, _ICON_SIDE_PX))
    space = asked.last("colour_space")
    if space == "cmyk" and format_name in ("jpg", "tiff", "pdf"):
        return frame.convert("CMYK")
    if asked.has("mono") or (format_name == "tiff" and asked.has("group4")):
        bits = frame.convert("1")
        return bits if format_name in _BITS else bits.convert("L")
    if format_name == "png" and (asked.has("png8") or asked.has("lossy")):
        return frame.quantize(256 if asked.has("png8") else _LOSSY_COLOURS)
    if format_name == "gif" and asked.has("lossy"):
        return frame.quantize(_LOSSY_COLOURS)
    if format_name == "png" and asked.has("png24"):
        return frame.convert("RGB")
    return frame.convert("RGBA") if format_name == "png" and asked.has("png32") else frame


def _options(format_name: str, asked: Plan, dpi: tuple[float, float]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if format_name in ("jpg", "webp", "avif", "pdf"):
        options["quality"] = asked.last("quality") or _DEFAULT_QUALITY
    if format_name == "avif":
        options["speed"] = 9
    if format_name == "jpg":
        options["progressive"] = asked.has("progressive")
        options["subsampling"] = "4:4:4" if asked.last("chroma") == "444" else "4:2:0"
    density = asked.last("density_dpi")
    if format_name in ("jpg", "png", "tiff", "bmp"):
        options["dpi"] = (density, density) if density else dpi
    if format_name == "pdf":
        options["resolution"] = density or dpi[0]
    if format_name == "tiff":
        flag = next((flag for flag in _TIFF_COMPRESSION if asked.has(flag)), None)
        options["compression"] = _TIFF_COMPRESSION[flag] if flag else None
    return {name: value for name, value in options.items() if value is not None}


def durations_ms(image: Any, count: int) -> list[int]:
    """How long each frame is shown."""
    found = []
    for number in range(count):
        image.seek(number)
        image.load()  # only then do some formats say it
        found.append(int(image.info.get("duration", 100)) or 100)
    image.seek(0)
    return found
