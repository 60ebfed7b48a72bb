"""Checks what a person wrote: seed documents, events and faults."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def check_fields(given: Iterable[str], known: Iterable[str], kind: str = "field") -> None:
    """Refuse a field that does not exist.

    Raises:
        ValueError: The text names the first unknown field and all known ones.
    """
    names = tuple(known)
    if unknown := set(given) - set(names):
        verb = "is" if len(names) == 1 else "are"
        raise ValueError(f"unknown {kind} '{min(unknown)}'; known {verb} {', '.join(names)}")


SeedRow = tuple[str, Mapping[str, Any]]
"""An object of a list, with the words for where it stands, such as `videos[2]`."""


def rows(document: Mapping[str, Any], name: str, prefix: str = "") -> Iterator[SeedRow]:
    """The objects of a list in a document; none where the list is not there.

    Raises:
        ValueError: It is no list, or something else is in it.
    """
    found = document.get(name) or ()
    if not isinstance(found, list | tuple):
        raise ValueError(f"{prefix}{name} must be a list")
    for number, row in enumerate(found):
        if not isinstance(row, dict):
            raise ValueError(f"{prefix}{name}[{number}] must be an object")
        yield f"{prefix}{name}[{number}]", row


def texts(document: Mapping[str, Any], name: str) -> dict[str, str]:
    """An object of texts in a document; empty where it is not there.

    Raises:
        ValueError: It is something else.
    """
    found = document.get(name) or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError(f"{name} must be an object of texts")
    return found


def age_s(where: str, row: Mapping[str, Any], default: float = 3600.0) -> float:
    """How old what a row describes is, its `age_s`, in seconds.

    Raises:
        ValueError: Not a number of seconds.
    """
    age = row.get("age_s", default)
    if isinstance(age, bool) or not isinstance(age, int | float):
        raise ValueError(f"{where}.age_s is {age!r}; it must be a number of seconds")
    return float(age)
