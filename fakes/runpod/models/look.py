"""What a picture looks like: its colours, brightness, detail and layout. BLIP and CLIP both speak from it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import colour
from fakes.runpod.models.colour import COLOURS
from fakes.runpod.models.media import Rgb, luminance

PICTURE_PX = 128
LEAST_SHARE = 0.02
_EDGE = 24.0
"""Step in brightness (of 255) between two neighbours that counts as an edge."""
_SLOPE_PX = 8
_SLOPE = 1.5
"""Step in brightness over `_SLOPE_PX` from which on a plain surface is shaded."""
_DARK, _BRIGHT = 0.45, 0.92
_PALE, _LIGHT, _VIVID = 0.45, 0.75, 0.75
_GROUND = 0.6
_SHAPE_SHARES = (0.004, 0.35)
_SHAPE_FILL = 0.45
_SHAPE_STEP = 0.15
"""Distance of a thing from its ground (OKLab): a ground that is shaded holds no thing."""
_MOST_VIVID = 0.2


@dataclass(frozen=True, slots=True)
class Look:
    """Measurements of one picture; all are in 0..1.

    Attributes:
        shares: Share of the area by colour name, largest first; colours under `LEAST_SHARE` are left out.
        tone: dark, light, bright or empty: how the largest colour is seen.
        shape: The colour of the one compact thing on a ground of one colour, if that is what is to be seen.
        brightness: Mean brightness.
        vividness: How far from grey its colours are in the mean.
        detail: Share of pixels at an edge.
        shading: Share of pixels where the brightness changes smoothly.
        tints: All its colours (in OKLab, n x 3).
        tint_shares: The share of the area of each of them.
    """

    shares: Mapping[str, float]
    tone: str
    shape: str | None
    brightness: float
    vividness: float
    detail: float
    shading: float
    tints: colour.Values
    tint_shares: colour.Values

    @property
    def colours(self) -> tuple[str, ...]:
        """Names of the colours, largest first."""
        return tuple(self.shares)

    @property
    def variety(self) -> float:
        """How many colours share the area, as if evenly: 1 for a single one."""
        return float(np.exp(-sum(share * np.log(share) for share in self.shares.values())))


def look(rgb: Rgb) -> Look:
    """Measure a picture given as rows x columns x 3."""
    codes = colour.codes(rgb)
    used, counts = np.unique(codes, return_counts=True)
    tints, tint_shares = colour.oklab(colour.middles(used)), counts / codes.size
    names = colour.names()[codes]
    by_name = np.bincount(names.ravel(), minlength=len(COLOURS)) / codes.size
    order = sorted(range(len(COLOURS)), key=lambda index: (-by_name[index], index))
    gray = luminance(rgb)
    return Look(
        shares={COLOURS[index]: float(by_name[index]) for index in order if by_name[index] >= LEAST_SHARE},
        tone=_tone(COLOURS[order[0]], rgb[names == order[0]]),
        shape=_shape(rgb, names, order[0]) if by_name[order[0]] >= _GROUND else None,
        brightness=float(gray.mean() / 255),
        vividness=min(float(tint_shares @ np.hypot(tints[:, 1], tints[:, 2])) / _MOST_VIVID, 1.0),
        detail=_detail(gray),
        shading=_shading(gray),
        tints=tints,
        tint_shares=tint_shares,
    )


def _tone(name: str, pixels: Rgb) -> str:
    """How a colour's pixels are seen, from their value and saturation (HSV)."""
    high, low = float(pixels.max(axis=1).mean()) / 255, float(pixels.min(axis=1).mean()) / 255
    saturation = (high - low) / max(high, 1e-6)
    if name in ("black", "white"):
        return ""
    if high < _DARK:
        return "dark"
    if name == "grey" or (saturation < _PALE and name not in ("pink", "brown")):
        return "light" if high > _LIGHT else ""
    return "bright" if high > _BRIGHT and saturation > _VIVID else ""


def _shape(rgb: Rgb, names: NDArray[np.uint8], ground: int) -> str | None:
    """The colour of what is not ground, if that is one thing that fills most of the box around it."""
    is_thing = names != ground
    if not _SHAPE_SHARES[0] <= is_thing.mean() <= _SHAPE_SHARES[1]:
        return None
    rows, columns = np.flatnonzero(is_thing.any(axis=1)), np.flatnonzero(is_thing.any(axis=0))
    box = is_thing[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if box.shape[0] == names.shape[0] or box.shape[1] == names.shape[1]:
        return None  # a stripe from edge to edge
    inside, outside = colour.oklab(np.stack([rgb[is_thing].mean(axis=0), rgb[~is_thing].mean(axis=0)]))
    if box.mean() < _SHAPE_FILL or float(np.linalg.norm(inside - outside)) < _SHAPE_STEP:
        return None
    return COLOURS[int(np.bincount(names[is_thing]).argmax())]


def _detail(gray: NDArray[np.float32]) -> float:
    if min(gray.shape) < 2:
        return 0.0
    across = np.abs(np.diff(gray, axis=1))[:-1] > _EDGE
    down = np.abs(np.diff(gray, axis=0))[:, :-1] > _EDGE
    return float((across | down).mean())


def _shading(gray: NDArray[np.float32]) -> float:
    if min(gray.shape) <= _SLOPE_PX:
        return 0.0
    across = np.abs(gray[:-_SLOPE_PX, _SLOPE_PX:] - gray[:-_SLOPE_PX, :-_SLOPE_PX])
    down = np.abs(gray[_SLOPE_PX:, :-_SLOPE_PX] - gray[:-_SLOPE_PX, :-_SLOPE_PX])
    slope = np.maximum(across, down)
    return float(((slope > _SLOPE) & (slope < _EDGE)).mean())
