"""Responsive breakpoints: the widths in which an image is worth having, by the bytes that each step saves.

Source: cloudinary.com/documentation/image_upload_api_reference#upload_optional_parameters
(responsive_breakpoints).
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

from fakes.cloudinary import media, transformation, wire
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.state import Asset
from fakes.cloudinary.wire import Breakpoints

_Size = tuple[int, int, int]
"""Width and height in pixels, and bytes."""


class BreakpointFinder:
    """Finds breakpoints by rendering."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def find(self, asset: Asset, asked: Sequence[Breakpoints]) -> list[dict[str, Any]]:
        """What the answer says: for each item its breakpoints, widest first; nothing for what is no image."""
        if asset.resource_type != "image":
            return []
        return [await self._item(asset, one) for one in asked]

    async def _item(self, asset: Asset, asked: Breakpoints) -> dict[str, Any]:
        whole_px, _, _ = await self._measured(asset, asked, None)
        most_px = min(asked.most_px, whole_px)
        largest = await self._measured(asset, asked, most_px)
        smallest = await self._measured(asset, asked, min(asked.least_px, most_px))
        widths = inner_widths((smallest[0], smallest[2]), (largest[0], largest[2]), asked)
        inner = [await self._measured(asset, asked, width) for width in widths]
        sizes = sorted({largest, smallest, *inner}, reverse=True)[: asked.most_images]
        shown = [await self._shown(asset, asked, size) for size in sizes]
        return {"breakpoints": shown} | (
            {"transformation": asked.transformation} if asked.transformation else {}
        )

    async def _shown(self, asset: Asset, asked: Breakpoints, size: _Size) -> dict[str, Any]:
        width_px, height_px, size_bytes = size
        text = _scaled(asked, width_px)
        format_name = asked.format or asset.format
        if asked.is_kept:
            await self._service.renderer.derive(asset, text, format_name)
        read = self._service.renderer.read(asset.cloud, transformation.split(text))
        url = wire.delivery_url(
            self._service.origin, asset, transformation=read.text, format_name=format_name
        )
        body = {"width": width_px, "height": height_px, "bytes": size_bytes}
        return body | wire.addresses(url)

    async def _measured(self, asset: Asset, asked: Breakpoints, width_px: int | None) -> _Size:
        """How large the image is in this width, or without any scaling."""
        text = asked.transformation if width_px is None else _scaled(asked, width_px)
        made = self._service.blobs.incoming()
        try:
            async with self._service.file_of(asset) as path:
                await self._service.renderer.rework(asset, path, text, asked.format, made)
            probe = await asyncio.to_thread(media.probe_image, made.path)
            size_bytes = made.path.stat().st_size
        finally:
            made.drop()
        return probe.width_px or 0, probe.height_px or 0, size_bytes


def inner_widths(smallest: tuple[int, int], largest: tuple[int, int], asked: Breakpoints) -> list[int]:
    """Widths between the two ends, one for each step of bytes; bytes grow with the area.

    Args:
        smallest: Width in pixels and bytes of the lower end.
        largest: The same of the upper end.
        asked: Bytes per step, and how many images at most.
    """
    (low_px, low_bytes), (high_px, high_bytes) = smallest, largest
    count = min((high_bytes - low_bytes) // asked.step_bytes, asked.most_images - 2)
    if count < 1 or high_px <= low_px:
        return []
    areas = (low_px**2 + (high_px**2 - low_px**2) * step / (count + 1) for step in range(1, count + 1))
    return sorted({round(math.sqrt(area)) for area in areas} - {low_px, high_px})


def _scaled(asked: Breakpoints, width_px: int) -> str:
    scale = f"c_scale,w_{width_px}"
    return f"{asked.transformation}/{scale}" if asked.transformation else scale
