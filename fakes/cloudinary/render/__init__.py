"""Makes derived assets: each once, however many ask for it at the same time."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from fakes.cloudinary import errors, formats, heap, transformation
from fakes.cloudinary.blobs import Blobs, Incoming
from fakes.cloudinary.render import clips, images, streaming
from fakes.cloudinary.render.ffmpeg import TIME_LIMIT_S, Ffmpeg
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.images.focus import regions_of
from fakes.cloudinary.render.materials import Bring, Layers, Material
from fakes.cloudinary.render.streaming import Track, Variant
from fakes.cloudinary.render.videos.maker import Made, Order, VideoMaker
from fakes.cloudinary.slideshows import Slide, Slideshow
from fakes.cloudinary.state import Asset, Derived, Key
from fakes.cloudinary.state.assets import Assets
from fakes.cloudinary.transformation import LayerSource, Plan, Transformation

# Larger videos are not transformed while a request waits.
# Source: cloudinary.com/documentation/video_manipulation_and_delivery
SYNC_LIMIT_BYTES = 100_000_000
# Longer ones are made behind the answer. Source: the same, and adaptive_bitrate_streaming.
SYNC_LIMIT_S = 30 * 60
SYNC_LIMIT_OF_STREAMS_S = 60 * 60
_PATIENCE = 15
_AT_ONCE = 2
Result = TypeVar("Result")
Lookup = Callable[[str, str], str | None]
Profiles = Callable[[str, str], Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class _Work:
    """What is being made now; `is_patient`: behind an answer that was given already."""

    task: asyncio.Task[Mapping[str, Derived]]
    is_patient: bool


class Renderer:
    """Makes derived assets by Pillow and FFmpeg, outside of the event loop.

    Args:
        assets: Where results are kept.
        blobs: Where bytes are.
        lookup: From a cloud and the name of a named transformation to its text; None when there is none.
        profiles: From a cloud and the name of a streaming profile to its representations, as transformations;
            None when there is none.
        time_limit_s: How long FFmpeg may take for one result.
    """

    def __init__(
        self,
        assets: Assets,
        blobs: Blobs,
        lookup: Lookup = lambda _cloud, _name: None,
        profiles: Profiles = lambda _cloud, name: streaming.predefined(name),
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        self._lookup = lookup
        self._profiles = profiles
        self._assets = assets
        self._layers = Layers(assets, blobs, self._brought)
        self._bring: Bring | None = None
        self._blobs = blobs
        self._ffmpeg = {False: Ffmpeg(time_limit_s), True: Ffmpeg(_PATIENCE * time_limit_s)}
        self._videos = {is_patient: VideoMaker(one, blobs) for is_patient, one in self._ffmpeg.items()}
        self._running: dict[tuple[str, int, str, str], _Work] = {}
        self._slots = {is_patient: asyncio.Semaphore(_AT_ONCE) for is_patient in (False, True)}

    def fetch_layers_by(self, bring: Bring) -> None:
        """Say who fetches layers that are elsewhere; without that they are not found."""
        self._bring = bring

    async def _brought(self, cloud: str, source: LayerSource) -> None:
        if self._bring is not None:
            await self._bring(cloud, source)

    def read(self, cloud: str, components: Sequence[str]) -> Transformation:
        """A transformation of a cloud, whose named ones it may use.

        Raises:
            ProviderError: It is not understood (400, 420).
        """
        return transformation.parse(components, lambda name: self._lookup(cloud, name))

    async def derive(
        self, asset: Asset, text: str, format_name: str | None, *, is_patient: bool = False
    ) -> Derived:
        """The result of a transformation, made now or before.

        Args:
            asset: The original.
            text: The transformation as it was written.
            format_name: The format asked for; None for what the transformation or the original says.
            is_patient: No request waits for it: the original may be large, and the work may take long.

        Raises:
            ProviderError: It is not understood or cannot be done (400), or it is still being made (423).
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
        is_master = streaming.is_master(target, asked.last("streaming_profile"))
        # Otherwise a playlist and its stream are made together.
        what = "ts" if target == "m3u8" and not is_master else target
        key = (asset.asset_id, asset.version, asked.text, what)
        work = self._running.get(key)
        if work is None:
            is_long = _is_long(asset, target)
            task = asyncio.get_running_loop().create_task(
                self._make(asset, asked, target, is_patient=is_patient or is_long)
            )
            work = self._running[key] = _Work(task, is_patient or is_long)
            task.add_done_callback(functools.partial(self._forget, key))
        if work.is_patient and not is_patient:
            raise errors.still_pending(asset.public_id)
        return (await asyncio.shield(work.task))[target]

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
        async with self._slots[False], contextlib.AsyncExitStack() as stack:
            order = await self._order(Material(path, asset), asked, target, stack)
            found = await self._write(order, is_patient=False)
        for one in found:
            if one.format == target:
                one.incoming.path.replace(made.path)
            one.incoming.drop()
        return target

    async def slideshow(self, cloud: str, show: Slideshow, made: Incoming) -> None:
        """Make a slideshow out of assets of a cloud, as MP4.

        Raises:
            ProviderError: A slide is not there, or cannot be used (400).
        """
        async with self._slots[True], contextlib.AsyncExitStack() as stack:
            found = [await self._slide(cloud, slide, stack) for slide in show.slides]
            await self._videos[True].slideshow(show, found, made.path)

    async def _slide(self, cloud: str, slide: Slide, stack: contextlib.AsyncExitStack) -> Material:
        named = slide.asset_in(cloud)
        if named is None:
            raise errors.loading_failed(slide.url or "", "ERR_DNS_FAIL 0")  # the web is not here
        asset = self._assets.find(Key(cloud, named[0], "upload", named[1]))
        if asset is None:
            raise errors.transformation_refused(f"Resource not found - {named[1]}")
        return Material(await stack.enter_async_context(self._blobs.local(asset.sha256)), asset)

    async def plan(self, original: Material, text: str, stack: contextlib.AsyncExitStack) -> Plan:
        """What is to be done to an asset, for those who do it themselves.

        Args:
            original: The file and what is known of it; it need not be stored.
            text: The transformation.
            stack: What layers need is there until it is closed.

        Raises:
            ProviderError: The transformation is not understood, or needs what is not there (400).
        """
        asked = self.read(original.asset.cloud, transformation.split(text))
        planned, _ = await self._layers.gather(original, asked, stack)
        return planned

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do other work that blocks in a thread, when there is room for it."""
        async with self._slots[False]:
            try:
                return await asyncio.to_thread(work)
            finally:
                heap.trim()

    def close(self) -> None:
        """End what is running."""
        for ffmpeg in self._ffmpeg.values():
            ffmpeg.close()

    def _forget(self, key: tuple[str, int, str, str], task: asyncio.Task[Mapping[str, Derived]]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits any more

    async def _make(
        self, asset: Asset, asked: Transformation, target: str, *, is_patient: bool
    ) -> Mapping[str, Derived]:
        try:
            is_master = streaming.is_master(target, asked.last("streaming_profile"))
            if asset.resource_type == "video" and is_master:
                made = await self._master(asset, asked, target, is_patient=is_patient)
                return await self._keep(asset, asked, (made,))
            async with self._slots[is_patient], contextlib.AsyncExitStack() as stack:
                order = await self._stored_order(asset, asked, target, stack)
                return await self._keep(asset, asked, await self._write(order, is_patient=is_patient))
        except FileNotFoundError as error:
            raise errors.delivery_not_found(asset.public_id) from error

    async def _keep(self, asset: Asset, asked: Transformation, made: Sequence[Made]) -> Mapping[str, Derived]:
        """Keep all that was made at once, by format."""
        kept: dict[str, Derived] = {}
        try:
            for one in made:
                kept[one.format] = await self._kept(asset, asked.text, one)
        finally:
            for one in made:
                one.incoming.drop()
        return kept

    async def _kept(self, asset: Asset, text: str, made: Made) -> Derived:
        blob = await asyncio.to_thread(made.incoming.read_back)
        if blob.bytes == 0:  # nothing was left of a file that is shorter than it says
            raise errors.transformation_refused("Unsupported video format or file")
        size_px = (made.size.width, made.size.height) if made.size else (None, None)
        async with self._assets.stored.kept(made.incoming, blob):
            present = self._assets.find(asset.key)  # making and storing take their time
            if present is None or present.version != asset.version:
                raise errors.delivery_not_found(asset.public_id)
            return self._assets.store_derived(asset, text, made.format, blob, size_px)

    async def _write(self, order: Order, *, is_patient: bool) -> Sequence[Made]:
        asset = order.original.asset
        if asset.resource_type == "video":
            is_large = asset.bytes > SYNC_LIMIT_BYTES and order.format not in formats.IMAGES
            if is_large and not is_patient:
                raise errors.video_too_large()
            return await self._videos[is_patient].make(order)
        if order.format in clips.FORMATS and asset.detail.get("pages", 1) > 1:
            return (await self._clip(order, self._ffmpeg[is_patient]),)
        if order.format not in formats.IMAGES:
            raise errors.transformation_refused(f"Invalid extension in transformation: {order.format}")
        incoming = self._blobs.incoming()
        with contextlib.ExitStack() as unfinished:
            unfinished.callback(incoming.drop)
            size = await asyncio.to_thread(_draw, order, incoming.path)
            unfinished.pop_all()
        return (Made(order.format, incoming, size),)

    async def _stored_order(
        self, asset: Asset, asked: Transformation, target: str, stack: contextlib.AsyncExitStack
    ) -> Order:
        path = await stack.enter_async_context(self._blobs.local(asset.sha256))
        return await self._order(Material(path, asset), asked, target, stack)

    async def _clip(self, order: Order, ffmpeg: Ffmpeg) -> Made:
        """An animation as a video."""
        with contextlib.ExitStack() as scratch, contextlib.ExitStack() as unfinished:
            frames, incoming = self._blobs.incoming(), self._blobs.incoming()
            scratch.callback(frames.drop)
            unfinished.callback(incoming.drop)
            stills = replace(order, asked=clips.frames_plan(order.asked), format=clips.STILLS)
            size = clips.size_of(await asyncio.to_thread(_draw, stills, frames.path))
            await ffmpeg.run(clips.arguments(frames.path, incoming.path, order.asked, order.format, size))
            unfinished.pop_all()
        return Made(order.format, incoming, size)

    async def _order(
        self, original: Material, asked: Transformation, target: str, stack: contextlib.AsyncExitStack
    ) -> Order:
        planned, materials = await self._layers.gather(original, asked, stack)
        return Order(original, planned, materials, target)

    async def _master(self, asset: Asset, asked: Transformation, target: str, *, is_patient: bool) -> Made:
        """The text that names the variants of a stream.

        Those of HLS are made when they are asked for, unless nobody waits.
        """
        async with contextlib.AsyncExitStack() as stack:
            look = await self._videos[is_patient].look(await self._stored_order(asset, asked, target, stack))
        text = streaming.spelled_out(asked.text, functools.partial(self._lookup, asset.cloud))
        profile = asked.last("streaming_profile")
        found = streaming.variants(text, profile, look, functools.partial(self._profiles, asset.cloud))
        if target == "mpd":
            parts = [(one, "mp4dv") for one in found if one.size is not None]
            parts += [(streaming.sound(text), "mp4da")] if look.has_audio else []
            tracks = [await self._track(asset, *part, is_patient=is_patient) for part in parts]
            written = streaming.presentation(tracks, look)
        else:
            written = streaming.master(found)
            for one in found if is_patient else ():
                await self.derive(asset, one.text, "m3u8", is_patient=True)
        incoming = self._blobs.incoming()
        with contextlib.ExitStack() as unfinished:
            unfinished.callback(incoming.drop)
            await asyncio.to_thread(incoming.path.write_text, written)
            unfinished.pop_all()
        return Made(target, incoming, look.size)

    async def _track(self, asset: Asset, variant: Variant, target: str, *, is_patient: bool) -> Track:
        made = await self.derive(asset, variant.text, target, is_patient=is_patient)
        async with self._blobs.local(made.sha256) as path:
            return Track(variant, target, await asyncio.to_thread(streaming.index_of, path))


def _draw(order: Order, target: Path) -> Size:
    extras = order.original.asset.extras
    regions = regions_of(extras.get("face_coordinates"), extras.get("custom_coordinates"))
    try:
        return images.render(order.original.path, target, order.asked, order.format, order.materials, regions)
    finally:
        heap.trim()


def _is_long(asset: Asset, target: str) -> bool:
    """Whether making this is more than a request should wait for."""
    if asset.resource_type != "video" or target in formats.IMAGES:
        return False
    limit_s = SYNC_LIMIT_OF_STREAMS_S if target in streaming.FORMATS else SYNC_LIMIT_S
    return (asset.duration or 0.0) > limit_s
