"""What comes out of a graph: a file, an animation, one frame, a wave form, a stream with its playlist."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fakes.cloudinary.errors import transformation_refused
from fakes.cloudinary.media import check_pixels
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.videos import encoding, looks
from fakes.cloudinary.render.videos.encoding import Encoding
from fakes.cloudinary.render.videos.graph import DEFAULT_FPS, Clip, Graph, Recipe, target
from fakes.cloudinary.render.videos.looks import Colour, hexadecimal

_COMMON = ("-nostdin", "-v", "error", "-y")
_THREADS = ("-threads", "4")
PLAIN = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
"""What makes the same bytes each time: no dates and no encoder versions."""
_ANIMATION_LIMIT_PX = 400_000_000
_ANIMATED: dict[str, tuple[str, ...]] = {
    "gif": ("-c:v", "gif"),
    "webp": ("-c:v", "libwebp_anim"),
    "avif": (
        "-c:v",
        "libaom-av1",
        "-usage",
        "realtime",
        "-cpu-used",
        "8",
        "-pix_fmt",
        "yuv420p",
    ),
}


@dataclass(frozen=True, slots=True)
class Job:
    """Arguments for FFmpeg without the program itself, and the size of the result."""

    arguments: tuple[str, ...]
    size: Size | None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an animation is taken from a video.

    Attributes:
        frames: How many frames, over the whole length.
        every_s: Or one in so many seconds.
        delay_ms: How long each is shown; as long as it stands for by default.
        loops: How often it is played; 0 is for ever.
        quality: 1 to 100.
    """

    frames: int | None = None
    every_s: float | None = None
    delay_ms: int | None = None
    loops: int = 1
    quality: int = 80


def file(recipe: Recipe, path: Path, wish: Encoding, fps: tuple[float, float] | None = None) -> Job:
    """A video or sound.

    Args:
        recipe: What it shows.
        path: The file to write.
        wish: How it is encoded.
        fps: Least and most frames per second.

    Raises:
        ProviderError: The format does not fit (400).
    """
    muxer = encoding.MUXERS.get(wish.format)
    if muxer is None:
        raise transformation_refused(f"Invalid extension in transformation: {wish.format}")
    arguments, size = _encoded(recipe, wish, fps)
    faststart = ["-movflags", "+faststart"] if muxer in ("mp4", "mov", "ipod") else []
    return Job((*arguments, *faststart, "-f", muxer, str(path)), size)


def playlist(
    recipe: Recipe, paths: tuple[Path, Path], wish: Encoding, fps: tuple[float, float] | None = None
) -> Job:
    """An MPEG transport stream, and the HLS playlist that names its parts by byte ranges.

    Args:
        recipe: What it shows.
        paths: The playlist, and the stream.
        wish: How it is encoded.
        fps: Least and most frames per second.
    """
    arguments, size = _encoded(recipe, wish, fps)
    every_s = wish.keyframes_s or encoding.SEGMENT_S
    cut = ["-f", "hls", "-hls_time", f"{every_s:g}", "-hls_playlist_type", "vod"]
    one_file = ["-hls_flags", "single_file", "-hls_segment_filename", str(paths[1])]
    return Job((*arguments, *cut, *one_file, str(paths[0])), size)


def fragments(recipe: Recipe, path: Path, wish: Encoding, fps: tuple[float, float] | None = None) -> Job:
    """A fragmented MP4 with an index before each fragment, for DASH."""
    arguments, size = _encoded(recipe, wish, fps)
    every = ["-frag_duration", str(round(1e6 * encoding.SEGMENT_S))] if wish.format == "mp4da" else []
    start = "frag_keyframe+" if wish.format == "mp4dv" else ""
    flags = ["-movflags", f"{start}empty_moov+default_base_moof+dash"]
    return Job((*arguments, *every, *flags, "-f", "mp4", str(path)), size)


def frame(recipe: Recipe, path: Path, at_s: float | None) -> Job:
    """One frame as PNG: at a second of the result, or the middle one.

    Raises:
        ProviderError: There are no frames (400).
    """
    graph = Graph()
    clip = recipe(graph)
    if clip.picture is None:
        raise transformation_refused("Invalid extension in transformation: audio has no frames")
    second = clip.length_s / 2 if at_s is None else at_s
    second = max(0.0, min(second, clip.length_s - 1.5 / (clip.fps or DEFAULT_FPS)))
    if second:
        clip = graph.picture(clip, f"trim=start={second:.3f},setpts=PTS-STARTPTS")
    out = ("-map", target(str(clip.picture)), "-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1")
    return Job((*_COMMON, *graph.arguments(clip.picture), *out, str(path)), clip.size)


