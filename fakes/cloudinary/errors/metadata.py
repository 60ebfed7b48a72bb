"""Structured metadata: its values, fields, datasources and rules."""

import json
from collections.abc import Sequence

from fakes.cloudinary.errors.answers import refused
from fakes.kit.errors import ProviderError


def metadata_unknown(external_ids: Sequence[str]) -> ProviderError:
    """Metadata of fields that do not exist."""
    return refused(400, f"Metadata External IDs do not exist: {json.dumps(external_ids)}")


def metadata_invalid(value: str, field: str) -> ProviderError:
    """A value that does not fit its metadata field."""
    return refused(400, f"'{value[:100]}' is not valid for field '{field}'")


def metadata_missing(external_ids: Sequence[str]) -> ProviderError:
    """Mandatory metadata that has no value."""
    return refused(400, f"Mandatory metadata is missing: {json.dumps(external_ids)}")  # guess: wording


def metadata_field_exists(external_id: str) -> ProviderError:
    """A metadata field has this id, or had it before it was deleted."""
    return refused(400, f"external id {external_id} already exists")


def metadata_field_unknown(external_id: str) -> ProviderError:
    """No metadata field has this id."""
    return refused(404, f"Metadata field {external_id} not found")  # guess: wording


def metadata_field_refused(name: str) -> ProviderError:
    """A part of a metadata field or rule cannot be used."""
    return refused(400, f"{name} is invalid")  # guess: as for default values


def metadata_default_invalid() -> ProviderError:
    """A field's default value does not fit the field."""
    return refused(400, "default_value is invalid")


def datasource_unknown(external_ids: Sequence[str]) -> ProviderError:
    """No entries of a datasource have these ids."""
    # guess: as for fields
    return refused(400, f"Datasource External IDs do not exist: {json.dumps(external_ids)}")


def metadata_rule_unknown(external_id: str) -> ProviderError:
    """No metadata rule has this id."""
    return refused(404, f"Metadata rule {external_id} not found")  # guess: wording
