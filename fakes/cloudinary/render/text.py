"""Draws text: families, weights, spacing, wrapping, strokes and decorations.

There is one typeface, Arimo, whose letters are as wide as Arial's; every family that Cloudinary knows is
drawn in it.

Source: cloudinary.com/documentation/layers#text_layer_options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.errors import transformation_refused, unsupported_font
from fakes.cloudinary.media import check_pixels
from fakes.cloudinary.vectors import font_file

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

    from fakes.cloudinary.transformation import TextStyle

Rgba = tuple[int, int, int, int]

_FAMILIES = """
Abel, Abril Fatface, Alegreya, Alfa Slab One, Amatic SC, Anton, Archivo, Archivo Narrow, Arial, Arimo,
Arvo, Asap, Barlow, Bebas Neue, Bitter, Bungee, Cabin, Cairo, Catamaran, Caveat, Comfortaa,
Comic Sans MS, Concert One, Cormorant Garamond, Courgette, Courier, Courier New, Cousine, Crete Round,
Crimson Text, Dancing Script, DejaVu Sans, DM Sans, Domine, Dosis, EB Garamond, Exo, Exo 2, Fira Sans,
Fjalla One, Fredoka One, Georgia, Great Vibes, Heebo, Helvetica, Hind, IBM Plex Sans, Impact,
Inconsolata, Indie Flower, Istok Web, Josefin Sans, Kanit, Karla, Kaushan Script, Lato,
Libre Baskerville, Libre Franklin, Lobster, Lora, Luckiest Guy, Maven Pro, Merriweather,
Merriweather Sans, Montserrat, Mukta, Muli, Neucha, Noto Sans, Noto Serif, Nunito, Nunito Sans,
Open Sans, Oswald, Oxygen, Pacifico, Passion One, Pathway Gothic One, Patua One, Permanent Marker,
Playfair Display, Poppins, Prompt, PT Sans, PT Sans Narrow, PT Serif, Questrial, Quicksand, Rajdhani,
Raleway, Righteous, Roboto, Roboto Condensed, Roboto Mono, Roboto Slab, Rokkitt, Rubik, Russo One,
Sacramento, Satisfy, Shadows Into Light, Signika, Slabo 27px, Source Code Pro, Source Sans Pro,
Source Serif Pro, Space Mono, Tahoma, Teko, Times, Times New Roman, Tinos, Titillium Web, Trebuchet MS,
Ubuntu, Varela Round, Verdana, Vollkorn, Work Sans, Yanone Kaffeesatz, Zilla Slab
"""
FAMILIES = frozenset(name.strip().lower() for name in _FAMILIES.split(","))
"""Families that Cloudinary draws, in small letters: those of every machine, and well-known Google fonts."""
_WEIGHTS = {"normal": 400, "medium": 500, "semibold": 600, "semi_bold": 600, "bold": 700}
_LIGHT, _HEAVY = 400, 700
_LETTERS_LIMIT = 10_000
_SIZE_LIMIT_PX = 4_000
_ELLIPSIS = "..."


@dataclass(frozen=True, slots=True)
class Ink:
    """What a text is drawn with.

    Attributes:
        stroke_px: Width of the line around the letters.
        wrap_px: Lines end before this width; None for lines that end where they are written to.
        most_px: Lines that do not fit into this height are cut off with an ellipsis.
        is_trimmed: Whether the empty space around the letters is cut away.
    """

    colour: Rgba = (0, 0, 0, 255)
    background: Rgba | None = None
    stroke_px: int = 0
    stroke: Rgba = (0, 0, 0, 255)
    wrap_px: int | None = None
    most_px: int | None = None
    is_trimmed: bool = True


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    width_px: float
    is_last: bool


def draw(text: str, style: TextStyle, ink: Ink, files: Mapping[str, Path] | None = None) -> Image:
    """A picture of a text, in mode RGBA.

    Args:
        text: Lines are separated by line feeds.
        style: Of the letters.
        ink: Colours, stroke and room.
        files: Font files by the name under which `style` asks for them.

    Raises:
        ProviderError: The font is not known, or the text needs too much room (400).
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    if len(text) > _LETTERS_LIMIT or not 0 < style.size_px <= _SIZE_LIMIT_PX:
        raise transformation_refused(f"Invalid text style in transformation: {style.size_px:g}")
    font = _font(style, files or {})
    ascent_px, descent_px = font.getmetrics()
    step_px = ascent_px + descent_px + (style.line_spacing_px or 0)
    lines = _lines(text, font, style, ink, step_px)
    margin_px = ink.stroke_px + round(style.size_px / 4)
    width_px = max(line.width_px for line in lines)
    if ink.wrap_px is not None and style.align not in (None, "left", "start"):
        width_px = max(width_px, ink.wrap_px)
    size = (
        round(width_px) + 2 * margin_px,
        max(1, round(step_px * (len(lines) - 1) + ascent_px + descent_px)) + 2 * margin_px,
    )
    check_pixels(*size)
    made = Pillow.new("RGBA", size, (*ink.colour[:3], 0))
    pen = ImageDraw.Draw(made)
    for number, line in enumerate(lines):
        top = margin_px + number * step_px
        _draw_line(pen, (margin_px, top), line, width_px, (font, style, ink))
    made = _trimmed(made, margin_px, is_tight=ink.is_trimmed)
    if ink.background is None:
        return made
    return Pillow.alpha_composite(Pillow.new("RGBA", made.size, ink.background), made)


