"""Log in and out with a password."""

from __future__ import annotations

import hashlib
from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from clipnet.api.context import Context, Ctx
from clipnet.api.identity import end_session, start_session
from clipnet.api.problems import Problem, documented
from clipnet.api.users import user_out
from clipnet.api.wire import LogIn, Me
from clipnet.db.models import User
from clipnet.security import verify_password

router = APIRouter(prefix="/v1/session", tags=["sessions"])

TRIES: Final = 10
WINDOW_S: Final = 300
"""So many wrong passwords are allowed within so many seconds, for each email and address together."""


@router.post(
    "",
    response_model=Me,
    responses=documented("body_unreadable", "credentials_wrong", "invalid_request", "rate_limited"),
)
async def log_in(body: LogIn, request: Request, response: Response, context: Ctx) -> Me:
    """Log in; the answer sets the session's cookie."""
    address = request.client.host if request.client else ""
    key = _tries_key(body.email, address)
    await _count_try(context, key)
    async with context.sessions() as session:
        user = (await session.scalars(select(User).where(User.email == body.email))).one_or_none()
    if not await verify_password(user.password_hash if user else None, body.password) or user is None:
        raise Problem("credentials_wrong", "Check both and try again.")
    await context.redis.delete(key)
    start_session(context, response, user)
    return Me(user=user_out(user))


@router.delete("", status_code=204)
async def log_out() -> Response:
    """Log out; without a session nothing happens."""
    response = Response(status_code=204)
    end_session(response)
    return response


async def _count_try(context: Context, key: str) -> None:
    """Count a try before it is made, so that tries at the same time are counted too.

    Raises:
        Problem: `rate_limited`.
    """
    async with context.redis.pipeline(transaction=True) as pipe:
        pipe.set(key, 0, ex=WINDOW_S, nx=True)
        pipe.incr(key)
        pipe.ttl(key)
        _, tries, left_s = await pipe.execute()
    if tries > TRIES:
        wait_s = max(int(left_s), 1)
        words = f"Too many wrong passwords for this email. Try again in {wait_s} seconds."
        raise Problem("rate_limited", words, headers={"Retry-After": str(wait_s)}, retry_after_s=wait_s)


def _tries_key(email: str, address: str) -> str:
    return "clipnet:login:" + hashlib.sha256(f"{email}|{address}".encode()).hexdigest()
