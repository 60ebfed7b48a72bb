"""Transforms images with Pillow. Everything here blocks; it runs in threads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fakes.cloudinary.errors import not_emulated, transformation_refused
from fakes.cloudinary.media import BROKEN, IMAGE_LIMIT_PX, open_image
from fakes.cloudinary.render.gaps import check_gaps
from fakes.cloudinary.render.geometry import Frame, Scale, Size, steps
from fakes.cloudinary.transformation import Backdrop, Colour, Component, Corners, Effect, Plan

_ANIMATED = frozenset({"gif", "webp"})
_OPAQUE = frozenset({"jpg", "bmp"})
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
}
_TURNS = {"hflip": "FLIP_LEFT_RIGHT", "vflip": "FLIP_TOP_BOTTOM"}
_DEFAULT_QUALITY = 85
IMAGE_EFFECTS = frozenset(
    {"grayscale", "sepia", "negate", "blackwhite", "blur", "brightness", "contrast", "saturation", "sharpen"}
)
_FIELDS = frozenset(
    {"width", "height", "aspect", "crop", "gravity", "x", "y", "angle", "radius", "opacity", "background"}
    | {"effect", "quality"}
)
_FLAGS = frozenset({"progressive"})
_TOTAL_LIMIT_PX = 2 * IMAGE_LIMIT_PX


def render(source: Path, target: Path, asked: Plan, format_name: str) -> Size:
    """Write what the transformation makes of an image.

    Args:
        source: The image.
        target: The file to write.
        asked: What to do.
        format_name: The format to write.

    Returns:
        The size of the result.

    Raises:
        ProviderError: It cannot be done (400).
    """
    from PIL import ImageOps, ImageSequence

    check_gaps(asked, "images", _FIELDS, _FLAGS)
    with open_image(source) as image:
        count = getattr(image, "n_frames", 1) if format_name in _ANIMATED else 1
        if image.size[0] * image.size[1] * count > _TOTAL_LIMIT_PX:
            raise transformation_refused("Maximum total number of pixels in all frames/pages exceeded")
        try:
            frames = ImageSequence.Iterator(image) if count > 1 else [ImageOps.exif_transpose(image)]
            made = [_transformed(frame, asked.components) for frame in frames]
            _save(made, target, asked, format_name, image.info)
        except BROKEN as error:
            raise transformation_refused("Invalid image file") from error
        return Size(*made[0].size)


def _transformed(image: Any, components: Sequence[Component]) -> Any:
    if image.mode not in ("RGB", "RGBA"):
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    for component in components:
        image = _one(image, component)
    return image


def _one(image: Any, component: Component) -> Any:
    from PIL import Image

    for step in steps(component, Size(*image.size)):
        if isinstance(step, Scale):
            image = image.resize((step.width, step.height), Image.Resampling.LANCZOS)
        elif isinstance(step, Frame):
            image = _on_canvas(image, step, _plain(component.background))
        else:
            image = image.crop((step.x, step.y, step.x + step.width, step.y + step.height))
    for turn in component.angle:
        image = _turned(image, turn)
    if component.effect is not None:
        image = _with_effect(image, component.effect)
    if component.radius is not None:
        image = _rounded(image, component.radius)
    if component.opacity is not None:
        image = image.convert("RGBA")
        share = component.opacity / 100
        image.putalpha(image.getchannel("A").point(lambda value: round(value * share)))
    if component.background is not None and image.mode == "RGBA":
        image = _on_canvas(image, Frame(0, 0, *image.size), _plain(component.background))
    return image


def _plain(background: Colour | Backdrop | None) -> Colour | None:
    if isinstance(background, Backdrop):
        raise not_emulated(f"the background '{background.name}' on images")
    return background


def _on_canvas(image: Any, frame: Frame, background: Colour | None) -> Any:
    from PIL import Image

    size = (frame.width, frame.height)
    if background is None:
        # White under what has no transparency: what Cloudinary pads with.
        canvas = Image.new("RGBA", size, (255, 255, 255, 0 if image.mode == "RGBA" else 255))
    else:
        canvas = Image.new("RGBA", size, background)
    canvas.alpha_composite(image.convert("RGBA"), (frame.x, frame.y))
    is_opaque = image.mode != "RGBA" if background is None else background.alpha == 255
    return canvas.convert("RGB") if is_opaque else canvas


def _turned(image: Any, turn: str) -> Any:
    from PIL import Image

    if turn in _TURNS:
        return image.transpose(getattr(Image.Transpose, _TURNS[turn]))
    if turn in ("ignore", "exif", "auto"):
        return image
    degrees = int(turn) % 360
    if degrees % 90:
        image = image.convert("RGBA")
    return image.rotate(-degrees, expand=True)


def _with_effect(image: Any, effect: Effect) -> Any:
    from PIL import Image, ImageEnhance, ImageFilter, ImageOps

    if effect.name not in IMAGE_EFFECTS:
        raise transformation_refused(f"Invalid effect in transformation: {effect.name}")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    plain, value = image.convert("RGB"), effect.value
    match effect.name:
        case "grayscale":
            plain = ImageOps.grayscale(plain).convert("RGB")
        case "sepia":
            toned = ImageOps.colorize(ImageOps.grayscale(plain), (30, 15, 5), (255, 240, 205))
            plain = Image.blend(plain, toned, value / 100)
        case "negate":
            plain = ImageOps.invert(plain)
        case "blackwhite":
            edge = 255 * value / 100
            plain = ImageOps.grayscale(plain).point(lambda one: 255 if one >= edge else 0).convert("RGB")
        case "blur":
            plain = plain.filter(ImageFilter.GaussianBlur(value / 50))
        case "sharpen":
            plain = plain.filter(ImageFilter.UnsharpMask(percent=round(value)))
        case "brightness":
            plain = ImageEnhance.Brightness(plain).enhance(1 + value / 100)
        case "contrast":
            plain = ImageEnhance.Contrast(plain).enhance(1 + value / 100)
        case "saturation":
            plain = ImageEnhance.Color(plain).enhance(1 + value / 100)
    if alpha is not None:
        plain.putalpha(alpha)
    return plain


def _rounded(image: Any, corners: Corners) -> Any:
    from PIL import Image, ImageChops, ImageDraw

    image = image.convert("RGBA")
    mask = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(mask)
    box = (0, 0, image.size[0] - 1, image.size[1] - 1)
    if corners.top_left is None:
        draw.ellipse(box, fill=255)
    elif not corners.is_even:
        raise not_emulated("corners of several radii on images")
    else:
        draw.rounded_rectangle(box, radius=min(corners.top_left, min(image.size) // 2), fill=255)
    image.putalpha(ImageChops.multiply(image.getchannel("A"), mask))
    return image


def _save(made: list[Any], target: Path, asked: Plan, format_name: str, info: Any) -> None:
    writer = _WRITERS.get(format_name)
    if writer is None:
        raise transformation_refused(f"Invalid extension in transformation: {format_name}")
    first = made[0]
    if format_name in _OPAQUE and first.mode == "RGBA":
        first = _on_canvas(first, Frame(0, 0, *first.size), Colour(255, 255, 255))
    options: dict[str, Any] = {}
    if format_name in ("jpg", "webp", "avif"):
        options["quality"] = asked.last("quality") or _DEFAULT_QUALITY
    if format_name == "avif":
        options["speed"] = 9
    if format_name == "jpg":
        options["progressive"] = asked.has("progressive")
    if len(made) > 1:
        duration_ms = info.get("duration", 100)
        options |= {
            "save_all": True,
            "append_images": made[1:],
            "loop": info.get("loop", 0),
            "duration": duration_ms,
        }
    first.save(target, writer, **options)
