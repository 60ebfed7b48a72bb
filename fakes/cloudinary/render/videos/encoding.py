"""How FFmpeg encodes a derived video or sound: containers, codecs, profiles, rates. Arguments only."""

from collections.abc import Mapping
from dataclasses import dataclass

from fakes.cloudinary import formats
from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos.graph import DEFAULT_FPS, SOUND_HZ

MUXERS: Mapping[str, str] = {
    "mp4": "mp4",
    "m4v": "mp4",
    "mov": "mov",
    "mkv": "matroska",
    "webm": "webm",
    "ogv": "ogg",
    "ts": "mpegts",
    "mp3": "mp3",
    "m4a": "ipod",
    "aac": "adts",
    "wav": "wav",
    "ogg": "ogg",
    "flac": "flac",
}
_VIDEO_ENCODERS: Mapping[str, tuple[str, ...]] = {
    "h264": ("libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"),
    "h265": ("libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params", "log-level=error"),
    "vp8": ("libvpx", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"),
    "vp9": ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"),
    "av1": ("libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"),
    "theora": ("libtheora", "-pix_fmt", "yuv420p"),
    "prores": ("prores_ks", "-profile:v", "2"),
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
_VIDEO_IN: Mapping[str, frozenset[str]] = {
    "webm": frozenset({"vp8", "vp9", "av1"}),
    "ogv": frozenset({"theora", "vp8"}),
    "mp4": frozenset({"h264", "h265", "vp9", "av1"}),
    "m4v": frozenset({"h264", "h265"}),
    "mov": frozenset({"h264", "h265", "prores"}),
    "ts": frozenset({"h264", "h265"}),
    "m3u8": frozenset({"h264", "h265"}),
    "mp4dv": frozenset({"h264"}),
}
_AUDIO_OF: Mapping[str, str] = {
    "webm": "opus",
    "ogv": "vorbis",
    "mp3": "mp3",
    "wav": "pcm",
    "ogg": "vorbis",
    "flac": "flac",
}
_AUDIO_IN: Mapping[str, frozenset[str]] = {
    "webm": frozenset({"opus", "vorbis"}),
    "ogv": frozenset({"vorbis", "opus", "flac"}),
    "ogg": frozenset({"vorbis", "opus", "flac"}),
    "mp3": frozenset({"mp3"}),
    "wav": frozenset({"pcm"}),
    "flac": frozenset({"flac"}),
    "aac": frozenset({"aac"}),
    "m4a": frozenset({"aac"}),
    "ts": frozenset({"aac", "mp3"}),
    "m3u8": frozenset({"aac", "mp3"}),
    "mp4da": frozenset({"aac"}),
}
# Profiles and levels that say themselves how the stream is decoded: `baseline` here is what x264 calls it.
H264_PROFILES: Mapping[str, str] = {"baseline": "42C0", "main": "4D40", "high": "6400"}
# Largest frame in macroblocks and macroblocks in a second, by level (ITU-T H.264, table A-1).
_H264_LEVELS: tuple[tuple[int, int, str], ...] = (
    (99, 1485, "1.0"),
    (396, 11_880, "2.0"),
    (792, 19_800, "2.1"),
    (1620, 40_500, "3.0"),
    (3600, 108_000, "3.1"),
    (5120, 216_000, "3.2"),
    (8192, 245_760, "4.0"),
    (8704, 522_240, "4.2"),
    (22_080, 589_824, "5.0"),
    (36_864, 983_040, "5.1"),
)
# Encoders that need a bit rate beside a constant quality: none for VP9 and AV1, a ceiling for VP8.
_MOST: Mapping[str, tuple[str, ...]] = {"vp9": ("-b:v", "0"), "av1": ("-b:v", "0"), "vp8": ("-b:v", "4M")}
STREAMED = frozenset({"ts", "m3u8", "mp4dv"})
_DEFAULT_QUALITY = 80
_MACROBLOCK_PX = 16
SEGMENT_S = 2.0


@dataclass(frozen=True, slots=True)
class Encoding:
    """What is asked of the encoders; None is for what the format says.

    Attributes:
        video_codec: As `vc_` has it, such as `h264:main:3.1`.
        bit_rate: Bits per second of the pictures.
        is_constant: The bit rate is kept, also where less would do.
        quality: 1 to 100.
        coarsest: Upper end of the quantisation, 0 to 51 (`q_80:qmax_50`).
        keyframes_s: Seconds between key frames.
    """

    format: str
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_hz: int | None = None
    bit_rate: int | None = None
    is_constant: bool = False
    quality: int | None = None
    coarsest: int | None = None
    keyframes_s: float | None = None
    is_mono: bool = False


def crf(quality: int) -> int:
    """The constant rate factor for a quality of 1 to 100: 80 is 23."""
    return round(51 - 0.35 * quality)


def has_pictures(wish: Encoding) -> bool:
    """Whether the result shows anything."""
    return wish.format not in formats.SOUNDS and wish.format != "mp4da" and wish.video_codec != "none"


def has_sound(wish: Encoding) -> bool:
    """Whether the result can be heard, if the original can."""
    return wish.format != "mp4dv" and wish.audio_codec != "none"


def picture(wish: Encoding, size: Size, fps: float) -> list[str]:
    """The arguments for the pictures.

    Raises:
        ProviderError: The format cannot carry the codec, or there is no such profile (400).
    """
    codec, _, detail = (wish.video_codec or "auto").partition(":")
    if codec == "auto":
        codec = _VIDEO_OF.get(wish.format, "h264")
    if codec not in _VIDEO_ENCODERS or codec not in _VIDEO_IN.get(wish.format, _VIDEO_ENCODERS):
        raise transformation_refused(f"Invalid video codec in transformation: {wish.video_codec}")
    encoder, *options = _VIDEO_ENCODERS[codec]
    arguments = ["-c:v", encoder, *options, *_profile(wish, codec, detail, size, fps)]
    if codec == "h265" and wish.format in ("mp4", "m4v", "mov"):
        arguments += ["-tag:v", "hvc1"]
    return [*arguments, *_rate(wish, codec), *_key_frames(wish, codec)]


def sound(wish: Encoding) -> list[str]:
    """The arguments for the sound.

    Raises:
        ProviderError: The format cannot carry the codec (400).
    """
    codec = wish.audio_codec or _AUDIO_OF.get(wish.format, "aac")
    if codec not in _AUDIO_IN.get(wish.format, _AUDIO_ENCODERS):
        raise transformation_refused(f"Invalid audio codec in transformation: {wish.audio_codec}")
    arguments = ["-c:a", _AUDIO_ENCODERS[codec]]
    hertz = wish.audio_hz or (SOUND_HZ if wish.format in STREAMED | {"mp4da"} else None)
    arguments += ["-ar", str(hertz)] if hertz else []
    if wish.is_mono:
        return [*arguments, "-ac", "1"]
    return [*arguments, *(["-ac", "2"] if wish.format in STREAMED | {"mp4da"} else [])]


def avc(video_codec: str | None, size: Size, fps: float) -> tuple[str, str]:
    """Profile and level of H.264: what `vc_` says, or what the size needs.

    Raises:
        ProviderError: There is no such profile or level (400).
    """
    _, _, detail = (video_codec or "").partition(":")
    profile, _, level = detail.partition(":")
    if (profile and profile not in H264_PROFILES) or (level and level not in _LEVELS):
        raise transformation_refused(f"Invalid video codec in transformation: {video_codec}")
    return profile or "main", level or _level(size, fps)


def codecs(video_codec: str | None, size: Size | None, fps: float, *, has_audio: bool) -> str:
    """What a playlist says about the streams of a variant (RFC 6381)."""
    found = []
    if size is not None:
        profile, level = avc(video_codec, size, fps)
        found.append(f"avc1.{H264_PROFILES[profile]}{round(float(level) * 10):02X}")
    return ",".join([*found, *(["mp4a.40.2"] if has_audio else [])])


def _profile(wish: Encoding, codec: str, detail: str, size: Size, fps: float) -> list[str]:
    if codec != "h264" or not (detail or wish.format in STREAMED):
        return []
    profile, level = avc(wish.video_codec, size, fps)
    is_explicit = wish.format in STREAMED or detail.count(":")
    return ["-profile:v", profile, *(["-level:v", level] if is_explicit else [])]


def _level(size: Size, fps: float) -> str:
    blocks = -(-size.width // _MACROBLOCK_PX) * -(-size.height // _MACROBLOCK_PX)
    for most_blocks, most_rate, level in _H264_LEVELS:
        if blocks <= most_blocks and blocks * (fps or DEFAULT_FPS) <= most_rate:
            return level
    return _H264_LEVELS[-1][2]


def _rate(wish: Encoding, codec: str) -> list[str]:
    if wish.bit_rate:
        most = str(wish.bit_rate)
        least = ["-minrate", most] if wish.is_constant and codec != "theora" else []
        return ["-b:v", most, *least, "-maxrate", most, "-bufsize", str(2 * wish.bit_rate)]
    quality = wish.quality or _DEFAULT_QUALITY
    if codec == "prores":
        return ["-qscale:v", str(round(2 + (100 - quality) / 4))]
    if codec == "theora":
        return ["-q:v", str(quality // 10)]
    bound = ["-qmax", str(wish.coarsest)] if wish.coarsest is not None else []
    return [*_MOST.get(codec, ()), "-crf", str(crf(quality)), *bound]


def _key_frames(wish: Encoding, codec: str) -> list[str]:
    every_s = wish.keyframes_s or (SEGMENT_S if wish.format in STREAMED else None)
    if every_s is None:
        return []
    # Nothing but these: a scene change in between would shift the segments.
    only = ["-sc_threshold", "0"] if codec == "h264" else []
    return ["-force_key_frames", f"expr:gte(t,n_forced*{every_s:g})", *only]


_LEVELS = frozenset(
    {"1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2", "3.0", "3.1", "3.2", "4.0", "4.1", "4.2", "5.0", "5.1"}
) | {"5.2"}
