"""Names and sentences of made-up people, from Faker, remembered in a small file.

Importing Faker takes a tenth of a second, longer than loading all rows of a seed: it is imported only when
the cache folder does not hold the words of this seed yet.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile


@dataclass(frozen=True, slots=True)
class Words:
    """What made-up people are called and what they say: full names, chat names, chat lines."""

    names: tuple[str, ...]
    viewers: tuple[str, ...]
    lines: tuple[str, ...]


NAMES, VIEWERS, LINES = 64, 40, 40


def words(seed: int, cache: Path | None) -> Words:
    """Return the words of a seed; all names differ, so that addresses made of them do too."""
    if cache is None:
        return _made(seed)
    file = cache / f"words-{version('faker')}-{seed}.json"
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=cache, delete=False, encoding="utf-8") as aside:
            json.dump(asdict(_made(seed)), aside)
        os.replace(aside.name, file)
    raw = json.loads(file.read_text(encoding="utf-8"))
    return Words(tuple(raw["names"]), tuple(raw["viewers"]), tuple(raw["lines"]))


def _made(seed: int) -> Words:
    from faker import Faker

    faker = Faker("en_US")
    faker.seed_instance(seed)
    return Words(
        names=tuple(f"{faker.unique.first_name()} {faker.unique.last_name()}" for _ in range(NAMES)),
        viewers=tuple(f"{faker.unique.user_name()}_{number}" for number in range(VIEWERS)),
        lines=tuple(faker.sentence(nb_words=6) for _ in range(LINES)),
    )
