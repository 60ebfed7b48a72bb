"""What the platforms of a stack received: videos, messages and posts, as their fakes tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.parts import PLATFORMS

if TYPE_CHECKING:
    from httpx import AsyncClient

NAMES = {"youtube": "google"}
"""Platforms whose fake has another name."""


async def posts(
    http: AsyncClient, fakes: Mapping[str, str], platform: str | None = None
) -> list[dict[str, Any]]:
    """Return the posts of one platform or of all, each with its `platform`, in the order of the fake.

    `is_duplicate` tells that an earlier post of the platform has the same idempotency key.

    Raises:
        ConfigurationRefused: There is no such platform.
        CheckFailed: A fake did not answer well.
    """
    wanted = [NAMES.get(platform, platform)] if platform else [name for name in PLATFORMS if name in fakes]
    if platform and wanted[0] not in fakes:
        known = ["youtube" if name == "google" else name for name in PLATFORMS if name in fakes]
        raise ConfigurationRefused(f"there is no platform '{platform}'", f"platforms: {', '.join(known)}")
    found = await asyncio.gather(*(_of(http, fakes[name], name) for name in wanted))
    return [post for group in found for post in group]


async def _of(http: AsyncClient, url: str, name: str) -> list[dict[str, Any]]:
    answer = await http.get(f"{url}/_fake/posts")
    if answer.status_code != 200:
        raise CheckFailed(f"fake '{name}' does not tell its posts: {answer.status_code} {answer.text}")
    label = "youtube" if name == "google" else name
    told: list[dict[str, Any]] = answer.json()["posts"]
    return [
        {"platform": label, **post, "is_duplicate": is_known}
        for post, is_known in zip(told, _repeats(told), strict=True)
    ]


def _repeats(told: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Tell for each post whether an earlier one has its idempotency key."""
    keys = [post.get("idempotency_key") for post in told]
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    return [key is not None and first[key] < place for place, key in enumerate(keys)]
