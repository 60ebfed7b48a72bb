"""OAuth and whoever is logged in."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.discord import errors, wire
from fakes.discord.guard import Guard
from fakes.discord.routes.handler import Handler
from fakes.discord.state import State
from fakes.discord.state.guild import APPLICATION_ID, CHANNEL_ID, User
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.oauth import Grant, bearer_text, token_request


def handlers(kit: Kit, state: State, guard: Guard) -> tuple[Handler, ...]:
    """Token, revoke, and what a token says of its owner."""
    engine = state.oauth

    def owner(grant: Grant) -> User:
        user = state.guild.user(grant.user_id)
        if user is None:
            raise errors.unauthorized()
        return user

    def what_was_let_in(grant: Grant) -> dict[str, Any]:
        """The guild that a bot now is in, and the webhook that a person gave away."""
        found: dict[str, Any] = {}
        if "bot" in grant.scopes:
            found["guild"] = wire.guild_body(owner(grant))
        if "webhook.incoming" in grant.scopes:
            webhook = state.webhooks.create(CHANNEL_ID, "ClipNET")
            found["webhook"] = {
                **wire.webhook_body(webhook, kit.url_at(wire.HOST)),
                "application_id": APPLICATION_ID,
            }
        return found

    async def token(request: Request) -> Response:
        issued = engine.token(await token_request(request, engine.profile))
        let_in = {} if issued.is_refresh else what_was_let_in(issued.grant)
        return JSONResponse({**wire.token_body(issued), **let_in})

    async def revoke(request: Request) -> Response:
        asked = await token_request(request, engine.profile)
        client = engine.clients.of(asked, "revoke")
        try:
            engine.revoke(asked.params.get("token"), client)
        except ProviderError as error:
            if error.code != "invalid_token":  # a token that is dead already is none to complain about
                raise
        return JSONResponse({})

    async def authorization(request: Request) -> Response:
        grant = guard.person(request)
        return JSONResponse(wire.authorization_body(grant, owner(grant)))

    async def me(request: Request) -> Response:
        if bearer_text(request) is None:
            guard.bot(request)
            return JSONResponse(wire.me_body(state.guild.bot, shows_email=False))
        grant = guard.person(request, "identify")
        return JSONResponse(wire.me_body(owner(grant), shows_email="email" in grant.scopes))

    async def guilds(request: Request) -> Response:
        if bearer_text(request) is None:
            guard.bot(request)
            return JSONResponse([wire.guild_body(state.guild.bot)])
        return JSONResponse([wire.guild_body(owner(guard.person(request, "guilds")))])

    return (
        Handler("POST", "/oauth2/token", token),
        Handler("POST", "/oauth2/token/revoke", revoke),
        Handler("GET", "/oauth2/@me", authorization),
        Handler("GET", "/users/@me", me),
        Handler("GET", "/users/@me/guilds", guilds),
    )
