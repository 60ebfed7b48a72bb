"""The perceptual hash of a picture: alike for pictures that look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE_PX = 32
_KEPT = 8


def phash(image: Image) -> str:
    """64 bits as 16 hexadecimal digits: which low frequencies of the grey picture are above their median."""
    import numpy as np
    from PIL import Image as Pillow

    grey = image.convert("L").resize((_SIDE_PX, _SIDE_PX), Pillow.Resampling.LANCZOS)
    places = np.arange(_SIDE_PX)
    waves = np.cos(np.pi * (2 * places[np.newaxis, :] + 1) * places[:, np.newaxis] / (2 * _SIDE_PX))
    frequencies = waves @ np.asarray(grey, dtype=float) @ waves.T
    kept = frequencies[:_KEPT, :_KEPT].round(6).ravel()
    bits = kept > np.median(kept[1:])
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"
