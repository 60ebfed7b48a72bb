"""Partial responses: the fields of an answer that the query wants (YouTube: getting started)."""

from collections.abc import Mapping
from typing import Any

Wanted = dict[str, "Wanted"]
"""Field names, each with what is wanted of it; nothing means all."""

_LIMIT_CHARS = 4000
_LIMIT_DEPTH = 20


def wanted_of(text: str) -> Wanted:
    """Read `kind,items(id,snippet/title)`; `*` stands for every field.

    Raises:
        ValueError: Not of the form; the text is the part that cannot be read.
    """
    if len(text) > _LIMIT_CHARS:
        raise ValueError(text[:40])
    wanted, end = _list(text, 0, 0)
    if end != len(text):
        raise ValueError(text[end:][:40])
    return wanted


def picked(body: Any, wanted: Wanted) -> Any:
    """What is left of a body; lists are gone through, fields that are not there are left out."""
    if not wanted:
        return body
    if isinstance(body, list):
        return [picked(one, wanted) for one in body]
    if not isinstance(body, Mapping):
        return body
    every = wanted.get("*")
    chosen = {name: wanted.get(name, every) for name in body}
    return {name: picked(body[name], want) for name, want in chosen.items() if want is not None}


def _list(text: str, at: int, depth: int) -> tuple[Wanted, int]:
    if depth > _LIMIT_DEPTH:
        raise ValueError(text[at:][:40])
    found: Wanted = {}
    while True:
        at = _path(text, at, depth, found)
        if text[at : at + 1] != ",":
            return found, at
        at += 1


def _path(text: str, at: int, depth: int, found: Wanted) -> int:
    """Read `a/b(c)` into `found`; returns the place behind it."""
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] in "*_"):
        end += 1
    if end == at:
        raise ValueError(text[at:][:40])
    below = found.setdefault(text[at:end], {})
    follows = text[end : end + 1]
    if follows == "/":
        if depth > _LIMIT_DEPTH:
            raise ValueError(text[end:][:40])
        return _path(text, end + 1, depth + 1, below)
    if follows != "(":
        return end
    inner, end = _list(text, end + 1, depth + 1)
    if text[end : end + 1] != ")":
        raise ValueError(text[at:][:40])
    below.update(inner)
    return end + 1
