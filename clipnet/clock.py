"""Time and identity as arguments: what tells the time and what makes ids.

Nothing else in `clipnet` asks the machine for either, so that a test can hand in its own.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, with a time zone."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment it was set to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Go on by so many seconds."""
        self._now += timedelta(seconds=seconds)


class Ids(Protocol):
    """Makes identifiers and secrets."""

    def uuid(self) -> uuid.UUID:
        """Return a new row id."""
        ...

    def token(self, size_bytes: int) -> str:
        """Return url-safe text made of so many random bytes."""
        ...


class RandomIds:
    """Ids nobody can guess; the first characters of one are enough to tell clips apart."""

    def uuid(self) -> uuid.UUID:
        """Return a random UUID (version 4)."""
        return uuid.uuid4()

    def token(self, size_bytes: int) -> str:
        """Return url-safe text made of so many random bytes."""
        return secrets.token_urlsafe(size_bytes)
