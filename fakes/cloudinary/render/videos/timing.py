"""Changes of a clip's time: cuts, loops, reversal, speed, joining. Each makes a recipe of recipes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fakes.cloudinary.errors import transformation_refused, video_too_large
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos.graph import DEFAULT_FPS, INPUT_LIMIT, SOUND_HZ, Clip, Graph, Recipe

LENGTH_LIMIT_S = 3600.0
_BYTES_PER_PX = 1.5
# One channel becomes two that are as loud; by itself FFmpeg makes them softer.
SAME_SOUND = f"aresample={SOUND_HZ},pan=stereo|FL<FC+FL|FR<FC+FR,aformat=sample_fmts=fltp"


@dataclass(frozen=True, slots=True)
class Transition:
    """How one clip goes over into the next: FFmpeg's name, which is Cloudinary's too."""

    name: str
    length_s: float


def cut(recipe: Recipe, choose: Callable[[float], tuple[float, float]]) -> Recipe:
    """Keep a part.

    Args:
        recipe: The clip.
        choose: Start and end in seconds, by the length.
    """

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        return part(graph, clip, choose(clip.length_s))

    return make


def part(graph: Graph, clip: Clip, span: tuple[float, float]) -> Clip:
    """What lies between two seconds of a clip."""
    bounds = f"start={span[0]:.3f}:end={span[1]:.3f}"
    clip = graph.picture(clip, f"trim={bounds},setpts=PTS-STARTPTS")
    clip = graph.sound(clip, f"atrim={bounds},asetpts=PTS-STARTPTS")
    return replace(clip, length_s=span[1] - span[0])


def reverse(recipe: Recipe) -> Recipe:
    """Play backwards, which keeps all frames in memory.

    Raises:
        ProviderError: It is too long for that (400), when it is made.
    """

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        if clip.size is not None:
            frames = clip.length_s * (clip.fps or DEFAULT_FPS)
            graph.hold(frames * clip.size.width * clip.size.height * _BYTES_PER_PX)
        return graph.sound(
            graph.picture(clip, "reverse,setpts=PTS-STARTPTS"), "areverse,asetpts=PTS-STARTPTS"
        )

    return make


def loop(recipe: Recipe, more: int) -> Recipe:
    """Play once, and `more` times again.

    Raises:
        ProviderError: That is too often (400).
    """
    if not 0 <= more < INPUT_LIMIT:
        raise transformation_refused(f"Invalid effect in transformation: loop:{more}")
    return recipe if more == 0 else join([recipe] * (more + 1))


def boomerang(recipe: Recipe) -> Recipe:
    """Play forwards, then backwards."""
    return join([recipe, reverse(recipe)])


def accelerate(recipe: Recipe, percent: float) -> Recipe:
    """Play faster, or slower below zero; voices keep their pitch."""
    factor = 1 + percent / 100

    def make(graph: Graph) -> Clip:
        clip = recipe(graph)
        # The frame rate stays: frames are left out, or shown twice.
        clip = graph.picture(clip, f"setpts=PTS/{factor:g},fps={clip.fps or DEFAULT_FPS:g}")
        return replace(graph.sound(clip, f"atempo={factor:g}"), length_s=clip.length_s / factor)

    return make


def join(recipes: Sequence[Recipe]) -> Recipe:
    """One clip after the other, all like the first.

    Raises:
        ProviderError: As for `joined` (400), when it is made.
    """

    def make(graph: Graph) -> Clip:
        clips = [recipe(graph) for recipe in recipes]
        return joined(graph, clips, clips[0])

    return make


def joined(graph: Graph, clips: Sequence[Clip], model: Clip, transition: Transition | None = None) -> Clip:
    """One clip after the other, all in the size and the frame rate of the model.

    What has no sound is silent for its time; pictures of another shape get black bars.

    Raises:
        ProviderError: Sound is joined to pictures, or it becomes too long (400).
    """
    if any((clip.size is None) != (model.size is None) for clip in clips):
        raise transformation_refused("Invalid layer in transformation: video and audio cannot be joined")
    with_sound = any(clip.sound for clip in clips)
    alike = [_alike(graph, clip, model, with_sound) for clip in clips]
    made = _concatenated(graph, alike) if transition is None else _blended(graph, alike, transition)
    if made.length_s > LENGTH_LIMIT_S:
        raise video_too_large()
    return made


def _alike(graph: Graph, clip: Clip, model: Clip, with_sound: bool) -> Clip:
    if model.size is not None:
        clip = graph.picture(clip, ",".join(_fitted(clip, model.size, model.fps)), model.size)
        clip = replace(clip, fps=model.fps or DEFAULT_FPS)
    if clip.sound is not None:
        # Exactly as long as the pictures, or what follows would come too early.
        exact = f"apad=whole_dur={clip.length_s:.3f},atrim=end={clip.length_s:.3f}"
        return graph.sound(clip, f"{SAME_SOUND},{exact},asetpts=PTS-STARTPTS")
    if with_sound:
        silence = f"anullsrc=r={SOUND_HZ}:cl=stereo,atrim=end={clip.length_s:.3f},{SAME_SOUND}"
        return replace(clip, sound=graph.chain([], silence, "a")[0])
    return clip


def _fitted(clip: Clip, size: Size, fps: float) -> list[str]:
    wide, high = size.width, size.height
    filters = [f"fps={fps or DEFAULT_FPS:g}"]
    if clip.size != size:
        filters.append(f"scale={wide}:{high}:force_original_aspect_ratio=decrease:flags=bicubic")
        filters.append(f"pad={wide}:{high}:(ow-iw)/2:(oh-ih)/2:color=black")
    return [*filters, "setsar=1", "format=yuv420p", "settb=AVTB", "setpts=PTS-STARTPTS"]


def _concatenated(graph: Graph, clips: Sequence[Clip]) -> Clip:
    first = clips[0]
    labels = [label for clip in clips for label in (clip.picture, clip.sound) if label is not None]
    pictures, sounds = int(first.picture is not None), int(first.sound is not None)
    made = list(
        graph.chain(labels, f"concat=n={len(clips)}:v={pictures}:a={sounds}", "v" * pictures + "a" * sounds)
    )
    picture = made.pop(0) if pictures else None
    length_s = sum(clip.length_s for clip in clips)
    return replace(first, picture=picture, sound=made[0] if sounds else None, length_s=length_s)


def _blended(graph: Graph, clips: Sequence[Clip], transition: Transition) -> Clip:
    made = clips[0]
    for clip in clips[1:]:
        over_s = max(0.04, min(transition.length_s, made.length_s / 2, clip.length_s / 2))
        if made.picture is not None and clip.picture is not None:
            offset_s = made.length_s - over_s
            mix = f"xfade=transition={transition.name}:duration={over_s:.3f}:offset={offset_s:.3f}"
            made = replace(made, picture=graph.chain([made.picture, clip.picture], mix)[0])
        if made.sound is not None and clip.sound is not None:
            fade = f"acrossfade=d={over_s:.3f}"
            made = replace(made, sound=graph.chain([made.sound, clip.sound], fade, "a")[0])
        made = replace(made, length_s=made.length_s + clip.length_s - over_s)
    return made
