"""The speech that Whisper knows: a folder of sound files with `transcript.json`, measured once."""

import hashlib
import json
import os
import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import Stop, bands, sound
from fakes.runpod.models.bands import Bands, audible, movement
from fakes.runpod.models.sound import Prints, measure


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word with its times in seconds, and which word of a known file it is."""

    word: str
    start: float
    end: float
    place: int = -1

    def later(self, by_s: float) -> "SpokenWord":
        """The same word at another time."""
        return replace(self, start=self.start + by_s, end=self.end + by_s)


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One file of the catalogue: what is said in it, and what it measures.

    Attributes:
        english: Each sentence in English; empty when nobody has translated them.
        audible: Frames x bands: what of it should be heard wherever it is.
    """

    name: str
    language: str
    words: tuple[SpokenWord, ...]
    english: tuple[str, ...]
    prints: Prints
    bands: Bands
    audible: NDArray[np.bool_]
    movement: Bands


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
    code = Path(bands.__file__).read_bytes() + Path(sound.__file__).read_bytes()
    version = hashlib.sha256(transcript + code).hexdigest()[:16]
    kept = cache / f"speech-{version}.npz" if cache is not None else None
    measured = _load(kept) if kept is not None and kept.is_file() else {}
    if not measured:
        for name in listed:
            with open(folder / name, "rb") as file:
                one = measure(file.fileno(), Stop(), name)
            measured[f"{name}/prints"], measured[f"{name}/bands"] = one.prints, one.bands
        if kept is not None:
            _save(kept, measured)
    return tuple(
        _known(name, entry, measured[f"{name}/prints"], measured[f"{name}/bands"])
        for name, entry in sorted(listed.items())
    )


def _known(name: str, entry: Any, prints: NDArray[np.generic], bands: NDArray[np.generic]) -> Known:
    exact = bands.astype(np.float32)
    words = (
        SpokenWord(word["word"], word["start"], word["end"], place)
        for place, word in enumerate(entry["words"])
    )
    return Known(
        name=name,
        language=entry["language"],
        words=tuple(words),
        english=tuple(entry.get("english", ())),
        prints=prints.astype(np.uint32),
        bands=exact,
        audible=audible(exact),
        movement=movement(exact),
    )


def _load(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with path.open("rb") as file, np.load(file) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, BadZipFile):
        return {}  # cut short by a crash: measured again


def _save(path: Path, measured: dict[str, NDArray[np.generic]]) -> None:
    with NamedTemporaryFile(dir=path.parent, suffix=".npz", delete=False) as aside:
        np.savez(aside, allow_pickle=False, **measured)
    os.replace(aside.name, path)
