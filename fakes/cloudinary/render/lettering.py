"""From the words of text layers and of the `text` method to pictures.

Source: cloudinary.com/documentation/layers#text_layer_options, image_upload_api_reference#text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.errors import invalid_parameter, transformation_refused
from fakes.cloudinary.render import text
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.text import Ink
from fakes.cloudinary.transformation import Colour, Component, LayerSource, PlainStep, TextStyle, colours

if TYPE_CHECKING:
    from PIL.Image import Image

_DEFAULT_FONT = "Arial"
_DEFAULT_SIZE_PX = 12.0
_DEFAULT_STROKE_PX = 1
_LARGEST_NUMBER = 10_000.0


def layer(
    source: LayerSource,
    steps: Sequence[PlainStep],
    fonts: Mapping[str, Path],
    model: Mapping[str, str] | None,
) -> tuple[Image, Sequence[PlainStep]]:
    """The picture of a text layer.

    Args:
        source: The layer's words, and their style unless a text image lends its own.
        steps: What is done to the layer; colours, stroke and room are taken from the first.
        fonts: Font files by the names that styles give them.
        model: Parameters of the text image whose style is used.

    Returns:
        The picture, and the steps that are left to do to it.

    Raises:
        ProviderError: The text cannot be drawn (400).
    """
    assert source.text is not None
    first = next(iter(steps), None)
    own = first if isinstance(first, Component) else Component()
    rest = steps[1:] if isinstance(first, Component) else steps
    style, ink = _lent(model) if source.style is None else (source.style, Ink())
    ink, left = _inked(style, ink, own)
    return text.draw(source.text, style, ink, fonts), (left, *rest)


def write(target: Path, parameters: Mapping[str, str]) -> Size:
    """Write the picture that the `text` method makes, as PNG. Blocks; call it in a thread.

    Args:
        target: The file to write.
        parameters: Of the request: `text`, `font_family`, `font_size`, `font_color`...

    Raises:
        ProviderError: A value cannot be used (400).
    """
    style, ink = of_parameters(parameters)
    made = text.draw(parameters.get("text", ""), style, ink)
    made.save(target, "PNG")
    return Size(*made.size)


def of_parameters(parameters: Mapping[str, str]) -> tuple[TextStyle, Ink]:
    """Style and ink as the `text` method spells them.

    Raises:
        ProviderError: A value cannot be used (400).
    """
    look = TextStyle(
        font=parameters.get("font_family") or _DEFAULT_FONT,
        size_px=_number(parameters, "font_size", _DEFAULT_SIZE_PX),
        weight=parameters.get("font_weight") or "normal",
        style=parameters.get("font_style") or "normal",
        decoration=parameters.get("text_decoration") or "none",
        align=parameters.get("text_align") or None,
        has_stroke=parameters.get("stroke") == "stroke",
        letter_spacing_px=_number(parameters, "letter_spacing", 0.0),
        line_spacing_px=_number(parameters, "line_spacing", 0.0) or None,
    )
    colour = _colour(parameters, "font_color") or Colour(0, 0, 0)
    opacity = _number(parameters, "opacity", 100.0)
    if not 0 <= opacity <= 100:
        raise invalid_parameter("opacity", parameters["opacity"])
    faded = Colour(colour.red, colour.green, colour.blue, round(colour.alpha * opacity / 100))
    stroke_px = _DEFAULT_STROKE_PX if look.has_stroke else 0
    return look, Ink(faded, _colour(parameters, "background"), stroke_px)


def _inked(style: TextStyle, ink: Ink, own: Component) -> tuple[Ink, Component]:
    """What the first component says about the ink, and what is left of it."""
    left = replace(own, text_colour=None)
    if own.text_colour is not None:
        ink = replace(ink, colour=own.text_colour)
    if isinstance(own.background, Colour):
        ink, left = replace(ink, background=own.background), replace(left, background=None)
    if style.has_stroke:
        border = own.border
        width_px = border.width_px if border is not None else _DEFAULT_STROKE_PX
        line = border.colour if border is not None else Colour(0, 0, 0)
        ink, left = replace(ink, stroke_px=width_px, stroke=line), replace(left, border=None)
    if own.crop == "fit" and isinstance(own.width, int):
        height = own.height if isinstance(own.height, int) else None
        ink = replace(ink, wrap_px=own.width, most_px=height)
        left = replace(left, width=None, height=None, crop=None)
    return replace(ink, is_trimmed=not own.has("text_no_trim")), left


def _lent(model: Mapping[str, str] | None) -> tuple[TextStyle, Ink]:
    if model is None:
        raise transformation_refused("Invalid text style in transformation")  # guess: wording
    return of_parameters(model)


def _number(parameters: Mapping[str, Any], name: str, default: float) -> float:
    given = parameters.get(name)
    try:
        value = float(given) if given not in (None, "") else default
    except ValueError as error:
        raise invalid_parameter(name, str(given)) from error
    if not abs(value) <= _LARGEST_NUMBER:
        raise invalid_parameter(name, str(given))
    return value


def _colour(parameters: Mapping[str, str], name: str) -> Colour | None:
    given = parameters.get(name)
    try:
        return colours.parse(given) if given else None
    except ValueError as error:
        raise invalid_parameter(name, given or "") from error
