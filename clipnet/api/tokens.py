"""Bearer tokens for programs."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import delete, select

from clipnet.api.context import Ctx
from clipnet.api.identity import LoggedIn
from clipnet.api.problems import documented, not_found
from clipnet.api.wire import NewToken, TokenList, TokenMade, TokenOut
from clipnet.db.models import ApiToken
from clipnet.security import new_bearer_token

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.post(
    "",
    status_code=201,
    response_model=TokenMade,
    responses=documented("body_unreadable", "not_logged_in", "invalid_request"),
)
async def make_token(body: NewToken, context: Ctx, user: LoggedIn) -> TokenMade:
    """Make a token; it is shown in this answer and never again."""
    made = new_bearer_token(context.ids)
    row = ApiToken(
        id=context.ids.uuid(),
        user_id=user.id,
        name=body.name,
        token_sha256=made.sha256,
        created_at=context.clock.now(),
    )
    async with context.sessions.begin() as session:
        session.add(row)
    return TokenMade(id=row.id, name=row.name, token=made.token, created_at=row.created_at, expires_at=None)


@router.get("", response_model=TokenList, responses=documented("not_logged_in"))
async def list_tokens(context: Ctx, user: LoggedIn) -> TokenList:
    """List one's tokens, newest first, without their secrets."""
    wanted = (
        select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.created_at.desc(), ApiToken.id)
    )
    async with context.sessions() as session:
        return TokenList(items=[TokenOut.model_validate(row) for row in await session.scalars(wanted)])


@router.delete(
    "/{token_id}", status_code=204, responses=documented("not_logged_in", "not_found", "invalid_request")
)
async def delete_token(token_id: UUID, context: Ctx, user: LoggedIn) -> Response:
    """Make a token useless."""
    gone = delete(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user.id).returning(ApiToken.id)
    async with context.sessions.begin() as session:
        if await session.scalar(gone) is None:
            raise not_found("token")
    return Response(status_code=204)
