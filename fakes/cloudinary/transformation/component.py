"""One component of a transformation and the values in it: dataclasses only, no reading and no doing.

Source: cloudinary.com/documentation/transformation_reference.
"""

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import NamedTuple

_INERT = frozenset({"flags", "flag_arguments", "format", "x", "y", "gravity", "default_image", "prefix"})
# Flags that make other bytes by themselves; the rest say how to deliver, or matter only beside others.
_CHANGING_FLAGS = frozenset(
    """
    alternate animated apng awebp clip clip_evenodd force_strip group4 lossy mono png8 png24 png32 progressive
    rasterize sanitize strip_profile tiff8_lzw waveform
    """.split()  # noqa: SIM905 - one line for each word would hide the code
)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the input's length: 0.5 of the width, or 35 % of the duration."""

    of_one: float


class Colour(NamedTuple):
    """Red, green, blue and opacity, 0 to 255 each."""

    red: int
    green: int
    blue: int
    alpha: int = 255


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A background that is made from the picture itself.

    Attributes:
        name: `auto` (`b_auto:predominant_gradient:2`), `blurred` (`b_blurred:400:15`) or `gen_fill`.
        arguments: What followed the name, as written.
    """

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Border:
    """`bo_4px_solid_red`: around a picture, or around the letters of a text."""

    width_px: int
    colour: Colour


@dataclass(frozen=True, slots=True)
class Corners:
    """Radii in pixels, clockwise from the upper left; all None for `r_max`."""

    top_left: int | None = None
    top_right: int | None = None
    bottom_right: int | None = None
    bottom_left: int | None = None

    @property
    def is_max(self) -> bool:
        """Whether the picture becomes an ellipse."""
        return self.top_left is None


@dataclass(frozen=True, slots=True)
class Effect:
    """One `e_...` with its arguments.

    Attributes:
        value: The first argument where that is a number, else the effect's default.
        unit: `db` for volumes in decibels.
        arguments: All that followed the name, between colons, as written.
    """

    name: str
    value: float = 0.0
    unit: str = ""
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rate:
    """Frames per second: `fps_30` is both ends, `fps_24-` has no upper one."""

    least: float | None
    most: float | None

    def of(self, present: float) -> float:
        """The rate for a video that has `present`."""
        if self.least is not None and present < self.least:
            return self.least
        return self.most if self.most is not None and present > self.most else present


@dataclass(frozen=True, slots=True)
class Component:
    """One component: what stands between two slashes. Lengths in pixels, times in seconds.

    Attributes:
        width: Pixels, or a share of the width of what the step works on; so `height`.
        x: As `width`, but may be negative; so `y`.
        gravity: As written, arguments included (`auto:subject`, `face:center`, `north_west`).
        picks_start: `so_auto`: the renderer looks for the second that is worth seeing.
        quality: 1 to 100; for `q_auto` what stands for its mode.
        quality_mode: `auto`, `auto:best`..., None for a number.
        chroma: `420` or `444` (`q_80:420`).
        quality_most: Upper end of the quantisation (`q_80:qmax_50`), for videos.
        video_codec: As written: `h264:baseline:3.1`.
        pages: As written (`pg_2`, `pg_1-3;5`, `pg_name:...`, `pg_embedded:...`).
        sampling: Frames to take (`vs_20`), a share of them (`vs_20p`) or a distance in seconds (`vs_2.3s`).
        default_image: Public id of the image that stands in for a missing one (`d_`).
        text_colour: `co_`, also used by effects that take a colour.
        flags: Without their arguments, which are in `flag_arguments`.
    """

    width: int | Share | None = None
    height: int | Share | None = None
    aspect: Fraction | None = None
    crop: str | None = None
    gravity: str | None = None
    x: int | Share = 0
    y: int | Share = 0
    zoom: float | None = None
    dpr: float | None = None
    angle: tuple[str, ...] = ()
    radius: Corners | None = None
    opacity: int | None = None
    background: Colour | Backdrop | None = None
    border: Border | None = None
    text_colour: Colour | None = None
    colour_space: str | None = None
    effect: Effect | None = None
    start: float | Share | None = None
    end: float | Share | None = None
    length: float | Share | None = None
    picks_start: bool = False
    quality: int | None = None
    quality_mode: str | None = None
    chroma: str | None = None
    quality_most: int | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_hz: int | None = None
    bit_rate: int | None = None
    has_constant_bit_rate: bool = False
    fps: Rate | None = None
    keyframe_interval_s: float | None = None
    sampling: "Sampling | None" = None
    delay_ms: int | None = None
    density_dpi: int | None = None
    pages: str | None = None
    prefix: str | None = None
    streaming_profile: str | None = None
    function: str | None = None
    format: str | None = None
    default_image: str | None = None
    flags: tuple[str, ...] = ()
    flag_arguments: tuple[tuple[str, str], ...] = ()

    def has(self, flag: str) -> bool:
        """Whether a flag is set."""
        return flag in self.flags

    def argument(self, flag: str) -> str | None:
        """What follows a flag's colon; None when the flag is not set or has none."""
        return dict(self.flag_arguments).get(flag)

    @property
    def attachment(self) -> str | None:
        """Name for the download; empty for the asset's own, None when it is not asked for."""
        return self.argument("attachment") or "" if self.has("attachment") else None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a video is thinned out for an animation; one of the three is set."""

    count: int | None = None
    share: float | None = None
    every_s: float | None = None


def is_changing(component: Component) -> bool:
    """Whether a component makes other bytes."""
    if _CHANGING_FLAGS.intersection(component.flags):
        return True
    return any(
        getattr(component, item.name) != item.default for item in fields(Component) if item.name not in _INERT
    )
