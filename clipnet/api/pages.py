"""Keyset pagination: a page starts after the last row that the reader saw; none is shown twice or missed."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from clipnet.api.problems import Problem


def cursor_after(created_at: datetime, row_id: UUID) -> str:
    """Return the opaque text that asks for what comes after this row."""
    return base64.urlsafe_b64encode(f"{created_at.isoformat()}|{row_id.hex}".encode()).rstrip(b"=").decode()


def parse_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Return the row that a page starts after.

    Raises:
        Problem: `cursor_invalid`.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        created_at, _, row_id = raw.decode().partition("|")
        moment = datetime.fromisoformat(created_at)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment.astimezone(UTC), UUID(row_id)
    except (binascii.Error, ValueError, OverflowError) as error:
        raise Problem("cursor_invalid", "Start again from the first page, without a cursor.") from error
