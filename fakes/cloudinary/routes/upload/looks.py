"""What an upload asks to be seen in its image: which fields of the answer each analysis fills."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fakes.cloudinary.state import Asset
from fakes.cloudinary.wire import UploadOptions

_APPEARANCE = ("illustration_score", "semi_transparent", "grayscale")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "accessibility_analysis": ("accessibility_analysis",),
    "cinemagraph_analysis": ("cinemagraph_analysis",),
    "colors": ("colors", "predominant"),
    "exif": ("exif",),
    "faces": ("faces",),
    "image_metadata": ("image_metadata", *_APPEARANCE),
    "media_metadata": ("media_metadata", *_APPEARANCE),
    "phash": ("phash",),
    "quality_analysis": ("quality_analysis",),
}


async def seen(path: Path, resource_type: str, options: UploadOptions) -> dict[str, Any]:
    """Look at a file; only images are looked at.

    Raises:
        ProviderError: It is broken (400).
    """
    if resource_type != "image" or not options.looks:
        return {}
    from fakes.cloudinary import analysis

    return await asyncio.to_thread(analysis.analyse, path, options.looks)


def shown(asset: Asset, options: UploadOptions) -> dict[str, Any]:
    """The fields of an answer that the options ask for; coordinates that a client gave are the faces."""
    fields = {
        name: asset.detail[name]
        for look in sorted(options.looks)
        for name in _FIELDS[look]
        if name in asset.detail
    }
    if "faces" in options.looks and "face_coordinates" in asset.extras:
        fields["faces"] = asset.extras["face_coordinates"]
    return fields
