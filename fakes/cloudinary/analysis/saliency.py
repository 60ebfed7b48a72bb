"""Where the eye goes first in a picture: what stands out by frequency, by edges and by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakes.cloudinary.analysis import faces

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Map = np.ndarray[Any, np.dtype[np.float64]]

_SIDE_PX = 64
_FACE_WEIGHT = 4.0


def saliency(image: Image) -> Map:
    """How interesting each place is, 0 to 1, on a grid of 64 x 64 whatever the shape of the picture.

    Source: Hou and Zhang 2007, "Saliency detection: a spectral residual approach"; with the contrast of
    colours and the faces added.
    """
    import numpy as np
    from PIL import Image as Pillow

    small = image.convert("RGB").resize((_SIDE_PX, _SIDE_PX), Pillow.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float64)
    if pixels.std(axis=(0, 1)).max() < 1:
        return np.zeros((_SIDE_PX, _SIDE_PX))
    contrast = np.sqrt(((pixels - np.median(pixels, axis=(0, 1))) ** 2).sum(axis=2))
    grey = pixels.mean(axis=2)
    edges = np.hypot(*np.gradient(grey))
    weight = _scaled(_residual(grey)) + _scaled(_smooth(edges)) + _scaled(contrast)
    for left, top, width, height in faces.find(image):
        across, down = _SIDE_PX / image.size[0], _SIDE_PX / image.size[1]
        rows = slice(int(top * down), int((top + height) * down) + 1)
        weight[rows, int(left * across) : int((left + width) * across) + 1] += _FACE_WEIGHT
    return _scaled(weight)


def best_window(weights: Map, width_share: float, height_share: float) -> tuple[float, float]:
    """The upper left corner, in shares of the picture, of the best window of this size.

    It is the one that holds most of the weight; among equals the one nearest to the centre.
    """
    import numpy as np

    rows, columns = weights.shape
    height = max(1, min(rows, round(height_share * rows)))
    width = max(1, min(columns, round(width_share * columns)))
    sums = np.zeros((rows + 1, columns + 1))
    sums[1:, 1:] = weights.cumsum(axis=0).cumsum(axis=1)
    windows = (
        sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    )
    tops, lefts = np.indices(windows.shape)
    off_center = np.hypot(tops - (rows - height) / 2, lefts - (columns - width) / 2)
    best = np.argmax(windows.round(6) - off_center * 1e-4 * max(1.0, float(windows.max())))
    top, left = np.unravel_index(best, windows.shape)
    free_x, free_y = columns - width, rows - height
    return (
        float(left) / free_x * (1 - width_share) if free_x else 0.0,
        float(top) / free_y * (1 - height_share) if free_y else 0.0,
    )


def _residual(grey: Map) -> Map:
    import numpy as np

    spectrum = np.fft.fft2(grey)
    logarithm = np.log(np.abs(spectrum) + 1e-9)
    residual = logarithm - _smooth(logarithm)
    back = np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))
    found: Map = _smooth(np.abs(back) ** 2)
    return found


def _smooth(values: Map) -> Map:
    """Mean over 3 x 3 places."""
    import numpy as np

    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    parts = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    found: Map = np.mean(parts, axis=0)
    return found


def _scaled(values: Map) -> Map:
    low, high = float(values.min()), float(values.max())
    found: Map = (values - low) / (high - low) if high - low > 1e-6 else values * 0.0
    return found
