"""Finds known speech in sound: which file of the catalogue, and where, to 10 ms.

Chromaprint fingerprints say which file and roughly where (they survive other codecs, loudness and quiet
noise); the energy in a few frequency bands, compared frame by frame, then gives the offset and says whether
it is true.
"""

import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import Stop
from fakes.runpod.models.media import SOUND_HZ, sound

FRAME_S = 0.01
BANDS = 16
PRINT_HOP_S = 1365 / 11025
"""Distance of two fingerprint items: a third of a window at 11025 Hz (Chromaprint's algorithm 1)."""
PRINT_SURE_S = 1.4
"""Half of the sound that one item looks at; the second half may be something else without many wrong bits."""
_BIT_ERROR = 0.24
"""Share of wrong bits below which an item speaks for a match; unrelated speech has 0.35 and more."""
_LEAST_ITEMS = 3
_MOST_CANDIDATES = 30
_SEARCH_FRAMES = 30
_LEAST_LIKENESS = 0.5
_WORD_LIKENESS = 0.25
_NEXT_LIKENESS = 0.45
_AROUND_WORD_S = 0.1
_LEAST_FRAMES = 8
_AUDIBLE_RANGE_DB = 50.0
_MOST_FRAMES_BY_BANDS = 12_000
_FFT = 512
_BLOCK = 3000
"""Frames that are measured at a time: an hour of sound at once would take a gigabyte."""

Prints = NDArray[np.uint32]
Bands = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word with its times in seconds, and which word of a known file it is."""

    word: str
    start: float
    end: float
    place: int = -1


@dataclass(frozen=True, slots=True)
class Known:
    """One file of the catalogue: what is said in it, and what it measures.

    Attributes:
        english: Each sentence in English; empty when nobody has translated them.
        bands: Frames x bands: energy in dB, a frame each 10 ms.
    """

    name: str
    language: str
    words: tuple[SpokenWord, ...]
    english: tuple[str, ...]
    prints: Prints
    bands: Bands


@dataclass(frozen=True, slots=True)
class Match:
    """Known speech within a sound.

    Attributes:
        words: What is really there (half of a word at least), with times in the sound.
        error: Share of wrong fingerprint bits, 0..0.5.
    """

    known: Known
    words: tuple[SpokenWord, ...]
    error: float

    def covers(self, at_s: float) -> bool:
        """Whether a time lies between the first and the last word."""
        return self.words[0].start <= at_s <= self.words[-1].end

    def overlaps(self, other: "Match") -> bool:
        """Whether two matches claim the same time."""
        return self.words[0].start < other.words[-1].end and other.words[0].start < self.words[-1].end


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Where a known file may lie in a sound: at a rough shift, and surely from `start_s` to `end_s`."""

    points: float
    known: Known
    shift_s: float
    start_s: float
    end_s: float
    error: float


def catalogue(folder: Path | None, cache: Path | None) -> tuple[Known, ...]:
    """The files of a folder with `transcript.json`; measured once, and kept in the cache folder."""
    if folder is None or not (folder / "transcript.json").is_file():
        return ()
    with _measuring:
        return _catalogue(folder, (folder / "transcript.json").read_bytes(), cache)


_measuring = threading.Lock()


@lru_cache(maxsize=4)
def _catalogue(folder: Path, transcript: bytes, cache: Path | None) -> tuple[Known, ...]:
    listed = json.loads(transcript)
    version = hashlib.sha256(transcript + Path(__file__).read_bytes()).hexdigest()[:16]
    kept = cache / f"speech-{version}.npz" if cache is not None else None
    measured = _load(kept) if kept is not None and kept.is_file() else {}
    if not measured:
        for name in listed:
            samples, prints = sound((folder / name).read_bytes(), Stop(), name)
            measured[f"{name}/prints"], measured[f"{name}/bands"] = prints, energy(samples)
        if kept is not None:
            _save(kept, measured)
    return tuple(
        Known(
            name,
            entry["language"],
            tuple(
                SpokenWord(word["word"], word["start"], word["end"], place)
                for place, word in enumerate(entry["words"])
            ),
            tuple(entry.get("english", ())),
            measured[f"{name}/prints"].astype(np.uint32),
            measured[f"{name}/bands"].astype(np.float32),
        )
        for name, entry in sorted(listed.items())
    )


