"""Effects that take each pixel from another place: pictures bent to an arc, or displaced by a map.

Source: cloudinary.com/documentation/transformation_reference (e_distort, e_displace).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.media import check_pixels

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Grid = np.ndarray[Any, np.dtype[np.float64]]
    Mapping = Callable[[Grid, Grid], tuple[Grid, Grid]]

_BAND_PX = 1 << 20


def arced(image: Image, degrees: float) -> Image:
    """The picture bent upwards: its middle line keeps its length and becomes an arc of these degrees."""
    import numpy as np

    angle = math.radians(degrees)
    width, height = image.size
    middle = width / angle
    outer, inner = middle + height / 2, max(0.0, middle - height / 2)
    half = angle / 2
    reach = outer * (1.0 if half >= math.pi / 2 else math.sin(half))
    lowest = max(-inner * math.cos(half), -outer * math.cos(half))
    size = (max(1, math.ceil(2 * reach)), max(1, math.ceil(lowest + outer)))

    def source(x: Grid, y: Grid) -> tuple[Grid, Grid]:
        across, down = x + 0.5 - size[0] / 2, y + 0.5 - outer
        turned = np.arctan2(across, -down)
        return (turned / angle + 0.5) * width - 0.5, outer - np.hypot(across, down) - 0.5

    return _gathered(image, size, source)


def displaced(image: Image, chart: Image, across_px: int, down_px: int) -> Image:
    """The picture with its pixels moved as the colours of a map say.

    Args:
        image: The picture.
        chart: The map, of the same size: red moves sideways, green up and down, the middle grey not at all.
        across_px: How far pure red moves.
        down_px: How far pure green moves.
    """
    import numpy as np

    red, green = (np.asarray(band) for band in chart.convert("RGB").split()[:2])

    def source(x: Grid, y: Grid) -> tuple[Grid, Grid]:
        rows = slice(int(y[0, 0]), int(y[-1, 0]) + 1)
        return x + (red[rows] / 127.5 - 1) * across_px, y + (green[rows] / 127.5 - 1) * down_px

    return _gathered(image, image.size, source)


def _gathered(image: Image, size: tuple[int, int], source: Mapping) -> Image:
    """A picture whose pixels come from where `source` says; from outside of the picture comes nothing.

    It is made in bands of rows, so that a large one needs little memory.
    """
    import numpy as np
    from PIL import Image as Pillow

    check_pixels(*size)
    pixels = np.asarray(image.convert("RGBA"))
    made = Pillow.new("RGBA", size)
    rows = max(1, _BAND_PX // size[0])
    for top in range(0, size[1], rows):
        y, x = np.mgrid[top : min(size[1], top + rows), 0 : size[0]].astype(np.float64)
        column, row = (np.rint(values).astype(np.int64) for values in source(x, y))
        is_inside = (column >= 0) & (column < image.size[0]) & (row >= 0) & (row < image.size[1])
        band = np.zeros((*column.shape, 4), dtype=np.uint8)
        band[is_inside] = pixels[row[is_inside], column[is_inside]]
        made.paste(Pillow.fromarray(band, "RGBA"), (0, top))
    return made
