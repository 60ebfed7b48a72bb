"""Reads the lists of a seed document: what an entry may hold, and what each field must be."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from fakes.cloudinary.address import RESOURCE_TYPES


def listed(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The entries of one list, none when the document has no such list.

    Raises:
        ValueError: It is not a list of objects.
    """
    entries = document.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"'{name}' is not a list of objects")
    return entries


def refuse_unknown(where: str, entry: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse fields that mean nothing, since they are most likely misspelt.

    Raises:
        ValueError: There is one; the text lists those that are.
    """
    for name in entry:
        if name not in known:
            raise ValueError(f"{where} '{name}', which is not known; there are {', '.join(known)}")


def check_asset(entry: Mapping[str, Any], where: str) -> None:
    """Refuse an asset with a field that is unknown, missing or of the wrong kind.

    Args:
        entry: The asset.
        where: How to call it, such as `assets[0]`.

    Raises:
        ValueError: Naming the field, its value and what it must be.
    """
    refuse_unknown(f"{where} has", entry, ASSET_FIELDS)
    for name, (is_fit, kind) in ASSET_FIELDS.items():
        value = entry.get(name)
        if value is None and name not in _REQUIRED:
            continue
        if not is_fit(value):
            raise ValueError(f"{where}.{name} is {value!r}; it must be {kind}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_hash(digits: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value) is not None


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_map_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


_REQUIRED = ("public_id", "resource_type", "bytes", "sha256", "etag", "created_at")
ASSET_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "cloud": (_is_text, "text"),
    "public_id": (_is_text, "text"),
    "resource_type": (lambda value: value in RESOURCE_TYPES, f"one of {', '.join(sorted(RESOURCE_TYPES))}"),
    "type": (_is_text, "text"),
    "format": (_is_text, "text"),
    "bytes": (_is_count, "a whole number"),
    "width": (_is_count, "a whole number of pixels"),
    "height": (_is_count, "a whole number of pixels"),
    "duration": (_is_seconds, "a number of seconds"),
    "sha256": (_is_hash(64), "64 hexadecimal digits"),
    "etag": (_is_hash(32), "the MD5 in 32 hexadecimal digits"),
    "created_at": (_is_time, "a time such as 2026-11-20T06:00:00Z"),
    "asset_folder": (lambda value: isinstance(value, str), "text"),
    "display_name": (_is_text, "text"),
    "original_filename": (_is_text, "text"),
    "tags": (_are_texts, "a list of texts"),
    "context": (_is_map_of_texts, "an object of texts"),
    "metadata": (lambda value: isinstance(value, dict), "an object"),
}
"""The fields of a seeded asset: what each must be, as a question and in words."""
