"""One space of concepts for pictures and texts: colours, shades, attributes and subjects, each a direction.

A picture has what is measured in it, and the subjects that mostly look so; a text what its words stand for.
Words that stand for nothing known have directions of their own, so that texts with the same ones are alike.
"""

import re
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import colour
from fakes.runpod.models.colour import COLOURS, SHADES
from fakes.runpod.models.look import Look
from fakes.runpod.models.words import ATTRIBUTES, IGNORED, SHADE_WORDS, SUBJECTS, TONES

SIZE = 512
_SHADES = tuple(digits for line in SHADES.values() for digits in line.split())
_AXES = {name: 1 + index for index, name in enumerate((*COLOURS, *_SHADES, *ATTRIBUTES, *SUBJECTS))}
"""The direction of each concept; the one before all is that of nothing, and after them come unknown words."""
_FREE = 1 + len(_AXES)
_NAME_PART, _SHADE_PART = 0.7, 0.71
"""How a colour is shared between its name and its shade."""
_WEIGHTS = {
    "dark": 0.5, "bright": 0.4, "plain": 0.4, "detailed": 0.8, "colourful": 0.8, "vivid": 0.5, "shaded": 0.5,
    "shape": 0.6, "moving": 0.5,
}  # fmt: skip
"""How much attributes count beside the colours, which count 1 together."""
_SUBJECT_SEEN = 0.7
_LOOK_MEANT = 0.5
"""How much of a picture is its subject, and how much of a subject its look."""
_WIDER_PART, _OWN_PART = 0.8, 0.6
_UNKNOWN_PART = 1.0
_SHARPNESS = 14.0
_LEAST_FIT, _FULL_FIT = 0.45, 0.8
_OTHERWISE = "everyday"
"""The subject of pictures that look like none."""
_ENDINGS = ("s", "es", "ing", "ed", "er", "ers")
_LEAST_STEM = 3

Vector = NDArray[np.float64]
"""Coordinates along the directions."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What one word stands for."""

    shades: tuple[str, ...]
    attribute: str | None
    subjects: tuple[str, ...]


def of_picture(seen: Look) -> Vector:
    """Where a picture lies, at a distance of 1."""
    smooth = max(0.0, 1.0 - seen.detail * 4.0)
    attributes = {
        "dark": max(0.0, 0.45 - seen.brightness) / 0.45,
        "bright": max(0.0, seen.brightness - 0.55) / 0.45,
        "plain": smooth * max(seen.shares.values()),
        "detailed": min(seen.detail * 2.5, 1.0),
        "colourful": min((seen.variety - 1.0) / 3.0, 1.0),
        "vivid": seen.vividness,
        "shaded": seen.shading,
        "shape": float(seen.shape is not None),
        "moving": min(seen.detail, 0.5),  # one picture can only hint at it
    }
    look = _look(seen.shares, colour.palette(seen.tints, seen.tint_shares), attributes)
    return _normal(look + _SUBJECT_SEEN * _subject_seen(_normal(look)))


def of_text(text: str) -> Vector:
    """Where a text lies, at a distance of 1."""
    words = _words(text)
    known = [meaning for meaning in map(_meaning, words) if meaning is not None]
    unknown = [word for word in words if _meaning(word) is None]
    found = _look_in(words)
    subjects = Counter[str]()
    for meaning in known:
        subjects.update({name: 1 / len(meaning.subjects) for name in meaning.subjects})
    if subjects:
        found += _normal(_sum(_direction, subjects)) + _LOOK_MEANT * _normal(_sum(_typical, subjects))
    if unknown:
        part = _UNKNOWN_PART * float(np.linalg.norm(found)) * len(unknown) / len(words)
        found += (part or 1.0) * _normal(_sum(_of_unknown, Counter(unknown)))
    return _normal(found) if words else _axis(0)


def embedding(vector: Vector) -> list[float]:
    """A vector as JSON shows it; no number of it stands for one concept.

    Each direction is a row of a Hadamard matrix: `SIZE` numbers, at right angles to all others.
    """
    mixed, step = vector, 1
    while step < SIZE:
        pairs = mixed.reshape(-1, 2, step)
        mixed = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
        step *= 2
    return [round(float(one), 8) for one in mixed / np.sqrt(SIZE)]


def _look(shares: Mapping[str, float], palette: Vector, attributes: Mapping[str, float]) -> Vector:
    """Colours, together of length 1, and attributes."""
    found = np.zeros(SIZE)
    for name, share in shares.items():
        found[_AXES[name]] = _NAME_PART * np.sqrt(share)
    first = _AXES[_SHADES[0]]
    found[first : first + len(_SHADES)] = _SHADE_PART * np.sqrt(palette)
    for name, strength in attributes.items():
        found[_AXES[name]] = _WEIGHTS[name] * strength
    return found


