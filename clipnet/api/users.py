"""Users: sign up, read and change one's profile."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.exc import IntegrityError

from clipnet.api.context import Ctx
from clipnet.api.identity import LoggedIn, start_session
from clipnet.api.problems import Problem, documented
from clipnet.api.wire import Me, ProfileChange, SignedUp, SignUp, UserOut, shown_email
from clipnet.db.models import User
from clipnet.security import hash_password

router = APIRouter(prefix="/v1", tags=["users"])


@router.post(
    "/users",
    status_code=201,
    response_model=SignedUp,
    responses=documented("body_unreadable", "email_taken", "invalid_request"),
)
async def sign_up(body: SignUp, response: Response, context: Ctx) -> SignedUp:
    """Make a user and log in."""
    user = User(
        id=context.ids.uuid(),
        email=body.email,
        name=body.name,
        password_hash=await hash_password(body.password),
        role="user",
        created_at=context.clock.now(),
    )
    try:
        async with context.sessions.begin() as session:
            session.add(user)
    except IntegrityError as error:
        raise Problem("email_taken", "Log in with this email instead, or use another one.") from error
    start_session(context, response, user)
    return SignedUp(user=user_out(user))


@router.get("/me", response_model=Me, responses=documented("not_logged_in"))
async def read_me(user: LoggedIn) -> Me:
    """Read who is logged in."""
    return Me(user=user_out(user))


@router.patch(
    "/me",
    response_model=Me,
    responses=documented("body_unreadable", "not_logged_in", "not_found", "invalid_request"),
)
async def change_me(change: ProfileChange, response: Response, context: Ctx, user: LoggedIn) -> Me:
    """Change one's name or password; a new password ends all other sessions, this one goes on."""
    password_hash = await hash_password(change.password) if change.password is not None else None
    async with context.sessions.begin() as session:
        row = await session.get(User, user.id, with_for_update=True)
        if row is None:
            raise Problem("not_found", "This user was deleted.")
        if change.name is not None:
            row.name = change.name
        if password_hash is not None:
            row.password_hash = password_hash
    if password_hash is not None:
        start_session(context, response, row)
    return Me(user=user_out(row))


def user_out(user: User) -> UserOut:
    """Return a user as the API shows one."""
    return UserOut.model_validate(
        {
            "id": user.id,
            "email": shown_email(user.email),
            "name": user.name,
            "role": user.role,
            "has_password": user.password_hash is not None,
            "created_at": user.created_at,
        }
    )
