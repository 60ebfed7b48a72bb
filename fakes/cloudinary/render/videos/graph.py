"""FFmpeg filter graphs under construction: inputs, chains of filters, and the streams between them.

No user's text ever enters a filter: numbers, names from tables, and paths through `quoted`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fakes.cloudinary.errors import transformation_refused, video_too_large
from fakes.cloudinary.media import VIDEO_DEMUXERS
from fakes.cloudinary.render.geometry import Size

INPUT_LIMIT = 32
SOUND_HZ = 44_100
DEFAULT_FPS = 25.0
"""Frames per second where a file does not say."""
# What all filters that keep whole clips may keep at the same time.
MEMORY_LIMIT_BYTES = 1_000_000_000
_PICTURES = "png_pipe,image2"


@dataclass(frozen=True, slots=True)
class Source:
    """A stored video or sound.

    Attributes:
        size: As it is shown, rotation applied; None for sound.
        fps: Frames per second; 0 when unknown.
    """

    path: Path
    duration_s: float
    size: Size | None
    has_audio: bool
    fps: float = 0.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Streams in a graph.

    Attributes:
        picture: Label of the video stream; None for sound alone.
        sound: Label of the audio stream; None for silence.
        is_clear: Parts of the pictures may be transparent.
    """

    picture: str | None
    sound: str | None
    size: Size | None
    length_s: float
    fps: float
    is_clear: bool = False

    @property
    def frame(self) -> Size:
        """The size, of a clip that is known to have pictures."""
        assert self.size is not None
        return self.size


class Graph:
    """Collects inputs and chains."""

    def __init__(self) -> None:
        self._inputs: list[str] = []
        self._chains: list[str] = []
        self._count = 0
        self._labels = 0
        self._held_bytes = 0.0
        self._unused: set[str] = set()

    def arguments(self, *mapped: str | None) -> list[str]:
        """The inputs, and the graph if there is one; streams that are not mapped end in nothing."""
        sinks = {"v": "nullsink", "a": "anullsink"}
        ends = [f"[{label}]{sinks[label[0]]}" for label in sorted(self._unused.difference(mapped))]
        chains = ["-filter_complex", ";".join([*self._chains, *ends])] if self._chains else []
        return [*self._inputs, *chains]

    def open(self, source: Source, start_s: float = 0.0, length_s: float | None = None) -> Clip:
        """Add a video or sound as an input, from a second on and for a length.

        Raises:
            ProviderError: There are too many inputs (400).
        """
        options = ["-ss", f"{start_s:.3f}"] if start_s else []
        options += ["-t", f"{length_s:.3f}"] if length_s is not None else []
        number = self._add(source.path, VIDEO_DEMUXERS, options)
        picture = f"{number}:v:0" if source.size is not None else None
        sound = f"{number}:a:0" if source.has_audio else None
        rest_s = source.duration_s - start_s if length_s is None else length_s
        return Clip(picture, sound, source.size, rest_s, source.fps)

    def open_picture(self, path: Path, size: Size, length_s: float, fps: float) -> Clip:
        """Add a PNG as an input that is shown for a length.

        Raises:
            ProviderError: There are too many inputs (400).
        """
        options = ["-loop", "1", "-framerate", f"{fps:g}", "-t", f"{length_s:.3f}"]
        number = self._add(path, _PICTURES, [*options, "-f", "image2", "-c:v", "png"])
        return Clip(f"{number}:v:0", None, size, length_s, fps)

    def chain(self, labels: Sequence[str], filters: str, kinds: str = "v") -> tuple[str, ...]:
        """Send streams through filters.

        Args:
            labels: What goes in.
            filters: Filters, separated by commas.
            kinds: What comes out: `v` for pictures and `a` for sound, one letter for each stream.

        Returns:
            Their labels.
        """
        made = tuple(f"{kind}{self._labels + number}" for number, kind in enumerate(kinds))
        self._labels += len(made)
        self._unused.difference_update(labels)
        self._unused.update(made)
        before = "".join(f"[{label}]" for label in labels)
        after = "".join(f"[{label}]" for label in made)
        self._chains.append(f"{before}{filters}{after}")
        return made

    def picture(self, clip: Clip, filters: str, size: Size | None = None) -> Clip:
        """Filter the pictures of a clip, if it has any."""
        if clip.picture is None:
            return clip
        return replace(clip, picture=self.chain([clip.picture], filters)[0], size=size or clip.size)

    def sound(self, clip: Clip, filters: str) -> Clip:
        """Filter the sound of a clip, if it has any."""
        if clip.sound is None:
            return clip
        return replace(clip, sound=self.chain([clip.sound], filters, "a")[0])

    def hold(self, size_bytes: float) -> None:
        """Count what a filter keeps in memory.

        Raises:
            ProviderError: That is too much (400).
        """
        self._held_bytes += size_bytes
        if self._held_bytes > MEMORY_LIMIT_BYTES:
            raise video_too_large()

    def _add(self, path: Path, demuxers: str, options: Sequence[str]) -> int:
        if self._count >= INPUT_LIMIT:
            # guess: wording
            raise transformation_refused(f"Too many layers or loops in transformation: over {INPUT_LIMIT}")
        guard = ["-protocol_whitelist", "file", "-format_whitelist", demuxers]
        self._inputs += [*guard, *options, "-i", f"file:{path}"]
        self._count += 1
        return self._count - 1


Recipe = Callable[[Graph], Clip]
"""Puts a clip into a graph: as often as it is needed, since streams inside a graph are used up."""


def target(label: str) -> str:
    """A label as `-map` wants it: streams of inputs are bare."""
    return label if ":" in label else f"[{label}]"


def quoted(value: str) -> str:
    """Text as the value of a filter's option: escaped for the option, then for the graph.

    Source: ffmpeg.org/ffmpeg-filters.html, "Notes on filtergraph escaping".
    """
    option = "".join(f"\\{char}" if char in "\\':" else char for char in value)
    return "".join(f"\\{char}" if char in "\\'[],;" or char.isspace() else char for char in option)
