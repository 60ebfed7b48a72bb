"""Transformations as the Admin API shows them: one object per component, with long names. Pure text.

Source: cloudinary.com/documentation/transformation_reference, and the options of the official SDKs.
"""

import re
from collections.abc import Mapping, Sequence

Described = dict[str, str | int | float]

LONG_NAMES: Mapping[str, str] = {
    "a": "angle",
    "ac": "audio_codec",
    "af": "audio_frequency",
    "ar": "aspect_ratio",
    "b": "background",
    "bo": "border",
    "br": "bit_rate",
    "c": "crop",
    "co": "color",
    "cs": "color_space",
    "d": "default_image",
    "dl": "delay",
    "dn": "density",
    "dpr": "dpr",
    "du": "duration",
    "e": "effect",
    "eo": "end_offset",
    "f": "fetch_format",
    "fl": "flags",
    "fn": "custom_function",
    "fps": "fps",
    "g": "gravity",
    "h": "height",
    "if": "if",
    "ki": "keyframe_interval",
    "l": "overlay",
    "o": "opacity",
    "p": "prefix",
    "pg": "page",
    "q": "quality",
    "r": "radius",
    "so": "start_offset",
    "sp": "streaming_profile",
    "t": "transformation",
    "u": "underlay",
    "vc": "video_codec",
    "vs": "video_sampling",
    "w": "width",
    "x": "x",
    "y": "y",
    "z": "zoom",
}
_SHORT_NAMES: Mapping[str, str] = {long: short for short, long in LONG_NAMES.items()}
_EXTENSION = re.compile(r"[a-z0-9]{2,5}")


def describe(text: str) -> list[Described]:
    """The components of `c_scale,w_100/e_sepia/jpg`; an empty extension (`c_scale/`) is shown as `none`."""
    components, extension = split_extension(text)
    described = [_component(one) for one in components.split("/") if one]
    if extension is not None:
        described = [*described[:-1], {**(described or [{}])[-1], "extension": extension or "none"}]
    return described


def write(components: Sequence[Mapping[str, object]]) -> str:
    """A transformation as text, its pieces sorted as the SDKs sort them.

    Raises:
        LookupError: A name is none of a piece.
    """
    return "/".join(
        ",".join(
            sorted(f"{name if name[0] == '$' else _SHORT_NAMES[name]}_{value}" for name, value in one.items())
        )
        for one in components
    )


def split_extension(text: str) -> tuple[str, str | None]:
    """A transformation and the extension behind it: empty when there is only a slash, None without one."""
    components, slash, last = text.rpartition("/")
    if slash and (not last or _EXTENSION.fullmatch(last)):
        return components, last
    return text, None


def _component(text: str) -> Described:
    described: Described = {}
    for piece in text.split(","):
        key, _, value = piece.partition("_")
        name = key if key.startswith("$") else LONG_NAMES.get(key, key)
        shown = _number(value)
        # Flags come one by one, and the SDKs join them with dots.
        described[name] = f"{described[name]}.{value}" if name in described and name == "flags" else shown
    return described


def _number(text: str) -> str | int | float:
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d{1,15}\.\d{1,15}", text) else text
