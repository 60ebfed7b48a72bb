"""Reads what follows `l_` and `u_`: which picture, sound, text or subtitles. Pure.

Source: cloudinary.com/documentation/layers and transformation_reference (l_<image id>, l_text,
l_subtitles...).
"""

import base64
import binascii
import contextlib
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from fakes.cloudinary.transformation.steps import (
    Conditional,
    LayerBlock,
    LayerKind,
    LayerSource,
    Step,
    TextStyle,
)

_TYPES = frozenset({"upload", "private", "authenticated", "fetch", "text", "facebook", "twitter", "gravatar"})
_KINDS: dict[str, LayerKind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "text": "text",
    "subtitles": "subtitles",
    "lut": "lut",
}
_STYLE = re.compile(r"(?P<font>.+?)_(?P<size>\d{1,4}(?:\.\d{1,3})?)(?P<rest>(?:_.+)?)")
_WEIGHTS = frozenset({"thin", "light", "medium", "semibold", "bold", "extrabold", "black"})
_DECORATIONS = frozenset({"underline", "strikethrough"})
_ALIGNMENTS = frozenset({"left", "center", "right", "end", "start", "justify"})
_SPACING = re.compile(r"(letter|line)_spacing_(-?\d{1,4}(?:\.\d{1,3})?)")
_WORD_OF = re.compile(r"(antialias|hinting)_(none|gray|subpixel|fast|good|best|slight|medium|full)")
TEXT_LIMIT_CHARS = 4096


def parse(text: str) -> LayerSource:
    """Read a layer's source, decoded once and without variables.

    Raises:
        ValueError: It names nothing.
    """
    head, colon, rest = text.partition(":")
    kind = _KINDS.get(head) if colon else None
    if kind == "text":
        return _text(rest)
    if kind == "subtitles":
        return _subtitles(rest)
    return _asset(kind or "image", rest if kind else text)


def sources(steps: Iterable[Step]) -> Iterator[LayerSource]:
    """Where the layers of a transformation come from, in all branches, but for those that variables name."""
    for step in steps:
        if isinstance(step, Conditional):
            for branch in step.branches:
                yield from sources(branch.steps)
        elif isinstance(step, LayerBlock):
            with contextlib.suppress(ValueError):
                yield parse(step.source)
            yield from sources(step.steps)


def style(text: str) -> TextStyle:
    """Read `Arial_64_bold_center`.

    Raises:
        ValueError: It has no size, or a word that styles do not have.
    """
    match = _STYLE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    found = dict[str, object](font=match["font"], size_px=float(match["size"]))
    rest = match["rest"].removeprefix("_")
    while rest:
        rest = _keyword(rest, found).removeprefix("_")
    if found["size_px"] == 0:
        raise ValueError(text)
    return TextStyle(**found)  # type: ignore[arg-type] # the names and kinds are those of `_keyword`


def _keyword(text: str, found: dict[str, object]) -> str:
    """Take one keyword from the front and return what is left."""
    if spacing := _SPACING.match(text):
        found[f"{spacing[1]}_spacing_px"] = float(spacing[2])
        return text[spacing.end() :]
    if word := _WORD_OF.match(text):
        found[word[1]] = word[2]
        return text[word.end() :]
    name, _, rest = text.partition("_")
    if name in _WEIGHTS:
        found["weight"] = name
    elif name in _DECORATIONS:
        found["decoration"] = name
    elif name in _ALIGNMENTS:
        found["align"] = name
    elif name in ("italic", "oblique"):
        found["style"] = name
    elif name == "stroke":
        found["has_stroke"] = True
    elif name not in ("normal", "none"):
        raise ValueError(text)
    return rest


def _text(spec: str) -> LayerSource:
    """`Arial_64:words`, or `public_id:words` with the style of a text image, or only its public id."""
    head, colon, words = spec.partition(":")
    if not head or len(words) > TEXT_LIMIT_CHARS:
        raise ValueError(spec)
    if not colon:
        return LayerSource("text", "text", public_id=_public_id(head))
    decoded = unquote(words)
    if not decoded:
        raise ValueError(spec)
    if _STYLE.fullmatch(head):
        return LayerSource("text", "text", text=decoded, style=style(head))
    return LayerSource("text", "text", public_id=_public_id(head), text=decoded)


def _subtitles(spec: str) -> LayerSource:
    head, colon, rest = spec.partition(":")
    if colon and _STYLE.fullmatch(head) and "." not in head.rpartition("_")[2]:
        return LayerSource("subtitles", public_id=_public_id(rest), style=style(head))
    return LayerSource("subtitles", public_id=_public_id(spec))


def _asset(kind: LayerKind, spec: str) -> LayerSource:
    head, colon, rest = spec.partition(":")
    type_ = head if colon and head in _TYPES else "upload"
    name = rest if colon and head in _TYPES else spec
    if type_ == "fetch":
        return LayerSource(kind, type_, url=_url(name))
    return LayerSource(kind, type_, public_id=_public_id(name))


def _public_id(text: str) -> str:
    public_id = text.replace(":", "/").strip("/")
    if not public_id or len(public_id) > 255:
        raise ValueError(text)
    return public_id


def _url(text: str) -> str:
    padded = text + "=" * (-len(text) % 4)
    try:
        url = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(text) from error
    if not re.match("https?://", url):
        raise ValueError(text)
    return url
