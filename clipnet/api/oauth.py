"""Log in with, link and unlink accounts at providers. What is said to a provider is in clipnet/oauth.py."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet.api.context import Context, Ctx
from clipnet.api.identity import LoggedIn, find_user, start_session
from clipnet.api.problems import Problem, documented, not_found
from clipnet.api.wire import PLACEHOLDER_DOMAIN, AccountList, AccountOut, ProviderName
from clipnet.db.models import OAuthAccount, User
from clipnet.oauth import ClientRefused, OAuthError, ProviderUnavailable, Tokens, denial
from clipnet.providers import Provider, ProviderUser, authorize_url
from clipnet.settings import Site

log = logging.getLogger("clipnet")
router = APIRouter(prefix="/v1/oauth", tags=["oauth"])

_UNDER_WAY: Final = timedelta(minutes=10)
_LOGIN_PAGE: Final = "/#/login"
_ACCOUNT_PAGE: Final = "/#/account"


class _Refused(Exception):
    """The flow ended without a log-in; the text is shown to the user."""


class _LoggedOut(_Refused):
    """Nobody is logged in any more to whom the account would be linked."""


@dataclass(frozen=True, slots=True)
class _Flow:
    """What the browser keeps in a signed cookie between start and callback; `user` links, None logs in."""

    state: str
    verifier: str
    next: str
    user: UUID | None

    def is_answered_by(self, query: Mapping[str, str]) -> bool:
        """Tell whether a browser that comes back brings this flow's state."""
        return hmac.compare_digest(query.get("state", "").encode(), self.state.encode())


@router.get("/accounts", response_model=AccountList, responses=documented("not_logged_in"))
async def list_accounts(context: Ctx, user: LoggedIn) -> AccountList:
    """List one's linked accounts."""
    wanted = select(OAuthAccount).where(OAuthAccount.user_id == user.id).order_by(OAuthAccount.provider)
    async with context.sessions() as session:
        return AccountList(items=[AccountOut.model_validate(row) for row in await session.scalars(wanted)])


@router.get(
    "/{provider}/start",
    status_code=302,
    response_class=RedirectResponse,
    responses=documented("invalid_request"),
)
async def start(
    provider: ProviderName,
    request: Request,
    context: Ctx,
    link: Literal["0", "1"] = "0",
    next: Annotated[str, Query(max_length=500, description="Where on the web page to go afterwards.")] = "/",
) -> Response:
    """Send the browser to the provider's consent page: to log in, or with `link=1` to link an account."""
    site = context.settings.site(request.headers.get("host"))
    user = await find_user(request, context) if link == "1" else None
    if link == "1" and user is None:
        return _back_with_error(site, _LOGIN_PAGE, "Log in first, then link the account.")
    linked_to = user.id if user else None
    flow = _Flow(context.ids.token(24), context.ids.token(48), _safe_next(next), linked_to)
    row = context.oauth().providers[provider]
    url = authorize_url(
        row, redirect_uri=_redirect_uri(site, provider), state=flow.state, verifier=flow.verifier
    )
    answer = RedirectResponse(url, 302)
    _keep(context, answer, provider, flow)
    return answer


@router.get(
    "/{provider}/callback",
    status_code=302,
    response_class=RedirectResponse,
    responses=documented("invalid_request"),
)
async def callback(provider: ProviderName, request: Request, context: Ctx) -> Response:
    """Take the browser back from the provider; every error is shown in words by the web page."""
    row = context.oauth().providers[provider]
    site = context.settings.site(request.headers.get("host"))
    flow = _kept(context, request, provider)
    try:
        if flow is None or not flow.is_answered_by(request.query_params):
            raise _Refused("This log-in was not started here, or it took too long. Try again.")
        await _check_session(context, request, flow)
        user = await _finish(context, row, flow, request)
        answer: Response = RedirectResponse(site.web_url + flow.next, 302)
        start_session(context, answer, user)
    except (_Refused, OAuthError) as error:
        log.info("log-in refused", extra={"provider": provider, "reason": str(error)})
        is_linking = flow is not None and flow.user is not None and not isinstance(error, _LoggedOut)
        page = _ACCOUNT_PAGE if is_linking else _LOGIN_PAGE
        answer = _back_with_error(site, page, str(error))
    answer.delete_cookie(_cookie_name(provider), path=_cookie_path(provider))
    return answer


@router.delete(
    "/{provider}",
    status_code=204,
    responses=documented(
        "not_logged_in", "not_found", "last_way_in", "invalid_request", "provider_unavailable"
    ),
)
async def unlink(provider: ProviderName, context: Ctx, user: LoggedIn) -> Response:
    """Unlink an account: the consent is given back at the provider, the tokens are deleted."""
    async with context.sessions() as session:
        accounts = await _unlinkable(session, user, provider)
        await session.commit()
        for account in accounts:
            await _revoke(session, context, account)
    async with context.sessions.begin() as session:
        for account in await _unlinkable(session, user, provider):
            await session.delete(account)
    return Response(status_code=204)


async def _check_session(context: Context, request: Request, flow: _Flow) -> None:
    """Refuse to link to a user who is no longer logged in: whoever is at the browser now need not be them.

    Raises:
        _LoggedOut: Nobody is logged in, or somebody else.
    """
    if flow.user is None:
        return
    user = await find_user(request, context)
    if user is None or user.id != flow.user:
        raise _LoggedOut("You are no longer logged in. Log in first, then link the account.")


