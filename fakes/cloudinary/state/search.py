"""A part of the search grammar: terms joined by AND over a handful of fields.

Source: cloudinary.com/documentation/search_api (expressions). OR, NOT, parentheses and ranges are not
covered.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary import errors

_TERM = re.compile(r'\s*(?P<field>[a-z_]+)\s*(?P<operator>[:=])\s*(?P<value>"[^"]*"|[^\s"()\[\]{}]+)\s*')
_JOIN = re.compile(r"\s*(AND\s+)?")
_GAP = re.compile(r"\s*(?:\(|-|NOT\b|OR\b|[a-z_.]+\s*[:=]?\s*[\[({<>])")
SORTABLE = {
    "created_at": "created_at",
    "uploaded_at": "created_at",
    "public_id": "public_id",
    "bytes": "bytes",
    "width": "width",
    "height": "height",
    "duration": "duration",
    "display_name": "display_name",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL over `assets`, and its parameters."""

    sql: str
    params: tuple[Any, ...]


def _nothing(_value: str) -> Condition:
    return Condition("0", ())


def _plain(column: str) -> Callable[[str], Condition]:
    return lambda value: Condition(f"{column} = ?", (value,))


def _prefixed(column: str) -> Callable[[str], Condition]:
    def build(value: str) -> Condition:
        if not value.endswith("*"):
            return Condition(f"{column} = ?", (value,))
        start = value[:-1]
        return Condition(f"({column} >= ? AND {column} < ?)", (start, start + "\U0010ffff"))

    return build


def _tagged(value: str) -> Condition:
    tag = _prefixed("tag")(value)
    return Condition(
        f"EXISTS (SELECT 1 FROM asset_tags WHERE asset_tags.asset_id = assets.asset_id AND {tag.sql})",  # noqa: S608 - constant text
        tag.params,
    )


_FIELDS: Mapping[str, Callable[[str], Condition]] = {
    "resource_type": _plain("resource_type"),
    "type": _plain("type"),
    "format": _plain("format"),
    "asset_id": _plain("asset_id"),
    "etag": _plain("etag"),
    "public_id": _prefixed("public_id"),
    "asset_folder": _prefixed("asset_folder"),
    "display_name": _prefixed("display_name"),
    "tags": _tagged,
    # In dynamic folder mode `folder` matches nothing.
    "folder": _nothing,
}


def parse(expression: str) -> Condition:
    """Read an expression; an empty one matches everything, an unknown field nothing.

    Raises:
        ProviderError: It cannot be read (400), or is grammar that is not covered (501).
    """
    found: list[Condition] = []
    position = 0
    text = expression.strip()
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            if _GAP.match(text, position):
                raise errors.not_emulated(f"the search expression '{text[:200]}'")
            raise errors.query_error(position)
        value = match["value"].strip('"')
        if value.startswith("*") or (":" in value and not match["value"].startswith('"')):
            raise errors.query_error(match.start("value"))
        found.append(_FIELDS.get(match["field"], _nothing)(value))
        position = match.end()
        join = _JOIN.match(text, position)
        position = join.end() if join else position
    return _joined(found)


def _joined(conditions: Sequence[Condition]) -> Condition:
    sql = " AND ".join(one.sql for one in conditions) or "1"
    return Condition(sql, tuple(param for one in conditions for param in one.params))
