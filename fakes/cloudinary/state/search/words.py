"""The words of assets, in a table that tokenised search terms are looked up in."""

import re
from collections.abc import Iterable, Iterator, Sequence

from fakes.cloudinary.state.records import Asset
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE asset_words (
    cloud TEXT NOT NULL, word TEXT NOT NULL, asset_id TEXT NOT NULL, fields INTEGER NOT NULL,
    PRIMARY KEY (cloud, word, asset_id)
) WITHOUT ROWID;
CREATE INDEX asset_words_by_asset ON asset_words (asset_id)
"""
PUBLIC_ID, FILENAME, DISPLAY_NAME, TAGS, CONTEXT, METADATA = (1 << bit for bit in range(6))
EVERYWHERE = (1 << 6) - 1
"""Bits of the column `fields`: where in its asset a word stands."""

_MAX_WORD = 64
_MAX_WORDS = 1000
_WORD = re.compile(r"[^\W_]+")
_INSERT = "INSERT INTO asset_words VALUES (?, ?, ?, ?)"


def words_of(text: str) -> list[str]:
    """The words of a text in their order: runs of letters and digits, in lower case."""
    return [word[:_MAX_WORD] for word in _WORD.findall(text.casefold())]


def has_phrase(text: str | None, phrase: str | None) -> bool:
    """Whether a text has the words of another one, in a row."""
    wanted, given = words_of(phrase or ""), words_of(text or "")
    count = len(wanted)
    return count > 0 and any(
        given[start : start + count] == wanted for start in range(len(given) - count + 1)
    )


def has_start(text: str | None, start: str | None) -> bool:
    """Whether one of the words of a text starts so."""
    return any(word.startswith((start or "").casefold()) for word in words_of(text or ""))


class Words:
    """Keeps the words of assets in step with their rows.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, assets: Iterable[Asset]) -> None:
        """Add the words of assets that have none here, or none any more."""
        self._store.execute_many(_INSERT, [row for asset in assets for row in _rows(asset)])

    def drop(self, asset_ids: Sequence[str]) -> None:
        """Remove the words of assets."""
        self._store.execute_many("DELETE FROM asset_words WHERE asset_id = ?", [(one,) for one in asset_ids])


def _rows(asset: Asset) -> Iterator[tuple[str, str, str, int]]:
    found: dict[str, int] = {}
    for field, text in _texts(asset):
        for word in words_of(text):
            found[word] = found.get(word, 0) | field
    for word, fields in list(found.items())[:_MAX_WORDS]:
        yield asset.cloud, word, asset.asset_id, fields


def _texts(asset: Asset) -> Iterator[tuple[int, str]]:
    yield PUBLIC_ID, asset.public_id
    yield FILENAME, asset.public_id.rpartition("/")[2]
    yield DISPLAY_NAME, asset.display_name
    for tag in asset.tags:
        yield TAGS, tag
    for value in asset.context.values():
        yield CONTEXT, value
    for value in asset.metadata.values():
        for one in value if isinstance(value, list) else [value]:
            yield METADATA, str(one)
