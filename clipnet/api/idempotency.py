"""A request that a client repeats with the same key is done once: the first answer is given again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Header
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.api.problems import Problem
from clipnet.db.models import IdempotencyKey

KEPT_H: Final = 24
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Makes it safe to repeat the request: for 24 hours the same key with the same body gets "
        "the same answer (with `Idempotency-Replayed: true`), with another body 422.",
    ),
]


def request_sha256(body: Mapping[str, Any]) -> str:
    """Return the mark of a request's content."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


async def claim(
    session: AsyncSession, scope: str, key: str, sha256: str, now: datetime
) -> IdempotencyKey | dict[str, Any]:
    """Claim a key in this transaction; returns the claimed row, or the answer that was given before.

    A second request with the same key waits here until the first one's transaction has ended.

    Raises:
        Problem: `idempotency_key_reused`, the key was used with another body.
    """
    new = insert(IdempotencyKey).values(scope=scope, key=key, request_sha256=sha256, created_at=now)
    inserted = await session.scalar(new.on_conflict_do_nothing().returning(IdempotencyKey.key))
    row = await session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.scope == scope, IdempotencyKey.key == key)
    )
    if row is None:
        raise Problem("conflict", "What this request is about changed meanwhile. Try again.")
    if inserted is not None:
        return row
    if row.request_sha256 != sha256 or row.response is None:
        raise Problem(
            "idempotency_key_reused", "This key was used for a request with other content. Use a new key."
        )
    return row.response