def animation(
    recipe: Recipe,
    path: Path,
    format_name: str,
    sampling: Sampling,
    fps: tuple[float, float] | None = None,
) -> Job:
    """An animated GIF, WebP or AVIF.

    Raises:
        ProviderError: There are no frames, or too many (400).
    """
    graph = Graph()
    clip = recipe(graph)
    if clip.picture is None:
        raise transformation_refused("Invalid extension in transformation: audio has no frames")
    rate = _sampled(clip, sampling, fps)
    count = max(1, round(clip.length_s * rate))
    if count * clip.frame.width * clip.frame.height > _ANIMATION_LIMIT_PX:
        raise transformation_refused("Maximum total number of pixels in all frames/pages exceeded")
    clip = graph.picture(clip, f"fps={rate:.6g}")
    if sampling.delay_ms:
        shown = 1000 / sampling.delay_ms
        clip = graph.picture(clip, f"settb=1/1000,setpts=N/({shown:.6g}*TB),fps={shown:.6g}")
    if format_name == "gif":
        clip = _with_palette(graph, clip)
    if format_name == "avif":
        clip = _even(graph, clip)
    out = ["-map", target(str(clip.picture)), "-fps_mode", "passthrough", *_encoder(format_name, sampling)]
    written = (*out, *_THREADS, *PLAIN, "-f", format_name, str(path))
    return Job((*_COMMON, *graph.arguments(clip.picture), *written), clip.size)


def waveform(recipe: Recipe, path: Path, size: Size, colours: tuple[Colour, Colour | None]) -> Job:
    """A picture of the sound as PNG.

    Args:
        recipe: What it sounds like.
        path: The file to write.
        size: Of the picture.
        colours: Of the wave, and behind it; nothing is behind it when that is None.

    Raises:
        ProviderError: There is no sound, or the picture is too large (400).
    """
    graph = Graph()
    clip = recipe(graph)
    if clip.sound is None:
        raise transformation_refused("Invalid flag in transformation: waveform - there is no audio")
    check_pixels(size.width, size.height)
    shape = f"{size.width}x{size.height}"
    wave = f"aformat=channel_layouts=mono,showwavespic=s={shape}:colors={hexadecimal(colours[0])}"
    picture = graph.chain([clip.sound], wave)[0]
    if colours[1] is not None:
        behind = graph.chain([], f"color=c={hexadecimal(colours[1])}:s={shape},format=rgb24")[0]
        picture = graph.chain([behind, picture], "overlay=format=rgb:shortest=1")[0]
    out = ("-map", target(picture), "-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1")
    return Job((*_COMMON, *graph.arguments(picture), *out, str(path)), size)


def _encoded(
    recipe: Recipe, wish: Encoding, fps: tuple[float, float] | None
) -> tuple[Sequence[str], Size | None]:
    graph = Graph()
    clip = recipe(graph)
    shows = clip.picture is not None and encoding.has_pictures(wish)
    sounds = clip.sound is not None and encoding.has_sound(wish)
    if not shows and not sounds:
        raise transformation_refused(f"Invalid extension in transformation: {wish.format}")
    out: list[str] = []
    if shows:
        clip = _even(graph, _at_rate(graph, looks.flattened(graph, clip), fps))
        out += ["-map", target(str(clip.picture)), *encoding.picture(wish, clip.frame, clip.fps)]
    if sounds:
        out += ["-map", target(str(clip.sound)), *encoding.sound(wish)]
    mapped = (clip.picture if shows else None, clip.sound if sounds else None)
    arguments = [*_COMMON, *graph.arguments(*mapped), *out, *_THREADS, *PLAIN]
    return arguments, clip.size if shows else None


def _at_rate(graph: Graph, clip: Clip, fps: tuple[float, float] | None) -> Clip:
    if fps is None:
        return clip
    least, most = fps
    wanted = min(max(clip.fps or most, least), most)
    return replace(graph.picture(clip, f"fps={wanted:g}"), fps=wanted)


def _even(graph: Graph, clip: Clip) -> Clip:
    size = Size(clip.frame.width - clip.frame.width % 2, clip.frame.height - clip.frame.height % 2)
    if size == clip.frame:
        return clip
    return graph.picture(clip, "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0", size)


def _sampled(clip: Clip, sampling: Sampling, fps: tuple[float, float] | None) -> float:
    if sampling.frames is not None:
        return max(1, sampling.frames) / clip.length_s
    if sampling.every_s is not None:
        return 1 / sampling.every_s
    own = clip.fps or DEFAULT_FPS
    return own if fps is None else min(max(own, fps[0]), fps[1])


def _encoder(format_name: str, sampling: Sampling) -> tuple[str, ...]:
    loops, quality = str(sampling.loops), sampling.quality
    match format_name:
        case "gif":
            return (*_ANIMATED["gif"], "-loop", str(_gif_loops(sampling.loops)))
        case "webp":
            return (*_ANIMATED["webp"], "-quality", str(quality), "-loop", loops)
    return (*_ANIMATED[format_name], "-b:v", "0", "-crf", str(encoding.crf(quality)), "-loop", loops)


def _with_palette(graph: Graph, clip: Clip) -> Clip:
    assert clip.picture is not None
    # A palette for each frame: one for all would keep all frames in memory.
    first, second = graph.chain([clip.picture], "split", "vv")
    palette = graph.chain([first], "palettegen=stats_mode=single")[0]
    return replace(clip, picture=graph.chain([second, palette], "paletteuse=new=1")[0])


def _gif_loops(loops: int) -> int:
    """FFmpeg counts what comes after the first time: -1 is once, 0 for ever."""
    return loops if loops == 0 else loops - 1 if loops > 1 else -1
