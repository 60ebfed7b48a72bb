"""Structured metadata: the rows, and the tables they live in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = """
CREATE TABLE datasource_entries (
    cloud TEXT NOT NULL, field TEXT NOT NULL, external_id TEXT NOT NULL, value TEXT NOT NULL,
    number INTEGER NOT NULL, is_active INTEGER NOT NULL, PRIMARY KEY (cloud, field, external_id)
);
CREATE INDEX datasource_entries_by_number ON datasource_entries (cloud, field, is_active, number);
CREATE INDEX datasource_entries_by_value ON datasource_entries (cloud, field, value)
"""
TYPES = ("string", "integer", "date", "enum", "set")
LISTED = ("enum", "set")
"""Types whose values are entries of a datasource."""

Value = str | int | list[str]
"""A value as answers show it: text and dates as text, entries of a datasource by their external ids."""


@dataclass(frozen=True, slots=True)
class MetadataField:
    """The definition of a field, without the entries of its datasource.

    Attributes:
        alphabetically_sorted: Entries are shown by their values, not in an order of their own.
        default_disabled: Off until a rule turns it on.
        validation: As it was given: `{"type": "strlen", "min": 2, "max": 6}`...
        restrictions: As they were given: `{"readonly_ui": true}`.
        allow_dynamic_list_values: Whether unknown values become entries of the datasource.
        created_at: Unix seconds.
    """

    external_id: str
    type: str
    label: str
    mandatory: bool = False
    default_value: Value | None = None
    default_disabled: bool = False
    validation: Mapping[str, Any] | None = None
    restrictions: Mapping[str, Any] = field(default_factory=dict)
    allow_dynamic_list_values: bool = False
    alphabetically_sorted: bool = False
    created_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a datasource; without an external id it is given one."""

    external_id: str | None
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """When the values of other fields turn a field on, choose its options or give it a value.

    Attributes:
        metadata_field_id: The field that changes.
        condition: As it was given: `{"metadata_field_id": ..., "equals": ...}`, `{"and": [...]}`...
        result: As it was given: `{"enable": true, "activate_values": "all"}`...
        state: `active` or `inactive`.
    """

    external_id: str
    metadata_field_id: str
    condition: Mapping[str, Any]
    result: Mapping[str, Any]
    name: str | None = None
    state: str = "active"
