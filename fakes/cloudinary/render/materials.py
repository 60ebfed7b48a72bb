"""What layers are made of: the assets that they name, and where their bytes are."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from fakes.cloudinary import analysis, formats
from fakes.cloudinary.blobs import Blobs
from fakes.cloudinary.errors import transformation_refused, unsupported_font
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.images.focus import regions_of
from fakes.cloudinary.render.plan import Subject, plan
from fakes.cloudinary.state import Asset, Key
from fakes.cloudinary.state.assets import Assets
from fakes.cloudinary.transformation import LayerSource, Plan, Transformation, layers

Bring = Callable[[str, LayerSource], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Material:
    """The stored file behind a layer."""

    path: Path
    asset: Asset


@dataclass(frozen=True, slots=True)
class Materials:
    """All that the layers of a plan name, also those within layers.

    Attributes:
        layers: By where the layer comes from. A text that brings its own style and words has none; one that
            uses the style of a text image has that image.
        fonts: Files of fonts that are assets, by the name that the style gives them.
    """

    layers: Mapping[LayerSource, Material] = field(default_factory=dict)
    fonts: Mapping[str, Path] = field(default_factory=dict)


class Layers:
    """Finds what layers name.

    Args:
        assets: Where they are looked for.
        blobs: Where their bytes are.
        bring: Fetches a remote layer, so that it is an asset from then on.
    """

    def __init__(self, assets: Assets, blobs: Blobs, bring: Bring) -> None:
        self._assets = assets
        self._blobs = blobs
        self._bring = bring

    async def gather(
        self, original: Material, asked: Transformation, stack: AsyncExitStack
    ) -> tuple[Plan, Materials]:
        """What a transformation means for an asset, and the files that it needs for that.

        Args:
            original: What it is for; it need not be stored.
            asked: As it was written.
            stack: The files are there until it is closed.

        Raises:
            ProviderError: A layer or a font is not there, or a value cannot be worked out (400).
        """
        asset = original.asset
        for source in layers.sources(asked.steps):
            if source.url is not None and self._assets.find(_key(asset.cloud, source, source.url)) is None:
                await self._bring(asset.cloud, source)
        found: dict[LayerSource, Asset] = {}
        fonts: dict[str, Asset] = {}

        def find(source: LayerSource) -> Subject:
            if source.style is not None and formats.is_font(source.style.font):
                fonts[source.style.font] = self._font(asset.cloud, source.style.font)
            if source.public_id is None and source.url is None:
                return Subject()
            found[source] = self._asset(asset.cloud, source)
            return subject(found[source])

        planned = plan(asked, await _looked_at(original, asked), find)
        materials = {source: Material(await self._path(one, stack), one) for source, one in found.items()}
        return planned, Materials(
            materials, {name: await self._path(one, stack) for name, one in fonts.items()}
        )

    async def _path(self, asset: Asset, stack: AsyncExitStack) -> Path:
        try:
            return await stack.enter_async_context(self._blobs.local(asset.sha256))
        except FileNotFoundError as error:
            raise transformation_refused(f"Resource not found - {asset.public_id}") from error

    def _asset(self, cloud: str, source: LayerSource) -> Asset:
        """The asset that a layer names, with or without its extension."""
        stem, _, ending = source.name.rpartition(".")
        names = [source.name, stem] if stem and formats.is_known(ending) else [source.name]
        for public_id in names:
            asset = self._assets.find(_key(cloud, source, public_id))
            if asset is not None:
                return asset
        raise transformation_refused(f"Resource not found - {names[-1]}")

    def _font(self, cloud: str, font: str) -> Asset:
        """The font that is an asset (`l_text:my_font.ttf_40:words`)."""
        for type_ in ("authenticated", "upload"):
            asset = self._assets.find(Key(cloud, "raw", type_, font))
            if asset is not None:
                return asset
        raise unsupported_font(font)


async def _looked_at(original: Material, asked: Transformation) -> Subject:
    """What conditions can ask of the original; it is looked at only when one asks for what it shows."""
    known = subject(original.asset)
    if original.asset.resource_type != "image" or not (asked.asks("fc") or asked.asks("ils")):
        return known
    regions = regions_of(original.asset.extras.get("face_coordinates"), None)
    shown = await asyncio.to_thread(analysis.analyse, original.path, ("faces", "image_metadata"))
    face_count = len(shown["faces"] if regions.faces is None else regions.faces)
    return replace(known, face_count=face_count, illustration_score=shown["illustration_score"])


def _key(cloud: str, source: LayerSource, public_id: str) -> Key:
    return Key(cloud, source.resource_type, source.type, public_id)


def subject(asset: Asset) -> Subject:
    """What conditions can ask of an asset."""
    return Subject(
        source=LayerSource(
            "video" if asset.resource_type == "video" else "image", asset.type, asset.public_id
        ),
        size=shown_size(asset),
        duration_s=asset.duration,
        page_count=asset.detail.get("pages") or 1,
        illustration_score=float(asset.detail.get("illustration_score") or 0.0),
        tags=asset.tags,
        context=asset.context,
        metadata=asset.metadata,
    )


def shown_size(asset: Asset) -> Size | None:
    """Width and height as shown: a video filmed upright is stored on its side."""
    if not asset.width or not asset.height:
        return None
    if asset.detail.get("rotation", 0) % 180:
        return Size(asset.height, asset.width)
    return Size(asset.width, asset.height)
