"""The values of transformation pieces: read from text, or a ValueError when they cannot be.

Source: cloudinary.com/documentation/transformation_reference.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from fakes.cloudinary import formats

SCALING = frozenset({"scale", "fit", "limit", "mfit"})
CROPPING = frozenset({"fill", "lfill", "crop", "thumb", "auto"})
PADDING = frozenset({"pad", "lpad", "mpad"})
COMPASS: Mapping[str, tuple[float, float]] = {
    "north_west": (0.0, 0.0),
    "north": (0.5, 0.0),
    "north_east": (1.0, 0.0),
    "west": (0.0, 0.5),
    "center": (0.5, 0.5),
    "east": (1.0, 0.5),
    "south_west": (0.0, 1.0),
    "south": (0.5, 1.0),
    "south_east": (1.0, 1.0),
}
# No content is looked at here: a face is never found, and the centre is what Cloudinary falls back to.
_CONTENT_GRAVITIES = frozenset({"face", "faces", "auto", "auto:subject", "auto:faces", "auto:face"})
VIDEO_CODECS = frozenset({"h264", "h265", "vp9", "none", "auto"})
AUDIO_CODECS = frozenset({"aac", "mp3", "opus", "vorbis", "none"})
QUALITIES: Mapping[str, int] = {
    "auto": 76,
    "auto:best": 88,
    "auto:good": 80,
    "auto:eco": 68,
    "auto:low": 55,
}
COLOURS: Mapping[str, tuple[int, int, int]] = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "orange": (255, 165, 0),
    "pink": (255, 192, 203),
    "purple": (128, 0, 128),
    "brown": (165, 42, 42),
    "transparent": (0, 0, 0),
}
# Effects and how their argument is read: lowest, highest and default value.
EFFECTS: Mapping[str, tuple[float, float, float]] = {
    "grayscale": (0, 0, 0),
    "sepia": (1, 100, 80),
    "negate": (0, 0, 0),
    "blackwhite": (0, 100, 50),
    "blur": (1, 2000, 100),
    "brightness": (-99, 100, 80),
    "contrast": (-100, 100, 0),
    "saturation": (-100, 100, 80),
    "sharpen": (1, 2000, 100),
    "fade": (-120_000, 120_000, 2000),
    "accelerate": (-50, 100, 0),
    "volume": (-100, 400, 0),
}
IMAGE_EFFECTS = frozenset(
    {"grayscale", "sepia", "negate", "blackwhite", "blur", "brightness", "contrast", "saturation", "sharpen"}
)
VIDEO_EFFECTS = frozenset(
    {
        "grayscale",
        "sepia",
        "negate",
        "blur",
        "brightness",
        "contrast",
        "saturation",
        "fade",
        "accelerate",
        "volume",
    }
)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the input's length: 0.5 of the width, or 35 % of the duration."""

    of_one: float


@dataclass(frozen=True, slots=True)
class Effect:
    """One `e_...` with its argument; `unit` is `db` for volumes in decibels."""

    name: str
    value: float
    unit: str = ""


def _length(text: str) -> int | Share:
    if text in ("iw", "ih"):
        return Share(1.0)
    if re.fullmatch(r"\d{1,6}", text):
        pixels = int(text)
        if pixels == 0:
            raise ValueError(text)
        return pixels
    if re.fullmatch(r"\d*\.\d+", text) and 0 < float(text) <= 1:
        return Share(float(text))
    if re.fullmatch(r"\d+\.0+", text):
        return int(float(text))
    raise ValueError(text)


def _aspect(text: str) -> Fraction:
    first, colon, second = text.partition(":")
    ratio = Fraction(int(first), int(second)) if colon else Fraction(text)
    if not Fraction(1, 1000) < ratio < 1000:
        raise ValueError(text)
    return ratio


def _offset(text: str) -> int:
    return int(text)


