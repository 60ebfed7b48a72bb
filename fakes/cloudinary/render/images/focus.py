"""What a picture shows and where, for gravities that look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fakes.cloudinary.analysis import faces, saliency
from fakes.cloudinary.render.geometry import Box

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Regions:
    """Regions of an original that a client named: they come before what is found.

    Attributes:
        faces: None when nobody said where the faces are.
        custom: What `g_custom` looks at.
    """

    faces: tuple[Box, ...] | None = None
    custom: tuple[Box, ...] = ()


def regions_of(face_coordinates: Any, custom_coordinates: Any) -> Regions:
    """Regions from coordinates as answers show them: lists of left, top, width and height."""
    return Regions(
        None if face_coordinates is None else _boxes(face_coordinates), _boxes(custom_coordinates or ())
    )


def _boxes(rows: Any) -> tuple[Box, ...]:
    many = rows if rows and isinstance(rows[0], (list, tuple)) else [rows] if rows else []
    return tuple(Box(*(int(value) for value in row[:4])) for row in many if len(row) >= 4)


class Seen:
    """Looks at a picture when a gravity asks.

    Args:
        image: The picture as it is before it is cropped.
        regions: What is known of it, in its pixels.
    """

    def __init__(self, image: Image, regions: Regions) -> None:
        self._image = image
        self._regions = regions
        self.size = image.size

    def boxes(self, kind: str) -> Sequence[Box]:
        """The `faces` or `custom` regions, the largest first."""
        if kind == "custom":
            return self._regions.custom
        if self._regions.faces is not None:
            return self._regions.faces
        return self._faces

    def window(self, width_share: float, height_share: float) -> tuple[float, float, float]:
        """The upper left corner of the most interesting window, and the share of interest that it holds."""
        weights = self._weights
        left, top = saliency.best_window(weights, width_share, height_share)
        rows, columns = weights.shape
        part = weights[
            round(top * rows) : round((top + height_share) * rows),
            round(left * columns) : round((left + width_share) * columns),
        ]
        whole = float(weights.sum())
        return left, top, float(part.sum()) / whole if whole else 1.0

    @cached_property
    def _faces(self) -> tuple[Box, ...]:
        return tuple(Box(*face) for face in faces.find(self._image))

    @cached_property
    def _weights(self) -> Any:
        return saliency.saliency(self._image)
