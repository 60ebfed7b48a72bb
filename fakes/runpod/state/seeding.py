"""Reads what a seed document says of keys, volumes and endpoints. Nothing is written here.

Fields that RunPod has are called as there; what an entry does not say is as in the account that is always
there, or RunPod's default.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fakes.kit.documents import check_fields
from fakes.runpod.state.endpoints import MODELS
from fakes.runpod.state.keys import Access, Key
from fakes.runpod.state.records import Hosted
from fakes.runpod.state.volumes import Volume
from fakes.runpod.wire.fields import Choice, Field, Flag, Pairs, Text, Whole, attributes, faults
from fakes.runpod.wire.resources import Scaling
from fakes.runpod.wire.v1 import SCALING

_KEY_FORM = re.compile(r"rpa_staging_\w{1,100}", re.ASCII)
_ID_FORM = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_PERMISSIONS: Mapping[str, Access] = {"All": "write", "Read Only": "read", "Restricted": "none"}
_ON_ENDPOINTS: Mapping[str, Access] = {"Read/Write": "write", "Read Only": "read", "None": "none"}

_KEY = (
    Field("key", "key", Text()),
    Field("namespace", "namespace", Text()),
    Field("permission", "permission", Choice(tuple(_PERMISSIONS))),
    Field("endpoints", "endpoints", Pairs()),
    Field("disabled", "disabled", Flag()),
)
_VOLUME = (
    Field("id", "id", Text()),
    Field("namespace", "namespace", Text()),
    Field("name", "name", Text(longest=191)),
    Field("size", "size_gb", Whole(least=1)),
    Field("dataCenterId", "data_center", Text()),
)
_ENDPOINT = (
    Field("id", "id", Text()),
    Field("namespace", "namespace", Text()),
    Field("model", "model", Choice(MODELS)),
)
_SCALING = tuple(field.attribute for field in SCALING)


def volumes(entries: Any, namespace: str) -> Iterator[Volume]:
    """The volumes of a document; of `namespace` unless they say otherwise.

    Raises:
        ValueError: An entry is no volume; the text names it.
    """
    for where, given in _entries("volume", entries):
        found = _read(where, _VOLUME, given, ("id",))
        yield Volume(**({"namespace": namespace, "name": found["id"]} | found))


def endpoints(
    entries: Any, namespace: str, known: Mapping[str, Hosted], scaling: Scaling
) -> Iterator[Hosted]:
    """The endpoints of a document: known ones with changes, or new ones.

    Args:
        entries: The field of the document.
        namespace: Whose new ones are unless they say otherwise.
        known: Those that are there already, by id.
        scaling: That of new ones, as far as they say nothing of it.

    Raises:
        ValueError: An entry is no endpoint; the text names it.
    """
    for where, given in _entries("endpoint", entries):
        is_outside = "model" in given and given["model"] is None
        told = {name: value for name, value in given.items() if not (is_outside and name == "model")}
        found = _read(where, (*_ENDPOINT, *SCALING), told, ("id",))
        owner = found.setdefault("namespace", namespace)
        hosted = known.get(found["id"]) or Hosted(found["id"], owner, None, False, scaling)
        if not hosted.id.startswith(f"{owner}-"):
            raise ValueError(f"{where}: 'id' is '{hosted.id}'; it must begin with '{owner}-'")
        scaled = replace(hosted.scaling, **{name: found[name] for name in _SCALING if name in found})
        if scaled.workers_min > scaled.workers_max:
            raise ValueError(f"{where}: 'workersMin' must not be more than 'workersMax'")
        model = None if is_outside else found.get("model", hosted.model)
        yield replace(hosted, model=model, scaling=scaled)


def keys(
    entries: Any, namespace: str, production: str, known: Mapping[str, Hosted]
) -> Iterator[tuple[str, Key]]:
    """The keys of a document, each with what it may do; no key's text is ever in an error.

    Args:
        entries: The field of the document.
        namespace: Whose they are unless they say otherwise.
        production: The namespace that no key can be of.
        known: All endpoints, by id.

    Raises:
        ValueError: An entry is no key; the text tells which one.
    """
    for where, given in _entries("key", entries):
        found = _read(where, _KEY, given, ("key",))
        if not _KEY_FORM.fullmatch(found["key"]):
            raise ValueError(f"{where}: 'key' must be 'rpa_staging_' and letters, digits or _")
        if found.get("namespace") == production:
            raise ValueError(f"{where}: 'namespace' is '{production}', whose keys are not known here")
        for endpoint, permission in found.get("endpoints", {}).items():
            if endpoint not in known:
                raise ValueError(f"{where}: there is no endpoint '{endpoint}'")
            if permission not in _ON_ENDPOINTS:
                raise ValueError(
                    f"{where}: the permission on endpoint '{endpoint}' is '{permission}';"
                    f" it must be one of {', '.join(map(repr, _ON_ENDPOINTS))}"
                )
        yield (
            found["key"],
            Key(
                found.get("namespace", namespace),
                _PERMISSIONS[found.get("permission", "Restricted" if "endpoints" in found else "All")],
                {name: _ON_ENDPOINTS[value] for name, value in found.get("endpoints", {}).items()},
                found.get("disabled", False),
            ),
        )


def _entries(kind: str, entries: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each entry of a list with how it is called in an error."""
    if not isinstance(entries, list):
        raise ValueError(f"'{kind}s' is {entries!r:.100}; it must be a list")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise ValueError(f"{kind} {number} must be an object")
        yield f"{kind} {number}", entry


def _read(
    where: str, fields: Sequence[Field], given: Mapping[str, Any], required: Sequence[str]
) -> dict[str, Any]:
    """What an entry says, by attribute."""
    check_fields(given, (field.name for field in fields), f"field of {where}")
    for fault in faults(fields, given, required):
        raise ValueError(f"{where}: '{'.'.join(fault.path)}' {fault.reason}")
    for name in ("id", "namespace"):
        if name in given and not _ID_FORM.fullmatch(given[name]):
            raise ValueError(f"{where}: '{name}' must be of small letters, digits, - and _")
    return attributes(fields, given)
