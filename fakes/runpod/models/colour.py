"""Colours as people name them: the nearest of many known shades, by how different two look (OKLab).

Source of the space: bottosson.github.io/posts/oklab. The shades are ours; the tests hold their names against
those of CSS and of the xkcd colour survey.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SHADES = {
    "black": "000000 0c0c0c 161616 0a0a14 0a140a 140a0a",
    "grey": "2e2e2e 404040 606060 808080 a0a0a0 c0c0c0 d4d4d4 6b7680 5a6468 80786e 2f4a4a",
    "white": "ffffff f4f4f4 e8e8e8 fffff0 fff5ee f0fff8 f0f8ff",
    "red": "ff0000 e01818 c02020 a01818 800808 5a0404 d84848 e8484c d01038",
    "orange": "ffa500 e0a030 ff8c00 ff6a00 e08828 f0a050 ffb060 d06010 c87818 ff5008 ffd8a8",
    "brown": "8b4513 a0522d 704018 503010 301a08 986028 a87848 806848 b89468 7a5800 4a2a10 604828"
    " 7c2c0c d0b088",
    "yellow": "ffff00 f8f040 e0d020 ffd700 f0c020 ffff80 c8b410 d8b020 fff0a0 e8d878 b0a010",
    "green": "008000 00ff00 208040 006400 90ee90 30a030 60d040 9acd32 6b8e23 104018 082808 2e8b57"
    " 708030 b0ff98 88b080 a0ff10 40e080 808000 485818 c8f8c0 98a820",
    "cyan": "00ffff 20c0c0 40e0e0 109090 087878 a0ffff 70d8e0 005858",
    "blue": "0000ff 2050d0 000080 102840 4070e0 60a8f0 a0d0ff 4878a8 1878c0 00a0f0 101850 3838c0"
    " 7898c8 5878a0 000030 004478 b0c8e0",
    "purple": "800080 8020a0 4b0082 a020f0 9060d8 b890e0 c060ff d0a0f0 806090 300040 600850 9848a0"
    " e0c8ff 400040",
    "pink": "ffc0cb f080b0 ff69b4 ff1493 ff00ff e060d0 d87898 ffd8e4 d88890 ff8080 c83070 d00060"
    " e8a0a8",
}  # fmt: skip
COLOURS = tuple(SHADES)
_LIGHTNESS_WEIGHT = 0.7
"""Two colours of one hue have the same name sooner than two of one lightness."""
_HUE_WEIGHT = 2.0
"""Gold and yellow differ little but in their hue."""
_BLUR = 0.05
"""How far apart two colours may be to count as nearly the same shade."""
_AT_ONCE = 1024
_BITS = 5
CODES = 1 << 3 * _BITS
_FROM_LINEAR = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
_FROM_CUBE_ROOT = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip

Values = NDArray[np.float64]


def oklab(rgb: NDArray[np.generic]) -> Values:
    """Lightness (0..1), green to red and blue to yellow of sRGB colours (0..255) along the last axis."""
    scaled = np.asarray(rgb, np.float64) / 255
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _FROM_LINEAR.T) @ _FROM_CUBE_ROOT.T)


def rgb(digits: str) -> tuple[int, int, int]:
    """Red, green and blue of six hexadecimal digits."""
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def codes(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """For each pixel (red, green, blue along the last axis) a number below `CODES`: its colour, coarsely."""
    red, green, blue = (pixels[..., channel].astype(np.int32) >> 8 - _BITS for channel in range(3))
    return np.asarray((red << 2 * _BITS) | (green << _BITS) | blue)


@lru_cache(maxsize=1)
def names() -> NDArray[np.uint8]:
    """For each code the index of its name in `COLOURS`."""
    lightness, greenness, blueness = oklab(middles(np.arange(CODES, dtype=np.int32))).T.copy()
    nearest = np.full(CODES, np.inf)
    found = np.empty(CODES, np.uint8)
    owners = [owner for owner, line in enumerate(SHADES.values()) for _ in line.split()]
    for owner, shade in zip(owners, shades(), strict=True):
        away = _LIGHTNESS_WEIGHT**2 * (lightness - shade[0]) ** 2
        away += (greenness - shade[1]) ** 2 + (blueness - shade[2]) ** 2
        found[away < nearest] = owner
        np.minimum(nearest, away, out=nearest)
    return found


@lru_cache(maxsize=1)
def shades() -> Values:
    """All known shades, in OKLab."""
    return oklab(np.array([rgb(digits) for line in SHADES.values() for digits in line.split()]))


def palette(colours: Values, shares: Values) -> Values:
    """How much of each known shade there is (their sum is 1); a colour between shades counts for all of them.

    Args:
        colours: In OKLab, n x 3.
        shares: How much of each colour there is; their sum is 1.
    """
    found = np.zeros(len(shades()))
    for first in range(0, len(colours), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        found += shares[part] @ _nearness(colours[part])
    return found


def _nearness(colours: Values) -> Values:
    """For each colour (in OKLab) how it counts for each shade; the sum of a row is 1."""
    lightness, *plane = np.moveaxis(colours[:, None, :] - shades(), 2, 0)
    chroma = np.hypot(*colours[:, 1:].T)[:, None] - np.hypot(*shades()[:, 1:].T)
    away = (_LIGHTNESS_WEIGHT * lightness) ** 2
    away += _HUE_WEIGHT**2 * (plane[0] ** 2 + plane[1] ** 2) - (_HUE_WEIGHT**2 - 1) * chroma**2
    near = np.exp((away.min(axis=1, keepdims=True) - away) / (2 * _BLUR**2))
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def middles(codes: NDArray[np.int32]) -> NDArray[np.float64]:
    """Red, green and blue (0..255) in the middle of what has each code."""
    steps = np.stack([codes >> 2 * _BITS, codes >> _BITS, codes], axis=-1) & (1 << _BITS) - 1
    return steps * 255 / ((1 << _BITS) - 1)
