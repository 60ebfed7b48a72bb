"""Says how FFmpeg makes a derived video, sound or frame: arguments only, nothing is run here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fakes.cloudinary import formats
from fakes.cloudinary.errors import not_emulated, transformation_refused
from fakes.cloudinary.media import VIDEO_DEMUXERS
from fakes.cloudinary.render.gaps import check_gaps
from fakes.cloudinary.render.geometry import Cut, Frame, Scale, Size, Step, final_size, steps
from fakes.cloudinary.transformation import Backdrop, Component, Effect, Plan, Share

MUXERS: Mapping[str, str] = {
    "mp4": "mp4",
    "m4v": "mp4",
    "mov": "mov",
    "mkv": "matroska",
    "webm": "webm",
    "ogv": "ogg",
    "mp3": "mp3",
    "m4a": "ipod",
    "aac": "adts",
    "wav": "wav",
    "ogg": "ogg",
    "flac": "flac",
}
_VIDEO_ENCODERS: Mapping[str, tuple[str, ...]] = {
    "h264": ("libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
    "h265": ("libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1"),
    "vp9": ("libvpx-vp9", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"),
    "theora": ("libtheora", "-pix_fmt", "yuv420p"),
}
_AUDIO_ENCODERS: Mapping[str, str] = {
    "aac": "aac",
    "mp3": "libmp3lame",
    "opus": "libopus",
    "vorbis": "libvorbis",
    "pcm": "pcm_s16le",
    "flac": "flac",
}
# What each format carries unless vc_ or ac_ say otherwise, and what it can carry at all.
_VIDEO_OF: Mapping[str, str] = {"webm": "vp9", "ogv": "theora"}
_AUDIO_OF: Mapping[str, str] = {
    "webm": "opus",
    "ogv": "vorbis",
    "mp3": "mp3",
    "wav": "pcm",
    "ogg": "vorbis",
    "flac": "flac",
}
VIDEO_EFFECTS = frozenset(
    {
        "grayscale",
        "sepia",
        "negate",
        "blur",
        "brightness",
        "contrast",
        "saturation",
        "fade",
        "accelerate",
        "volume",
    }
)
_FIELDS = frozenset(
    {"width", "height", "aspect", "crop", "gravity", "x", "y", "angle", "radius", "opacity", "background"}
    | {
        "effect",
        "start",
        "end",
        "length",
        "quality",
        "video_codec",
        "audio_codec",
        "audio_hz",
        "bit_rate",
        "fps",
    }
)
_WEBM_CODECS = frozenset({"vp9", "opus", "vorbis"})
_DEFAULT_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Source:
    """A stored video or sound.

    Attributes:
        size: As it is shown, rotation applied; None for sound.
    """

    path: Path
    duration_s: float
    size: Size | None
    has_audio: bool


@dataclass(frozen=True, slots=True)
class Job:
    """Arguments for FFmpeg without the program itself, and the size of the result."""

    arguments: tuple[str, ...]
    size: Size | None


@dataclass(slots=True)
class _Filters:
    """Filter chains under construction; `length_s` is the length of the result so far."""

    video: list[str]
    audio: list[str]
    size: Size | None
    length_s: float


def crf(quality: int) -> int:
    """The constant rate factor for a quality of 1 to 100: 80 is 23."""
    return round(51 - 0.35 * quality)


def frame(source: Source, target: Path, asked: Plan) -> Job:
    """Take one frame as PNG: at the start offset, or the middle one.

    Raises:
        ProviderError: There are no frames (400).
    """
    if source.size is None:
        raise transformation_refused("Invalid extension in transformation: audio has no frames")
    start = asked.last("start")
    at_s = source.duration_s / 2 if start is None else _seconds(start, source.duration_s)
    at_s = max(0.0, min(at_s, source.duration_s - 0.1))
    arguments = (
        *_input(source, at_s, None),
        "-frames:v",
        "1",
        "-an",
        "-c:v",
        "png",
        "-f",
        "image2",
        "-update",
        "1",
    )
    return Job((*arguments, str(target)), source.size)


def video(source: Source, target: Path, asked: Plan, format_name: str) -> Job:
    """Transcode a video or a sound.

    Raises:
        ProviderError: It cannot be done (400).
    """
    check_gaps(asked, "videos", _FIELDS, frozenset())
    muxer = MUXERS.get(format_name)
    is_sound = format_name in formats.SOUNDS
    if muxer is None or (source.size is None and not is_sound) or (is_sound and not source.has_audio):
        raise transformation_refused(f"Invalid extension in transformation: {format_name}")
    start_s, length_s = _trim(asked.components, source.duration_s)
    filters = _Filters([], [], source.size, length_s or source.duration_s)
    for component in asked.components:
        _add(filters, component)

    is_trimmed = start_s > 0 or length_s is not None
    arguments = [*_input(source, start_s if is_trimmed else None, length_s)]
    arguments += _picture(filters, asked, format_name) if not is_sound else ["-vn"]
    arguments += _sound(filters, asked, format_name) if source.has_audio else ["-an"]
    arguments += ["-sn", "-dn", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
    if muxer in ("mp4", "mov", "ipod"):
        arguments += ["-movflags", "+faststart"]
    size = None if is_sound or asked.last("video_codec") == "none" else _even(filters.size)
    return Job((*arguments, "-f", muxer, str(target)), size)


def _input(source: Source, start_s: float | None, length_s: float | None) -> list[str]:
    arguments = ["-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file"]
    arguments += ["-format_whitelist", VIDEO_DEMUXERS]
    if start_s is not None:
        arguments += ["-ss", f"{start_s:.3f}"]
    if length_s is not None:
        arguments += ["-t", f"{length_s:.3f}"]
    return [*arguments, "-i", f"file:{source.path}"]


def _trim(components: Sequence[Component], duration_s: float) -> tuple[float, float | None]:
    """Start, and length or None for up to the end."""
    trimming = [
        one for one in components if one.start is not None or one.end is not None or one.length is not None
    ]
    if not trimming:
        return 0.0, None
    if len(trimming) > 1:
        raise transformation_refused("Invalid transformation component - more than one with so, eo or du")
    one = trimming[0]
    start_s = _seconds(one.start, duration_s) if one.start is not None else 0.0
    if one.length is not None:
        end_s = start_s + _seconds(one.length, duration_s)
    else:
        end_s = _seconds(one.end, duration_s) if one.end is not None else duration_s
    end_s = min(end_s, duration_s)
    if start_s >= end_s:
        raise transformation_refused(f"Invalid start offset in transformation: {start_s:g}")
    return start_s, end_s - start_s


def _seconds(wish: float | Share, duration_s: float) -> float:
    return wish.of_one * duration_s if isinstance(wish, Share) else wish


def _add(filters: _Filters, component: Component) -> None:
    if component.radius is not None or component.opacity is not None:
        raise transformation_refused("Invalid transformation component - r and o are not for videos")
    if filters.size is not None:
        plan = steps(component, filters.size, multiple=2)
        for step in plan:
            filters.video.append(_step(step, component))
        filters.size = final_size(plan, filters.size)
        for turn in component.angle:
            _turn(filters, turn)
    if component.effect is not None:
        _effect(filters, component.effect)


def _step(step: Step, component: Component) -> str:
    match step:
        case Scale(width, height):
            return f"scale={width}:{height}:flags=bicubic,setsar=1"
        case Cut(x, y, width, height):
            return f"crop={width}:{height}:{x}:{y}"
        case Frame(x, y, width, height):
            if isinstance(component.background, Backdrop):
                raise not_emulated(f"the background '{component.background.name}' on videos")
            red, green, blue, _ = component.background or (0, 0, 0, 255)
            return f"pad={width}:{height}:{x}:{y}:color=0x{red:02x}{green:02x}{blue:02x}"


def _turn(filters: _Filters, turn: str) -> None:
    assert filters.size is not None
    if turn in ("hflip", "vflip"):
        filters.video.append(turn)
        return
    if turn in ("ignore", "exif", "auto"):
        return
    degrees = int(turn) % 360
    if degrees % 90:
        raise transformation_refused(f"Invalid angle in transformation: {turn}")
    filters.video += ["transpose=clock"] * (degrees // 90)
    if degrees % 180:
        filters.size = Size(filters.size.height, filters.size.width)


def _effect(filters: _Filters, effect: Effect) -> None:
    if effect.name not in VIDEO_EFFECTS:
        raise transformation_refused(f"Invalid effect in transformation: {effect.name}")
    value = effect.value
    match effect.name:
        case "volume":
            filters.audio.append(f"volume={value}dB" if effect.unit == "db" else f"volume={1 + value / 100}")
        case "accelerate":
            factor = 1 + value / 100
            filters.video.append(f"setpts=PTS/{factor}")
            filters.audio.append(f"atempo={factor}")
            filters.length_s /= factor
        case "fade":
            length_s = abs(value) / 1000
            start_s = 0.0 if value > 0 else max(0.0, filters.length_s - length_s)
            kind = "in" if value > 0 else "out"
            filters.video.append(f"fade=t={kind}:st={start_s:.3f}:d={length_s:.3f}")
        case _:
            filters.video.append(
                _LOOKS[effect.name].format(part=value / 100, factor=1 + value / 100, sigma=value / 50)
            )


_LOOKS: Mapping[str, str] = {
    "grayscale": "hue=s=0",
    "sepia": "colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131",
    "negate": "negate",
    "blur": "gblur=sigma={sigma}",
    "brightness": "eq=brightness={part}",
    "contrast": "eq=contrast={factor}",
    "saturation": "eq=saturation={factor}",
}


def _picture(filters: _Filters, asked: Plan, format_name: str) -> list[str]:
    wanted = str(asked.last("video_codec") or "auto").partition(":")[0]
    if wanted == "none":
        return ["-vn"]
    codec = _VIDEO_OF.get(format_name, "h264") if wanted == "auto" else wanted
    if codec not in _VIDEO_ENCODERS:
        raise not_emulated(f"the video codec '{codec}'")
    if format_name == "webm" and codec not in _WEBM_CODECS:
        raise transformation_refused(f"Invalid video codec in transformation: {codec}")
    rate = asked.last("fps")
    fps = rate and (rate.most or rate.least)
    chain = [*filters.video, *([f"fps={fps:g}"] if fps else [])]
    size = filters.size
    if size is not None and (size.width % 2 or size.height % 2):
        chain.append("crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0")
    encoder, *options = _VIDEO_ENCODERS[codec]
    arguments = ["-map", "0:v:0", *(["-vf", ",".join(chain)] if chain else []), "-c:v", encoder, *options]
    bit_rate = asked.last("bit_rate")
    if bit_rate:
        return [*arguments, "-b:v", str(bit_rate), "-maxrate", str(bit_rate), "-bufsize", str(2 * bit_rate)]
    quality = asked.last("quality") or _DEFAULT_QUALITY
    return [*arguments, *(["-q:v", str(quality // 10)] if codec == "theora" else ["-crf", str(crf(quality))])]


def _sound(filters: _Filters, asked: Plan, format_name: str) -> list[str]:
    wanted = asked.last("audio_codec")
    if wanted == "none":
        return ["-an"]
    if wanted == "auto":
        wanted = None
    codec = wanted or _AUDIO_OF.get(format_name, "aac")
    if format_name in _AUDIO_OF and wanted is not None and wanted != _AUDIO_OF[format_name]:
        raise transformation_refused(f"Invalid audio codec in transformation: {wanted}")
    if codec not in _AUDIO_ENCODERS:
        raise not_emulated(f"the audio codec '{codec}'")
    arguments = ["-map", "0:a:0?", "-c:a", _AUDIO_ENCODERS[codec]]
    hertz = asked.last("audio_hz")
    if hertz:
        arguments += ["-ar", str(hertz)]
    return [*arguments, *(["-af", ",".join(filters.audio)] if filters.audio else [])]


def _even(size: Size | None) -> Size | None:
    return None if size is None else Size(size.width - size.width % 2, size.height - size.height % 2)
