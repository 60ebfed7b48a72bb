"""From the steps of a transformation to a recipe for a video. Nothing is run here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from fakes.cloudinary.errors import not_emulated, transformation_refused
from fakes.cloudinary.render.geometry import Size, offset, steps
from fakes.cloudinary.render.videos import interest, looks, overlays, timing
from fakes.cloudinary.render.videos.graph import DEFAULT_FPS, INPUT_LIMIT, Clip, Graph, Recipe, Source, quoted
from fakes.cloudinary.render.videos.looks import Backdrop
from fakes.cloudinary.render.videos.overlays import Place
from fakes.cloudinary.render.videos.timing import Transition
from fakes.cloudinary.transformation import Colour, Component, Effect, Layer, PlainStep, Share
from fakes.cloudinary.transformation.gravities import COMPASS
from fakes.cloudinary.vectors import font_file

# Effects that depend on the second: cuts after them cannot be made while reading the file.
_TIME_EFFECTS = frozenset(
    {"reverse", "loop", "boomerang", "accelerate", "preview", "fade", "progressbar", "deshake"}
)
TRANSITIONS = frozenset(
    {"fade", "wipeleft", "wiperight", "wipeup", "wipedown", "slideleft", "slideright"}
    | {"slideup", "slidedown", "circlecrop", "rectcrop", "distance", "fadeblack", "fadewhite"}
    | {"radial", "smoothleft", "smoothright", "smoothup", "smoothdown", "circleopen", "circleclose"}
    | {"vertopen", "vertclose", "horzopen", "horzclose", "dissolve", "pixelize", "diagtl"}
    | {"diagtr", "diagbl", "diagbr", "hlslice", "hrslice", "vuslice", "vdslice"}
    | {"hblur", "fadegrays", "wipetl", "wipetr", "wipebl", "wipebr", "squeezeh"}
    | {"squeezev", "zoomin"}
)
# What can be done to a picture that lies over a video, and not to a video.
_PICTURE_FLAGS = frozenset({"tiled", "cutter"})
_TRANSITION = re.compile(r"transition(?:_\((?P<options>[a-z0-9_.;]*)\))?")
_NUMBER = re.compile(r"-?\d*\.?\d+")
_DEFAULT_TRANSITION_S = 1.0  # guess: no recorded length
_DEFAULT_SLIDE_S = 5.0  # guess: how long a spliced picture is shown
_PREVIEW: Mapping[str, float] = {"duration": 5.0, "max_seg": 5.0, "min_seg_dur": 1.0}
_STRONGEST_DIMMING = 100


class Materials(Protocol):
    """Gives the files that layers are made of; it may take its time."""

    def source(self, layer: Layer) -> Source:
        """The video or sound that a layer names."""
        ...

    def picture(self, layer: Layer, below: Size, *, is_placed: bool) -> tuple[Path, Size]:
        """A PNG of an image or text layer for a video of this size: alone, or in its place."""
        ...

    def subtitles(self, layer: Layer, below: Size) -> Path:
        """An ASS script of a subtitles layer."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a recipe needs besides the steps.

    Attributes:
        scores: How lively the original is, sample by sample; empty unless `needs_scores`.
    """

    materials: Materials
    scores: Sequence[float] = ()


def needs_scores(chain: Sequence[PlainStep]) -> bool:
    """Whether the liveliest part has to be looked for first."""
    return any(
        step.picks_start or (step.effect is not None and step.effect.name == "preview")
        for step in chain
        if isinstance(step, Component)
    )


def needs_graph(chain: Sequence[PlainStep]) -> bool:
    """Whether one frame of the result is not simply one of the original."""
    return any(
        step.source.kind in ("video", "audio", "subtitles") or step.is_splice
        if isinstance(step, Layer)
        else _depends_on_time(step)
        for step in chain
    )


def recipe(chain: Sequence[PlainStep], source: Source, context: Context) -> Recipe:
    """All steps, on a stored video or sound.

    Raises:
        ProviderError: They cannot be done (400, 501); some of it only when the recipe is used.
    """
    lead = _leading_cut(chain)
    if lead is None:
        made: Recipe = lambda graph: graph.open(source)  # noqa: E731 - the first of many recipes
    else:
        start_s, end_s = span(lead, source.duration_s, context.scores)
        made = lambda graph: graph.open(source, start_s, end_s - start_s)  # noqa: E731
    for step in chain:
        if isinstance(step, Layer):
            made = _layered(made, step, context)
            continue
        made = _applied(made, step, context, is_cut=step is not lead)
    return made


def span(component: Component, length_s: float, scores: Sequence[float] = ()) -> tuple[float, float]:
    """First and last second that a component keeps.

    Raises:
        ProviderError: Nothing is left (400).
    """
    length = None if component.length is None else _seconds(component.length, length_s)
    end_s = length_s if component.end is None else min(length_s, _seconds(component.end, length_s))
    if component.picks_start:
        start_s = interest.best_start(scores, length or min(length_s, _DEFAULT_SLIDE_S), length_s)
    elif component.start is not None:
        start_s = _seconds(component.start, length_s)
    else:
        start_s = max(0.0, end_s - length) if component.end is not None and length is not None else 0.0
    if length is not None:
        end_s = min(length_s, start_s + length)
    if start_s >= end_s:
        raise transformation_refused(f"Invalid start offset in transformation: {start_s:g}")
    return start_s, end_s


def is_cutting(component: Component) -> bool:
    """Whether a component keeps only a part of the time."""
    wishes = (component.start, component.end, component.length)
    return component.picks_start or any(wish is not None for wish in wishes)


def _leading_cut(chain: Sequence[PlainStep]) -> Component | None:
    """The first cut, if the file can be read from there on: nothing before it depends on time."""
    for step in chain:
        if isinstance(step, Layer):
            return None
        if is_cutting(step):
            return step
        if _depends_on_time(step):
            return None
    return None


def _depends_on_time(component: Component) -> bool:
    return component.effect is not None and component.effect.name in _TIME_EFFECTS


def _seconds(wish: float | Share, length_s: float) -> float:
    return wish.of_one * length_s if isinstance(wish, Share) else wish


def _applied(made: Recipe, component: Component, context: Context, *, is_cut: bool) -> Recipe:
    if component.function is not None:
        raise not_emulated("custom functions (fn_)")
    if is_cut and is_cutting(component):
        made = timing.cut(made, lambda length_s: span(component, length_s, context.scores))
    made = looks.stepped(made, lambda size: steps(component, size, multiple=2), _backdrop(component))
    for turn in component.angle:
        made = looks.turned(made, turn)
    if component.effect is not None:
        made = _affected(made, component, component.effect, context)
    if component.border is not None:
        made = looks.bordered(made, component.border.width_px, component.border.colour[:3])
    if component.radius is not None:
        corners = component.radius
        radii = (corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left)
        made = looks.rounded(made, None if corners.is_max else [radius or 0 for radius in radii])
    if component.opacity is not None and component.opacity < 100:
        made = looks.dimmed(made, component.opacity)
    if isinstance(component.background, Colour):
        made = looks.flat(made, component.background[:3])
    return made


def _backdrop(component: Component) -> Backdrop:
    background = component.background
    if isinstance(background, Colour):
        return Backdrop(background[:3])
    if background is None:
        return Backdrop()
    if background.name != "blurred":
        raise not_emulated(f"b_{background.name} on videos")
    numbers = [int(argument) for argument in background.arguments if argument.lstrip("-").isdecimal()]
    strength, dimming = ([*numbers, 100, 0] if not numbers else [*numbers, 0])[:2]
    return Backdrop(blur=strength, dimming=max(-_STRONGEST_DIMMING, min(dimming, _STRONGEST_DIMMING)))


def _affected(made: Recipe, component: Component, effect: Effect, context: Context) -> Recipe:
    match effect.name:
        case "reverse":
            return timing.reverse(made)
        case "boomerang":
            return timing.boomerang(made)
        case "loop":
            return timing.loop(made, round(effect.value))
        case "accelerate":
            return timing.accelerate(made, effect.value)
        case "preview":
            return _previewed(made, effect, context.scores)
        case "fade":
            return looks.faded(made, effect.value)
        case "volume":
            return looks.volume(made, effect.value, effect.unit)
        case "progressbar":
            return _with_bar(made, effect)
        case name if name in looks.LOOKS:
            if effect.arguments and (len(effect.arguments) > 1 or not _NUMBER.fullmatch(effect.arguments[0])):
                raise not_emulated(f"e_{name}:{':'.join(effect.arguments)} on videos")
            return looks.coloured(made, name, effect.value)
    raise transformation_refused(f"Invalid effect in transformation: {effect.name}")


def _previewed(made: Recipe, effect: Effect, scores: Sequence[float]) -> Recipe:
    wishes = dict(_PREVIEW)
    for argument in effect.arguments:
        name, _, number = argument.rpartition("_")
        if name not in wishes or re.fullmatch(r"\d{1,4}(\.\d{1,3})?", number) is None:
            raise transformation_refused(f"Invalid effect in transformation: preview:{argument}")
        wishes[name] = float(number)
    length_s, most = max(wishes["duration"], 0.1), max(1, round(wishes["max_seg"]))
    count = max(1, min(most, int(length_s / max(wishes["min_seg_dur"], 0.1)), INPUT_LIMIT))

    def make(graph: Graph) -> Clip:
        first = made(graph)
        if first.length_s <= length_s:
            return first
        parts = interest.best_parts(scores, count, length_s / count, first.length_s)
        clips = [
            timing.part(graph, made(graph) if number else first, one) for number, one in enumerate(parts)
        ]
        return timing.joined(graph, clips, first)

    return make


def _with_bar(made: Recipe, effect: Effect) -> Recipe:
    words = [argument.rpartition("_")[2] for argument in effect.arguments]
    if not all(re.fullmatch("bar|frame|[0-9a-fA-F]{6}|[0-9]{1,3}|red|black|white", word) for word in words):
        raise transformation_refused(f"Invalid effect in transformation: progressbar:{':'.join(words)}")
    if "frame" in words:
        raise not_emulated("e_progressbar:frame")
    named = {"red": (255, 0, 0), "black": (0, 0, 0), "white": (255, 255, 255)}
    colour = next((named[word] for word in words if word in named), named["red"])
    for word in words:
        if re.fullmatch("[0-9a-fA-F]{6}", word):
            colour = (int(word[:2], 16), int(word[2:4], 16), int(word[4:], 16))
    heights = [int(word) for word in words if re.fullmatch("[0-9]{1,3}", word)]
    return looks.progress_bar(made, colour, max(1, heights[-1] if heights else 10))


def _layered(made: Recipe, layer: Layer, context: Context) -> Recipe:
    kind = layer.source.kind
    if kind == "lut":
        raise not_emulated("l_lut on videos")
    if layer.placing.effect is not None:
        raise not_emulated(f"e_{layer.placing.effect.name} on layers of videos")
    if kind == "video" and (
        flag := next((one for one in layer.placing.flags if one in _PICTURE_FLAGS), None)
    ):
        raise not_emulated(f"fl_{flag} with l_video")
    transition = _transition(layer.placing.argument("splice"))

    def make(graph: Graph) -> Clip:
        below = made(graph)
        if kind == "subtitles":
            script = context.materials.subtitles(layer, _frame(below))
            fonts = quoted(str(font_file("Arimo[wght].ttf").parent))
            return graph.picture(below, f"ass=filename={quoted(str(script))}:fontsdir={fonts}")
        above = _upper(graph, layer, below, context)
        if layer.is_splice:
            order = [above, below] if layer.placing.start == 0 else [below, above]
            return timing.joined(graph, [looks.flattened(graph, one) for one in order], below, transition)
        if layer.is_under:
            place = replace(_place(layer, below), start_s=0.0, end_s=None)
            back = looks.flattened(graph, replace(above, sound=None))
            return replace(overlays.laid(graph, back, below, place), length_s=below.length_s)
        return overlays.laid(graph, below, above, _place(layer, below))

    return make


def _upper(graph: Graph, layer: Layer, below: Clip, context: Context) -> Clip:
    kind = layer.source.kind
    if kind in ("video", "audio"):
        source = context.materials.source(layer)
        if kind == "audio":
            source = replace(source, size=None)
        own = recipe(layer.steps, source, replace(context, scores=()))
        for turn in layer.placing.angle:
            own = looks.turned(own, turn)
        return own(graph)
    is_placed = not layer.is_splice and not layer.is_under
    path, size = context.materials.picture(layer, _frame(below), is_placed=is_placed)
    length_s = _shown_s(layer) if layer.is_splice else below.length_s
    return replace(graph.open_picture(path, size, length_s, below.fps or DEFAULT_FPS), is_clear=True)


def _frame(clip: Clip) -> Size:
    if clip.size is None:
        raise transformation_refused("Invalid layer in transformation: audio has no frames")  # guess: wording
    return clip.size


def _shown_s(layer: Layer) -> float:
    """How long a spliced picture is seen."""
    wishes = [step.length for step in (*layer.steps, layer.placing) if isinstance(step, Component)]
    lengths = [wish for wish in wishes if isinstance(wish, float | int) and 0 < wish <= timing.LENGTH_LIMIT_S]
    return lengths[-1] if lengths else _DEFAULT_SLIDE_S


def _place(layer: Layer, below: Clip) -> Place:
    placing = layer.placing
    start_s, end_s = span(placing, below.length_s) if is_cutting(placing) else (0.0, None)
    if layer.source.kind in ("image", "text") and not layer.is_under:
        return Place("north_west", start_s=start_s, end_s=end_s)  # the picture has the rest in it
    gravity = (placing.gravity or "center").partition(":")[0]
    width, height = (below.size.width, below.size.height) if below.size is not None else (0, 0)
    return Place(
        gravity=gravity if gravity in COMPASS else "center",
        x=offset(placing.x, width),
        y=offset(placing.y, height),
        opacity=1.0 if placing.opacity is None else placing.opacity / 100,
        start_s=start_s,
        end_s=end_s,
    )


def _transition(argument: str | None) -> Transition | None:
    if argument is None:
        return None
    match = _TRANSITION.fullmatch(argument)
    options = (
        dict(option.split("_", 1) for option in (match["options"] or "").split(";") if "_" in option)
        if match
        else {}
    )
    name = options.get("name", "fade")
    try:
        length_s = float(options.get("du", _DEFAULT_TRANSITION_S))
    except ValueError:
        length_s = 0.0
    if match is None or name not in TRANSITIONS or not 0 < length_s <= 60:
        raise transformation_refused(f"Invalid flag in transformation: splice:{argument}")
    return Transition(name, length_s)