def _look_in(words: Sequence[str]) -> Vector:
    """Colours and attributes that are named; every word for a colour counts the same."""
    attributes: dict[str, float] = {}
    shades = Counter[str]()
    for before, word in zip(("", *words), words, strict=False):
        meaning = _meaning(word)
        if meaning is None:
            continue
        if meaning.attribute is not None:
            attributes[meaning.attribute] = 1.0
        named = _toned(meaning.shades, TONES.get(before, 0))
        shades.update({shade: 1 / len(named) for shade in named})
    if not shades:
        return _look({}, np.zeros(len(_SHADES)), attributes)
    rgb = np.array([colour.rgb(shade) for shade in shades], np.uint8)
    weights = np.array(list(shades.values())) / shades.total()
    by_name = np.bincount(colour.names()[colour.codes(rgb)], weights, len(COLOURS))
    shares = {COLOURS[index]: float(by_name[index]) for index in np.flatnonzero(by_name)}
    return _look(shares, colour.palette(colour.oklab(rgb), weights), attributes)


def _toned(shades: Sequence[str], tone: int) -> Sequence[str]:
    """The darker (-1), the lighter (1) or all (0) of some shades."""
    if tone == 0 or len(shades) < 2:
        return shades
    ordered = sorted(shades, key=lambda shade: colour.oklab(np.array(colour.rgb(shade)))[0])
    half = len(ordered) // 2
    return ordered[:half] if tone < 0 else ordered[half:]


def _subject_seen(look: Vector) -> Vector:
    """The subjects that mostly look so, the surer the nearer the best of them is."""
    fits = {name: float((looks @ look).max()) for name, looks in _looks().items()}
    best = max(fits.values())
    sure = min(max((best - _LEAST_FIT) / (_FULL_FIT - _LEAST_FIT), 0.0), 1.0)
    likely = _sum(_direction, {name: float(np.exp(_SHARPNESS * (fit - best))) for name, fit in fits.items()})
    return sure * _normal(likely) + (1 - sure) * _direction(_OTHERWISE)


@lru_cache(maxsize=1)
def _looks() -> Mapping[str, Vector]:
    """For each subject that has a look of its own, one row for each of its looks."""
    return {
        name: np.stack([_normal(_look_in(_words(look))) for look in subject.looks])
        for name, subject in SUBJECTS.items()
        if subject.looks
    }


def _typical(name: str) -> Vector:
    """How a subject looks in the mean, or what is within it."""
    own = [
        _looks()[one] for one, subject in SUBJECTS.items() if name in (one, subject.within) and subject.looks
    ]
    return np.asarray(np.concatenate(own).mean(axis=0))


def _direction(name: str) -> Vector:
    """A subject; one within another lies near that."""
    wider = SUBJECTS[name].within
    return (
        _axis(_AXES[name])
        if wider is None
        else _WIDER_PART * _direction(wider) + _OWN_PART * _axis(_AXES[name])
    )


def _of_unknown(word: str) -> Vector:
    """A direction for words that stand for nothing; one and its plural have the same."""
    code = zlib.crc32((word.removesuffix("s") if len(word) > _LEAST_STEM else word).encode())
    return (1 if code & 1 else -1) * _axis(_FREE + (code >> 1) % (SIZE - _FREE))


def _axis(number: int) -> Vector:
    axis = np.zeros(SIZE)
    axis[number] = 1.0
    return axis


def _sum(vector_of: Callable[[str], Vector], shares: Mapping[str, float]) -> Vector:
    return np.asarray(np.sum([share * vector_of(name) for name, share in shares.items()], axis=0))


def _normal(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector))


def _words(text: str) -> list[str]:
    """The words that say something, without capitals and accents."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    joined = plain.replace("video game", "videogame")
    return [word for word in re.findall(r"[^\W_]{2,}", joined) if word not in IGNORED]


@lru_cache(maxsize=4096)
def _meaning(word: str) -> _Meaning | None:
    """What a word stands for, as it is or without an ending."""
    for form in _forms(word):
        shades = tuple((SHADES.get(form) or SHADE_WORDS.get(form) or "").split())
        meaning = _Meaning(shades, _attributes_of().get(form), _subjects_of().get(form, ()))
        if meaning != _Meaning((), None, ()):
            return meaning
    return None


def _forms(word: str) -> Iterator[str]:
    """A word, and what it may be a form of: `baking` of bake, `runners` of run, `stories` of story."""
    yield word
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < _LEAST_STEM:
            continue
        yield stem
        yield f"{stem}e"
        if stem[-1] == stem[-2]:
            yield stem[:-1]
        if stem[-1] == "i":
            yield f"{stem[:-1]}y"


@lru_cache(maxsize=1)
def _attributes_of() -> Mapping[str, str]:
    """For each word the attribute that it stands for."""
    return {word: name for name, words in ATTRIBUTES.items() for word in words.split()}


@lru_cache(maxsize=1)
def _subjects_of() -> Mapping[str, tuple[str, ...]]:
    """For each word the subjects that it stands for."""
    found = defaultdict[str, list[str]](list)
    for name, subject in SUBJECTS.items():
        for word in subject.words.split():
            found[word].append(name)
    return {word: tuple(names) for word, names in found.items()}