def _word(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return read


def _angle(text: str) -> tuple[str, ...]:
    turns = tuple(text.split("."))
    for turn in turns:
        if turn not in ("hflip", "vflip", "ignore", "exif", "auto"):
            int(turn)
    return turns


def _radius(text: str) -> int | str:
    return text if text == "max" else _between(text, 0, 10_000)


def _between(text: str, least: int, most: int) -> int:
    value = int(text)
    if not least <= value <= most:
        raise ValueError(text)
    return value


def _colour(text: str) -> tuple[int, int, int]:
    if text in COLOURS:
        return COLOURS[text]
    match = re.fullmatch(r"(?:rgb:|#)([0-9a-fA-F]{3}|[0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?", text)
    if match is None:
        raise ValueError(text)
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    red, green, blue = (int(digits[i : i + 2], 16) for i in (0, 2, 4))
    return red, green, blue


def _effect(text: str) -> Effect:
    name, colon, argument = text.partition(":")
    limits = EFFECTS.get(name)
    if limits is None:
        raise ValueError(text)
    least, most, default = limits
    if not colon:
        return Effect(name, default)
    if name == "volume" and argument == "mute":
        return Effect(name, -100)
    if name == "volume" and argument.lower().endswith("db"):
        return Effect(name, float(argument[:-2]), "db")
    value = float(argument)
    if not least <= value <= most:
        raise ValueError(text)
    return Effect(name, value)


def _time(text: str) -> float | Share:
    if text.endswith(("p", "%")):
        share = float(text[:-1]) / 100
        if not 0 <= share <= 1:
            raise ValueError(text)
        return Share(share)
    seconds = float(text)
    if not 0 <= seconds < 1e6:
        raise ValueError(text)
    return seconds


def _start(text: str) -> float | Share:
    return 0.0 if text == "auto" else _time(text)


def _quality(text: str) -> int:
    return QUALITIES[text] if text in QUALITIES else _between(text.partition(":")[0], 1, 100)


def _video_codec(text: str) -> str:
    if text.partition(":")[0] not in VIDEO_CODECS:
        raise ValueError(text)
    return text


def _hertz(text: str) -> int:
    return _between(text, 8000, 192_000)


def _bit_rate(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)(?::constant)?", text)
    if match is None:
        raise ValueError(text)
    value = int(float(match[1]) * {"": 1, "k": 1000, "m": 1_000_000}[match[2]])
    if not 1000 <= value <= 500_000_000:
        raise ValueError(text)
    return value


def _fps(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 120:
        raise ValueError(text)
    return value


def _format(text: str) -> str:
    if text in ("auto", "auto:image", "auto:video"):
        return text
    if not formats.is_known(text):
        raise ValueError(text)
    return formats.canonical(text)


READERS: Mapping[str, tuple[str, str, Callable[[str], Any]]] = {
    "w": ("width", "width", _length),
    "h": ("height", "height", _length),
    "ar": ("aspect", "aspect ratio", _aspect),
    "c": ("crop", "crop", _word(*sorted(SCALING | CROPPING | PADDING))),
    "g": ("gravity", "gravity", _word(*COMPASS, "xy_center", *sorted(_CONTENT_GRAVITIES))),
    "x": ("x", "x", _offset),
    "y": ("y", "y", _offset),
    "a": ("angle", "angle", _angle),
    "r": ("radius", "radius", _radius),
    "o": ("opacity", "opacity", lambda text: _between(text, 0, 100)),
    "b": ("background", "background", _colour),
    "e": ("effect", "effect", _effect),
    "so": ("start", "start offset", _start),
    "eo": ("end", "end offset", _time),
    "du": ("length", "duration", _time),
    "q": ("quality", "quality", _quality),
    "vc": ("video_codec", "video codec", _video_codec),
    "ac": ("audio_codec", "audio codec", _word(*sorted(AUDIO_CODECS))),
    "af": ("audio_hz", "audio frequency", _hertz),
    "br": ("bit_rate", "bit rate", _bit_rate),
    "fps": ("fps", "fps", _fps),
    "f": ("format", "extension", _format),
}
