"""Tiny videos and sounds for tests, and looks into what was made of them."""

from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "12", "-pix_fmt", "yuv420p", "-c:a", "aac")
Pixels = NDArray[np.uint8]


def ffmpeg(*arguments: str) -> None:
    """Run FFmpeg."""
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-v", "error", "-y", *arguments], check=True, timeout=60)


def colour(
    target: Path, name: str, *, size: str = "160x90", length_s: float = 1.0, tone_hz: int = 0, fps: int = 10
) -> Path:
    """A video of one colour, with a tone unless that has 0 Hz."""
    sound = ["-f", "lavfi", "-i", f"sine=f={tone_hz}:d={length_s}"] if tone_hz else []
    ffmpeg("-f", "lavfi", "-i", f"color={name}:s={size}:r={fps}:d={length_s}", *sound, *FAST, str(target))
    return target


def traffic_lights(target: Path) -> Path:
    """A video of 160 x 90, 10 frames per second: a second of red, of green, of blue, with a tone."""
    parts = [f"color={name}:s=160x90:r=10:d=1" for name in ("0xff0000", "0x00ff00", "0x0000ff")]
    inputs = [word for part in parts for word in ("-f", "lavfi", "-i", part)]
    join = ["-filter_complex", "[0:v][1:v][2:v]concat=n=3[v]", "-map", "[v]", "-map", "3:a"]
    ffmpeg(*inputs, "-f", "lavfi", "-i", "sine=f=440:d=3", *join, *FAST, str(target))
    return target


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds.

    Attributes:
        frames: All pictures, RGB.
        times_s: When each is shown.
        loudness: Root mean square of the sound, one value for each tenth of a second; 1 is full scale.
    """

    codecs: tuple[str, ...]
    size: tuple[int, int] | None
    duration_s: float
    fps: float
    profile: str | None
    frames: tuple[Pixels, ...]
    times_s: tuple[float, ...]
    loudness: tuple[float, ...]

    def lasts(self, seconds: float, slack_s: float = 0.11) -> bool:
        """Whether it is that long."""
        return abs(self.duration_s - seconds) <= slack_s

    def at(self, second: float) -> tuple[int, int, int]:
        """The colour in the middle of the picture, shown at a second."""
        frame = self.picture(second)
        return self.pixel(second, frame.shape[1] // 2, frame.shape[0] // 2)

    def pixel(self, second: float, x: int, y: int) -> tuple[int, int, int]:
        """The colour of a pixel at a second."""
        red, green, blue = (int(value) for value in self.picture(second)[y, x])
        return red, green, blue

    def picture(self, second: float) -> Pixels:
        """What is shown at a second."""
        shown = [
            frame for frame, at_s in zip(self.frames, self.times_s, strict=True) if at_s <= second + 0.01
        ]
        return shown[-1] if shown else self.frames[0]


def look(content: bytes | Path | str) -> Found:
    """Decode all of a file."""
    source = io.BytesIO(content) if isinstance(content, bytes) else str(content)
    with av.open(source, mode="r") as container:
        codecs = tuple(stream.codec_context.codec.canonical_name for stream in container.streams)
        size = profile = None
        fps = 0.0
        if container.streams.video:
            stream = container.streams.video[0]
            size = (stream.codec_context.width, stream.codec_context.height)
            fps, profile = float(stream.average_rate or 0), stream.codec_context.profile
        frames, times, samples = [], [], [np.zeros(0, np.float32)]
        hertz = container.streams.audio[0].codec_context.sample_rate if container.streams.audio else 1
        for packet in container.demux():
            for frame in packet.decode():
                if isinstance(frame, av.VideoFrame):
                    frames.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                    times.append(float(frame.time or 0))
                elif isinstance(frame, av.AudioFrame):
                    samples.append(_mono(frame))
        heard = np.concatenate(samples)
        step = max(1, hertz // 10)
        loudness = [float(np.sqrt(np.mean(heard[at : at + step] ** 2))) for at in range(0, len(heard), step)]
        length_s = float(container.duration or 0) / 1e6
    return Found(codecs, size, length_s, fps, profile, tuple(frames), tuple(times), tuple(loudness))


def _mono(frame: av.AudioFrame) -> NDArray[np.float32]:
    values = np.asarray(frame.to_ndarray(), np.float64)
    scale = {"s16": 1 << 15, "s32": 1 << 31}.get(frame.format.name.rstrip("p"), 1)
    channels = frame.layout.nb_channels
    if values.shape[0] == 1 and channels > 1:
        values = values.reshape(-1, channels).T
    return np.asarray(values.mean(axis=0) / scale, np.float32)


def is_near(found: tuple[int, int, int], wanted: tuple[int, int, int], slack: int = 40) -> bool:
    """Whether two colours look alike."""
    return all(abs(one - other) <= slack for one, other in zip(found, wanted, strict=True))


RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
