"""Motion: how much of the picture changes from frame to frame, and where it cuts.

Two frames differ in a pixel when its brightness changes by more than `VISIBLE` of 255. `motion` is the mean
share of such pixels over all pairs of frames that are no cut, `per_second` the same for each second, `peak`
the largest share; all are in 0..1. `score` says in 0..1 how lively it is: 0 where nothing happens, and never
less for more motion or more cuts.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.runpod.models import Call, HandlerError, media
from fakes.runpod.models.cuts import CutFinder, moved

FPS = 4.0
LEAST_FPS = 0.1
MAX_FPS = 60.0
FRAME_PX = 640
_LIVELY_MOTION = 0.2
"""So much motion is as lively as a cut every second."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two frames that are compared, by their numbers, and the share of pixels that changed between them."""

    first: int
    last: int
    share: float


def answer(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Measure `frames_base64` (pictures, `fps` per second) or the video at `video_url`.

    Of a video, pictures are compared `fps` times a second; its cuts are found at its own rate.

    Raises:
        HandlerError: Neither is there, or one of them cannot be read.
    """
    fps = _fps(given)
    if given.get("frames_base64") is not None:
        return measure(_timed(_frames(given["frames_base64"], call), fps, call), fps, fps)
    if given.get("video_url") is not None:
        with media.video(
            given["video_url"], call, "video_url", within_px=FRAME_PX, most_fps=MAX_FPS
        ) as video:
            return measure(_timed(video.frames, video.fps, call), video.fps, fps)
    raise HandlerError("Must provide either frames_base64 or video_url")


def measure(frames: Iterable[media.Frame], rate: float, fps: float) -> dict[str, Any]:
    """Motion of frames of one size; times are in seconds from the first frame.

    Args:
        frames: Looked at one after the other, never all at once.
        rate: How many of them there are a second.
        fps: How many of them are compared a second.
    """
    finder = CutFinder(rate)
    cuts: list[int] = []
    pairs: list[_Pair] = []
    compared: tuple[int, media.Gray] | None = None
    number = 0
    for number, frame in enumerate(frames):
        cuts += finder.take(frame)
        if _is_compared(number, rate, fps):
            if compared is not None:
                pairs.append(_Pair(compared[0], number, moved(compared[1], frame.luma)))
            compared = number, frame.luma
    cuts += finder.rest()
    moving = [pair for pair in pairs if not _has_cut(pair, cuts)]
    motion = _mean([pair.share for pair in moving])
    return {
        "motion": round(motion, 4),
        "peak": round(max((pair.share for pair in moving), default=0.0), 4),
        "score": round(liveliness(motion, len(cuts) * rate / (number + 1)), 4),
        "cuts": [round(cut / rate, 3) for cut in cuts],
        "per_second": _per_second(moving, rate, int(number / rate) + 1),
    }


def liveliness(motion: float, cuts_per_s: float) -> float:
    """How much happens, 0 to 1: it rises with both, steeply at first."""
    return 1 - math.exp(-motion / _LIVELY_MOTION - cuts_per_s)


def _timed(frames: Iterable[media.Frame], rate: float, call: Call) -> Iterator[media.Frame]:
    """The same frames; behind the last one the call is told how long they last."""
    count = 0
    for frame in frames:
        count += 1
        yield frame
    call.lasts(count / rate)


def _is_compared(number: int, rate: float, fps: float) -> bool:
    """Whether a frame is the one nearest to a whole multiple of 1 / `fps` seconds."""
    return fps >= rate or round(round(number * fps / rate) * rate / fps) == number


def _has_cut(pair: _Pair, cuts: Sequence[int]) -> bool:
    return bisect_right(cuts, pair.first) < bisect_right(cuts, pair.last)


def _per_second(pairs: Iterable[_Pair], rate: float, seconds: int) -> list[float]:
    shares: defaultdict[int, list[float]] = defaultdict(list)
    for pair in pairs:
        shares[int(pair.last / rate)].append(pair.share)
    return [round(_mean(shares[second]), 4) for second in range(seconds)]


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares) if shares else 0.0


def _fps(given: Mapping[str, Any]) -> float:
    fps = given.get("fps", FPS)
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not LEAST_FPS <= fps <= MAX_FPS:
        raise HandlerError(f"fps is {fps!r}; it must be a number from {LEAST_FPS} to {MAX_FPS:.0f}")
    return float(fps)


def _frames(given: Any, call: Call) -> Iterator[media.Frame]:
    if not isinstance(given, list) or not given:
        raise HandlerError("frames_base64 must be a list of pictures that is not empty")
    shape: tuple[int, ...] | None = None
    for index, text in enumerate(given):
        call.stop.check()
        what = f"frames_base64[{index}]"
        rgb = media.picture(media.from_base64(text, what), what, within_px=FRAME_PX)
        if rgb.shape != (shape or rgb.shape):
            raise HandlerError(f"{what} has another size than the first frame")
        shape = rgb.shape
        yield media.frame(rgb)
