"""The values of transformation pieces: read from text, or a ValueError when they cannot be.

Source: cloudinary.com/documentation/transformation_reference.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from fakes.cloudinary import formats
from fakes.cloudinary.errors import no_subscription
from fakes.cloudinary.transformation import colours, effects, gravities
from fakes.cloudinary.transformation.component import Backdrop, Border, Colour, Corners, Rate, Sampling, Share

SCALING = frozenset({"scale", "fit", "limit", "mfit"})
CROPPING = frozenset({"fill", "lfill", "crop", "thumb", "auto", "auto_pad", "fill_pad"})
PADDING = frozenset({"pad", "lpad", "mpad"})
VIDEO_CODECS = frozenset({"h264", "h265", "vp8", "vp9", "av1", "prores", "theora", "copy", "none", "auto"})
AUDIO_CODECS = frozenset({"aac", "mp3", "opus", "vorbis", "none", "copy", "auto"})
QUALITIES: Mapping[str, int] = {
    "auto": 76,
    "auto:best": 88,
    "auto:good": 80,
    "auto:eco": 68,
    "auto:low": 55,
}
_FLAGS = frozenset(
    """
    alternate animated any_format apng attachment awebp c2pa clip clip_evenodd cutter draco force_icc
    force_strip getinfo group4 hlsv3 ignore_aspect_ratio ignore_mask_channels immutable_cache
    keep_attribution keep_dar keep_iptc layer_apply lossy mono no_overflow no_stream original png24 png32
    png8 preserve_transparency progressive rasterize region_relative relative replace_image sanitize
    splice streaming_attachment strip_profile text_disallow_overflow text_no_trim tiff8_lzw tiled
    truncate_ts waveform
    """.split()  # noqa: SIM905 - one line for each word would hide the code
)
"""Source: cloudinary.com/documentation/transformation_reference (fl_<flag>)."""
_COLOUR_SPACES = frozenset({"srgb", "tinysrgb", "no_cmyk", "cmyk", "keep_cmyk", "copy"})

Read = Callable[[str], Mapping[str, Any]]
"""From a value to fields of `Component`."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of transformations.

    Attributes:
        long_name: What errors call it.
        json_name: What the Admin API calls it (`info` of a transformation), as the SDKs do.
        takes_sums: Whether its value may be a sum such as `w_mul_2`, not only hold variables.
    """

    long_name: str
    json_name: str
    read: Read
    takes_sums: bool = False


def flags(text: str) -> Mapping[str, Any]:
    """Read `fl_...`: several between dots, each with its argument.

    Raises:
        ValueError: There is no such flag.
    """
    names, arguments = [], []
    attachment = re.match(r"(streaming_)?attachment:", text)
    for one in (text,) if attachment or text.startswith("splice:") else text.split("."):
        name, colon, argument = one.partition(":")
        if name not in _FLAGS:
            raise ValueError(text)
        names.append(name)
        if colon:
            arguments.append((name, argument))
    return {"flags": tuple(names), "flag_arguments": tuple(arguments)}


# A number with a point is a share, `1.1` is 110 %; clients that send `300.0` mean pixels.
_LARGEST_SHARE = 10.0


def length(text: str) -> int | Share:
    """Read a width or height: pixels, a share, or `auto`, which without client hints is the picture's own.

    Raises:
        ValueError: It is neither.
    """
    if re.fullmatch(r"auto(:[a-z0-9_.]+){0,4}", text):
        fallback = text.rpartition(":")[2]
        return (
            int(fallback) if re.fullmatch("[1-9][0-9]{1,4}", fallback) and text.count(":") > 1 else Share(1.0)
        )
    if re.fullmatch(r"[0-9]{1,6}", text) and int(text) > 0:
        return int(text)
    if re.fullmatch(r"[0-9]{0,6}\.[0-9]{1,9}", text) and 0 < float(text) <= _LARGEST_SHARE:
        return Share(float(text))
    if re.fullmatch(r"[1-9][0-9]{0,5}\.[0-9]{1,9}", text):
        return round(float(text))
    raise ValueError(text)


def _offset(text: str) -> int | Share:
    if re.fullmatch(r"-?[0-9]{1,6}", text):
        return int(text)
    if re.fullmatch(r"-?[0-9]{0,6}\.[0-9]{1,9}", text):
        value = float(text)
        return Share(value) if -1 <= value <= 1 else round(value)
    raise ValueError(text)


def _aspect(text: str) -> Fraction:
    match = re.fullmatch(r"([0-9]{1,5}(?:\.[0-9]{1,6})?)(?::([0-9]{1,5}(?:\.[0-9]{1,6})?))?", text)
    if match is None:
        raise ValueError(text)
    ratio = Fraction(match[1]) / Fraction(match[2] or 1)
    if not Fraction(1, 1000) < ratio < 1000:
        raise ValueError(text)
    return ratio


def _word(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return read


def _crop(text: str) -> str:
    if text.startswith("imagga_"):
        raise no_subscription("Imagga Crop and Scale")
    return _word(*SCALING, *CROPPING, *PADDING)(text)


def _angle(text: str) -> tuple[str, ...]:
    turns = tuple(text.split("."))
    for turn in turns:
        if turn not in ("hflip", "vflip", "ignore", "exif", "auto", "auto_right", "auto_left"):
            between(turn, -100_000, 100_000)
    return turns


def _corners(text: str) -> Corners:
    if text == "max":
        return Corners()
    radii = [between(one, 0, 10_000) for one in text.split(":")]
    if len(radii) == 1:
        radii *= 4
    elif len(radii) == 2:
        radii *= 2
    elif len(radii) == 3:
        radii.append(radii[1])
    return Corners(*radii)


def between(text: str, least: int, most: int) -> int:
    """Read a whole number.

    Raises:
        ValueError: It is none, or out of range.
    """
    if not re.fullmatch(r"-?[0-9]{1,12}(\.0+)?", text):
        raise ValueError(text)
    value = int(float(text))
    if not least <= value <= most:
        raise ValueError(text)
    return value


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise ValueError(text)
        return value

    return read


def _background(text: str) -> Colour | Backdrop:
    name, *arguments = text.split(":")
    if name in ("auto", "blurred", "gen_fill"):
        return Backdrop(name, tuple(arguments))
    return colours.parse(text)


def _border(text: str) -> Border:
    match = re.fullmatch(r"([0-9]{1,4}(?:\.[0-9]{1,6})?)(?:px)?_solid_(.+)", text)
    if match is None:
        raise ValueError(text)
    return Border(round(float(match[1])), colours.parse(match[2]))


def _time(text: str) -> float | Share:
    if text.endswith(("p", "%")):
        return Share(_number(0, 100)(text[:-1]) / 100)
    return _number(0, 999_999)(text)


def _start(text: str) -> Mapping[str, Any]:
    return {"start": 0.0, "picks_start": True} if text == "auto" else {"start": _time(text)}


def _quality(text: str) -> Mapping[str, Any]:
    if text.startswith("jpegmini"):
        raise no_subscription("JPEGmini Image Optimization")
    match = re.fullmatch(
        r"(?:(?P<mode>auto(?::(?:best|good|eco|low))?)(?::sensitive)?|(?P<number>[0-9]{1,3}(?:\.0+)?))"
        r"(?::(?P<chroma>420|444)|:qmax_(?P<most>[0-9]{1,3}))?",
        text,
    )
    if match is None:
        raise ValueError(text)
    mode = match["mode"]
    number = QUALITIES[mode] if mode else between(match["number"], 1, 100)
    most = between(match["most"], 1, 100) if match["most"] else None
    found = {"quality": number, "quality_mode": mode, "chroma": match["chroma"], "quality_most": most}
    return {name: value for name, value in found.items() if value is not None}


def _video_codec(text: str) -> str:
    if text.partition(":")[0] not in VIDEO_CODECS or not re.fullmatch(r"[a-z0-9]+(:[a-z0-9_.]+){0,4}", text):
        raise ValueError(text)
    return text


def _hertz(text: str) -> Mapping[str, Any]:
    return {} if text == "iaf" else {"audio_hz": between(text, 8000, 192_000)}


def _bit_rate(text: str) -> Mapping[str, Any]:
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([km]?)(:constant)?", text)
    if match is None:
        raise ValueError(text)
    value = int(float(match[1]) * {"": 1, "k": 1000, "m": 1_000_000}[match[2]])
    if not 1 <= value <= 500_000_000:
        raise ValueError(text)
    return {"bit_rate": value} | ({"has_constant_bit_rate": True} if match[3] else {})


def _rate(text: str) -> Rate:
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)?(-)?([0-9]{1,3}(?:\.[0-9]{1,6})?)?", text)
    if match is None or not (match[1] or match[3]) or (match[3] and not match[2]):
        raise ValueError(text)
    limits = [None if one is None else _number(0.1, 120)(one) for one in (match[1], match[3])]
    if not match[2]:
        return Rate(limits[0], limits[0])
    if None not in limits and limits[0] > limits[1]:  # type: ignore[operator] # neither is None
        raise ValueError(text)
    return Rate(*limits)


def _sampling(text: str) -> Sampling:
    if text.endswith("p"):
        return Sampling(share=_number(1, 100)(text[:-1]) / 100)
    if text.endswith("s"):
        return Sampling(every_s=_number(0.01, 3600)(text[:-1]))
    return Sampling(count=between(text, 1, 10_000))


def _density(text: str) -> Mapping[str, Any]:
    return {} if text == "initial" else {"density_dpi": between(text, 1, 3000)}


def _dpr(text: str) -> float:
    return 1.0 if text == "auto" else _number(0.01, 10)(text)


def _format(text: str) -> str:
    if text in ("auto", "auto:image", "auto:video", "auto:animated"):
        return text
    if not formats.is_known(text):
        raise ValueError(text)
    return formats.canonical(text)


def _default_image(text: str) -> str:
    return text.replace(":", "/")


def _colour_space(text: str) -> str:
    if text not in _COLOUR_SPACES and not text.startswith("icc:"):
        raise ValueError(text)
    return text


def _text(pattern: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(text)
        return text

    return read


def _as(name: str, read: Callable[[str], Any]) -> Read:
    return lambda text: {name: read(text)}


PARAMETERS: Mapping[str, Parameter] = {
    "w": Parameter("width", "width", _as("width", length), takes_sums=True),
    "h": Parameter("height", "height", _as("height", length), takes_sums=True),
    "ar": Parameter("aspect ratio", "aspect_ratio", _as("aspect", _aspect), takes_sums=True),
    "c": Parameter("crop", "crop", _as("crop", _crop)),
    "g": Parameter("gravity", "gravity", _as("gravity", gravities.parse)),
    "x": Parameter("x", "x", _as("x", _offset), takes_sums=True),
    "y": Parameter("y", "y", _as("y", _offset), takes_sums=True),
    "z": Parameter("zoom", "zoom", _as("zoom", _number(0.01, 100)), takes_sums=True),
    "dpr": Parameter("dpr", "dpr", _as("dpr", _dpr), takes_sums=True),
    "a": Parameter("angle", "angle", _as("angle", _angle), takes_sums=True),
    "r": Parameter("radius", "radius", _as("radius", _corners), takes_sums=True),
    "o": Parameter("opacity", "opacity", _as("opacity", lambda text: between(text, 0, 100)), takes_sums=True),
    "b": Parameter("background", "background", _as("background", _background)),
    "bo": Parameter("border", "border", _as("border", _border)),
    "co": Parameter("color", "color", _as("text_colour", colours.parse)),
    "cs": Parameter("color space", "color_space", _as("colour_space", _colour_space)),
    "e": Parameter("effect", "effect", _as("effect", effects.parse), takes_sums=True),
    "so": Parameter("start offset", "start_offset", _start, takes_sums=True),
    "eo": Parameter("end offset", "end_offset", _as("end", _time), takes_sums=True),
    "du": Parameter("duration", "duration", _as("length", _time), takes_sums=True),
    "q": Parameter("quality", "quality", _quality, takes_sums=True),
    "vc": Parameter("video codec", "video_codec", _as("video_codec", _video_codec)),
    "ac": Parameter("audio codec", "audio_codec", _as("audio_codec", _word(*AUDIO_CODECS))),
    "af": Parameter("audio frequency", "audio_frequency", _hertz),
    "br": Parameter("bit rate", "bit_rate", _bit_rate),
    "fps": Parameter("fps", "fps", _as("fps", _rate)),
    "ki": Parameter(
        "keyframe interval", "keyframe_interval", _as("keyframe_interval_s", _number(0.01, 3600))
    ),
    "vs": Parameter("video sampling", "video_sampling", _as("sampling", _sampling)),
    "dl": Parameter("delay", "delay", _as("delay_ms", lambda text: between(text, 0, 600_000))),
    "dn": Parameter("density", "density", _density),
    "pg": Parameter(
        "page", "page", _as("pages", _text(r"[0-9;\-]{1,100}|all|(name|embedded|px_ratio):.{1,500}"))
    ),
    "p": Parameter("prefix", "prefix", _as("prefix", _text("[A-Za-z0-9_.-]{1,100}"))),
    "sp": Parameter(
        "streaming profile", "streaming_profile", _as("streaming_profile", _text(r"[\w:;.()-]{1,500}"))
    ),
    "fn": Parameter(
        "custom function", "custom_function", _as("function", _text(r"(pre:)?(wasm|remote):.{1,1000}"))
    ),
    "f": Parameter("extension", "fetch_format", _as("format", _format)),
    "d": Parameter("default image", "default_image", _as("default_image", _default_image)),
    "fl": Parameter("flag", "flags", flags),
}
"""By the key that URLs have. `t`, `if`, `$`, `l` and `u` are the business of `chains`."""
