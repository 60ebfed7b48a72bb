"""A million clips for load work, made batch by batch while they are loaded: memory stays bounded.

Rows are plain tuples in the order of the columns below, ready for COPY. All of them share the few videos of
the small seed. The same integer gives the same rows, whatever the size of a batch.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from random import Random
from typing import Any

from seed.clips import FOLDER, Asset, ClipRow, Files, Places, ScoreRow, TagRow
from seed.media import RECIPES, Variant, spoken
from seed.words import Words

COUNT = 1_000_000
BATCH = 20_000
COLUMNS = {
    "clips": tuple(field.name for field in fields(ClipRow)),
    "scores": tuple(field.name for field in fields(ScoreRow)),
    "clip_tags": tuple(field.name for field in fields(TagRow)),
}
"""The columns of each loaded table, in the order of the tuples."""

_MODEL = "blip"
_DELIVERED: tuple[tuple[str, Variant], ...] = (("video", "polished"), ("image", "poster"))
_STATES = ("ready",) * 95 + ("failed",) * 5
_DELIVERED_WIDTH_PX, _DELIVERED_HEIGHT_PX = 360, 640


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one stretch of clips; `tables` in loading order."""

    first: int
    tables: dict[str, list[tuple[Any, ...]]]


def batches(
    seed: int,
    words: Words,
    owners: Sequence[uuid.UUID],
    places: Places,
    base: datetime,
    *,
    count: int = COUNT,
    size: int = BATCH,
) -> Iterator[Batch]:
    """Yield `count` clips, the newest first, three seconds apart."""
    random = Random(seed)
    shared = [_shared(index, places) for index in range(len(RECIPES))]
    for first in range(0, count, size):
        tables: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        for number in range(first, min(first + size, count)):
            _add(tables, random, number, shared, words, owners, base)
        yield Batch(first, tables)


def assets(files: Files, base: datetime) -> tuple[Asset, ...]:
    """Return the assets that all clips share: video and poster of every recipe."""
    return tuple(
        Asset(f"{FOLDER}/shared/{recipe.name}", kind, files[recipe.name, variant], base, ("shared",), {})
        for recipe in RECIPES
        for kind, variant in _DELIVERED
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all clips of one recipe have in common."""

    title: str
    topic: str
    tag: str
    duration_s: float
    transcript: str
    source_url: str
    public_id: str
    video_url: str
    poster_url: str


def _shared(index: int, places: Places) -> _Shared:
    recipe = RECIPES[index]
    source_id = f"{FOLDER}/sources/{recipe.name}"
    finished = f"{FOLDER}/shared/{recipe.name}"
    return _Shared(
        title=recipe.title,
        topic=recipe.topic,
        tag=recipe.name,
        duration_s=recipe.duration_s,
        transcript=" ".join(word.word for word in spoken(recipe)),
        source_url=f"{places.sources}/video/upload/v1/{source_id}.mp4",
        public_id=finished,
        video_url=f"{places.delivery}/video/upload/v1/{finished}.mp4",
        poster_url=f"{places.delivery}/image/upload/v1/{finished}.jpg",
    )


def _add(
    tables: dict[str, list[tuple[Any, ...]]],
    random: Random,
    number: int,
    shared: Sequence[_Shared],
    words: Words,
    owners: Sequence[uuid.UUID],
    base: datetime,
) -> None:
    bits = random.getrandbits(128)
    clip = uuid.UUID(int=bits, version=4)
    one = shared[bits % len(shared)]
    owner = owners[(bits >> 8) % len(owners)]
    at = base - timedelta(seconds=3 * number)
    title = f"{one.title}, part {number + 1}"
    trace = f"{bits ^ (number + 1):032x}"
    if _STATES[(bits >> 16) % 100] == "failed":
        tables["clips"].append(_failed(clip, owner, title, one, trace, at))
        return
    part = ((bits >> 32) % 1000) / 1000
    total = round(20 + 75 * part, 1)
    tables["clips"].append(
        (
            clip, owner, title, words.lines[(bits >> 24) % len(words.lines)], "ready", None, 100, "url",
            one.source_url, None, None, None, None, None, 0.0, one.duration_s, one.duration_s,
            _DELIVERED_WIDTH_PX, _DELIVERED_HEIGHT_PX, "en", one.transcript, one.topic, total, None, None,
            one.public_id, one.video_url, one.poster_url, (), 1, trace, at, at, at,
        )
    )  # fmt: skip
    tables["scores"].append((clip, total, part, part, part, part, _MODEL, [], {}))
    tables["clip_tags"].append((clip, one.topic, "template"))


def _failed(
    clip: uuid.UUID, owner: uuid.UUID, title: str, one: _Shared, trace: str, at: datetime
) -> tuple[Any, ...]:
    return (
        clip, owner, title, "", "failed", "probe", 16, "url", one.source_url, None, None, None, None, None,
        None,
        None, None, None, None, None, None, None, None, "not_a_video",
        "the file is not a video: nothing in it can be decoded", None, None, None, (), 1, trace,
        at, at, None,
    )  # fmt: skip
