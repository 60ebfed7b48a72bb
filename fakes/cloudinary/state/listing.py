"""Pages of assets, tags and folders, each read through an index from where the last one ended."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary.state import cursors
from fakes.cloudinary.state.folders import Folder, folder_of
from fakes.cloudinary.state.records import LAST, Asset, asset_of
from fakes.kit.store import Store

_NEXT_TAGS = """
WITH RECURSIVE names (tag) AS (
    SELECT min(tag) FROM asset_tags
    WHERE cloud = ? AND resource_type = ? AND tag > ? AND tag >= ? AND tag < ?
    UNION ALL
    SELECT (SELECT min(tag) FROM asset_tags
            WHERE cloud = ? AND resource_type = ? AND tag > names.tag AND tag < ?)
    FROM names WHERE names.tag IS NOT NULL
)
SELECT tag FROM names WHERE tag IS NOT NULL LIMIT ?
"""
"""One jump through the index for each name, however many assets share it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some assets and the cursor of the next page, if there is one."""

    assets: tuple[Asset, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a listing: at most `limit` rows after `cursor`.

    Attributes:
        since: Unix time in seconds; assets from before it are left out of listings by time.
    """

    limit: int = 10
    cursor: str | None = None
    is_ascending: bool = False
    since: float | None = None


class Listing:
    """Reads lists.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def newest(self, cloud: str, resource_type: str, type_: str, window: Window) -> Page:
        """Assets of one kind by time of creation, newest first unless asked otherwise."""
        return self._by_time(
            "assets", "cloud = ? AND resource_type = ? AND type = ?", (cloud, resource_type, type_), window
        )

    def in_folder(self, cloud: str, folder: str, window: Window) -> Page:
        """Assets placed directly in a folder, newest first unless asked otherwise."""
        return self._by_time("assets", "cloud = ? AND asset_folder = ?", (cloud, folder), window)

    def tagged(self, cloud: str, resource_type: str, tag: str, window: Window) -> Page:
        """Assets with a tag, newest first unless asked otherwise."""
        return self._by_time(
            "asset_tags", "cloud = ? AND resource_type = ? AND tag = ?", (cloud, resource_type, tag), window
        )

    def with_context(
        self, cloud: str, resource_type: str, name: str, value: str | None, window: Window
    ) -> Page:
        """Assets with a context key, of one value if it is given, newest first unless asked otherwise."""
        where, params = "cloud = ? AND resource_type = ? AND name = ?", (cloud, resource_type, name)
        if value is None:
            return self._by_time("asset_context", where, params, window)
        return self._by_time("asset_context", f"{where} AND value = ?", (*params, value), window)

    def moderated(self, cloud: str, resource_type: str, kind: str, status: str, window: Window) -> Page:
        """Assets in a moderation queue, newest first unless asked otherwise."""
        where = "cloud = ? AND resource_type = ? AND moderation_kind = ? AND moderation_status = ?"
        return self._by_time("assets", where, (cloud, resource_type, kind, status), window)

    def with_prefix(self, cloud: str, resource_type: str, type_: str, prefix: str, window: Window) -> Page:
        """Assets whose public id starts so, by public id."""
        start, comparison = prefix, ">="
        if window.cursor is not None:
            start, comparison = cursors.after(window.cursor, prefix), ">"
        rows = self._store.all(
            "SELECT * FROM assets WHERE cloud = ? AND resource_type = ? AND type = ?"  # noqa: S608 - constant text
            f" AND public_id {comparison} ? AND public_id < ? ORDER BY public_id LIMIT ?",
            (cloud, resource_type, type_, start, prefix + LAST, window.limit + 1),
        )
        return _page(rows, window, "public_id")

    def tags(
        self, cloud: str, resource_type: str, prefix: str, window: Window
    ) -> tuple[list[str], str | None]:
        """Tags in use, by name, and the cursor of the next page."""
        after = cursors.after(window.cursor, "")
        scope = (cloud, resource_type)
        rows = self._store.all(
            _NEXT_TAGS, (*scope, after, prefix, prefix + LAST, *scope, prefix + LAST, window.limit + 1)
        )
        shown, cursor = cursors.cut(rows, window.limit, "tag")
        return [str(row["tag"]) for row in shown], cursor

    def folders(self, cloud: str, parent: str, window: Window) -> tuple[list[Folder], str | None, int]:
        """The folders directly below one by path, the cursor of the next page, and how many there are."""
        after = cursors.after(window.cursor, "")
        rows = self._store.all(
            "SELECT * FROM folders WHERE cloud = ? AND parent = ? AND path > ? ORDER BY path LIMIT ?",
            (cloud, parent, after, window.limit + 1),
        )
        counted = self._store.one(
            "SELECT count(*) FROM folders WHERE cloud = ? AND parent = ?", (cloud, parent)
        )
        shown, cursor = cursors.cut(rows, window.limit, "path")
        return [folder_of(row) for row in shown], cursor, int(counted[0]) if counted else 0

    def _by_time(self, table: str, where: str, params: Sequence[Any], window: Window) -> Page:
        order, comparison = ("ASC", ">") if window.is_ascending else ("DESC", "<")
        after: tuple[Any, ...] = ()
        if window.cursor is not None:
            after = cursors.read(window.cursor, (float, str))
            where += f" AND (created_at, asset_id) {comparison} (?, ?)"
        if window.since is not None:
            where, after = f"{where} AND created_at >= ?", (*after, window.since)
        by_time = f"ORDER BY created_at {order}, asset_id {order}"
        ids = f"SELECT asset_id FROM {table} WHERE {where} {by_time} LIMIT ?"  # noqa: S608 - constant text
        rows = self._store.all(
            f"SELECT * FROM assets WHERE asset_id IN ({ids}) {by_time}",  # noqa: S608 - constant text
            (*params, *after, window.limit + 1),
        )
        return _page(rows, window, "created_at", "asset_id")


def _page(rows: Sequence[sqlite3.Row], window: Window, *columns: str) -> Page:
    shown, cursor = cursors.cut(rows, window.limit, *columns)
    return Page(tuple(asset_of(row) for row in shown), cursor)
