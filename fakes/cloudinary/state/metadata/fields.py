"""Definitions of metadata fields and the entries of their datasources.

Source: cloudinary.com/documentation/admin_api#metadata_fields.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.state.documents import Documents
from fakes.cloudinary.state.metadata import values
from fakes.cloudinary.state.metadata.datasources import Datasources
from fakes.cloudinary.state.metadata.records import LISTED, Entry, MetadataField, Value
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

FIELDS_MAX = 100
_FIXED = ("external_id", "type", "created_at")
"""What an update leaves as it is, whatever it says."""


class Fields:
    """The metadata fields of all clouds.

    Args:
        store: The fake's store.
        clock: Gives times of creation.
        ids: Gives external ids.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._documents = Documents(store, "metadata_field", MetadataField)
        self._deleted = Documents(store, "deleted_metadata_field", MetadataField)
        self.datasources = Datasources(store, ids)

    def all(self, cloud: str) -> list[MetadataField]:
        """The fields of a cloud in their order; at most `FIELDS_MAX`."""
        return self._documents.all(cloud)

    def ids(self, cloud: str) -> frozenset[str]:
        """The ids of the fields of a cloud."""
        return frozenset(self._documents.names(cloud))

    def find(self, cloud: str, external_id: str) -> MetadataField | None:
        """The field of this id, or None."""
        return self._documents.find(cloud, external_id)

    def get(self, cloud: str, external_id: str) -> MetadataField:
        """The field of this id.

        Raises:
            ProviderError: There is none (404).
        """
        field = self.find(cloud, external_id)
        if field is None:
            raise errors.metadata_field_unknown(external_id)
        return field

    def listed(self, cloud: str, external_id: str) -> MetadataField:
        """The field of this id, which has a datasource.

        Raises:
            ProviderError: There is none (404), or it has none (400).
        """
        field = self.get(cloud, external_id)
        if field.type not in LISTED:
            raise errors.metadata_field_refused("datasource")
        return field

    def create(self, cloud: str, said: Mapping[str, Any], entries: Sequence[Entry] | None) -> MetadataField:
        """Add a field; the id of one that was deleted cannot be had again.

        Args:
            cloud: Whose it is.
            said: What the call says, by the names of `MetadataField`.
            entries: Of its datasource, for fields that have one.

        Raises:
            ProviderError: The id is taken, there are too many fields, or something does not fit (400).
        """
        external_id = said.get("external_id") or self._ids.text(20)
        if self.find(cloud, external_id) or self._deleted.find(cloud, external_id):
            raise errors.metadata_field_exists(external_id)
        if self._documents.count(cloud) >= FIELDS_MAX:
            raise errors.metadata_field_refused(f"metadata_fields (more than {FIELDS_MAX})")
        is_listed = said["type"] in LISTED
        if is_listed and not entries:
            raise errors.metadata_field_refused("datasource")
        whole = {**said, "external_id": external_id, "created_at": self._clock.now()}
        field = MetadataField(**whole)
        known = {entry.external_id for entry in entries or ()}
        _check(field, known.__contains__)
        with self._store.transaction():
            self._documents.put(cloud, external_id, field)
            if is_listed and entries:
                self.datasources.put(cloud, external_id, entries)
        return field

    def update(
        self, cloud: str, external_id: str, said: Mapping[str, Any], entries: Sequence[Entry] | None
    ) -> MetadataField:
        """Change what is said; its id and type stay.

        Raises:
            ProviderError: There is no such field (404), or something does not fit (400).
        """
        before = self.get(cloud, external_id)
        field = replace(before, **{name: value for name, value in said.items() if name not in _FIXED})
        with self._store.transaction():
            if entries and field.type in LISTED:
                self.datasources.put(cloud, external_id, entries)
            _check(field, lambda one: self.datasources.has(cloud, external_id, one))
            self._documents.put(cloud, external_id, field)
        return field

    def delete(self, cloud: str, external_id: str) -> None:
        """Delete a field.

        Raises:
            ProviderError: There is none (404).
        """
        field = self.get(cloud, external_id)
        with self._store.transaction():
            self._documents.delete(cloud, external_id)
            self._deleted.put(cloud, external_id, field)
            self.datasources.drop(cloud, external_id)

    def sort(self, cloud: str, name: str, *, is_ascending: bool) -> None:
        """Put the fields in the order of their labels, ids or times of creation."""
        fields = sorted(
            self.all(cloud), key=lambda one: str(getattr(one, name)).lower(), reverse=not is_ascending
        )
        if name == "created_at":
            fields.sort(key=lambda one: one.created_at, reverse=not is_ascending)
        self._documents.arrange(cloud, [field.external_id for field in fields])

    def move(self, cloud: str, external_id: str, position: int) -> None:
        """Put one field at a position, the first being 1.

        Raises:
            ProviderError: There is no such field (404).
        """
        self.get(cloud, external_id)
        names = [field.external_id for field in self.all(cloud) if field.external_id != external_id]
        names.insert(max(0, position - 1), external_id)
        self._documents.arrange(cloud, names)

    def accepted(self, cloud: str, field: MetadataField, value: Value) -> Value:
        """A value as it is kept: entries by their ids, unknown ones added where the field allows it.

        Raises:
            ProviderError: It does not fit the field (400).
        """
        if not values.fits(field.validation, value):
            raise errors.metadata_invalid(str(value), field.external_id)
        if field.type == "enum":
            return self._entry(cloud, field, str(value))
        if isinstance(value, list):
            return list(dict.fromkeys(self._entry(cloud, field, one) for one in value))
        return value

    def _entry(self, cloud: str, field: MetadataField, text: str) -> str:
        if self.datasources.has(cloud, field.external_id, text):
            return text
        if not field.allow_dynamic_list_values:
            raise errors.metadata_invalid(text, field.external_id)
        # guess: an option may be named by its value, too, where unknown ones are added
        found = self.datasources.by_value(cloud, field.external_id, text)
        return found or self.datasources.put(cloud, field.external_id, [Entry(None, text)])[0]


def _check(field: MetadataField, has_entry: Callable[[str], bool]) -> None:
    """Refuse a definition that contradicts itself."""
    if field.validation is not None:
        values.check_validation(field.type, field.validation)
    default = field.default_value
    if default is None:
        return
    is_fine = values.is_of_type(field.type, default) and values.fits(field.validation, default)
    if is_fine and field.type in LISTED:
        named = default if isinstance(default, list) else [str(default)]
        is_fine = all(has_entry(one) for one in named)
    if not is_fine:
        raise errors.metadata_default_invalid()
