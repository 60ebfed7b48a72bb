"""What a picture shows: colours, faces, fingerprint, metadata and quality, in Cloudinary's shapes.

Everything here reads pixels and blocks; it runs in threads. Nothing here changes a picture.

Source: cloudinary.com/documentation/semantic_data_extraction, image_quality_analysis, accessibility_analysis.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from fakes.cloudinary import heap
from fakes.cloudinary.analysis import colors, faces, fingerprint, metadata, quality
from fakes.cloudinary.errors import invalid_image
from fakes.cloudinary.media import BROKEN, open_picture

_LOOKS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "colors": lambda image: {
        "colors": colors.histogram(image),
        "predominant": colors.predominant(image),
    },
    "faces": lambda image: {"faces": [list(face) for face in faces.find(image)]},
    "phash": lambda image: {"phash": fingerprint.phash(image)},
    "image_metadata": lambda image: {
        "image_metadata": metadata.image_metadata(image),
        **metadata.appearance(image),
    },
    "media_metadata": lambda image: {
        "media_metadata": metadata.image_metadata(image),
        **metadata.appearance(image),
    },
    "exif": lambda image: {"exif": metadata.exif(image)},
    "quality_analysis": lambda image: {"quality_analysis": {"focus": quality.focus(image)}},
    "accessibility_analysis": lambda image: {"accessibility_analysis": quality.accessibility(image)},
    "cinemagraph_analysis": lambda image: {
        "cinemagraph_analysis": {"cinemagraph_score": quality.cinemagraph_score(image)}
    },
}
LOOKS = frozenset(_LOOKS)
"""The parameters of an upload, or of a request for details, that ask for an analysis of an image."""


def analyse(path: Path, wanted: Collection[str]) -> dict[str, Any]:
    """Look at an image. Blocks; call it in a thread.

    Args:
        path: The image.
        wanted: Names out of `LOOKS`; others are passed over.

    Returns:
        Fields of the answer, such as `colors` and `predominant`.

    Raises:
        ProviderError: It is no image, or it is broken (400).
    """
    try:
        return _seen(path, wanted)
    finally:
        heap.trim()


def _seen(path: Path, wanted: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with open_picture(path) as image:
        try:
            for name, look in _LOOKS.items():
                if name in wanted:
                    found |= look(image)
        except BROKEN as error:
            raise invalid_image() from error
    return found
