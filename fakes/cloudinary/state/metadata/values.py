"""Values of structured metadata: read from text and held against a field's validation. Pure functions.

Source: cloudinary.com/documentation/structured_metadata (field validation).
"""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.state.metadata.records import MetadataField, Value
from fakes.kit.bodies import strict_json

STRING_MAX_LENGTH = 4096
_RULES_MAX = 20
_COMPARED = ("greater_than", "less_than")
_TYPES_OF_RULES: Mapping[str, tuple[str, ...]] = {
    "string": ("strlen",),
    "integer": _COMPARED,
    "date": _COMPARED,
    "enum": (),
    "set": (),
}


def read(field: MetadataField, text: str) -> Value:
    """A value from the text of an upload: sets as a JSON list, or split at commas.

    Raises:
        ProviderError: It is none for this type of field (400).
    """
    if field.type == "integer" and re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    value: Value = _listed(text) if field.type == "set" else text
    if not is_of_type(field.type, value):
        raise errors.metadata_invalid(text, field.external_id)
    return value


def is_of_type(type_: str, value: Any) -> bool:
    """Whether a value is one for a type of field."""
    match type_:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "date":
            return isinstance(value, str) and _is_date(value)
        case "set":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) and len(value) <= STRING_MAX_LENGTH


def fits(validation: Mapping[str, Any] | None, value: Value) -> bool:
    """Whether a value of the right type satisfies a validation."""
    if validation is None:
        return True
    match validation["type"]:
        case "and":
            return all(fits(rule, value) for rule in validation["rules"])
        case "strlen":
            length = len(str(value))
            least, most = validation.get("min"), validation.get("max")
            return (least is None or length >= least) and (most is None or length <= most)
    limit = validation["value"]
    if value == limit:
        return bool(validation.get("equals"))
    if isinstance(value, int) and isinstance(limit, int):
        is_greater = value > limit
    else:  # dates: as text, since all have the same form
        is_greater = str(value) > str(limit)
    return is_greater if validation["type"] == "greater_than" else not is_greater


def check_validation(type_: str, validation: Mapping[str, Any]) -> None:
    """Refuse a validation that is none for a type of field.

    Raises:
        ProviderError: It is not (400), or is one by a regular expression (501).
    """
    rules = validation.get("rules") if validation.get("type") == "and" else [validation]
    if not isinstance(rules, list) or not 0 < len(rules) <= _RULES_MAX:
        raise errors.metadata_field_refused("validation")
    for rule in rules:
        if not isinstance(rule, dict) or not _is_rule(type_, rule):
            raise errors.metadata_field_refused("validation")


def _is_rule(type_: str, rule: Mapping[str, Any]) -> bool:
    kind = rule.get("type")
    if kind == "strregex":
        raise errors.not_emulated("metadata validation by a regular expression")
    if kind not in _TYPES_OF_RULES[type_]:
        return False
    if kind == "strlen":
        limits = [rule[name] for name in ("min", "max") if rule.get(name) is not None]
        return bool(limits) and all(is_of_type("integer", limit) for limit in limits)
    return is_of_type(type_, rule.get("value"))


def _listed(text: str) -> list[str]:
    if not text.lstrip().startswith("["):
        return [one.strip() for one in text.split(",") if one.strip()]
    try:
        read = strict_json(text)
    except ValueError:
        return [text]
    return [one if isinstance(one, str) else json.dumps(one) for one in read]


def _is_date(text: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
