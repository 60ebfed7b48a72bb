"""What a picture looks like: its colours by name, brightness and detail. BLIP and CLIP both speak from it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models.media import Rgb, luminance

COLOURS = (
    "black", "grey", "white", "red", "orange", "brown", "yellow", "green", "cyan", "blue", "purple", "pink",
)  # fmt: skip
PICTURE_PX = 128
_HUES = (
    (16.0, "red"),
    (41.0, "orange"),
    (70.0, "yellow"),
    (165.0, "green"),
    (195.0, "cyan"),
    (255.0, "blue"),
    (320.0, "purple"),
    (345.0, "pink"),
    (360.0, "red"),
)
"""Upper end of each colour's hue in degrees."""
_EDGE = 24.0
"""Step in brightness (of 255) between two neighbours that counts as an edge."""


@dataclass(frozen=True, slots=True)
class Look:
    """Measurements of one picture.

    Attributes:
        shares: Share of the area by colour name, largest first; colours under 2 % are left out.
        tone: dark, bright or empty: how the largest colour is seen.
        brightness: Mean brightness in 0..1.
        detail: Share of pixels at an edge, in 0..1.
    """

    shares: Mapping[str, float]
    tone: str
    brightness: float
    detail: float

    @property
    def colours(self) -> tuple[str, ...]:
        """Names of the colours, largest first."""
        return tuple(self.shares)

    @property
    def clearness(self) -> float:
        """How far the largest colour is ahead of the next, in 0..1."""
        ordered = [*self.shares.values(), 0.0, 0.0]
        return ordered[0] - ordered[1]

    @property
    def variety(self) -> float:
        """How evenly many colours share the area: their entropy, 0 for a single one, 2.5 for all alike."""
        return float(-sum(share * np.log(share) for share in self.shares.values()))


def look(rgb: Rgb) -> Look:
    """Measure a picture given as rows x columns x 3."""
    names, value = named(rgb)
    counts = np.bincount(names.ravel(), minlength=len(COLOURS)) / names.size
    order = sorted(range(len(COLOURS)), key=lambda index: (-counts[index], index))
    shares = {COLOURS[index]: float(counts[index]) for index in order if counts[index] >= 0.02}
    gray = luminance(rgb)
    largest = order[0]
    of_largest = float(value[names == largest].mean())
    return Look(shares, _tone(COLOURS[largest], of_largest), float(gray.mean() / 255), _detail(gray))


def named(rgb: Rgb) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each pixel the index of its colour in `COLOURS`, and its value (HSV) in 0..1."""
    scaled: NDArray[np.float32] = np.asarray(rgb / 255, dtype=np.float32)
    value: NDArray[np.float32] = scaled.max(axis=2)
    low: NDArray[np.float32] = scaled.min(axis=2)
    spread: NDArray[np.float32] = value - low
    saturation = spread / np.maximum(value, 1e-6)
    hue = _hue_degrees(scaled, value, np.maximum(spread, np.float32(1e-6)))
    names = np.zeros(value.shape, np.intp)
    start = 0.0
    for end, name in _HUES:
        names[(hue >= start) & (hue < end)] = COLOURS.index(name)
        start = end
    is_orange = names == COLOURS.index("orange")
    names[is_orange & (value < 0.6)] = COLOURS.index("brown")
    is_reddish = (names == COLOURS.index("red")) | (names == COLOURS.index("purple"))
    names[is_reddish & (value > 0.8) & (saturation < 0.55)] = COLOURS.index("pink")
    is_plain = saturation < 0.16
    names[is_plain] = COLOURS.index("grey")
    names[is_plain & (value > 0.8)] = COLOURS.index("white")
    names[value < 0.16] = COLOURS.index("black")
    return names, value


def _hue_degrees(
    scaled: NDArray[np.float32], value: NDArray[np.float32], spread: NDArray[np.float32]
) -> NDArray[np.float32]:
    red, green, blue = scaled[..., 0], scaled[..., 1], scaled[..., 2]
    sixths = np.where(
        value == red,
        ((green - blue) / spread) % 6,
        np.where(value == green, (blue - red) / spread + 2, (red - green) / spread + 4),
    )
    return np.asarray(np.clip(sixths * 60, 0, 359.99), dtype=np.float32)


def _tone(colour: str, value: float) -> str:
    if colour in ("black", "white"):
        return ""
    if value < 0.45:
        return "dark"
    return "bright" if value > 0.92 else ""


def _detail(gray: NDArray[np.float32]) -> float:
    if min(gray.shape) < 2:
        return 0.0
    across = np.abs(np.diff(gray, axis=1))[:-1] > _EDGE
    down = np.abs(np.diff(gray, axis=0))[:, :-1] > _EDGE
    return float((across | down).mean())
