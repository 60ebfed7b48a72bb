"""The routes of a built output's `config.json`: which headers, file or status a path gets. Pure.

Taken are `src` with `headers`, `continue`, `dest` and `status`, around `handle: filesystem`, in their order;
what other phases, `has`, `missing` and functions would do is left aside.
Source: vercel.com/docs/build-output-api/configuration, "Routes".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_LONGEST_CHAIN = 100


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a path leads: to the file of `path`, unless there is a `status` of its own."""

    path: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def routed(rules: Sequence[Any], path: str, is_file: Callable[[str], bool]) -> Routed:
    """Return where a path leads; a rule that cannot be read is as if it were not there."""
    headers: dict[str, str] = {}
    for rule in rules[:_LONGEST_CHAIN]:
        if not isinstance(rule, dict):
            continue
        if "handle" in rule:
            if rule["handle"] != "filesystem":
                break
            if is_file(path):
                return Routed(path, headers=headers)
            continue
        match = _matched(rule.get("src"), path)
        if match is None:
            continue
        headers |= _headers(rule.get("headers"), match)
        if isinstance(rule.get("dest"), str):
            path = _filled(rule["dest"], match)
        if rule.get("continue") is True:
            continue
        status = rule.get("status")
        return Routed(path, status if isinstance(status, int) else None, headers)
    return Routed(path, headers=headers)


def _matched(source: Any, path: str) -> re.Match[str] | None:
    try:
        return re.fullmatch(source, path) if isinstance(source, str) else None
    except re.error:  # of PCRE, which has more than Python's
        return None


def _headers(found: Any, match: re.Match[str]) -> dict[str, str]:
    if not isinstance(found, dict):
        return {}
    return {str(name).lower(): _filled(str(value), match) for name, value in found.items()}


def _filled(text: str, match: re.Match[str]) -> str:
    """Return a text in which $1 and $name are what the path's parts are."""

    def part(found: re.Match[str]) -> str:
        name = found.group(1)
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except IndexError:
            return ""

    return re.sub(r"\$(\d+|[A-Za-z_]\w*)", part, text)