def energy(samples: NDArray[np.float32]) -> Bands:
    """Energy of sound in dB: a frame each 10 ms (25 ms long) x bands from 100 to 7000 Hz."""
    hop, size = round(SOUND_HZ * FRAME_S), round(SOUND_HZ * 0.025)
    padded = np.concatenate([samples, np.zeros(size, np.float32)])
    count = max(len(samples) // hop, 1)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[: count * hop : hop]
    blocks = [_energy(frames[first : first + _BLOCK]) for first in range(0, len(frames), _BLOCK)]
    return np.concatenate(blocks)


def _energy(frames: NDArray[np.float32]) -> Bands:
    window = np.hanning(frames.shape[1]).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(frames * window, _FFT, axis=1)) ** 2
    edges = np.round(np.geomspace(100, 7000, BANDS + 1) / SOUND_HZ * _FFT).astype(int)
    bands = [spectrum[:, low : max(high, low + 1)].sum(axis=1) for low, high in pairwise(edges)]
    return np.asarray(10 * np.log10(np.stack(bands, axis=1) + 1e-8), dtype=np.float32)


def overlap(theirs: Bands, ours: Bands, shift: int) -> tuple[Bands, Bands]:
    """The frames that two sounds share when the first begins `shift` frames into the second."""
    first, last = max(0, shift), min(len(ours), shift + len(theirs))
    if last <= first:
        return theirs[:0], ours[:0]
    return theirs[first - shift : last - shift], ours[first:last]


def find(prints: Prints, bands: Bands, known: Sequence[Known]) -> tuple[Match, ...]:
    """All known speech in a sound, in its order; matches do not overlap."""
    found: list[Match] = []
    for candidates in (_by_prints(prints, known), _by_bands(bands, known)):
        for one in sorted(candidates, key=lambda candidate: -candidate.points)[:_MOST_CANDIDATES]:
            if any(match.covers((one.start_s + one.end_s) / 2) for match in found):
                continue
            match = _matched(one, bands)
            if match is not None and not any(match.overlaps(other) for other in found):
                found.append(match)
        if found:
            break
    return tuple(sorted(found, key=lambda match: match.words[0].start))


def _by_prints(prints: Prints, known: Sequence[Known]) -> list[_Candidate]:
    """Shifts at which a stretch of fingerprint items agrees with a known file's."""
    return [candidate for one in known for candidate in _agreeing(prints, one)]


def _agreeing(prints: Prints, one: Known) -> Iterator[_Candidate]:
    for offset in range(-(len(prints) - _LEAST_ITEMS), len(one.prints) - _LEAST_ITEMS + 1):
        first, last = max(0, -offset), min(len(prints), len(one.prints) - offset)
        if last - first < _LEAST_ITEMS:
            continue
        wrong = np.bitwise_count(prints[first:last] ^ one.prints[first + offset : last + offset]) / 32.0
        low, high, points = _best_stretch(_BIT_ERROR - wrong)
        if high - low < _LEAST_ITEMS:
            continue
        start_s, end_s = (first + low) * PRINT_HOP_S, (first + high) * PRINT_HOP_S + PRINT_SURE_S
        yield _Candidate(points, one, -offset * PRINT_HOP_S, start_s, end_s, float(wrong[low:high].mean()))


def _by_bands(bands: Bands, known: Sequence[Known]) -> list[_Candidate]:
    """For each known file the shift at which its energy fits best: for sound too short or noisy to print."""
    if len(bands) > _MOST_FRAMES_BY_BANDS:
        return []
    ours = _levelled(bands)
    candidates = []
    for one in known:
        theirs = _levelled(one.bands)
        size = 1 << (len(ours) + len(theirs)).bit_length()
        product = np.fft.rfft(ours, size, axis=0) * np.fft.rfft(theirs, size, axis=0).conj()
        fit = np.fft.irfft(product.sum(axis=1), size)
        shift = int(np.argmax(fit))
        shift -= size if shift >= len(ours) else 0
        likeness = _likeness(*overlap(one.bands, bands, shift))
        end_s = (shift + len(theirs)) * FRAME_S
        candidates.append(_Candidate(likeness, one, shift * FRAME_S, shift * FRAME_S, end_s, 0.25))
    return candidates


