"""What a video looks and sounds like: steps on pixels, turns, colours, blurs, fades, volume."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil, cos, radians, sin

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.media import check_pixels
from fakes.cloudinary.render.geometry import Cut, Frame, Scale, Size, Step
from fakes.cloudinary.render.videos.graph import DEFAULT_FPS, SOUND_HZ, Clip, Graph, Recipe

Colour = tuple[int, int, int]
_SIGMA_PER_BLUR = 1 / 50
_FULL_VIGNETTE = 0.9


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What is behind a picture that does not fill its canvas: a colour, or itself, blurred and dimmed."""

    colour: Colour = (0, 0, 0)
    blur: int | None = None
    dimming: int = 0


def filtered(recipe: Recipe, filters: str) -> Recipe:
    """Send the pictures through filters that leave their size."""
    return lambda graph: graph.picture(recipe(graph), filters)


def heard(recipe: Recipe, filters: str) -> Recipe:
    """Send the sound through filters."""
    return lambda graph: graph.sound(recipe(graph), filters)


def stepped(recipe: Recipe, plan: Callable[[Size], tuple[Step, ...]], backdrop: Backdrop) -> Recipe:
    """Scale, cut and frame the pictures."""

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        if clip.picture is None:
            return clip
        for step in plan(clip.frame):
            clip = _step(graph, clip, step, backdrop)
        return clip

    return make


