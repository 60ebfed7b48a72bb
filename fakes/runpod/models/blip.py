"""BLIP: a caption from measured colour, brightness, detail and, for a series of frames, motion.

The score (0..1) says how clear-cut the measurement is: near 1 for one plain colour, below 0.5 for a mixed
picture.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fakes.runpod.models import Call, HandlerError, media
from fakes.runpod.models.cuts import difference
from fakes.runpod.models.look import PICTURE_PX, Look, look

_PLAIN = 0.85
_MAIN = 0.5
_DETAILED = 0.15
_STILL = 0.005
_WILD = 0.15
_CUT = 0.85


def answer(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Caption `images_base64` (a list, taken as a series of frames), or one of `image_base64`, `data_url`.

    Raises:
        HandlerError: No picture is there, or one cannot be read.
    """
    if given.get("images_base64") is not None:
        return {"captions": _captions(given["images_base64"])}
    if given.get("image_base64") is not None:
        content = media.from_base64(given["image_base64"], "image_base64")
    elif given.get("data_url") is not None:
        address = str(given["data_url"])
        is_inline = address.startswith("data:")
        content = media.from_base64(address, "data_url") if is_inline else media.fetch(address, call)
    else:
        raise HandlerError(["data_url is a required input."])
    seen = look(media.picture(content, "image", within_px=PICTURE_PX))
    return {"caption": caption(seen), "score": score(seen)}


def caption(seen: Look, moved: float | None = None) -> str:
    """Words for a picture; `moved` is the share of pixels that changed since the frame before."""
    return _subject(seen) + _details(seen) + _movement(moved)


def score(seen: Look) -> float:
    """How sure the caption is, in 0..1."""
    sure = 0.25 + 0.7 * seen.clearness - 0.3 * min(seen.detail, 0.5)
    return round(min(max(sure, 0.05), 0.99), 3)


def _captions(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given:
        raise HandlerError("images_base64 must be a list of pictures that is not empty")
    pictures = []
    for index, text in enumerate(given):
        what = f"images_base64[{index}]"
        pictures.append(media.picture(media.from_base64(text, what), what, within_px=PICTURE_PX))
    captions = []
    for index, (rgb, moved) in enumerate(zip(pictures, _movements(pictures), strict=True)):
        seen = look(rgb)
        captions.append(
            {"image": f"frame_{index:03}.jpg", "caption": caption(seen, moved), "score": score(seen)}
        )
    return captions


def _movements(pictures: Sequence[media.Rgb]) -> list[float | None]:
    """For each picture the share that changed since the one before (the first: until the next)."""
    if len(pictures) < 2 or any(one.shape != pictures[0].shape for one in pictures):
        return [None] * len(pictures)
    grays = [np.round(media.luminance(rgb)).astype(np.uint8) for rgb in pictures]
    shares = [difference(before, after)[0] for before, after in pairwise(grays)]
    return [shares[0], *shares]


def _subject(seen: Look) -> str:
    first = f"{seen.tone} {seen.colours[0]}".strip()
    largest = seen.shares[seen.colours[0]]
    if largest >= _PLAIN:
        return _with_article(f"{first} screen")
    if largest >= _MAIN:
        return f"{_with_article(first)} background with {_with_article(seen.colours[1])} shape"
    if len(seen.colours) > 3:
        return f"a colourful pattern of {seen.colours[0]}, {seen.colours[1]} and {seen.colours[2]}"
    return f"{_with_article(' and '.join(seen.colours[:2]))} picture"


def _details(seen: Look) -> str:
    return " with many fine edges" if seen.detail >= _DETAILED else ""


def _movement(moved: float | None) -> str:
    if moved is None or moved >= _CUT:
        return ""
    if moved < _STILL:
        return ", standing still"
    return ", moving fast" if moved >= _WILD else ", moving"


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
