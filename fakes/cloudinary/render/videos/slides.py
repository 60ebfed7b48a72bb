"""Slideshows: slides one after the other, each going over into the next."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.render.geometry import Size, steps
from fakes.cloudinary.render.videos import looks, outputs, timing
from fakes.cloudinary.render.videos.encoding import Encoding
from fakes.cloudinary.render.videos.graph import Clip, Graph, Recipe, Source
from fakes.cloudinary.render.videos.looks import Backdrop
from fakes.cloudinary.render.videos.outputs import Job
from fakes.cloudinary.render.videos.plan import TRANSITIONS
from fakes.cloudinary.render.videos.timing import Transition
from fakes.cloudinary.slideshows import Slide, Slideshow
from fakes.cloudinary.transformation import Component

Material = Source | Path
"""A stored video, or a PNG in the size of the slideshow."""


def filling(show: Slideshow) -> Component:
    """What is done to each slide, so that it has the size of the slideshow."""
    return Component(width=show.width_px, height=show.height_px, crop="fill")


def job(show: Slideshow, materials: Sequence[Material], path: Path) -> Job:
    """How the slideshow is made.

    Args:
        show: What it is like.
        materials: One for each slide.
        path: The MP4 to write.

    Raises:
        ProviderError: There is no such transition (400), or it becomes too long.
    """
    unknown = [slide.transition for slide in show.slides if slide.transition not in TRANSITIONS]
    if unknown:
        raise transformation_refused(f"Invalid transition in slideshow: {unknown[0][:100]}")  # guess: wording
    made: Recipe = _joined(show, materials)
    if show.length_s is not None:
        wanted_s = show.length_s
        made = timing.cut(made, lambda length_s: (0.0, min(wanted_s, length_s)))
    return outputs.file(made, path, Encoding("mp4"))


def _joined(show: Slideshow, materials: Sequence[Material]) -> Recipe:
    def make(graph: Graph) -> Clip:
        clips = [_clip(graph, show, number, material) for number, material in enumerate(materials)]
        made = clips[0]
        for slide, clip in zip(show.slides[1:], clips[1:], strict=True):
            over = Transition(slide.transition, slide.transition_s) if slide.transition_s else None
            made = timing.joined(graph, [made, clip], clips[0], over)
        return made

    return make


def _clip(graph: Graph, show: Slideshow, number: int, material: Material) -> Clip:
    length_s = _length_s(show.slides, number)
    size = Size(show.width_px, show.height_px)
    if isinstance(material, Path):
        clip = graph.open_picture(material, size, length_s, show.fps)
        return graph.picture(clip, "setsar=1,format=yuv420p")
    if material.size is None:
        raise transformation_refused("Invalid media in slideshow: audio has no frames")  # guess: wording
    wish = filling(show)
    recipe: Recipe = lambda graph: graph.open(material, 0.0, min(length_s, material.duration_s))  # noqa: E731
    clip = looks.stepped(recipe, lambda own: steps(wish, own, multiple=2), Backdrop())(graph)
    return replace(clip, fps=show.fps)


def _length_s(slides: Sequence[Slide], number: int) -> float:
    """A slide is there while it comes, while it is shown, and while the next one comes."""
    own = slides[number]
    comes_s = own.transition_s if number else 0.0
    goes_s = slides[number + 1].transition_s if number + 1 < len(slides) else 0.0
    return comes_s + own.shown_s + goes_s
