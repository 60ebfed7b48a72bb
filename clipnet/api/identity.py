"""Who is asking: a session cookie of the web, or a bearer token of a program."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy import select, update
from starlette.responses import Response

from clipnet.api.context import Context, Ctx
from clipnet.api.problems import Problem
from clipnet.db.models import ApiToken, User
from clipnet.security import fingerprint, token_sha256

COOKIE: Final = "clipnet_session"
SESSION: Final = timedelta(days=14)
_USED_AGAIN: Final = timedelta(minutes=1)


async def logged_in(request: Request, context: Ctx) -> User:
    """Return who is asking.

    Raises:
        Problem: `not_logged_in`.
    """
    user = await find_user(request, context)
    if user is None:
        raise Problem("not_logged_in", "Log in, or send a valid token as `Authorization: Bearer clp_...`.")
    return user


LoggedIn = Annotated[User, Depends(logged_in)]
"""A route with a parameter of this type is only for those who are logged in."""


async def find_user(request: Request, context: Context) -> User | None:
    """Return who is asking, or None; a bearer token that is wrong is not made good by a cookie."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return await _of_token(context, token.strip()) if scheme.lower() == "bearer" else None
    return await _of_session(context, request.cookies.get(COOKIE))


def start_session(context: Context, response: Response, user: User) -> None:
    """Log this user in: the answer sets a signed cookie, good for 14 days or until the password changes."""
    value = {"user": str(user.id), "mark": fingerprint(user.password_hash)}
    response.set_cookie(
        COOKIE,
        context.session_signer.sign(value, context.clock.now() + SESSION),
        max_age=int(SESSION.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=context.settings.api_url.startswith("https:"),
    )


def end_session(response: Response) -> None:
    """Take the cookie away."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")


async def _of_session(context: Context, cookie: str | None) -> User | None:
    value = context.session_signer.unsign(cookie, context.clock.now())
    if value is None:
        return None
    async with context.sessions() as session:
        user = await session.get(User, uuid.UUID(value["user"]))
    return user if user is not None and fingerprint(user.password_hash) == value["mark"] else None


async def _of_token(context: Context, token: str) -> User | None:
    now = context.clock.now()
    wanted = (
        select(User, ApiToken)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(ApiToken.token_sha256 == token_sha256(token))
    )
    async with context.sessions() as session:
        found = (await session.execute(wanted)).one_or_none()
        if found is None:
            return None
        user, row = found
        if row.expires_at is not None and row.expires_at <= now:
            return None
        if row.last_used_at is None or row.last_used_at < now - _USED_AGAIN:
            await session.execute(update(ApiToken).where(ApiToken.id == row.id).values(last_used_at=now))
            await session.commit()
    return user
