"""How good a picture is: in focus, distinct for colour-blind eyes, moving like a cinemagraph."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.analysis import colors

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

_SIDE_PX = 512
# Variance of the Laplacian at which a picture counts as half sharp.
_HALF_SHARP = 60.0
DEUTERANOPIA = (0.625, 0.375, 0.0, 0.0, 0.7, 0.3, 0.0, 0.0, 0.0, 0.3, 0.7, 0.0)
"""Colours as deuteranopes see them, as a matrix of Pillow."""
_CINEMAGRAPH_FRAMES = 10


def focus(image: Image) -> float:
    """From 0.0, blurry, to 1.0, sharp."""
    variance = _laplacian_variance(image)
    return round(variance / (variance + _HALF_SHARP), 2)


def accessibility(image: Image) -> dict[str, Any]:
    """How well colour-blind people can tell the colours and the edges of a picture apart."""
    shades = colors.palette(image, 8)
    edges, kept = _edge_strength(image), _edge_strength(_seen_colorblind(image))
    distinct_edges = round(min(1.0, kept / edges), 2) if edges else 1.0
    pairs = list(combinations(shades, 2))
    if not pairs:
        worst, distinct_colors = (shades[0], shades[0]), 1.0
    else:
        worst = min(pairs, key=_ratio)
        distinct_colors = round(sum(min(1.0, _ratio(pair)) for pair in pairs) / len(pairs), 2)
    return {
        "colorblind_accessibility_analysis": {
            "distinct_edges": distinct_edges,
            "distinct_colors": distinct_colors,
            "most_indistinct_pair": [colors.as_hex(shade) for shade in worst],
        },
        "colorblind_accessibility_score": round((distinct_edges + distinct_colors) / 2, 2),
    }


def cinemagraph_score(image: Image) -> float:
    """From 0 for a still picture to 1 for an animation in which only a small part moves."""
    import numpy as np

    frames = min(getattr(image, "n_frames", 1), _CINEMAGRAPH_FRAMES)
    if frames < 2:
        return 0
    seen = []
    for number in range(frames):
        image.seek(number)
        seen.append(np.asarray(image.convert("L").resize((64, 64)), dtype=float))
    image.seek(0)
    moving = float((np.std(seen, axis=0) > 4).mean())
    return round(1 - moving, 2) if moving else 0


def _laplacian_variance(image: Image) -> float:
    grey = _grey(image)
    inner = grey[1:-1, 1:-1]
    if not inner.size:
        return 0.0
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    return float(laplacian.var())


def _edge_strength(image: Image) -> float:
    import numpy as np

    pixels = np.asarray(image.convert("RGB").resize((128, 128)), dtype=float)
    return float(np.abs(np.diff(pixels, axis=0)).mean() + np.abs(np.diff(pixels, axis=1)).mean())


def _seen_colorblind(image: Image) -> Image:
    return image.convert("RGB").convert("RGB", DEUTERANOPIA)


def _ratio(pair: tuple[colors.Color, colors.Color]) -> float:
    """Distance of two colours as a colour-blind person sees it, as a share of the plain distance."""
    plain = _distance(*pair)
    first, second = (_mapped(shade) for shade in pair)
    return _distance(first, second) / plain if plain else 1.0


def _mapped(shade: colors.Color) -> tuple[float, ...]:
    rows = (DEUTERANOPIA[:3], DEUTERANOPIA[4:7], DEUTERANOPIA[8:11])
    return tuple(sum(a * b for a, b in zip(row, shade, strict=True)) for row in rows)


def _distance(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    squares = sum((a - b) ** 2 for a, b in zip(first, second, strict=True))
    return float(squares**0.5)


def _grey(image: Image) -> np.ndarray[Any, np.dtype[np.float64]]:
    import numpy as np

    small = image.convert("L")
    small.thumbnail((_SIDE_PX, _SIDE_PX))
    return np.asarray(small, dtype=np.float64)
