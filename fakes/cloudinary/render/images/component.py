"""Does one component of a transformation to one picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fakes.cloudinary.errors import not_emulated
from fakes.cloudinary.render import effects
from fakes.cloudinary.render.effects.arguments import Box as PlainBox
from fakes.cloudinary.render.effects.arguments import Qualifiers, Rgb
from fakes.cloudinary.render.geometry import Frame, Scale, Size, offset, steps
from fakes.cloudinary.render.images import canvas
from fakes.cloudinary.render.images.focus import Regions, Seen
from fakes.cloudinary.transformation import Component, Share, colours

if TYPE_CHECKING:
    from PIL.Image import Image

# Gravities that need a trained model, paths that were drawn by hand, or seams cut out of the picture.
_BLIND_GRAVITIES = frozenset({"body", "clipping_path", "liquid", "track_person"})
# Effects that look at what is there before the picture is scaled.
_BEFORE_SCALING = frozenset({"trim"})
# Effects whose `w_`, `h_`, `x_` and `y_` name a region of the picture, or places in it.
_REGIONAL = frozenset({"blur_region", "pixelate_region"})


def transformed(image: Image, component: Component, regions: Regions) -> Image:
    """What a component makes of a picture in mode RGB or RGBA.

    Args:
        image: The picture.
        component: What to do.
        regions: What is known of the picture, in its pixels.

    Raises:
        ProviderError: It cannot be done (400, 420, 501).
    """
    head = (component.gravity or "").partition(":")[0]
    if head in _BLIND_GRAVITIES:
        raise not_emulated(f"the gravity '{component.gravity}' on images")
    effect = component.effect
    seen = Seen(image, regions)
    if effect is not None and effect.name in _BEFORE_SCALING:
        image = _with_effect(image, component, seen)
        seen = Seen(image, Regions())
    image = _uprighted(image, component)
    if effect is None or effect.name not in _REGIONAL:
        image = _fitted(image, component, seen)
    for turn in component.angle:
        image = canvas.turned(image, turn)
    if effect is not None and effect.name not in _BEFORE_SCALING:
        image = _with_effect(image, component, Seen(image, regions if image.size == seen.size else Regions()))
    if component.border is not None:
        image = canvas.bordered(image, component.border, component.radius)
    elif component.radius is not None:
        image = canvas.rounded(image, component.radius)
    if component.opacity is not None:
        image = canvas.faint(image, component.opacity)
    if component.background is not None and image.mode == "RGBA":
        image = canvas.behind(image, component.background)
    return image


def _uprighted(image: Image, component: Component) -> Image:
    """`a_auto_right` and `a_auto_left` turn a picture that lies where the box stands, before it is fitted."""
    width, height = component.width, component.height
    if isinstance(width, int) and isinstance(height, int) and width != height:
        for turn, degrees in (("auto_right", "90"), ("auto_left", "-90")):
            if turn in component.angle and (width > height) != (image.size[0] > image.size[1]):
                return canvas.turned(image, degrees)
    return image


def _fitted(image: Image, component: Component, seen: Seen) -> Image:
    from PIL import Image as Pillow

    for step in steps(component, Size(*image.size), focus=seen):
        if isinstance(step, Scale):
            image = image.resize((step.width, step.height), Pillow.Resampling.LANCZOS)
        elif isinstance(step, Frame):
            image = canvas.framed(image, step, component.background)
        else:
            image = image.crop((step.x, step.y, step.x + step.width, step.y + step.height))
    return image


def _with_effect(image: Image, component: Component, seen: Seen) -> Image:
    effect = component.effect
    assert effect is not None

    def faces(_image: Image) -> list[PlainBox]:
        return [(box.x, box.y, box.width, box.height) for box in seen.boxes("faces")]

    width, height = image.size
    color = component.text_colour
    beside = Qualifiers(
        faces,
        _rgb,
        None if color is None else (color.red, color.green, color.blue),
        offset(component.x, width) or None,
        offset(component.y, height) or None,
    )
    if effect.name in _REGIONAL:
        beside = replace(
            beside, width=_pixels(component.width, width), height=_pixels(component.height, height)
        )
    return effects.apply(image, effect.name, effect.arguments, beside)


def _pixels(wish: int | Share | None, whole: int) -> int | None:
    return round(wish.of_one * whole) if isinstance(wish, Share) else wish


def _rgb(text: str) -> Rgb:
    colour = colours.parse(text)
    return colour.red, colour.green, colour.blue
