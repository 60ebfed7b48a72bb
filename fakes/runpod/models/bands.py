"""Energy of sound over time and pitch: what known speech is compared by. Pure."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SOUND_HZ = 16_000
FRAME_S = 0.01
BANDS = 16
HOP = round(SOUND_HZ * FRAME_S)
WINDOW = round(SOUND_HZ * 0.025)
MIDDLE_S = (WINDOW - HOP) / 2 / SOUND_HZ
"""From a frame's number to the time at which it takes over from the frame before."""
FLOOR_FRAMES = 100
_FLOOR_REACH_FRAMES = 300
_FLOOR_PERCENT = 8
_FFT = 512
_EDGES_HZ = np.geomspace(100, 7000, BANDS + 1)
_REACH_FRAMES = 50
_REACH_STEPS = 4
_AUDIBLE_RANGE_DB = 45.0
_BESIDE_RANGE_DB = 25.0
_LOUD_RANGE_DB = 42.0

FULL_DB = 10 * np.log10(_FFT / 2 * (np.hanning(WINDOW) ** 2).sum())
"""The energy of all bands together when the mean power of the samples is 1."""

Bands = NDArray[np.float32]
"""Frames x bands: energy in dB, a frame each 10 ms (25 ms long), bands from 100 to 7000 Hz."""


def energy(samples: NDArray[np.float32], count: int) -> Bands:
    """The bands of the first `count` frames of sound."""
    window = np.hanning(WINDOW).astype(np.float32)
    edges = np.round(_EDGES_HZ / SOUND_HZ * _FFT).astype(int)
    if count < 1:
        return np.zeros((0, BANDS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[: count * HOP : HOP]
    spectrum = np.abs(np.fft.rfft(frames * window, _FFT, axis=1)) ** 2
    bands = [spectrum[:, low : max(high, low + 1)].sum(axis=1) for low, high in pairwise(edges)]
    return np.asarray(10 * np.log10(np.stack(bands, axis=1) + 1e-8), dtype=np.float32)


def floors(bands: Bands) -> Bands:
    """For each second and band the level that is there nearly always: noise, hum, held tones."""
    starts = range(0, len(bands), FLOOR_FRAMES)
    reach = _FLOOR_REACH_FRAMES
    around = (bands[max(0, at - reach) : at + FLOOR_FRAMES + reach] for at in starts)
    return np.stack([np.percentile(part, _FLOOR_PERCENT, axis=0).astype(np.float32) for part in around])


def audible(bands: Bands) -> NDArray[np.bool_]:
    """Where a sound is loud, against its whole and against the loudest pitch at that time."""
    loudest = bands.max(axis=1, keepdims=True)
    return np.asarray((bands > loudest - _BESIDE_RANGE_DB) & (bands > bands.max() - _LOUD_RANGE_DB))


def movement(bands: Bands) -> Bands:
    """How bands rise above and fall below their own mean nearby; what is inaudible there counts as equal."""
    if not len(bands):
        return bands
    steps = -(-len(bands) // _REACH_FRAMES)
    tops = np.full(steps * _REACH_FRAMES, -np.inf, np.float32)
    tops[: len(bands)] = bands.max(axis=1)
    tops = tops.reshape(steps, _REACH_FRAMES).max(axis=1)
    reach = 4
    nearby = np.lib.stride_tricks.sliding_window_view(np.pad(tops, reach, mode="edge"), 2 * reach + 1).max(
        axis=1
    )
    audible = np.maximum(bands, np.repeat(nearby, _REACH_FRAMES)[: len(bands), None] - _AUDIBLE_RANGE_DB)
    return np.asarray(audible - _mean_nearby(audible), dtype=np.float32)


def _mean_nearby(bands: Bands) -> NDArray[np.float64]:
    sums = np.concatenate([np.zeros((1, bands.shape[1])), np.cumsum(bands, axis=0, dtype=np.float64)])
    places = np.arange(len(bands))
    first = np.maximum(places - _REACH_FRAMES, 0)
    last = np.minimum(places + _REACH_FRAMES + 1, len(bands))
    mean: NDArray[np.float64] = (sums[last] - sums[first]) / (last - first)[:, None]
    return mean
