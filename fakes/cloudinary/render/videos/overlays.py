"""Puts clips and pictures over a clip, and mixes sounds."""

from dataclasses import dataclass, replace

from fakes.cloudinary.render import geometry
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos.graph import Clip, Graph
from fakes.cloudinary.render.videos.timing import SAME_SOUND
from fakes.cloudinary.transformation.gravities import COMPASS


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a layer is seen or heard.

    Attributes:
        gravity: A point of the compass.
        x: Pixels away from that side, or from the middle to the right; `y` likewise downwards.
        opacity: 0 to 1.
        start_s: First second in the clip below.
        end_s: Last one; None for up to the end.
    """

    gravity: str = "center"
    x: int = 0
    y: int = 0
    opacity: float = 1.0
    start_s: float = 0.0
    end_s: float | None = None


def corner(place: Place, base: Size, layer: Size) -> tuple[int, int]:
    """Where the layer's upper left corner comes to lie; it may be outside."""
    free_px = (base.width - layer.width, base.height - layer.height)
    return geometry.corner(COMPASS[place.gravity], free_px, (place.x, place.y))


def laid(graph: Graph, below: Clip, above: Clip, place: Place) -> Clip:
    """A clip over a clip; what both sound like is mixed."""
    end_s = min(place.end_s or below.length_s, place.start_s + above.length_s, below.length_s)
    if above.picture is not None and below.picture is not None and place.start_s < end_s:
        below = _laid(graph, below, above, place, end_s)
    return mixed(graph, below, above, replace(place, end_s=end_s))


def _laid(graph: Graph, below: Clip, above: Clip, place: Place, end_s: float) -> Clip:
    assert above.picture is not None
    assert below.picture is not None
    left, top = corner(place, below.frame, above.frame)
    faded = f",colorchannelmixer=aa={place.opacity:g}" if place.opacity < 1 else ""
    shifted = f"trim=end={end_s - place.start_s:.3f},setpts=PTS-STARTPTS+{place.start_s:.3f}/TB"
    prepared = graph.chain([above.picture], f"format=yuva420p{faded},{shifted}")[0]
    shown = f"enable='between(t,{place.start_s:.3f},{end_s:.3f})'"
    lay = f"overlay=x={left}:y={top}:eof_action=pass:{shown},format=yuv420p"
    return replace(below, picture=graph.chain([below.picture, prepared], lay)[0])


def mixed(graph: Graph, below: Clip, above: Clip, place: Place) -> Clip:
    """A clip with a sound added."""
    end_s = min(place.end_s or below.length_s, below.length_s)
    if above.sound is None or place.start_s >= end_s:
        return below
    whole = f"apad=whole_dur={below.length_s:.3f},atrim=end={below.length_s:.3f}"
    delay = f"atrim=end={end_s - place.start_s:.3f},adelay={round(1000 * place.start_s)}:all=1"
    later = graph.chain([above.sound], f"{SAME_SOUND},{delay},{whole}", "a")[0]
    if below.sound is None:
        return replace(below, sound=later)
    own = graph.chain([below.sound], f"{SAME_SOUND},{whole}", "a")[0]
    # Added as they are: a sound does not become softer because there is another one.
    return replace(below, sound=graph.chain([own, later], "amix=inputs=2:duration=first:normalize=0", "a")[0])