def _font(style: TextStyle, files: Mapping[str, Path]) -> FreeTypeFont:
    from PIL import ImageFont

    if style.font in files:
        return ImageFont.truetype(files[style.font], style.size_px)
    if style.font.lower() not in FAMILIES:
        raise unsupported_font(style.font)
    is_italic = style.style in ("italic", "oblique")
    path = font_file("Arimo-Italic[wght].ttf" if is_italic else "Arimo[wght].ttf")
    font = ImageFont.truetype(path, style.size_px)
    weight = int(style.weight) if style.weight.isdigit() else _WEIGHTS.get(style.weight)
    if weight is None:
        weight = (
            _HEAVY if style.weight in ("extrabold", "extra_bold", "ultrabold", "black", "heavy") else _LIGHT
        )
    font.set_variation_by_axes([max(_LIGHT, min(_HEAVY, weight))])
    return font


def _width(text: str, font: FreeTypeFont, style: TextStyle) -> float:
    if not style.letter_spacing_px:
        return float(font.getlength(text))
    return sum(float(font.getlength(letter)) for letter in text) + style.letter_spacing_px * max(
        0, len(text) - 1
    )


def _lines(text: str, font: FreeTypeFont, style: TextStyle, ink: Ink, step_px: float) -> list[_Line]:
    """The lines to draw; a word that is wider than the room is broken."""
    found: list[_Line] = []
    for paragraph in text.split("\n"):
        rows = _wrapped(paragraph, font, style, ink) if ink.wrap_px is not None else [paragraph]
        found += [_Line(row, _width(row, font, style), row is rows[-1]) for row in rows]
    if ink.most_px is None or len(found) * step_px <= max(ink.most_px, step_px):
        return found
    kept = found[: max(1, int(ink.most_px // step_px))]
    last = kept[-1].text
    room_px = ink.wrap_px or kept[-1].width_px
    while last and _width(last + _ELLIPSIS, font, style) > room_px:
        last = last[:-1]
    text = last.rstrip() + _ELLIPSIS
    return [*kept[:-1], _Line(text, _width(text, font, style), True)]


def _wrapped(paragraph: str, font: FreeTypeFont, style: TextStyle, ink: Ink) -> list[str]:
    assert ink.wrap_px is not None
    rows: list[str] = []
    row = ""
    for word in paragraph.split(" "):
        longer = f"{row} {word}" if row else word
        if _width(longer, font, style) <= ink.wrap_px:
            row = longer
            continue
        if row:
            rows.append(row)
        *full, row = _broken(word, font, style, ink.wrap_px)
        rows += full
    return [*rows, row]


def _broken(word: str, font: FreeTypeFont, style: TextStyle, room_px: int) -> list[str]:
    parts = [""]
    for letter in word:
        if parts[-1] and _width(parts[-1] + letter, font, style) > room_px:
            parts.append("")
        parts[-1] += letter
    return parts


def _draw_line(
    pen: Any,
    at: tuple[float, float],
    line: _Line,
    room_px: float,
    look: tuple[FreeTypeFont, TextStyle, Ink],
) -> None:
    font, style, ink = look
    left, top = at
    free_px = room_px - line.width_px
    if style.align in ("right", "end"):
        left += free_px
    elif style.align == "center":
        left += free_px / 2
    stroke = {"stroke_width": ink.stroke_px, "stroke_fill": ink.stroke} if ink.stroke_px else {}
    for text, x in _pieces(line, left, free_px, font, style):
        pen.text((x, top), text, font=font, fill=ink.colour, **stroke)
    _decorate(pen, (left, top), line.width_px, look)


def _pieces(
    line: _Line, left: float, free_px: float, font: FreeTypeFont, style: TextStyle
) -> list[tuple[str, float]]:
    """What is drawn in one go, with its place: the whole line, its words when justified, or its letters."""
    if style.align == "justify" and not line.is_last and " " in line.text:
        words = line.text.split(" ")
        gap_px = free_px / (len(words) - 1)
    elif style.letter_spacing_px:
        words, gap_px = [line.text], 0.0
    else:
        return [(line.text, left)]
    pieces = []
    for word in words:
        for letter in word if style.letter_spacing_px else [word]:
            pieces.append((letter, left))
            left += float(font.getlength(letter)) + style.letter_spacing_px
        left += float(font.getlength(" ")) + gap_px
    return pieces


def _decorate(
    pen: Any, at: tuple[float, float], width_px: float, look: tuple[FreeTypeFont, TextStyle, Ink]
) -> None:
    font, style, ink = look
    ascent_px, _ = font.getmetrics()
    thick_px = max(1, round(style.size_px / 14))
    heights = {"underline": ascent_px + thick_px, "strikethrough": round(ascent_px * 0.68)}
    if style.decoration in heights:
        top = at[1] + heights[style.decoration]
        pen.rectangle((at[0], top, at[0] + width_px, top + thick_px - 1), fill=ink.colour)


def _trimmed(made: Image, margin_px: int, *, is_tight: bool) -> Image:
    box = made.getchannel("A").getbbox()
    if is_tight and box is not None:
        return made.crop(box)
    width_px, height_px = made.size
    right, bottom = max(margin_px + 1, width_px - margin_px), max(margin_px + 1, height_px - margin_px)
    return made.crop((margin_px, margin_px, right, bottom))
