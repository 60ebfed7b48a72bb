"""What a plan asks of a video's output: encoding, frame rate, sampling, the frame that is picked. Pure."""

from collections.abc import Sequence
from dataclasses import fields, replace

from fakes.cloudinary.render.gaps import check_gaps
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos import interest
from fakes.cloudinary.render.videos.encoding import Encoding
from fakes.cloudinary.render.videos.graph import DEFAULT_FPS
from fakes.cloudinary.render.videos.looks import Colour
from fakes.cloudinary.render.videos.outputs import Sampling
from fakes.cloudinary.render.videos.plan import is_cutting, span
from fakes.cloudinary.transformation import Colour as GrammarColour
from fakes.cloudinary.transformation import Component, PlainStep, Plan, Rate, layers_of

_FIELDS = frozenset(
    {"layers", "width", "height", "aspect", "crop", "gravity", "x", "y", "zoom", "dpr", "angle", "radius"}
    | {"opacity", "background", "border", "text_colour", "effect", "start", "end", "length", "picks_start"}
    | {
        "quality",
        "quality_most",
        "video_codec",
        "audio_codec",
        "audio_hz",
        "bit_rate",
        "has_constant_bit_rate",
        "fps",
    }
    | {"keyframe_interval_s", "sampling", "delay_ms", "density_dpi", "streaming_profile"}
)
_FLAGS = frozenset({"animated", "awebp", "apng", "lossy", "mono", "waveform", "relative", "no_overflow"})
# The component that opens a layer also has those that say how it is placed.
_FLAGS_OF_LAYERS = frozenset({"splice", "layer_apply", "tiled", "cutter"})
_FLAGS_OF_FRAMES = frozenset({"progressive", "png8", "png24", "png32"})
_FIELDS_OF_VIDEOS = frozenset(
    {
        "quality_most",
        "start",
        "end",
        "length",
        "picks_start",
        "video_codec",
        "audio_codec",
        "audio_hz",
        "bit_rate",
    }
    | {"has_constant_bit_rate", "fps", "keyframe_interval_s", "sampling", "delay_ms", "streaming_profile"}
)
_FLAGS_OF_VIDEOS = frozenset({"mono", "animated", "awebp", "waveform"})
_NEVER_SEEN = frozenset({"volume", "loop"})
_HEARD = frozenset({"volume", "accelerate", "reverse", "loop", "boomerang"})
_SLOWEST_FPS, _FASTEST_FPS = 0.1, 120.0
# guess: the size of a wave form that nobody gave one
_WAVE_SIZE = Size(500, 200)
_WAVE_COLOUR = (255, 255, 255)
_WAVE_BEHIND = (0, 0, 0)


def check(asked: Plan) -> None:
    """Refuse what videos cannot have done to them.

    Raises:
        ProviderError: Something in the plan is not emulated (501).
    """
    check_gaps(asked, "videos", _FIELDS, _FLAGS | _FLAGS_OF_FRAMES)
    for layer in layers_of(asked.steps):
        if layer.source.kind in ("video", "audio"):
            check_gaps(Plan("", layer.steps), "layers of videos", _FIELDS, _FLAGS | _FLAGS_OF_LAYERS)


def encoding_of(asked: Plan, format_name: str) -> Encoding:
    """How the result is encoded."""
    audio_codec = asked.last("audio_codec")
    return Encoding(
        format_name,
        video_codec=asked.last("video_codec"),
        audio_codec=None if audio_codec == "auto" else audio_codec,
        audio_hz=asked.last("audio_hz"),
        bit_rate=asked.last("bit_rate"),
        is_constant=any(one.has_constant_bit_rate for one in asked.components),
        quality=asked.last("quality"),
        coarsest=asked.last("quality_most"),
        keyframes_s=asked.last("keyframe_interval_s"),
        is_mono=asked.has("mono"),
    )


def rates(asked: Plan) -> tuple[float, float] | None:
    """Least and most frames per second."""
    rate: Rate | None = asked.last("fps")
    if rate is None:
        return None
    return (rate.least or _SLOWEST_FPS, rate.most or _FASTEST_FPS)


