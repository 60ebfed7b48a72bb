"""Fills in references between variables: `${{NAME}}`, `${{Service.NAME}}` and `${{shared.NAME}}`."""

import re
from collections.abc import Callable

_REFERENCE = re.compile(r"\$\{\{\s*(?:([^{}.]+?)\.)?([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
SHARED = "shared"

Lookup = Callable[[str | None, str], tuple[str | None, str] | None]
"""Finds a variable by what stands before the dot (None for the own service) and its name.

It gives whose text it is and the text, None where there is no such variable.
"""


def references(text: str) -> list[str]:
    """The references in a text, as they are written between the braces."""
    return [f"{owner}.{name}" if owner else name for owner, name in _REFERENCE.findall(text)]


def rendered(text: str, owner: str | None, find: Lookup) -> str:
    """A text with its references filled in; what is not there, or refers to itself, becomes nothing.

    Args:
        text: A variable's value.
        owner: Whose it is: the name of a service, or `shared`.
        find: Looks a variable up.
    """
    return _rendered(text, owner, find, ())


def _rendered(text: str, owner: str | None, find: Lookup, under: tuple[tuple[str | None, str], ...]) -> str:
    def fill(match: re.Match[str]) -> str:
        place = (match[1] or owner, match[2])
        found = None if place in under else find(*place)
        return _rendered(found[1], found[0], find, (*under, place)) if found else ""

    return _REFERENCE.sub(fill, text)
