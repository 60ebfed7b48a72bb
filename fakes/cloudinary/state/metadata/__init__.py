"""Structured metadata: what the fields of a cloud make of the values that an upload or an update gives.

Source: cloudinary.com/documentation/structured_metadata and conditional_metadata_rules_api.
"""

from collections.abc import Iterable, Mapping

from fakes.cloudinary import errors, pairs
from fakes.cloudinary.state.metadata import rules as rules_module
from fakes.cloudinary.state.metadata import values
from fakes.cloudinary.state.metadata.fields import Fields
from fakes.cloudinary.state.metadata.records import SCHEMA, Entry, MetadataField, Rule, Value
from fakes.cloudinary.state.metadata.rules import Effect, Rules
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

__all__ = ["SCHEMA", "Entry", "Metadata", "MetadataField", "Rule", "Value"]
_PASSES_MAX = 10
"""How often rules are gone through until nothing changes: one for each rule that waits for another."""


class Metadata:
    """The structured metadata of all clouds.

    Args:
        store: The fake's store.
        clock: Gives times of creation.
        ids: Gives external ids.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self.fields = Fields(store, clock, ids)
        self.rules = Rules(store, ids, self.fields)

    def of_upload(self, cloud: str, text: str) -> dict[str, Value]:
        """The values of a new asset: those given, and the defaults of the fields that have some.

        Args:
            cloud: Whose asset it is.
            text: The parameter `metadata`: `k=v|k2=v2`, or a JSON object; empty when there is none.

        Raises:
            ProviderError: A field does not exist, a value does not fit, or a mandatory one is missing (400).
        """
        fields = self.fields.all(cloud)
        if not fields and not text:
            return {}
        with self._store.transaction():
            return self._of_upload(cloud, fields, text)

    def of_change(
        self, cloud: str, present: Mapping[str, Value], text: str, *, clear_invalid: bool = False
    ) -> dict[str, Value]:
        """The values of an asset after an update; an empty value (`k=`) takes the field's away.

        Args:
            cloud: Whose asset it is.
            present: What it has.
            text: As in `of_upload`.
            clear_invalid: Values that rules do not allow are taken away instead of refused.

        Raises:
            ProviderError: As in `of_upload`.
        """
        with self._store.transaction():
            return self._of_change(cloud, present, text, clear_invalid=clear_invalid)

    def _of_upload(self, cloud: str, fields: list[MetadataField], text: str) -> dict[str, Value]:
        given = self._given(cloud, fields, text)
        defaults = {
            field.external_id: field.default_value
            for field in fields
            if field.default_value is not None and field.external_id not in given
        }
        present = {name: value for name, value in given.items() if value is not None}
        found = _Settled(fields, self.rules.all(cloud), given, clear_invalid=False)
        whole = found.values(present, defaults)
        missing = [
            field.external_id
            for field in fields
            if found.is_mandatory(field, whole) and field.external_id not in whole
        ]
        if missing:
            raise errors.metadata_missing(missing)
        return whole

    def _of_change(
        self, cloud: str, present: Mapping[str, Value], text: str, *, clear_invalid: bool
    ) -> dict[str, Value]:
        fields = self.fields.all(cloud)
        given = self._given(cloud, fields, text)
        known = {field.external_id for field in fields}
        kept = {name: value for name, value in present.items() if name in known and name not in given}
        kept |= {name: value for name, value in given.items() if value is not None}
        found = _Settled(fields, self.rules.all(cloud), given, clear_invalid=clear_invalid)
        whole = found.values(kept, {})
        missing = [
            field.external_id
            for field in fields
            if field.external_id in given
            and field.external_id not in whole
            and found.is_mandatory(field, whole)
        ]
        if missing:
            raise errors.metadata_missing(missing)
        return whole

    def _given(self, cloud: str, fields: Iterable[MetadataField], text: str) -> dict[str, Value | None]:
        """The values that a call gives, by field; None takes one away."""
        said = pairs.read(text, "metadata")
        by_id = {field.external_id: field for field in fields}
        unknown = [name for name in said if name not in by_id]
        if unknown:
            raise errors.metadata_unknown(unknown)
        # All are read before the first is kept: unknown options may become entries of a datasource.
        typed = {name: values.read(by_id[name], value) if value else None for name, value in said.items()}
        return {
            name: None if value is None or value == [] else self.fields.accepted(cloud, by_id[name], value)
            for name, value in typed.items()
        }


class _Settled:
    """Values after all rules were gone through.

    Args:
        fields: Of the cloud.
        rules: Of the cloud.
        given: What the call says; None for what it takes away.
        clear_invalid: Take away what rules do not allow, instead of refusing it.
    """

    def __init__(
        self,
        fields: Iterable[MetadataField],
        rules: Iterable[Rule],
        given: Mapping[str, Value | None],
        *,
        clear_invalid: bool,
    ) -> None:
        self._fields = tuple(fields)
        self._given = given
        self._clear_invalid = clear_invalid
        self._rules: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.state == "active":
                self._rules.setdefault(rule.metadata_field_id, []).append(rule)

    def values(self, present: Mapping[str, Value], defaults: Mapping[str, Value]) -> dict[str, Value]:
        """What the fields have in the end."""
        found = dict(present)
        for _ in range(_PASSES_MAX):
            before = dict(found)
            for field in self._fields:
                self._settle(field, found, defaults.get(field.external_id))
            if found == before:
                break
        return found

    def is_mandatory(self, field: MetadataField, found: Mapping[str, Value]) -> bool:
        """Whether a field must have a value."""
        effect = self._effect(field, found)
        return effect.is_enabled and effect.is_mandatory

    def _effect(self, field: MetadataField, found: Mapping[str, Value]) -> Effect:
        rules = self._rules.get(field.external_id, ())
        return rules_module.effect(
            rules, found, is_disabled=field.default_disabled, is_mandatory=field.mandatory
        )

    def _settle(self, field: MetadataField, found: dict[str, Value], default: Value | None) -> None:
        effect, name = self._effect(field, found), field.external_id
        if name in found and not _is_allowed(effect, found[name]):
            if self._clear_invalid or (default is not None and name not in self._given):
                del found[name]
            elif name in self._given:
                raise errors.metadata_invalid(str(found[name]), name)
        if not effect.is_enabled:
            return
        if effect.override is not None:
            found[name] = effect.override
        elif name not in found and name not in self._given:
            chosen = effect.default if effect.default is not None else default
            if chosen is not None and _is_allowed(effect, chosen):
                found[name] = chosen
        if effect.appended and name not in self._given:
            has = found.get(name, [])
            found[name] = list(
                dict.fromkeys([*(has if isinstance(has, list) else [str(has)]), *effect.appended])
            )


def _is_allowed(effect: Effect, value: Value) -> bool:
    if not effect.is_enabled:
        return False
    chosen = value if isinstance(value, list) else [value]
    return effect.options is None or all(one in effect.options for one in chosen)