def is_animated(asked: Plan, format_name: str) -> bool:
    """Whether a picture of a video moves: GIF always does, the others by a flag or `f_auto:animated`."""
    if format_name == "gif" or asked.last("format") == "auto:animated":
        return True
    flags = {"webp": ("awebp", "animated"), "avif": ("animated",)}.get(format_name, ())
    return any(asked.has(flag) for flag in flags)


def sampling_of(asked: Plan, length_s: float, fps: float) -> Sampling:
    """How an animation is taken, of a video of this length and rate."""
    wish = asked.last("sampling")
    frames = every_s = None
    if wish is not None:
        frames, every_s = wish.count, wish.every_s
        if wish.share is not None:
            frames = max(1, round(wish.share * length_s * (fps or DEFAULT_FPS)))
    loops = [one.effect for one in asked.components if one.effect is not None and one.effect.name == "loop"]
    plays = 1 if not loops else 0 if not loops[-1].arguments else round(loops[-1].value) + 1
    return Sampling(frames, every_s, asked.last("delay_ms"), plays, asked.last("quality") or 80)


def without_loops(steps: Sequence[PlainStep]) -> tuple[PlainStep, ...]:
    """The steps without those that only say how often an animation is played."""
    return tuple(
        replace(step, effect=None)
        if isinstance(step, Component) and step.effect is not None and step.effect.name == "loop"
        else step
        for step in steps
    )


def on_frames(steps: Sequence[PlainStep]) -> tuple[PlainStep, ...]:
    """The steps without what matters to moving pictures and sound only."""
    return tuple(_still(step) if isinstance(step, Component) else step for step in steps)


def picked(
    steps: Sequence[PlainStep], length_s: float, scores: Sequence[float]
) -> tuple[tuple[PlainStep, ...], float | None]:
    """The second that a picture is taken at, and the steps without that choice; None for the middle.

    Raises:
        ProviderError: There is no such second (400).
    """
    cuts = [step for step in steps if isinstance(step, Component) and is_cutting(step)]
    if not cuts:
        return tuple(steps), None
    last = cuts[-1]
    at_s = None
    if last.picks_start or last.start is not None:
        wish = last.start
        is_late = isinstance(wish, float | int) and wish >= length_s
        one_sample = replace(last, end=None, length=1 / interest.SAMPLES_PER_S)
        at_s = length_s if is_late else span(one_sample, length_s, scores)[0]
    return tuple(_timeless(step) if step is last else step for step in steps), at_s


def finish(asked: Plan) -> Plan:
    """What is left to do for a picture that has been made but for its format."""
    flags = tuple(flag for one in asked.components for flag in one.flags if flag in _FLAGS_OF_FRAMES)
    return Plan(asked.text, (Component(quality=asked.last("quality"), flags=flags),))


def wave_size(asked: Plan) -> Size:
    """How large a wave form is drawn."""
    for one in asked.components:
        if isinstance(one.width, int) and isinstance(one.height, int):
            return Size(one.width, one.height)
    return _WAVE_SIZE


def wave_colours(asked: Plan) -> tuple[Colour, Colour | None]:
    """Colours of the wave and of what is behind it."""
    colour = asked.last("text_colour")
    background = asked.last("background")
    behind: Colour | None = _WAVE_BEHIND
    if isinstance(background, GrammarColour):
        behind = background[:3] if background.alpha else None
    return (colour[:3] if colour is not None else _WAVE_COLOUR), behind


def only_times(steps: Sequence[PlainStep]) -> tuple[PlainStep, ...]:
    """The cuts, and what is heard: all that a wave form depends on."""
    kept = [step for step in steps if isinstance(step, Component)]
    return tuple(
        Component(
            start=one.start,
            end=one.end,
            length=one.length,
            effect=one.effect if one.effect is not None and one.effect.name in _HEARD else None,
        )
        for one in kept
    )


def _still(component: Component) -> Component:
    effect = component.effect
    if effect is not None and effect.name in _NEVER_SEEN:
        effect = None
    flags = tuple(flag for flag in component.flags if flag not in _FLAGS_OF_VIDEOS)
    return Component(
        **{
            item.name: getattr(component, item.name)
            for item in fields(Component)
            if item.name not in _FIELDS_OF_VIDEOS | {"effect", "flags"}
        },
        effect=effect,
        flags=flags,
    )


def _timeless(component: Component) -> Component:
    return replace(component, start=None, end=None, length=None, picks_start=False)
