"""Datasources: the options that metadata fields of type `enum` and `set` choose from."""

from collections.abc import Sequence
from dataclasses import dataclass

from fakes.cloudinary import errors
from fakes.cloudinary.state.metadata.records import Entry
from fakes.kit.ids import Ids
from fakes.kit.store import Store

ENTRIES_MAX = 3000
_OF_FIELD = "cloud = ? AND field = ?"
_ONE = f"{_OF_FIELD} AND external_id = ?"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that a search found, and its field."""

    field: str
    external_id: str
    value: str


class Datasources:
    """The entries of all fields. A deleted entry is kept, inactive, until it is restored.

    Args:
        store: The fake's store.
        ids: Gives external ids.
    """

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    def all(self, cloud: str, field: str) -> list[Entry]:
        """The active entries of a field in their order; at most `ENTRIES_MAX`."""
        rows = self._store.all(
            f"SELECT external_id, value FROM datasource_entries WHERE {_OF_FIELD} AND is_active"  # noqa: S608 - constant text
            " ORDER BY number",
            (cloud, field),
        )
        return [Entry(*row) for row in rows]

    def has(self, cloud: str, field: str, external_id: str) -> bool:
        """Whether an entry is there and active."""
        sql = f"SELECT 1 FROM datasource_entries WHERE {_ONE} AND is_active"  # noqa: S608 - constant text
        return self._store.one(sql, (cloud, field, external_id)) is not None

    def by_value(self, cloud: str, field: str, value: str) -> str | None:
        """The id of the active entry with this value, or None."""
        row = self._store.one(
            f"SELECT external_id FROM datasource_entries WHERE {_OF_FIELD} AND value = ? AND is_active"  # noqa: S608 - constant text
            " ORDER BY number",
            (cloud, field, value),
        )
        return str(row[0]) if row else None

    def put(self, cloud: str, field: str, entries: Sequence[Entry]) -> list[str]:
        """Change the values of entries that are there, add the others at the end; returns their ids.

        Raises:
            ProviderError: There would be too many (400).
        """
        counted = self._store.one(
            f"SELECT count(*), ifnull(max(number), 0) FROM datasource_entries WHERE {_OF_FIELD}",  # noqa: S608 - constant text
            (cloud, field),
        )
        count, last = counted or (0, 0)
        if count + len(entries) > ENTRIES_MAX:
            raise errors.metadata_field_refused(f"datasource (more than {ENTRIES_MAX} values)")
        external_ids = [entry.external_id or self._ids.hex(64) for entry in entries]
        rows = [
            (cloud, field, external_id, entry.value, number)
            for number, (external_id, entry) in enumerate(zip(external_ids, entries, strict=True), last + 1)
        ]
        self._store.execute_many(
            "INSERT INTO datasource_entries VALUES (?, ?, ?, ?, ?, 1)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            rows,
        )
        return external_ids

    def switch(self, cloud: str, field: str, external_ids: Sequence[str], *, is_active: bool) -> None:
        """Delete entries, or restore deleted ones.

        Raises:
            ProviderError: An id is none of the field's (400).
        """
        known = f"SELECT 1 FROM datasource_entries WHERE {_ONE}"  # noqa: S608 - constant text
        missing = [one for one in external_ids if self._store.one(known, (cloud, field, one)) is None]
        if missing:
            raise errors.datasource_unknown(missing)
        rows = [(is_active, cloud, field, one) for one in external_ids]
        self._store.execute_many(f"UPDATE datasource_entries SET is_active = ? WHERE {_ONE}", rows)  # noqa: S608 - constant text

    def sort(self, cloud: str, field: str, *, is_ascending: bool) -> None:
        """Put the entries of a field in the order of their values."""
        order = "ASC" if is_ascending else "DESC"
        rows = self._store.all(
            f"SELECT external_id FROM datasource_entries WHERE {_OF_FIELD} ORDER BY value {order}",  # noqa: S608 - constant text
            (cloud, field),
        )
        numbered = [(number, cloud, field, row[0]) for number, row in enumerate(rows, 1)]
        self._store.execute_many(f"UPDATE datasource_entries SET number = ? WHERE {_ONE}", numbered)  # noqa: S608 - constant text

    def drop(self, cloud: str, field: str) -> None:
        """Remove all entries of a field."""
        self._store.execute(f"DELETE FROM datasource_entries WHERE {_OF_FIELD}", (cloud, field))  # noqa: S608 - constant text

    def search(
        self, cloud: str, term: str, limit: int, *, field: str | None = None, is_exact: bool = False
    ) -> list[Found]:
        """Active entries whose value holds a text, whatever its case, of one field or of all."""
        where, params = "cloud = ? AND is_active", [cloud]
        if field is not None:
            where, params = f"{_OF_FIELD} AND is_active", [cloud, field]
        where += " AND value = ?" if is_exact else " AND instr(lower(value), lower(?)) > 0"
        rows = self._store.all(
            f"SELECT field, external_id, value FROM datasource_entries WHERE {where}"  # noqa: S608 - constant text
            " ORDER BY field, number LIMIT ?",
            (*params, term, limit),
        )
        return [Found(*row) for row in rows]
