"""The fakes' control surface in plain calls."""

from __future__ import annotations

from typing import Any

import httpx

from tests.fakes.serving import Served


def fault(fakes: Served, name: str, **rule: Any) -> None:
    """Break something."""
    httpx.put(f"{fakes.url(name)}/_fake/faults", json=rule).raise_for_status()


def mend(fakes: Served, name: str) -> None:
    """Break nothing any more."""
    httpx.delete(f"{fakes.url(name)}/_fake/faults").raise_for_status()


def reset(fakes: Served, name: str) -> None:
    """Forget everything."""
    httpx.post(f"{fakes.url(name)}/_fake/reset").raise_for_status()


def requests(fakes: Served, name: str, part: str = "") -> list[dict[str, Any]]:
    """Journal entries whose path holds a part."""
    rows: list[dict[str, Any]] = httpx.get(f"{fakes.url(name)}/_fake/requests").json()["requests"]
    return [row for row in rows if part in row["path"]]


def posts(fakes: Served, name: str) -> list[dict[str, Any]]:
    """What was posted at a platform through its API."""
    found: list[dict[str, Any]] = httpx.get(f"{fakes.url(name)}/_fake/posts").json()["posts"]
    return found


def got(url: str) -> httpx.Response:
    """What is at an address."""
    return httpx.get(url).raise_for_status()
