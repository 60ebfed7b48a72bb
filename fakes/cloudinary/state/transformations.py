"""The transformations of a cloud: named ones, and those that something was derived by.

Source: cloudinary.com/documentation/admin_api#transformations.
"""

import re
import sqlite3
from dataclasses import dataclass, replace

from fakes.cloudinary import errors, transformation
from fakes.cloudinary.state import cursors
from fakes.cloudinary.state.listing import Window
from fakes.cloudinary.state.records import Asset, Derived, asset_of, derived_of
from fakes.cloudinary.state.stored import StoredBytes
from fakes.cloudinary.transformation.described import split_extension
from fakes.kit.errors import ProviderError
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE transformations (
    cloud TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, is_named INTEGER NOT NULL,
    is_allowed INTEGER NOT NULL, is_used INTEGER NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (cloud, name)
);
CREATE INDEX transformations_by_number ON transformations (cloud, number);
CREATE INDEX transformations_by_kind ON transformations (cloud, is_named, number);
CREATE INDEX derived_by_transformation ON derived (transformation, created_at, id)
"""
DELETED_MAX = 1000
"""So many derived assets go with a transformation; one with more cannot be deleted."""
_TEXT_MAX_LENGTH = 10_000
_NAME = re.compile(r"[\w .:-]{1,255}")
_SETS_FORMAT = re.compile(r"(?:^|[,/])f_")
_NEXT = "(SELECT ifnull(max(number), 0) + 1 FROM transformations WHERE cloud = ?)"
# The order of a cross join is kept: derived assets by their index, and then the original of each.
_OF_TEXT = "derived CROSS JOIN assets USING (asset_id) WHERE derived.transformation = ? AND assets.cloud = ?"


@dataclass(frozen=True, slots=True)
class Stored:
    """A transformation.

    Attributes:
        name: `t_<name>` for named ones; else its text, with the extension where that is not the original's.
        text: What it does.
        is_allowed: Whether strict delivery lets everybody use it.
        is_used: Whether something was derived by it.
    """

    name: str
    text: str
    is_named: bool
    is_allowed: bool
    is_used: bool


class Transformations:
    """The transformations of all clouds.

    Args:
        store: The fake's store.
        stored: Keeps account of the bytes of derived assets.
    """

    def __init__(self, store: Store, stored: StoredBytes) -> None:
        self._store = store
        self._stored = stored

    def text(self, cloud: str, name: str) -> str | None:
        """What a named transformation does; None when there is none of this name."""
        found = self._find(cloud, f"t_{name}")
        return found.text if found and found.is_named else None

    def is_allowed(self, cloud: str, text: str, extension: str) -> bool:
        """Whether strict delivery lets everybody use a transformation, with this extension or with any."""
        name = transformation.canonical(text)
        found = (self._find(cloud, one) for one in (name, f"{name}/{extension}"))
        return any(one is not None and one.is_allowed for one in found)

    def get(self, cloud: str, name: str) -> Stored:
        """A transformation by its name, with or without `t_`, or by its text.

        Raises:
            ProviderError: There is none (404).
        """
        found = self._find(cloud, _canonical(name)) or self._find(cloud, f"t_{name}")
        if found is None:
            raise errors.transformation_unknown(name)
        return found

    def page(self, cloud: str, window: Window, *, is_named: bool | None) -> tuple[list[Stored], str | None]:
        """Some transformations, the newest first, and the cursor of the next page.

        Args:
            cloud: Whose.
            window: Which part.
            is_named: Only named ones, or only others; None for both.
        """
        before = cursors.after(window.cursor, 1 << 62)
        where: str = "cloud = ?"
        params: tuple[str | int, ...] = (cloud,)
        if is_named is not None:
            where, params = "cloud = ? AND is_named = ?", (cloud, is_named)
        rows = self._store.all(
            f"SELECT * FROM transformations WHERE {where} AND number < ? ORDER BY number DESC LIMIT ?",  # noqa: S608 - constant text
            (*params, before, window.limit + 1),
        )
        shown, cursor = cursors.cut(rows, window.limit, "number")
        return [_of_row(row) for row in shown], cursor

    def create(self, cloud: str, name: str, text: str) -> Stored:
        """Give a transformation a name; or, named by its own text, just note it.

        Raises:
            ProviderError: The name is taken (409) or not allowed, or the text cannot be read (400).
        """
        self._check(cloud, text)
        is_named = name != text
        if is_named and not _NAME.fullmatch(name):
            raise errors.invalid_parameter("name", name)
        key = f"t_{name.removeprefix('t_')}" if is_named else _canonical(text)
        if self._find(cloud, key) is not None:
            raise errors.transformation_exists(name)
        made = Stored(key, text, is_named=is_named, is_allowed=is_named, is_used=False)
        self._put(cloud, made)
        return made

    def update(
        self, cloud: str, name: str, *, is_allowed: bool | None = None, text: str | None = None
    ) -> Stored:
        """Allow a transformation in strict delivery, or not; or let a name stand for another text.

        What was derived before stays as it is.

        Raises:
            ProviderError: There is none (404), it has no name, or the text cannot be read (400).
        """
        found = self.get(cloud, name)
        if text is not None:
            if not found.is_named:
                raise errors.invalid_parameter("unsafe_update", text)
            self._check(cloud, text)
            found = replace(found, text=text)
        if is_allowed is not None:
            found = replace(found, is_allowed=is_allowed)
        self._store.execute(
            "UPDATE transformations SET text = ?, is_allowed = ? WHERE cloud = ? AND name = ?",
            (found.text, found.is_allowed, cloud, found.name),
        )
        return found

    def delete(self, cloud: str, name: str) -> None:
        """Delete a transformation and what was derived by it.

        Raises:
            ProviderError: There is none (404), or too much was derived by it (400).
        """
        found = self.get(cloud, name)
        pieces, params = _derived_by(cloud, found)
        rows = self._store.all(
            f"SELECT derived.id, derived.sha256 FROM {pieces} LIMIT ?",  # noqa: S608 - constant text
            (*params, DELETED_MAX + 1),
        )
        if len(rows) > DELETED_MAX:
            raise errors.transformation_in_use(name, DELETED_MAX)
        with self._store.transaction():
            ids = [(row["id"],) for row in rows]
            self._store.execute_many("DELETE FROM derived WHERE id = ?", ids)
            self._stored.loosen(row["sha256"] for row in rows)
            self._store.execute(
                "DELETE FROM transformations WHERE cloud = ? AND name = ?", (cloud, found.name)
            )

    def derived(
        self, cloud: str, found: Stored, window: Window
    ) -> tuple[list[tuple[Asset, Derived]], str | None]:
        """Some of what was derived by a transformation, oldest first, and the cursor of the next page."""
        pieces, params = _derived_by(cloud, found)
        if window.cursor is not None:
            pieces += " AND (derived.created_at, derived.id) > (?, ?)"
            params = (*params, *cursors.read(window.cursor, (float, str)))
        columns = ", ".join(f"derived.{name}" for name in Derived.__slots__)
        rows = self._store.all(
            f"SELECT {columns} FROM {pieces} ORDER BY derived.created_at, derived.id LIMIT ?",  # noqa: S608 - own columns
            (*params, window.limit + 1),
        )
        page, cursor = cursors.cut(rows, window.limit, "created_at", "id")
        shown = [derived_of(row) for row in page]
        originals = [
            self._store.one("SELECT * FROM assets WHERE asset_id = ?", (one.asset_id,)) for one in shown
        ]
        pairs = [(asset_of(row), one) for row, one in zip(originals, shown, strict=True) if row is not None]
        return pairs, cursor

    def note_use(self, asset: Asset, text: str, format_name: str) -> None:
        """Note that something was derived by a transformation."""
        name = text if format_name == asset.format or _SETS_FORMAT.search(text) else f"{text}/{format_name}"
        named = self._find(asset.cloud, text)
        if named is not None and named.is_named:
            name = text
        self._store.execute(
            f"INSERT INTO transformations VALUES (?, ?, ?, 0, 0, 1, {_NEXT})"  # noqa: S608 - constant text
            " ON CONFLICT DO UPDATE SET is_used = 1 WHERE is_used = 0",
            (asset.cloud, name, name, asset.cloud),
        )

    def _check(self, cloud: str, text: str) -> None:
        components, _ = split_extension(text)
        if not components or len(text) > _TEXT_MAX_LENGTH:
            raise errors.invalid_parameter("transformation", text)
        try:
            transformation.parse_text(components, lambda name: self.text(cloud, name))
        except ProviderError as error:
            raise errors.on_api(error) from error

    def _find(self, cloud: str, name: str) -> Stored | None:
        row = self._store.one("SELECT * FROM transformations WHERE cloud = ? AND name = ?", (cloud, name))
        return _of_row(row) if row else None

    def _put(self, cloud: str, made: Stored) -> None:
        self._store.execute(
            f"INSERT INTO transformations VALUES (?, ?, ?, ?, ?, ?, {_NEXT})",  # noqa: S608 - constant text
            (cloud, made.name, made.text, made.is_named, made.is_allowed, made.is_used, cloud),
        )


def _canonical(text: str) -> str:
    components, extension = split_extension(text)
    whole = transformation.canonical(components)
    return whole if extension is None else f"{whole}/{extension}"


def _derived_by(cloud: str, found: Stored) -> tuple[str, tuple[str, ...]]:
    """The piece of SQL that says what was derived by a transformation, and its parameters."""
    if found.is_named or _SETS_FORMAT.search(found.name):
        return _OF_TEXT, (found.name, cloud)
    components, extension = split_extension(found.name)
    if extension:
        return f"{_OF_TEXT} AND derived.format = ?", (components, cloud, extension)
    return f"{_OF_TEXT} AND derived.format = assets.format", (components, cloud)


def _of_row(row: sqlite3.Row) -> Stored:
    return Stored(
        row["name"],
        row["text"],
        is_named=bool(row["is_named"]),
        is_allowed=bool(row["is_allowed"]),
        is_used=bool(row["is_used"]),
    )
