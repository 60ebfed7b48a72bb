"""What the platforms of a stack received: videos, messages and posts, as their fakes tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from emulator.control import ask
from emulator.errors import ConfigurationRefused
from emulator.parts import PLATFORMS

NAMES = {"youtube": "google"}
"""Platforms whose fake has another name."""
_WITHIN_S = 10.0


def posts(fakes: Mapping[str, str], platform: str | None = None) -> list[dict[str, Any]]:
    """Return the posts of one platform or of all, each with its `platform`, in the order of the fake.

    `is_duplicate` tells that an earlier post of the platform has the same idempotency key.

    Raises:
        ConfigurationRefused: There is no such platform.
        CheckFailed: A fake did not answer.
    """
    wanted = [NAMES.get(platform, platform)] if platform else [name for name in PLATFORMS if name in fakes]
    if platform and wanted[0] not in fakes:
        known = [_label(name) for name in PLATFORMS if name in fakes]
        raise ConfigurationRefused(f"there is no platform '{platform}'", f"platforms: {', '.join(known)}")
    return [post for name in wanted for post in _of(name, fakes[name])]


def _of(name: str, url: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = ask(name, urlsplit(url).port or 80, "GET", "posts", within_s=_WITHIN_S)[
        "posts"
    ]
    return [
        {"platform": _label(name), **post, "is_duplicate": is_known}
        for post, is_known in zip(told, _repeats(told), strict=True)
    ]


def _label(name: str) -> str:
    """What a fake is called as a platform."""
    return next((label for label, fake in NAMES.items() if fake == name), name)


def _repeats(told: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Tell for each post whether an earlier one has its idempotency key."""
    keys = [post.get("idempotency_key") for post in told]
    first = {key: place for place, key in reversed(list(enumerate(keys)))}
    return [key is not None and first[key] < place for place, key in enumerate(keys)]
