"""Checks what a person wrote: seed documents, events and faults."""

from collections.abc import Iterable


def check_fields(given: Iterable[str], known: Iterable[str], kind: str = "field") -> None:
    """Refuse a field that does not exist.

    Raises:
        ValueError: The text names the first unknown field and all known ones.
    """
    names = tuple(known)
    if unknown := set(given) - set(names):
        verb = "is" if len(names) == 1 else "are"
        raise ValueError(f"unknown {kind} '{min(unknown)}'; known {verb} {', '.join(names)}")
