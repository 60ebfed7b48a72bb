"""Makes what a plan asks for out of a stored video or sound: plans it, runs FFmpeg, clears up."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from fakes.cloudinary import formats
from fakes.cloudinary.blobs import Blobs, Incoming
from fakes.cloudinary.render import images, streaming
from fakes.cloudinary.render.ffmpeg import Ffmpeg
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.materials import Material, Materials
from fakes.cloudinary.render.streaming import Look
from fakes.cloudinary.render.videos import interest, outputs, slides, wishes
from fakes.cloudinary.render.videos import plan as planning
from fakes.cloudinary.render.videos.graph import Graph, Recipe, Source
from fakes.cloudinary.render.videos.layers import LayerFiles, source_of
from fakes.cloudinary.render.videos.outputs import Job
from fakes.cloudinary.render.videos.plan import Context
from fakes.cloudinary.slideshows import Slideshow
from fakes.cloudinary.transformation import PlainStep, Plan


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Attributes:
        format: The format to make; `m3u8` comes with its `ts`, and the other way round.
    """

    original: Material
    asked: Plan
    materials: Materials
    format: str


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made.

    Attributes:
        size: In pixels; None for sound.
    """

    format: str
    incoming: Incoming
    size: Size | None = None


class VideoMaker:
    """Makes derived videos, sounds, animations, frames and streams.

    Args:
        ffmpeg: Runs FFmpeg.
        blobs: Gives temporary files.
    """

    def __init__(self, ffmpeg: Ffmpeg, blobs: Blobs) -> None:
        self._ffmpeg = ffmpeg
        self._blobs = blobs

    async def make(self, order: Order) -> tuple[Made, ...]:
        """Make one file, or two that belong together; the caller keeps or drops them.

        Raises:
            ProviderError: It cannot be done (400, 501).
        """
        wishes.check(order.asked)
        with ExitStack() as scratch, ExitStack() as unfinished:
            bench = await self._bench(order, scratch)
            if order.format in formats.IMAGES:
                made: tuple[Made, ...] = (await self._picture(order, bench, self._new(unfinished)),)
            elif order.format in ("m3u8", "ts"):
                made = await self._stream(order, bench, (self._new(unfinished), self._new(unfinished)))
            else:
                made = (await self._file(order, bench, self._new(unfinished)),)
            unfinished.pop_all()
            return made

    async def look(self, order: Order) -> Look:
        """What the variants of a stream are made of: the video after all that comes before them.

        Raises:
            ProviderError: It cannot be done (400, 501).
        """
        wishes.check(order.asked)
        with ExitStack() as scratch:
            bench = await self._bench(order, scratch)
            clip = await asyncio.to_thread(lambda: bench.recipe(order.asked.steps)(Graph()))
        has_audio = clip.sound is not None and order.asked.last("audio_codec") != "none"
        return Look(clip.size, clip.fps, has_audio, clip.length_s, order.asked.last("video_codec"))

    async def slideshow(self, show: Slideshow, found: Sequence[Material], path: Path) -> None:
        """Write a slideshow as MP4.

        Args:
            show: What it is like.
            found: The assets, one for each slide.
            path: The file to write.

        Raises:
            ProviderError: It cannot be done (400).
        """
        with ExitStack() as scratch:
            paths = [self._new(scratch).path for _ in found]
            job = await asyncio.to_thread(_slideshow, show, tuple(zip(found, paths, strict=True)), path)
            await self._ffmpeg.run(job.arguments)

    async def _bench(self, order: Order, scratch: ExitStack) -> "_Bench":
        source = await asyncio.to_thread(source_of, order.original)
        files = LayerFiles(order.materials, lambda: self._new(scratch).path)
        scores: Sequence[float] = ()
        if planning.needs_scores(order.asked.steps) and source.size is not None:
            path = self._new(scratch).path
            await self._ffmpeg.run(interest.arguments(source, path))
            scores = interest.read(await asyncio.to_thread(path.read_text))
        return _Bench(source, Context(files, scores), scratch)

    async def _file(self, order: Order, bench: "_Bench", incoming: Incoming) -> Made:
        write = outputs.fragments if order.format in ("mp4dv", "mp4da") else outputs.file
        wish, fps = wishes.encoding_of(order.asked, order.format), wishes.rates(order.asked)
        recipe = bench.recipe(order.asked.steps)
        job = await asyncio.to_thread(write, recipe, incoming.path, wish, fps)
        await self._ffmpeg.run(job.arguments)
        return Made(order.format, incoming, job.size)

    async def _picture(self, order: Order, bench: "_Bench", incoming: Incoming) -> Made:
        if wishes.is_animated(order.asked, order.format):
            job = await asyncio.to_thread(_animation, order, bench, incoming.path)
            await self._ffmpeg.run(job.arguments)
            return Made(order.format, incoming, job.size)
        still = self._new(bench.scratch)
        job, rest = await asyncio.to_thread(_still, order.asked, bench, still.path)
        await self._ffmpeg.run(job.arguments)
        size = await asyncio.to_thread(
            images.render, still.path, incoming.path, rest, order.format, order.materials
        )
        return Made(order.format, incoming, size)

    async def _stream(
        self, order: Order, bench: "_Bench", incoming: tuple[Incoming, Incoming]
    ) -> tuple[Made, ...]:
        paths = (self._new(bench.scratch).path, incoming[1].path)
        wish, fps = wishes.encoding_of(order.asked, "m3u8"), wishes.rates(order.asked)
        recipe = bench.recipe(order.asked.steps)
        job = await asyncio.to_thread(outputs.playlist, recipe, paths, wish, fps)
        await self._ffmpeg.run(job.arguments)
        written = await asyncio.to_thread(paths[0].read_text)
        text = streaming.media(written, paths[1].name, order.asked.text)
        await asyncio.to_thread(incoming[0].path.write_text, text)
        return Made("m3u8", incoming[0], job.size), Made("ts", incoming[1], job.size)

    def _new(self, stack: ExitStack) -> Incoming:
        incoming = self._blobs.incoming()
        stack.callback(incoming.drop)
        return incoming


@dataclass(frozen=True, slots=True)
class _Bench:
    """What one piece of work needs; temporary files go when `scratch` is closed."""

    source: Source
    context: Context
    scratch: ExitStack

    def recipe(self, steps: Sequence[PlainStep]) -> Recipe:
        return planning.recipe(steps, self.source, self.context)


def _animation(order: Order, bench: _Bench, path: Path) -> Job:
    recipe = bench.recipe(wishes.without_loops(order.asked.steps))
    clip = recipe(Graph())
    sampling = wishes.sampling_of(order.asked, clip.length_s, clip.fps)
    return outputs.animation(recipe, path, order.format, sampling, wishes.rates(order.asked))


def _still(asked: Plan, bench: _Bench, path: Path) -> tuple[Job, Plan]:
    """How one frame is taken, and what is then done to it as a picture."""
    if asked.has("waveform"):
        recipe = bench.recipe(wishes.only_times(asked.steps))
        size, colours = wishes.wave_size(asked), wishes.wave_colours(asked)
        return outputs.waveform(recipe, path, size, colours), wishes.finish(asked)
    length_s, scores = bench.source.duration_s, bench.context.scores
    if not planning.needs_graph(asked.steps):
        steps, at_s = wishes.picked(asked.steps, length_s, scores)
        rest = replace(asked, steps=wishes.on_frames(steps))
        return outputs.frame(lambda graph: graph.open(bench.source), path, at_s), rest
    steps, _ = wishes.picked(asked.steps, length_s, scores)
    clip = bench.recipe(steps)(Graph())
    _, at_s = wishes.picked(asked.steps, clip.length_s, scores)
    return outputs.frame(bench.recipe(steps), path, at_s), wishes.finish(asked)


def _slideshow(show: Slideshow, found: Sequence[tuple[Material, Path]], path: Path) -> Job:
    wish = Plan("", (slides.filling(show),))
    materials: list[slides.Material] = []
    for material, drawn in found:
        if material.asset.resource_type == "video":
            materials.append(source_of(material))
        else:
            images.render(material.path, drawn, wish, "png")
            materials.append(drawn)
    return slides.job(show, materials, path)
