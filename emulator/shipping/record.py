"""What is known of deployments at a platform, whichever it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from emulator.errors import ConfigurationRefused

Say = Callable[[str], None]
"""Told of progress, a line at a time."""

SHORT: Final = 7
"""So many digits of a commit tell it from others, for people."""

_SHA = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Shipped:
    """One service that was brought to a commit; `took_s` in seconds."""

    service: str
    commit: str
    deployment: str
    took_s: float

    def public(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Former:
    """A deployment of a service that went well once.

    Attributes:
        id: The platform's.
        commit: Full number of the commit, or empty where the platform knows none.
        serves: Whether it is the one that serves now.
    """

    id: str
    commit: str
    serves: bool


def checked(commit: str | None) -> str:
    """Return a commit's full number.

    Raises:
        ConfigurationRefused: It is none.
    """
    if commit is None or not _SHA.fullmatch(commit):
        raise ConfigurationRefused(
            f"'{commit or ''}' is no commit", "name all 40 digits, by --commit or GITHUB_SHA"
        )
    return commit


def relayed(text: str, secrets: Iterable[str]) -> str:
    """Return a line of somebody else's output as it may be shown.

    Secrets are left out, and nothing in it is a command to GitHub's runner: those begin a line, or stand
    behind `##[` (docs.github.com/actions/reference/workflow-commands-for-github-actions).
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    return "| " + text.rstrip().replace("##[", "## [")
