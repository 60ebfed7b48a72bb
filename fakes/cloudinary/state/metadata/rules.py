"""Conditional metadata rules: kept, and what they make of a set of values.

Source: cloudinary.com/documentation/conditional_metadata_rules_api.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.state.documents import Documents
from fakes.cloudinary.state.metadata.fields import Fields
from fakes.cloudinary.state.metadata.records import Rule, Value
from fakes.kit.ids import Ids
from fakes.kit.store import Store

RULES_MAX = 500
_MODES = ("default", "override", "append")
_DEPTH_MAX = 5
_CONDITIONS_MAX = 100


@dataclass(frozen=True, slots=True)
class Effect:
    """What the rules that hold make of one field.

    Attributes:
        is_enabled: Whether it may have a value.
        options: The entries of its datasource that may be chosen; None for all.
        is_mandatory: Whether it must have a value.
        default: A value for it as long as it has none.
        override: A value for it, whatever it has.
        appended: Entries that are added to what it has.
    """

    is_enabled: bool
    options: frozenset[str] | None = None
    is_mandatory: bool = False
    default: Value | None = None
    override: Value | None = None
    appended: tuple[str, ...] = ()


class Rules:
    """The rules of all clouds.

    Args:
        store: The fake's store.
        ids: Gives external ids.
        fields: What rules speak of.
    """

    def __init__(self, store: Store, ids: Ids, fields: Fields) -> None:
        self._documents = Documents(store, "metadata_rule", Rule)
        self._ids = ids
        self._fields = fields

    def all(self, cloud: str) -> list[Rule]:
        """The rules of a cloud by the field that they change, then as they were made; at most `RULES_MAX`."""
        return sorted(self._documents.all(cloud), key=lambda rule: rule.metadata_field_id)

    def create(self, cloud: str, said: Mapping[str, Any]) -> Rule:
        """Add a rule.

        Args:
            cloud: Whose it is.
            said: What the call says, by the names of `Rule`.

        Raises:
            ProviderError: It speaks of a field that is not there, or cannot be read (400).
        """
        external_id = said.get("external_id") or self._ids.hex(64)
        if self._documents.find(cloud, external_id):
            raise errors.metadata_field_exists(external_id)
        if self._documents.count(cloud) >= RULES_MAX:
            raise errors.metadata_field_refused(f"metadata_rules (more than {RULES_MAX})")
        rule = Rule(**{**said, "external_id": external_id})
        self._check(cloud, rule)
        self._documents.put(cloud, external_id, rule)
        return rule

    def update(self, cloud: str, external_id: str, said: Mapping[str, Any]) -> Rule:
        """Change what is said; an empty condition or result leaves what there was.

        Raises:
            ProviderError: There is no such rule (404), or it cannot be read (400).
        """
        changes = {name: value for name, value in said.items() if name != "external_id" and value != {}}
        rule = replace(self._get(cloud, external_id), **changes)
        self._check(cloud, rule)
        self._documents.put(cloud, external_id, rule)
        return rule

    def delete(self, cloud: str, external_id: str) -> None:
        """Delete a rule.

        Raises:
            ProviderError: There is none (404).
        """
        self._get(cloud, external_id)
        self._documents.delete(cloud, external_id)

    def _get(self, cloud: str, external_id: str) -> Rule:
        found = self._documents.find(cloud, external_id)
        if found is None:
            raise errors.metadata_rule_unknown(external_id)
        return found

    def _check(self, cloud: str, rule: Rule) -> None:
        if rule.state not in ("active", "inactive"):
            raise errors.metadata_field_refused("state")
        if not _is_result(rule.result):
            raise errors.metadata_field_refused("result")
        conditions = list(_leaves(rule.condition, 0))
        if not 0 < len(conditions) <= _CONDITIONS_MAX:
            raise errors.metadata_field_refused("condition")
        named = [rule.metadata_field_id, *(str(one["metadata_field_id"]) for one in conditions)]
        missing = [one for one in dict.fromkeys(named) if self._fields.find(cloud, one) is None]
        if missing:
            raise errors.metadata_unknown(missing)


def signature(condition: Mapping[str, Any]) -> str:
    """The `condition_signature` of a rule: the same for equal conditions."""
    return str(uuid.uuid3(uuid.NAMESPACE_OID, json.dumps(condition, sort_keys=True)))


def effect(
    rules: Iterable[Rule], values: Mapping[str, Value], *, is_disabled: bool, is_mandatory: bool
) -> Effect:
    """What rules make of the field that they change.

    Args:
        rules: The active rules of one field in their order; later ones prevail.
        values: What all fields have.
        is_disabled: Whether the field is off as long as no rule turns it on.
        is_mandatory: Whether it must have a value as long as no rule says otherwise.
    """
    whole = Effect(is_enabled=not is_disabled, is_mandatory=is_mandatory)
    for rule in rules:
        if holds(rule.condition, values):
            whole = _with_result(whole, rule.result)
    return whole


def holds(condition: Mapping[str, Any], values: Mapping[str, Value]) -> bool:
    """Whether values satisfy a condition."""
    if "and" in condition:
        return all(holds(one, values) for one in condition["and"])
    if "or" in condition:
        return any(holds(one, values) for one in condition["or"])
    value = values.get(str(condition["metadata_field_id"]))
    if "populated" in condition:
        return (value not in (None, "", [])) is bool(condition["populated"])
    has = set(value) if isinstance(value, list) else {value}
    if "equals" in condition:
        return has == set(_many(condition["equals"]))
    return has >= set(_many(condition["includes"]))  # guess: all of them


def _with_result(before: Effect, result: Mapping[str, Any]) -> Effect:
    """What one more rule makes of a field; `hide` concerns the forms of the console only."""
    after = before
    if "enable" in result:
        after = replace(after, is_enabled=bool(result["enable"]))
    if "disable" in result:
        after = replace(after, is_enabled=not result["disable"])
    if "set_mandatory" in result:
        after = replace(after, is_mandatory=bool(result["set_mandatory"]))
    if "activate_values" in result:
        after = replace(after, options=_options(before.options, result["activate_values"]))
    applied = result.get("apply_value")
    return after if applied is None else _with_value(after, applied)


def _options(before: frozenset[str] | None, activated: Any) -> frozenset[str] | None:
    if activated == "all":
        return None
    chosen = frozenset(activated["external_ids"])
    # guess: what the two ways of saying so are called
    is_added = activated.get("exclusive") is False or activated.get("mode") == "append"
    return chosen | (before or frozenset()) if is_added else chosen


def _with_value(before: Effect, applied: Mapping[str, Any]) -> Effect:
    match applied.get("mode", "default"):
        case "append":
            return replace(before, appended=(*before.appended, *_many(applied["value"])))
        case "override":
            return replace(before, override=applied["value"])
    return replace(before, default=applied["value"])


def _leaves(condition: object, depth: int) -> Iterable[Mapping[str, Any]]:
    """The conditions on single fields within a condition.

    Raises:
        ProviderError: It cannot be read, or is too deep (400).
    """
    if not isinstance(condition, dict) or depth > _DEPTH_MAX:
        raise errors.metadata_field_refused("condition")
    for joint in ("and", "or"):
        if joint in condition:
            parts = condition[joint]
            if not isinstance(parts, list) or not 0 < len(parts) <= _CONDITIONS_MAX:
                raise errors.metadata_field_refused("condition")
            for part in parts:
                yield from _leaves(part, depth + 1)
            return
    if "metadata_field_id" not in condition or not condition.keys() & {"equals", "includes", "populated"}:
        raise errors.metadata_field_refused("condition")
    if not all(
        isinstance(one, str | int) for name in ("equals", "includes") for one in _many(condition.get(name))
    ):
        raise errors.metadata_field_refused("condition")
    yield condition


def _is_result(result: object) -> bool:
    if not isinstance(result, dict) or not result:
        return False
    activated, applied = result.get("activate_values"), result.get("apply_value")
    if isinstance(activated, dict):
        ids = activated.get("external_ids")
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            return False
    elif "activate_values" in result and activated != "all":
        return False
    if applied is None:
        return True
    if not isinstance(applied, dict) or applied.get("mode", "default") not in _MODES:
        return False
    return bool(_many(applied.get("value"))) and all(
        isinstance(one, str | int) for one in _many(applied["value"])
    )


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
