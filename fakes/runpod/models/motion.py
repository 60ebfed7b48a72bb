"""Motion: how much of the picture changes from frame to frame, and where it cuts.

Two frames differ in a pixel when it changes by more than `VISIBLE` of 255. `motion` is the mean share of such
pixels over all pairs of frames that are not cuts; `peak` the largest share; both are in 0..1. A cut is a pair
whose mean difference is large by itself and against its neighbours'.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import Call, HandlerError, media

FPS = 4.0
MAX_FPS = 60.0
FRAME_PX = 160
VIDEO_SIZE = (64, 64)
VISIBLE = 20
CUT_MEAN = 0.12
"""Mean difference (of 1) that a cut has at least: two similar pictures are no cut."""
CUT_RATIO = 4.0
"""How many times its neighbours' difference a cut has at least: a wild picture is no series of cuts."""
_NEIGHBOURS = 3


def answer(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Measure `frames_base64` (pictures, `fps` per second) or the video at `video_url`.

    Raises:
        HandlerError: Neither is there, or one of them cannot be read.
    """
    fps = _fps(given)
    if given.get("frames_base64") is not None:
        frames = _frames(given["frames_base64"])
    elif given.get("video_url") is not None:
        content = media.fetch(given["video_url"], call)
        frames = media.video_frames(content, fps, VIDEO_SIZE, call.stop, "video_url")
    else:
        raise HandlerError("Must provide either frames_base64 or video_url")
    return measure(frames, fps)


def measure(frames: Sequence[media.Gray], fps: float) -> dict[str, Any]:
    """Motion of gray frames of one size; times are in seconds from the first frame."""
    if len(frames) < 2:
        return {"motion": 0.0, "peak": 0.0, "cuts": [], "per_second": [0.0] * len(frames)}
    shares, means = differences(frames)
    is_cut = cuts(means)
    moving = np.where(is_cut, np.nan, shares)
    at_s = np.arange(1, len(frames)) / fps
    seconds = [moving[(at_s >= second) & (at_s < second + 1)] for second in range(int(at_s[-1]) + 1)]
    return {
        "motion": _mean(moving),
        "peak": round(float(np.nanmax(moving)), 4) if not is_cut.all() else 0.0,
        "cuts": [round(float(at), 3) for at in at_s[is_cut]],
        "per_second": [_mean(second) for second in seconds],
    }


def differences(frames: Sequence[media.Gray]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each pair of frames: the share of pixels that changed visibly, and the mean change in 0..1."""
    stacked = np.stack(frames).astype(np.int16)
    changes = np.abs(np.diff(stacked, axis=0)).reshape(len(frames) - 1, -1)
    return (changes > VISIBLE).mean(axis=1), changes.mean(axis=1) / 255


def cuts(means: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which pairs of frames are cuts."""
    found = np.zeros(len(means), bool)
    for index in map(int, np.flatnonzero(means >= CUT_MEAN)):
        around = [
            means[other]
            for other in range(max(0, index - _NEIGHBOURS), min(len(means), index + _NEIGHBOURS + 1))
            if other != index
        ]
        found[index] = not around or means[index] >= CUT_RATIO * float(np.median(around))
    return found


def _mean(shares: NDArray[np.float64]) -> float:
    known = shares[~np.isnan(shares)]
    return round(float(known.mean()), 4) if len(known) else 0.0


def _fps(given: Mapping[str, Any]) -> float:
    fps = given.get("fps", FPS)
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps <= MAX_FPS:
        raise HandlerError(f"fps is {fps!r}; it must be a number up to {MAX_FPS:.0f}")
    return float(fps)


def _frames(given: Any) -> list[media.Gray]:
    if not isinstance(given, list) or not given:
        raise HandlerError("frames_base64 must be a list of pictures that is not empty")
    frames: list[media.Gray] = []
    for index, text in enumerate(given):
        what = f"frames_base64[{index}]"
        rgb = media.picture(media.from_base64(text, what), what, within_px=FRAME_PX)
        frames.append(np.round(media.luminance(rgb)).astype(np.uint8))
        if frames[-1].shape != frames[0].shape:
            raise HandlerError(f"{what} has another size than the first frame")
    return frames
