"""Finds faces that look at the camera: patches of skin as wide as they are high, with two dark eyes.

There is no trained model here, so it finds less than Cloudinary does and never claims what it did not see:
without skin and a pair of eyes there is no face. Coordinates that a client gave always come first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Mask = np.ndarray[Any, np.dtype[np.bool_]]
    Grey = np.ndarray[Any, np.dtype[np.float64]]

Face = tuple[int, int, int, int]
"""Left, top, width and height in pixels."""

_SIDE_PX = 160
_LEAST_SHARE = 0.004
_MOST_FACES = 20
_FACE_RATIO = (0.85, 2.0)
_LEAST_FILL = 0.5
_EYE_SIDE = 24
_EYE_CONTRAST = 35.0


def find(image: Image) -> list[Face]:
    """The faces of a picture, largest first."""
    import numpy as np

    small = image.convert("RGB")
    small.thumbnail((_SIDE_PX, _SIDE_PX))
    scale = image.size[0] / small.size[0]
    pixels = np.asarray(small)
    grey = np.asarray(small.convert("L"), dtype=np.float64)
    found = []
    for left, top, right, bottom, count in _patches(_skin(pixels)):
        width, height = right - left, bottom - top
        if count < _LEAST_SHARE * grey.size or not _is_oval(width, height, count):
            continue
        if _has_eyes(grey[top:bottom, left:right]):
            found.append(
                (round(left * scale), round(top * scale), round(width * scale), round(height * scale))
            )
    return sorted(found, key=lambda face: -face[2] * face[3])[:_MOST_FACES]


def _skin(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> Mask:
    """Where the colour is one of skin, of any shade.

    Source: Chai and Ngan 1999, "Face segmentation using skin-color map" (ranges of Cb and Cr).
    """
    red, green, blue = (pixels[:, :, index].astype(float) for index in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb = 128 + 0.564 * (blue - luma)
    cr = 128 + 0.713 * (red - luma)
    mask: Mask = (cb >= 77) & (cb <= 127) & (cr >= 133) & (cr <= 173) & (luma > 40)
    return mask


def _patches(mask: Mask) -> list[tuple[int, int, int, int, int]]:
    """Connected patches as left, top, right, bottom and the number of pixels."""
    rest = mask.copy()
    height, width = rest.shape
    found = []
    for top, left in zip(*rest.nonzero(), strict=True):
        if not rest[top, left]:
            continue
        waiting = [(int(top), int(left))]
        rest[top, left] = False
        box, count = [int(left), int(top), int(left), int(top)], 0
        while waiting:
            y, x = waiting.pop()
            count += 1
            box = [min(box[0], x), min(box[1], y), max(box[2], x), max(box[3], y)]
            for below, beside in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= below < height and 0 <= beside < width and rest[below, beside]:
                    rest[below, beside] = False
                    waiting.append((below, beside))
        found.append((box[0], box[1], box[2] + 1, box[3] + 1, count))
    return found


def _is_oval(width: int, height: int, count: int) -> bool:
    is_upright = _FACE_RATIO[0] <= height / width <= _FACE_RATIO[1]
    return is_upright and count / (width * height) >= _LEAST_FILL


def _has_eyes(grey: Grey) -> bool:
    """Whether both upper quarters hold a dark spot at the same height, with brighter skin between."""
    import numpy as np
    from PIL import Image as Pillow

    if min(grey.shape) < 8:
        return False
    face = Pillow.fromarray(grey.astype(np.uint8)).resize((_EYE_SIDE, _EYE_SIDE), Pillow.Resampling.BOX)
    values = np.asarray(face, dtype=np.float64)
    skin = float(np.median(values))
    band = values[5:14, :]
    left, between, right = band[:, 4:10], band[:, 10:14], band[:, 14:20]
    dark = [side for side in (left, right) if skin - float(side.min()) >= _EYE_CONTRAST]
    if len(dark) < 2:
        return False
    rows = [int(np.unravel_index(side.argmin(), side.shape)[0]) for side in dark]
    bridge = float(between[rows[0]].max())
    return (
        abs(rows[0] - rows[1]) <= 2 and bridge - min(float(side.min()) for side in dark) >= _EYE_CONTRAST / 2
    )
