"""Settings of clouds in seed documents: each entry says what a call of the Admin API would."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from fakes.cloudinary.state import entries
from fakes.cloudinary.state.accounts import STAGING, Accounts
from fakes.cloudinary.state.mappings import Mappings
from fakes.cloudinary.state.metadata import Entry, Metadata
from fakes.cloudinary.state.metadata.records import TYPES
from fakes.cloudinary.state.presets import Presets
from fakes.cloudinary.state.profiles import Profiles
from fakes.cloudinary.state.transformations import Transformations
from fakes.cloudinary.state.triggers import Triggers
from fakes.kit.errors import ProviderError

_FIELD_FLAGS = ("mandatory", "default_disabled", "allow_dynamic_list_values", "alphabetically_sorted")
_FIELD_OBJECTS = ("validation", "restrictions")


class Settings(Protocol):
    """What settings are kept in."""

    accounts: Accounts
    presets: Presets
    transformations: Transformations
    profiles: Profiles
    mappings: Mappings
    triggers: Triggers
    metadata: Metadata


def load(settings: Settings, kind: str, entry: Mapping[str, Any]) -> None:
    """Add one entry of a list of a seed document.

    Args:
        settings: Where to.
        kind: One of `KINDS`.
        entry: The parameters, and `cloud` when it is not staging's.

    Raises:
        ValueError: A field is unknown, missing or of the wrong kind, there is no such cloud, or
            Cloudinary would refuse it.
    """
    entries.refuse_unknown(f"{kind}[] has", entry, ("cloud", *_FIELDS[kind]))
    cloud = _text(kind, entry, "cloud", STAGING.cloud)
    if settings.accounts.of_cloud(cloud) is None:
        raise ValueError(f"{kind}[].cloud is '{cloud}', which no account names")
    try:
        KINDS[kind](settings, cloud, entry)
    except ProviderError as error:
        raise ValueError(f"{kind}: {error.message}") from error


def _preset(settings: Settings, cloud: str, entry: Mapping[str, Any]) -> None:
    said = _object("upload_presets", entry, "settings")
    texts = {name: _text("upload_presets[].settings", said, name) for name in said}
    unsigned = "1" if entry.get("unsigned") is True else "0"
    name = _text("upload_presets", entry, "name")
    settings.presets.create(cloud, {**texts, "name": name, "unsigned": unsigned})


def _transformation(settings: Settings, cloud: str, entry: Mapping[str, Any]) -> None:
    name, text = (_text("transformations", entry, key) for key in ("name", "transformation"))
    settings.transformations.create(cloud, name, text)


def _profile(settings: Settings, cloud: str, entry: Mapping[str, Any]) -> None:
    listed = entry.get("representations")
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ValueError(f"streaming_profiles[].representations is {listed!r}; it must be a list of texts")
    name, shown = _text("streaming_profiles", entry, "name"), entry.get("display_name")
    settings.profiles.create(cloud, name, None if shown is None else str(shown), listed)


def _mapping(settings: Settings, cloud: str, entry: Mapping[str, Any]) -> None:
    folder, template = (_text("upload_mappings", entry, key) for key in ("folder", "template"))
    settings.mappings.create(cloud, folder, template)


def _trigger(settings: Settings, cloud: str, entry: Mapping[str, Any]) -> None:
    uri, event_type = (_text("triggers", entry, key) for key in ("uri", "event_type"))
    settings.triggers.create(cloud, uri, event_type, _text("triggers", entry, "uri_type", "webhook"))


def _field(settings: Settings, cloud: str, entry: Mapping[str, Any]) -> None:
    kind = "metadata_fields"
    said: dict[str, Any] = {name: _text(kind, entry, name) for name in ("external_id", "type", "label")}
    if said["type"] not in TYPES:
        raise ValueError(f"{kind}[].type is {said['type']!r}; it must be one of {TYPES}")
    for name in _FIELD_FLAGS:
        if not isinstance(entry.get(name, False), bool):
            raise ValueError(f"{kind}[].{name} is {entry[name]!r}; it must be true or false")
    said |= {name: _object(kind, entry, name) for name in _FIELD_OBJECTS if name in entry}
    said |= {name: entry[name] for name in (*_FIELD_FLAGS, "default_value") if name in entry}
    listed = _object(kind, entry, "datasource").get("values", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ValueError(f"{kind}[].datasource.values is {listed!r}; it must be a list of objects")
    options = [Entry(one.get("external_id"), _text("datasource.values", one, "value")) for one in listed]
    settings.metadata.fields.create(cloud, said, options)


KINDS: Mapping[str, Callable[[Settings, str, Mapping[str, Any]], None]] = {
    "upload_presets": _preset,
    "transformations": _transformation,
    "streaming_profiles": _profile,
    "upload_mappings": _mapping,
    "triggers": _trigger,
    "metadata_fields": _field,
}
"""The lists of a seed document that hold settings."""

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "upload_presets": ("name", "unsigned", "settings"),
    "transformations": ("name", "transformation"),
    "streaming_profiles": ("name", "display_name", "representations"),
    "upload_mappings": ("folder", "template"),
    "triggers": ("uri", "event_type", "uri_type"),
    "metadata_fields": (
        *("external_id", "label", "type", "default_value", "datasource"),
        *_FIELD_FLAGS,
        *_FIELD_OBJECTS,
    ),
}
"""What their entries hold, beside `cloud`."""


def _text(kind: str, entry: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = entry.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{kind}[].{name} is {value!r}; it must be text")
    return value


def _object(kind: str, entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = entry.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{kind}[].{name} is {value!r}; it must be an object")
    return value
