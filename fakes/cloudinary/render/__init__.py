"""Makes derived assets: each once, however many ask for it at the same time."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from fakes.cloudinary import errors, formats, transformation
from fakes.cloudinary.blobs import Blobs, Incoming
from fakes.cloudinary.render import images, videos
from fakes.cloudinary.render.ffmpeg import TIME_LIMIT_S, Ffmpeg
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.images.focus import regions_of
from fakes.cloudinary.render.materials import Layers, Materials, shown_size
from fakes.cloudinary.render.videos import Job, Source
from fakes.cloudinary.state import Asset, Derived
from fakes.cloudinary.state.assets import Assets
from fakes.cloudinary.transformation import Component, PlainStep, Plan, Transformation

# Larger videos are not transformed while a request waits.
# Source: cloudinary.com/documentation/video_manipulation_and_delivery
SYNC_LIMIT_BYTES = 100_000_000
_AT_ONCE = 2


class Renderer:
    """Makes derived assets by Pillow and FFmpeg, outside of the event loop.

    Args:
        assets: Where results are kept.
        blobs: Where bytes are.
        lookup: From a cloud and the name of a named transformation to its text; None when there is none.
        time_limit_s: How long FFmpeg may take for one result.
    """

    def __init__(
        self,
        assets: Assets,
        blobs: Blobs,
        lookup: Callable[[str, str], str | None] = lambda _cloud, _name: None,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        self._lookup = lookup
        self._assets = assets
        self._layers = Layers(assets, blobs)
        self._blobs = blobs
        self._ffmpeg = Ffmpeg(time_limit_s)
        self._running: dict[tuple[str, int, str, str], asyncio.Task[Derived]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def read(self, cloud: str, components: Sequence[str]) -> Transformation:
        """A transformation of a cloud, whose named ones it may use.

        Raises:
            ProviderError: It is not understood (400, 420).
        """
        return transformation.parse(components, lambda name: self._lookup(cloud, name))

    async def derive(self, asset: Asset, text: str, format_name: str | None) -> Derived:
        """The result of a transformation, made now or before.

        Args:
            asset: The original.
            text: The transformation as it was written.
            format_name: The format asked for; None for what the transformation or the original says.

        Raises:
            ProviderError: It is not understood or cannot be done (400).
        """
        asked = self.read(asset.cloud, transformation.split(text))
        target = format_name
        if target is None:
            target = transformation.target_format(asked, asset.resource_type, asset.format, None, "")
        if target in formats.UNMADE:
            raise errors.not_emulated(f"conversion to '{target}'")
        if asset.resource_type == "raw" or target is None:
            raise errors.transformation_refused(f"Invalid transformation component - {text}")
        kept = self._assets.derived(asset, asked.text, target)
        if kept is not None:
            return kept
        key = (asset.asset_id, asset.version, asked.text, target)
        task = self._running.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._make(asset, asked, target))
            self._running[key] = task
            task.add_done_callback(functools.partial(self._forget, key))
        return await asyncio.shield(task)

    async def rework(
        self, asset: Asset, path: Path, text: str, format_name: str | None, made: Incoming
    ) -> str:
        """Make another file of one, without keeping it as a derived asset; returns its format.

        Args:
            asset: What is known of the file; it need not be stored.
            path: The file.
            text: The transformation, or nothing to change the format alone.
            format_name: The format asked for; None for what the transformation or the file says.
            made: Where it is written to.

        Raises:
            ProviderError: The transformation is not understood or cannot be done (400).
        """
        asked = self.read(asset.cloud, transformation.split(text))
        target = format_name
        if target is None:
            target = transformation.target_format(asked, asset.resource_type, asset.format, None, "")
        if target is None:
            raise errors.transformation_refused(f"Invalid transformation component - {text}")
        async with self._slots, contextlib.AsyncExitStack() as stack:
            planned = await self._layers.gather(asset, asked, stack)
            await self._write(asset, planned, target, path, made)
        return target

    def close(self) -> None:
        """End what is running."""
        self._ffmpeg.close()

    def _forget(self, key: tuple[str, int, str, str], task: asyncio.Task[Derived]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits any more

    async def _make(self, asset: Asset, asked: Transformation, target: str) -> Derived:
        async with self._slots:
            incoming = self._blobs.incoming()
            try:
                async with contextlib.AsyncExitStack() as stack:
                    path = await stack.enter_async_context(self._blobs.local(asset.sha256))
                    planned, materials = await self._layers.gather(asset, asked, stack)
                    size = await self._write(asset, (planned, materials), target, path, incoming)
                blob = await asyncio.to_thread(incoming.read_back)
                present = self._assets.find(asset.key)
                if present is None or present.version != asset.version:
                    raise errors.delivery_not_found(asset.public_id)
                size_px = (size.width, size.height) if size else (None, None)
                async with self._assets.stored.kept(incoming, blob):
                    return self._assets.store_derived(asset, asked.text, target, blob, size_px)
            except FileNotFoundError as error:
                raise errors.delivery_not_found(asset.public_id) from error
            finally:
                incoming.drop()

    async def _write(
        self, asset: Asset, planned: tuple[Plan, Materials], target: str, path: Path, incoming: Incoming
    ) -> Size | None:
        asked, materials = planned
        if asset.resource_type == "image":
            if target not in formats.IMAGES:
                raise errors.transformation_refused(f"Invalid extension in transformation: {target}")
            regions = regions_of(asset.extras.get("face_coordinates"), asset.extras.get("custom_coordinates"))
            return await asyncio.to_thread(
                images.render, path, incoming.path, asked, target, materials, regions
            )
        if asset.bytes > SYNC_LIMIT_BYTES:
            raise errors.video_too_large()
        source = Source(path, asset.duration or 0.0, shown_size(asset), _has_audio(asset))
        if target not in formats.IMAGES:
            return await self._run(videos.video(source, incoming.path, asked, target))
        still = self._blobs.incoming()
        try:
            await self._run(videos.frame(source, still.path, asked))
            rest = replace(asked, steps=tuple(_without_times(step) for step in asked.steps))
            return await asyncio.to_thread(images.render, still.path, incoming.path, rest, target, materials)
        finally:
            still.drop()

    async def _run(self, job: Job) -> Size | None:
        await self._ffmpeg.run(job.arguments)
        return job.size


def _without_times(step: PlainStep) -> PlainStep:
    return replace(step, start=None, end=None, length=None) if isinstance(step, Component) else step


def _has_audio(asset: Asset) -> bool:
    """Whether there is sound; seeded assets do not say, and FFmpeg is asked to find out."""
    return "audio" not in asset.detail or bool(asset.detail["audio"])
