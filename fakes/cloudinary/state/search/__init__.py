"""Searches assets and folders by expressions, consistent with every write at once."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fakes.cloudinary import errors
from fakes.cloudinary.state.folders import Folder, folder_of
from fakes.cloudinary.state.records import Asset, asset_of
from fakes.cloudinary.state.search import aggregations, words
from fakes.cloudinary.state.search.aggregations import Aggregate
from fakes.cloudinary.state.search.catalogue import ASSETS, BACKUP_BYTES, FOLDERS
from fakes.cloudinary.state.search.fields import Asking
from fakes.cloudinary.state.search.finder import Finder, Found, Query
from fakes.cloudinary.state.search.paging import MAX_SORTS, Sort
from fakes.kit.store import Store, TooManySteps

__all__ = [
    "MAX_SORTS",
    "SCHEMA",
    "Aggregate",
    "Asking",
    "FoundAssets",
    "FoundFolders",
    "Query",
    "Search",
    "Sort",
]
SCHEMA = ";".join(
    [
        words.SCHEMA,
        "CREATE INDEX assets_by_age ON assets (cloud, created_at, asset_id)",
        "CREATE INDEX assets_by_name ON assets (cloud, public_id, asset_id)",
        "CREATE INDEX assets_by_start ON assets (cloud, public_id COLLATE NOCASE)",
        "CREATE INDEX assets_by_size ON assets (cloud, bytes, asset_id)",
    ]
)
MAX_STEPS = 20_000_000
"""A second or so."""


@dataclass(frozen=True, slots=True)
class FoundAssets:
    """A page of assets.

    Attributes:
        aggregations: By field, how many there are of each value or in each range.
        backup_bytes: Of the assets on this page, by asset id.
    """

    assets: tuple[Asset, ...]
    total: int
    next_cursor: str | None
    aggregations: dict[str, dict[str, int]]
    backup_bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class FoundFolders:
    """A page of folders."""

    folders: tuple[Folder, ...]
    total: int
    next_cursor: str | None


class Search:
    """Searches the rows of the store.

    Args:
        store: The fake's store.
        max_steps: What one search may take, in steps of SQLite's machine.
    """

    def __init__(self, store: Store, max_steps: int = MAX_STEPS) -> None:
        self._store = store
        self._max_steps = max_steps
        self._finder = Finder(store)
        store.add_function("has_phrase", 2, words.has_phrase)
        store.add_function("has_start", 2, words.has_start)

    def assets(self, query: Query, asking: Asking, aggregates: Sequence[Aggregate] = ()) -> FoundAssets:
        """Find assets.

        Raises:
            ProviderError: The expression, the order, the cursor or an aggregation cannot be used (400),
                or the search takes too long (500).
        """
        with self._bounded():
            return self._assets(query, asking, aggregates)

    def _assets(self, query: Query, asking: Asking, aggregates: Sequence[Aggregate]) -> FoundAssets:
        found = self._finder.find(ASSETS, query, asking)
        rows = {row["asset_id"]: asset_of(row) for row in self._by_id("assets", "asset_id", found)}
        counts = {one.field: aggregations.counted(self._finder, found.matching, one) for one in aggregates}
        assets = tuple(rows[one] for one in found.ids)
        return FoundAssets(assets, found.total, found.next_cursor, counts, self._backup_bytes(found))

    def folders(self, query: Query, asking: Asking) -> FoundFolders:
        """Find folders.

        Raises:
            ProviderError: The expression, the order or the cursor cannot be used (400), or the search takes
                too long (500).
        """
        with self._bounded():
            found = self._finder.find(FOLDERS, query, asking)
        rows = {row["external_id"]: folder_of(row) for row in self._by_id("folders", "external_id", found)}
        return FoundFolders(tuple(rows[one] for one in found.ids), found.total, found.next_cursor)

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """Give up a search that would keep everybody else waiting.

        Raises:
            ProviderError: It was given up (500).
        """
        try:
            with self._store.limited(self._max_steps):
                yield
        except TooManySteps as error:
            raise errors.general_error() from error

    def _backup_bytes(self, found: Found) -> dict[str, int]:
        rows = self._store.all(
            f"SELECT asset_id, {BACKUP_BYTES} FROM assets"  # noqa: S608 - own columns
            " WHERE asset_id IN (SELECT value FROM json_each(?))",
            (json.dumps(found.ids),),
        )
        return {row[0]: int(row[1]) for row in rows}

    def _by_id(self, table: str, column: str, found: Found) -> list[sqlite3.Row]:
        return self._store.all(
            f"SELECT * FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))",  # noqa: S608 - own names
            (json.dumps(found.ids),),
        )