def turned(recipe: Recipe, turn: str) -> Recipe:
    """Mirror, or turn by quarters clockwise; by any angle, black shows in the corners."""

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        if clip.picture is None or turn in ("ignore", "exif", "auto"):
            return clip
        if turn in ("hflip", "vflip"):
            return graph.picture(clip, turn)
        degrees = int(turn) % 360
        if degrees % 90:
            return _rotated(graph, clip, degrees)
        size = Size(clip.frame.height, clip.frame.width) if degrees % 180 else clip.frame
        quarters = ",".join(["transpose=clock"] * (degrees // 90))
        return graph.picture(clip, quarters, size) if quarters else clip

    return make


def faded(recipe: Recipe, milliseconds: float) -> Recipe:
    """Fade in over this time, or out over it when it is below zero; a sound fades as pictures do."""

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        length_s = min(abs(milliseconds) / 1000, clip.length_s)
        start_s = 0.0 if milliseconds > 0 else clip.length_s - length_s
        how = f"t={'in' if milliseconds > 0 else 'out'}:st={start_s:.3f}:d={length_s:.3f}"
        if clip.picture is None:
            return graph.sound(clip, f"afade={how}")
        return graph.picture(clip, f"fade={how}")

    return make


def rounded(recipe: Recipe, radii: Sequence[int] | None) -> Recipe:
    """Make the corners transparent.

    Args:
        recipe: The clip.
        radii: Of the four corners in pixels, clockwise from the upper left; None for an ellipse.
    """

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        if clip.picture is None:
            return clip
        inside = _ELLIPSE if radii is None else _inside(radii, clip.frame)
        shape = f"{clip.frame.width}x{clip.frame.height}"
        # One frame is worked out, and shown again and again.
        one = f"color=c=black:s={shape}:r=25:d=0.04,format=gray,geq=lum='255*{inside}'"
        mask = graph.chain([], f"{one},loop=loop=-1:size=1,setpts=N/25/TB")[0]
        merge = "alphamerge=shortest=1"
        return replace(clip, picture=graph.chain([clip.picture, mask], merge)[0], is_clear=True)

    return make


def dimmed(recipe: Recipe, percent: int) -> Recipe:
    """Make the pictures transparent: 100 is not at all."""

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        return replace(
            graph.picture(clip, f"format=yuva420p,colorchannelmixer=aa={percent / 100:g}"), is_clear=True
        )

    return make


def bordered(recipe: Recipe, width_px: int, colour: Colour) -> Recipe:
    """Draw a frame around the pictures, which become larger.

    Raises:
        ProviderError: They become too large (400), when it is made.
    """

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        if clip.picture is None:
            return clip
        wide, high = clip.frame.width + 2 * width_px, clip.frame.height + 2 * width_px
        check_pixels(wide, high)
        frame = f"pad={wide}:{high}:{width_px}:{width_px}:color={hexadecimal(colour)}"
        return graph.picture(clip, frame, Size(wide, high))

    return make


def flat(recipe: Recipe, colour: Colour = (0, 0, 0)) -> Recipe:
    """Put a colour behind what is transparent."""
    return lambda graph: flattened(graph, recipe(graph), colour)


def flattened(graph: Graph, clip: Clip, colour: Colour = (0, 0, 0)) -> Clip:
    """The clip with a colour behind what is transparent."""
    if not clip.is_clear or clip.picture is None:
        return clip
    shape = f"{clip.frame.width}x{clip.frame.height}"
    behind = f"color=c={hexadecimal(colour)}:s={shape}:r={clip.fps or DEFAULT_FPS:g}:d={clip.length_s:.3f}"
    below = graph.chain([], f"{behind},format=yuv420p")[0]
    lay = "overlay=shortest=1,format=yuv420p"
    return replace(clip, picture=graph.chain([below, clip.picture], lay)[0], is_clear=False)


def progress_bar(recipe: Recipe, colour: Colour, height_px: int) -> Recipe:
    """Draw a bar at the bottom that grows with time."""

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        if clip.picture is None:
            return clip
        size = f"{clip.frame.width}x{height_px}"
        bar = graph.chain([], f"color=c={hexadecimal(colour)}:s={size}:d={clip.length_s:.3f}")[0]
        lay = f"overlay=x='-w+w*t/{clip.length_s:.3f}':y=H-h:eof_action=repeat:shortest=1,format=yuv420p"
        return replace(clip, picture=graph.chain([clip.picture, bar], lay)[0])

    return make


def volume(recipe: Recipe, value: float, unit: str) -> Recipe:
    """Change the volume by percent or by decibels, or even it out (`auto`)."""
    how = {"db": f"volume={value:g}dB", "auto": f"loudnorm,aresample={SOUND_HZ}"}
    return heard(recipe, how.get(unit, f"volume={1 + value / 100:g}"))


def coloured(recipe: Recipe, name: str, value: float) -> Recipe:
    """Apply one of `LOOKS`.

    Raises:
        ProviderError: There is no such effect for videos (400).
    """
    if name not in LOOKS:
        raise transformation_refused(f"Invalid effect in transformation: {name}")
    return filtered(recipe, LOOKS[name](value))


def hexadecimal(colour: Colour) -> str:
    """A colour as FFmpeg spells it."""
    red, green, blue = colour
    return f"0x{red:02x}{green:02x}{blue:02x}"


LOOKS: Mapping[str, Callable[[float], str]] = {
    "grayscale": lambda _: "hue=s=0",
    "sepia": lambda _: "colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131",
    "negate": lambda _: "negate",
    "blur": lambda value: f"gblur=sigma={value * _SIGMA_PER_BLUR:g}",
    "brightness": lambda value: f"eq=brightness={value / 100:g}",
    "contrast": lambda value: f"eq=contrast={1 + value / 100:g}:saturation={1 + value / 100:g}",
    "saturation": lambda value: f"eq=saturation={1 + value / 100:g}",
    "gamma": lambda value: f"eq=gamma={1 + value / 100:g}",
    "hue": lambda value: f"hue=h={value * 1.8:g}",
    "sharpen": lambda value: f"unsharp=la={value / 100:g}",
    "noise": lambda value: f"noise=alls={value:g}:allf=t:all_seed=1",
    "vignette": lambda value: f"vignette=angle=PI/2*{_FULL_VIGNETTE * value / 100:g}",
    "deshake": lambda value: f"deshake=rx={value:g}:ry={value:g}",
}
"""Effects on the pictures, by Cloudinary's name; each gives a filter for its value."""


def _step(graph: Graph, clip: Clip, step: Step, backdrop: Backdrop) -> Clip:
    size = Size(step.width, step.height)
    match step:
        case Scale(width, height):
            return graph.picture(clip, f"scale={width}:{height}:flags=bicubic,setsar=1", size)
        case Cut(x, y, width, height):
            return graph.picture(clip, f"crop={width}:{height}:{x}:{y}", size)
        case Frame(x, y, width, height) if backdrop.blur is None:
            canvas = f"pad={width}:{height}:{x}:{y}:color={hexadecimal(backdrop.colour)}"
            return graph.picture(clip, canvas, size)
        case Frame(x, y, width, height):
            return _on_itself(graph, clip, step, backdrop)


def _on_itself(graph: Graph, clip: Clip, frame: Frame, backdrop: Backdrop) -> Clip:
    assert clip.picture is not None
    wide, high = frame.width, frame.height
    first, second = graph.chain([clip.picture], "split", "vv")
    cover = f"scale={wide}:{high}:force_original_aspect_ratio=increase,crop={wide}:{high}"
    sigma = (backdrop.blur or 0) * _SIGMA_PER_BLUR
    behind = graph.chain([first], f"{cover},gblur=sigma={sigma:g},eq=brightness={-backdrop.dimming / 200:g}")[
        0
    ]
    picture = graph.chain([behind, second], f"overlay=x={frame.x}:y={frame.y},setsar=1,format=yuv420p")[0]
    return replace(clip, picture=picture, size=Size(wide, high))


def _rotated(graph: Graph, clip: Clip, degrees: int) -> Clip:
    angle = radians(degrees)
    wide = ceil((abs(clip.frame.width * cos(angle)) + abs(clip.frame.height * sin(angle))) / 2) * 2
    high = ceil((abs(clip.frame.width * sin(angle)) + abs(clip.frame.height * cos(angle))) / 2) * 2
    check_pixels(wide, high)
    return graph.picture(clip, f"rotate={angle:.6f}:ow={wide}:oh={high}:fillcolor=black", Size(wide, high))


_ELLIPSE = "lte(pow((X+.5-W/2)/(W/2),2)+pow((Y+.5-H/2)/(H/2),2),1)"


def _inside(radii: Sequence[int], size: Size) -> str:
    most = min(size.width, size.height) // 2
    top_left, top_right, bottom_right, bottom_left = (min(radius, most) for radius in radii)
    upper = f"if(lt(X,W/2),{top_left},{top_right})"
    lower = f"if(lt(X,W/2),{bottom_left},{bottom_right})"
    radius = f"if(lt(Y,H/2),{upper},{lower})"
    across = "max(0,max(ld(0)-X,X-(W-1-ld(0))))"
    down = "max(0,max(ld(0)-Y,Y-(H-1-ld(0))))"
    return f"(0*st(0,{radius})+lte(hypot({across},{down}),ld(0)))"
