"""Structured metadata as the Admin API reads and shows it.

Source: cloudinary.com/documentation/admin_api#metadata_fields and conditional_metadata_rules_api.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state.metadata.datasources import Found
from fakes.cloudinary.state.metadata.records import LISTED, TYPES, Entry, MetadataField, Rule
from fakes.cloudinary.state.metadata.rules import signature
from fakes.cloudinary.wire.parameters import json_or_text

_NAME_MAX_LENGTH = 255


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _NAME_MAX_LENGTH


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int | list) and not isinstance(value, bool)


_PARTS_OF_FIELD: Mapping[str, Callable[[Any], bool]] = {
    "external_id": _is_text,
    "type": TYPES.__contains__,
    "label": _is_text,
    "mandatory": _is_flag,
    "default_value": _is_value,
    "default_disabled": _is_flag,
    "validation": _is_object,
    "restrictions": _is_object,
    "allow_dynamic_list_values": _is_flag,
    "alphabetically_sorted": _is_flag,
}
_PARTS_OF_RULE: Mapping[str, Callable[[Any], bool]] = {
    "external_id": _is_text,
    "metadata_field_id": _is_text,
    "name": _is_text,
    "condition": _is_object,
    "result": _is_object,
    "state": lambda value: isinstance(value, str),
}
_EMPTIED = ("default_value", "validation")
"""What an update takes away by giving null."""


def document(form: Form) -> dict[str, Any]:
    """What a call says: its JSON body, or its parameters, each read as JSON where it is some."""
    if form.document is not None:
        return form.document
    return {
        name: json_or_text(value) if isinstance(value, str) else list(value)
        for name, value in form.params.items()
    }


def said_of_field(said: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """What a call says of a field, without what no field has.

    Raises:
        ProviderError: A part is of the wrong kind, or a new field lacks one (400).
    """
    return _said(said, _PARTS_OF_FIELD, ("type", "label") if is_new else ())


def said_of_rule(said: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """What a call says of a rule, without what no rule has.

    Raises:
        ProviderError: A part is of the wrong kind, or a new rule lacks one (400).
    """
    return _said(said, _PARTS_OF_RULE, ("metadata_field_id", "condition", "result", "name") if is_new else ())


def entries(said: Mapping[str, Any]) -> list[Entry]:
    """The entries of a datasource: `{"values": [{"external_id": ..., "value": ...}]}`.

    Raises:
        ProviderError: They cannot be read (400).
    """
    # The Python SDK sends the list itself, Node's callers the object around it.
    listed = said.get("values")
    if isinstance(listed, dict):
        listed = listed.get("values")
    if not isinstance(listed, list) or not all(_is_entry(one) for one in listed):
        raise errors.metadata_field_refused("datasource")
    return [Entry(one.get("external_id"), one["value"]) for one in listed]


def entries_of_field(said: Mapping[str, Any]) -> list[Entry] | None:
    """The entries that a field's definition holds, or None.

    Raises:
        ProviderError: They cannot be read (400).
    """
    datasource = said.get("datasource")
    if datasource is None:
        return None
    if not isinstance(datasource, dict):
        raise errors.metadata_field_refused("datasource")
    return entries(datasource)


def external_ids(said: Mapping[str, Any]) -> list[str]:
    """The entries that a call names.

    Raises:
        ProviderError: There are none (400).
    """
    named = said.get("external_ids")
    if not isinstance(named, list) or not named or not all(isinstance(one, str) for one in named):
        raise errors.missing_parameter("external_ids")
    return named


def order(said: Mapping[str, Any], names: Iterable[str]) -> tuple[str, bool]:
    """What to order by, and whether upwards.

    Raises:
        ProviderError: It is not one of these names, or no direction (400).
    """
    name, direction = said.get("order_by"), said.get("direction") or "asc"
    if name is None:
        raise errors.missing_parameter("order_by")
    if name not in names:
        raise errors.invalid_parameter("order_by", str(name))
    if direction not in ("asc", "desc"):
        raise errors.invalid_parameter("direction", str(direction))
    return str(name), direction == "asc"


def field_body(field: MetadataField, listed: Iterable[Entry]) -> dict[str, Any]:
    """One field, with the parts that the samples of admin_api#metadata_fields show."""
    body: dict[str, Any] = {
        "type": field.type,
        "external_id": field.external_id,
        "label": field.label,
        "mandatory": field.mandatory,
        "default_value": field.default_value,
        "validation": field.validation,
        "default_disabled": field.default_disabled,
        "restrictions": {"readonly_ui": False, **field.restrictions},
    }
    if field.type in LISTED:
        if field.alphabetically_sorted:
            listed = sorted(listed, key=lambda entry: entry.value.lower())
        # Deleted entries are left out, so all are active; lists of entries by themselves do not say it.
        values = [one | {"state": "active"} for one in datasource_body(listed)["values"]]
        body["datasource"] = {"values": values}
        body["alphabetically_sorted"] = field.alphabetically_sorted
    return body | {"allow_dynamic_list_values": field.allow_dynamic_list_values}


def datasource_body(listed: Iterable[Entry]) -> dict[str, Any]:
    """The entries of a datasource."""
    return {"values": [{"external_id": one.external_id, "value": one.value} for one in listed]}


def found_entry_body(found: Found) -> dict[str, Any]:
    """One entry that a search over all fields found."""
    return {"field_id": found.field, "id": found.external_id, "value": found.value}


def rule_body(rule: Rule) -> dict[str, Any]:
    """One rule."""
    return {
        "metadata_field_id": rule.metadata_field_id,
        "condition": rule.condition,
        "result": rule.result,
        "condition_signature": signature(rule.condition),
        "state": rule.state,
        "name": rule.name,
        "external_id": rule.external_id,
    }


def _said(
    said: Mapping[str, Any], parts: Mapping[str, Callable[[Any], bool]], needed: Iterable[str]
) -> dict[str, Any]:
    for name in needed:
        if said.get(name) is None:
            raise errors.missing_parameter(name)
    found = {name: said[name] for name in parts if name in said}
    for name, value in found.items():
        if value is not None and not parts[name](value):
            raise errors.metadata_field_refused(name)
    return {name: value for name, value in found.items() if value is not None or name in _EMPTIED}


def _is_entry(said: Any) -> bool:
    if not isinstance(said, dict) or not _is_text(said.get("value")):
        return False
    return said.get("external_id") is None or _is_text(said["external_id"])