async def _unlinkable(session: AsyncSession, user: User, provider: str) -> Sequence[OAuthAccount]:
    """Return the accounts to unlink; the user's row is locked, so that none of two ways in goes at once.

    Raises:
        Problem: There is none (`not_found`), or it is the only way in (`last_way_in`).
    """
    await session.execute(select(User.id).where(User.id == user.id).with_for_update())
    wanted = select(OAuthAccount).where(OAuthAccount.user_id == user.id, OAuthAccount.provider == provider)
    accounts = (await session.scalars(wanted)).all()
    if not accounts:
        raise not_found("linked account")
    if user.password_hash is None and await _count_accounts(session, user) == len(accounts):
        words = "You have no password, so you could not log in again. Set a password first."
        raise Problem("last_way_in", words)
    return accounts


async def _finish(context: Context, provider: Provider, flow: _Flow, request: Request) -> User:
    """Trade the code, find out who it is, and return the user who is logged in from now on."""
    code = request.query_params.get("code")
    if not code:
        raise denial(provider, request.query_params)
    oauth = context.oauth()
    site = context.settings.site(request.headers.get("host"))
    tokens = await oauth.exchange(
        provider, code=code, redirect_uri=_redirect_uri(site, provider.name), verifier=flow.verifier
    )
    person = await oauth.user(provider, tokens.access)
    async with context.sessions.begin() as session:
        known = select(OAuthAccount).where(
            OAuthAccount.provider == provider.name, OAuthAccount.provider_user_id == person.id
        )
        account = (await session.scalars(known.with_for_update())).one_or_none()
        user = await _user_for(session, context, provider, flow, account, person)
        _save(session, context, provider, account, user, person, tokens)
        return user


async def _user_for(
    session: AsyncSession,
    context: Context,
    provider: Provider,
    flow: _Flow,
    account: OAuthAccount | None,
    person: ProviderUser,
) -> User:
    """Return whose account this is, or who it will be linked to, or a new user.

    An email that the provider tells is not enough to become an existing user: whoever signed up with it first
    need not own it. Such a user logs in first, then links.
    """
    if flow.user is not None:
        if account is not None and account.user_id != flow.user:
            raise _Refused(f"This {provider.title} account is linked to another user.")
        user = await session.get(User, flow.user)
        if user is None:
            raise _Refused("Your user was deleted meanwhile.")
        return user
    if account is not None:
        owner = await session.get(User, account.user_id)
        if owner is None:
            raise _Refused("Your user was deleted meanwhile.")
        return owner
    return await _new_user(session, context, provider, person)


async def _new_user(
    session: AsyncSession, context: Context, provider: Provider, person: ProviderUser
) -> User:
    email = (person.email or _placeholder(provider, person)).lower()
    if await session.scalar(select(User.id).where(User.email == email)) is not None:
        raise _Refused(f"There is a user with the email {email}. Log in with it, then link {provider.title}.")
    user = User(
        id=context.ids.uuid(),
        email=email,
        name=person.display_name[:100],
        password_hash=None,
        role="user",
        created_at=context.clock.now(),
    )
    session.add(user)
    await session.flush()
    return user


def _save(
    session: AsyncSession,
    context: Context,
    provider: Provider,
    account: OAuthAccount | None,
    user: User,
    person: ProviderUser,
    tokens: Tokens,
) -> None:
    if account is None:
        account = OAuthAccount(
            id=context.ids.uuid(),
            user_id=user.id,
            provider=provider.name,
            provider_user_id=person.id,
            scopes=list(provider.scopes),
            created_at=context.clock.now(),
        )
        session.add(account)
    account.login, account.display_name = person.login, person.display_name
    context.oauth().store(account, tokens)


async def _revoke(session: AsyncSession, context: Context, account: OAuthAccount) -> None:
    try:
        await context.oauth().revoke(session, account)
    except (ProviderUnavailable, ClientRefused) as error:
        raise Problem("provider_unavailable", f"{error} The account is still linked; try again.") from error


async def _count_accounts(session: AsyncSession, user: User) -> int:
    counted = select(func.count()).select_from(OAuthAccount).where(OAuthAccount.user_id == user.id)
    return int(await session.scalar(counted) or 0)


def _back_with_error(site: Site, page: str, words: str) -> Response:
    return RedirectResponse(f"{site.web_url}{page}?error={quote(words)}", 302)


def _placeholder(provider: Provider, person: ProviderUser) -> str:
    mark = hashlib.sha256(person.id.encode()).hexdigest()[:16]
    return f"{provider.name}-{mark}@{PLACEHOLDER_DOMAIN}"


def _redirect_uri(site: Site, provider: str) -> str:
    return f"{site.api_url}/v1/oauth/{provider}/callback"


def _safe_next(path: str) -> str:
    """Return a path on the web page; anything that could lead elsewhere becomes its start."""
    is_path = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if is_path and path.isprintable() and " " not in path else "/"


def _cookie_name(provider: str) -> str:
    return f"clipnet_oauth_{provider}"


def _cookie_path(provider: str) -> str:
    return f"/v1/oauth/{provider}"


def _keep(context: Context, answer: Response, provider: str, flow: _Flow) -> None:
    value: dict[str, Any] = {"state": flow.state, "verifier": flow.verifier, "next": flow.next}
    value["user"] = str(flow.user) if flow.user else None
    answer.set_cookie(
        _cookie_name(provider),
        context.oauth_signer.sign({**value, "provider": provider}, context.clock.now() + _UNDER_WAY),
        max_age=int(_UNDER_WAY.total_seconds()),
        path=_cookie_path(provider),
        httponly=True,
        samesite="lax",
        secure=context.settings.api_url.startswith("https:"),
    )


def _kept(context: Context, request: Request, provider: str) -> _Flow | None:
    value = context.oauth_signer.unsign(request.cookies.get(_cookie_name(provider)), context.clock.now())
    if value is None or value["provider"] != provider:
        return None
    user = UUID(value["user"]) if value["user"] else None
    return _Flow(value["state"], value["verifier"], value["next"], user)
