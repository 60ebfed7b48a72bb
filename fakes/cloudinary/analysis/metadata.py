"""What a picture says about itself: Exif, IPTC, density and colour space, under ExifTool's names."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_EXIF_IFD = 0x8769
_GPS_IFD = 0x8825
_COLOR_SPACES = {"L": "Gray", "LA": "Gray", "1": "Gray", "I;16": "Gray", "CMYK": "CMYK", "P": "RGB"}
_UNITS = ("None", "inches", "cm")
_TEXT_LIMIT = 500
_IPTC = {
    (2, 5): "ObjectName",
    (2, 25): "Keywords",
    (2, 55): "DateCreated",
    (2, 80): "By-line",
    (2, 105): "Headline",
    (2, 110): "Credit",
    (2, 116): "CopyrightNotice",
    (2, 120): "Caption-Abstract",
}


def image_metadata(image: ImageFile) -> dict[str, str]:
    """Everything that the file says: JFIF, Exif, GPS and IPTC fields, colour space and density."""
    found: dict[str, str] = {}
    if "jfif_version" in image.info:
        major, minor = image.info["jfif_version"]
        found["JFIFVersion"] = f"{major}.{minor:02d}"
        found["ResolutionUnit"] = _UNITS[int(image.info.get("jfif_unit", 0)) % 3]
        across, down = image.info.get("jfif_density", (1, 1))
        found |= {"XResolution": str(across), "YResolution": str(down)}
    found |= exif(image) | _iptc(image)
    found["Colorspace"] = _COLOR_SPACES.get(image.mode, "RGB")
    if "dpi" in image.info:
        found["DPI"] = str(round(float(image.info["dpi"][0])))
    return found


def exif(image: Image) -> dict[str, str]:
    """The Exif fields as text; fractions as `1/60`."""
    from PIL import ExifTags

    tags = image.getexif()
    found: dict[str, str] = {}
    groups = (
        (tags, ExifTags.TAGS),
        (tags.get_ifd(_EXIF_IFD), ExifTags.TAGS),
        (tags.get_ifd(_GPS_IFD), ExifTags.GPSTAGS),
    )
    for group, names in groups:
        for tag, value in group.items():
            name = names.get(tag)
            if name and tag not in (_EXIF_IFD, _GPS_IFD) and not isinstance(value, dict):
                found[name] = _text(value)
    return found


def appearance(image: Image) -> dict[str, Any]:
    """Whether a picture is drawn, see-through or without colour.

    `illustration_score` is 1.0 for a picture of few flat colours, near 0.0 for a photograph.
    """
    import numpy as np

    small = image.convert("RGBA").resize((64, 64), 0)
    pixels = np.asarray(small, dtype=int)
    flat = (np.abs(np.diff(pixels[:, :, :3], axis=1)).max(axis=2) == 0).mean()
    spread = pixels[:, :, :3].max(axis=2) - pixels[:, :, :3].min(axis=2)
    return {
        "illustration_score": round(float(flat), 4),
        "semi_transparent": bool(pixels[:, :, 3].min() < 255 or "transparency" in image.info),
        "grayscale": bool(spread.max() <= 4),
    }


def _iptc(image: ImageFile) -> dict[str, str]:
    from PIL import IptcImagePlugin

    fields = IptcImagePlugin.getiptcinfo(image) or {}
    found = {}
    for number, name in _IPTC.items():
        value = fields.get(number)
        if value is not None:
            parts = value if isinstance(value, list) else [value]
            found[name] = ", ".join(_text(part) for part in parts)
    return found


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, tuple):
        return ", ".join(_text(part) for part in value)[:_TEXT_LIMIT]
    numerator, denominator = getattr(value, "numerator", None), getattr(value, "denominator", None)
    if not isinstance(value, int) and numerator is not None and denominator:
        fraction = Fraction(int(numerator), int(denominator))
        return f"{fraction.numerator}/{fraction.denominator}"
    shown = "".join(char for char in str(value) if char.isprintable())
    return shown.strip()[:_TEXT_LIMIT]
