"""Manifests of slideshows: as JSON, or as the text of `fn_render`. Pure.

Source: cloudinary.com/documentation/video_slideshow_generation, and the requests of the SDKs' own tests.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fakes.cloudinary import errors
from fakes.kit.bodies import strict_json

SLIDES_LIMIT = 30
LENGTH_LIMIT_S = 600.0
_SIDE_LIMIT_PX = 4096
_DEPTH_LIMIT = 6
# guess: what holds when the manifest does not say; milliseconds
_SLIDE_MS, _TRANSITION_MS = 3000.0, 1000.0
_DELIVERED = re.compile(r"https?://[^/]+/([^/]+)/(image|video)/upload/(?:v\d+/)?([^?]+?)(?:\.[a-z0-9]{2,4})?")
_FPS, _TRANSITION = 30.0, "fade"


@dataclass(frozen=True, slots=True)
class Slide:
    """One picture or video.

    Attributes:
        resource_type: `image` or `video`.
        public_id: Of an asset of the cloud.
        url: Instead of a public id.
        shown_s: Without the transitions on both sides.
        transition_s: How long it takes to come, out of the slide before.
        transition: FFmpeg's name, which is Cloudinary's, too.
    """

    resource_type: str
    public_id: str | None
    url: str | None
    shown_s: float
    transition_s: float
    transition: str

    def asset_in(self, cloud: str) -> tuple[str, str] | None:
        """Resource type and public id of the asset; None for addresses that are not of this cloud."""
        if self.public_id is not None:
            return self.resource_type, self.public_id
        found = _DELIVERED.fullmatch(self.url or "")
        return (found[2], unquote(found[3])) if found and found[1] == cloud else None


@dataclass(frozen=True, slots=True)
class Slideshow:
    """A video made of slides; `length_s` cuts it short."""

    width_px: int
    height_px: int
    fps: float
    length_s: float | None
    slides: tuple[Slide, ...]


def read(manifest_json: str | None, manifest_transformation: str | None) -> Slideshow:
    """The slideshow that a request describes.

    Raises:
        ProviderError: There is no manifest, or it cannot be read (400).
    """
    if manifest_json:
        name, text = "manifest_json", manifest_json
    elif manifest_transformation:
        name, text = "manifest_transformation", manifest_transformation
    else:
        raise errors.missing_parameter("manifest_json")
    try:
        found = strict_json(text) if name == "manifest_json" else _parsed(text)
        return _slideshow(found)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise errors.invalid_parameter(name, text) from error


def _slideshow(manifest: Mapping[str, Any]) -> Slideshow:
    settings = manifest["vars"]
    slides = settings["slides"]
    if not 0 < len(slides) <= SLIDES_LIMIT:
        raise ValueError(len(slides))
    return Slideshow(
        width_px=_side(manifest["w"]),
        height_px=_side(manifest["h"]),
        fps=_between(manifest.get("fps", _FPS), 1.0, 60.0),
        length_s=_between(manifest["du"], 0.1, LENGTH_LIMIT_S) if "du" in manifest else None,
        slides=tuple(_slide({**settings, **slide}) for slide in slides),
    )


def _slide(settings: Mapping[str, Any]) -> Slide:
    kind, _, name = str(settings["media"]).partition(":")
    if kind not in ("i", "v", "s64") or not name:
        raise ValueError(settings["media"])
    url = _decoded(name) if kind == "s64" else None
    is_video = kind == "v" or (url is not None and "/video/" in url)
    transition = settings.get("transition_s", settings.get("transition", _TRANSITION))
    return Slide(
        resource_type="video" if is_video else "image",
        public_id=None if url is not None else name.replace(":", "/"),
        url=url,
        shown_s=_between(settings.get("sdur", _SLIDE_MS), 40.0, 1000 * LENGTH_LIMIT_S) / 1000,
        transition_s=_between(settings.get("tdur", _TRANSITION_MS), 0.0, 60_000.0) / 1000,
        transition=str(transition).removeprefix("s:"),
    )


def _decoded(text: str) -> str:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()


def _side(value: Any) -> int:
    return int(_between(value, 16, _SIDE_LIMIT_PX)) // 2 * 2


def _between(value: Any, least: float, most: float) -> float:
    number = float(value)
    if not least <= number <= most:
        raise ValueError(value)
    return number


def _parsed(text: str) -> dict[str, Any]:
    """`fn_render:w_352;h_240;vars_(sdur_500;slides_((media_i:a);(media_i:b)))`."""
    body = text.removeprefix("fn_render:")
    if body == text:
        raise ValueError(text)
    found = _fields(_split(body), 0)
    slides = found["vars"]["slides"]
    found["vars"]["slides"] = [_fields(_split(_inside(slide)), 0) for slide in _split(_inside(slides))]
    return found


def _fields(parts: list[str], depth: int) -> dict[str, Any]:
    if depth > _DEPTH_LIMIT:
        raise ValueError(parts)
    found: dict[str, Any] = {}
    for part in parts:
        name, _, value = part.partition("_")
        found[name] = _fields(_split(_inside(value)), depth + 1) if name == "vars" else value
    return found


def _inside(text: str) -> str:
    if not (text.startswith("(") and text.endswith(")")):
        raise ValueError(text)
    return text[1:-1]


def _split(text: str) -> list[str]:
    """Parts between semicolons that are in no brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            raise ValueError(text)
        if char == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    if depth:
        raise ValueError(text)
    return parts