def _matched(candidate: _Candidate, bands: Bands) -> Match | None:
    """The words of a candidate that are in the sound; None when there are none, or it is another sound."""
    shift = _refined(candidate, bands)
    if shift is None:
        return None
    words = _heard(candidate, bands, shift)
    return Match(candidate.known, words, candidate.error) if words else None


def _heard(candidate: _Candidate, bands: Bands, shift: int) -> tuple[SpokenWord, ...]:
    """Words where the match is sure, and their neighbours on both sides for as long as these sound alike."""
    duration_s, shift_s = len(bands) * FRAME_S, shift * FRAME_S
    likeness: list[float] = []
    placed: list[SpokenWord] = []
    sure: list[int] = []
    for index, word in enumerate(candidate.known.words):
        start, end = max(word.start + shift_s, 0.0), min(word.end + shift_s, duration_s)
        is_inside = end - start >= 0.5 * (word.end - word.start)
        placed.append(replace(word, start=start, end=end))
        likeness.append(_word_likeness(candidate.known.bands, word, bands, shift) if is_inside else -1.0)
        if start < candidate.end_s and end > candidate.start_s and likeness[index] >= _WORD_LIKENESS:
            sure.append(index)
    if not sure:
        return ()
    first, last = sure[0], sure[-1]
    while first > 0 and likeness[first - 1] >= _NEXT_LIKENESS:
        first -= 1
    while last + 1 < len(placed) and likeness[last + 1] >= _NEXT_LIKENESS:
        last += 1
    return tuple(placed[index] for index in range(first, last + 1) if likeness[index] >= _WORD_LIKENESS)


def _word_likeness(theirs: Bands, word: SpokenWord, ours: Bands, shift: int) -> float:
    """How alike two sounds are at a word and shortly around it."""
    first = max(round((word.start - _AROUND_WORD_S) / FRAME_S), 0)
    last = round((word.end + _AROUND_WORD_S) / FRAME_S)
    return _likeness(*overlap(theirs[first:last], ours, first + shift))


def _best_stretch(points: NDArray[np.float64]) -> tuple[int, int, float]:
    """First and last + 1 of the neighbouring values with the largest sum, and that sum."""
    sums = np.concatenate([[0.0], np.cumsum(points)])
    lowest = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - lowest))
    start = int(np.argmin(sums[: end + 1]))
    return start, end, float(sums[end] - sums[start])


def _refined(candidate: _Candidate, bands: Bands) -> int | None:
    """The shift in frames at which the sure stretch is most alike; None when it is not alike at all."""
    rough = round(candidate.shift_s / FRAME_S)
    first = max(round((candidate.start_s - candidate.shift_s) / FRAME_S), 0)
    theirs = candidate.known.bands[first : round((candidate.end_s - candidate.shift_s) / FRAME_S)]
    likeness = {
        shift: _likeness(*overlap(theirs, bands, shift + first))
        for shift in range(rough - _SEARCH_FRAMES, rough + _SEARCH_FRAMES + 1)
    }
    best = max(likeness, key=lambda shift: likeness[shift])
    return best if likeness[best] >= _LEAST_LIKENESS else None


def _likeness(theirs: Bands, ours: Bands) -> float:
    """Correlation of two sounds' bands over time, without what is always there; -1..1."""
    if len(theirs) < _LEAST_FRAMES:
        return 0.0
    one, two = _levelled(theirs), _levelled(ours)
    norm = float(np.sqrt((one**2).sum() * (two**2).sum()))
    return float((one * two).sum()) / norm if norm > 0 else 0.0


def _levelled(bands: Bands) -> Bands:
    """Bands as they rise above and fall below their own mean; what is inaudible counts as equal."""
    audible = np.maximum(bands, bands.max() - _AUDIBLE_RANGE_DB)
    return np.asarray(audible - audible.mean(axis=0), dtype=np.float32)


def _load(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with np.load(path) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError):
        return {}  # cut short by a crash: measured again


def _save(path: Path, measured: dict[str, NDArray[np.generic]]) -> None:
    with NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as aside:
        np.savez(aside, allow_pickle=False, **measured)
    os.replace(aside.name, path)
