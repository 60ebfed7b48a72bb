"""The id server: authorize, devices, token, validate, revoke, OpenID Connect."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.oauth import authorize_routes, bearer_text, device_routes, token_request
from fakes.twitch import errors, oidc, wire
from fakes.twitch.state import State


def routes(kit: Kit, state: State) -> list[Route]:
    """Routes below /oauth2."""
    engine = state.oauth

    async def token(request: Request) -> Response:
        issued = engine.token(await token_request(request, engine.profile))
        wants_id = "openid" in issued.grant.scopes and not issued.is_refresh  # an id_token is not refreshed
        return JSONResponse(wire.token_body(issued, state.id_token(issued) if wants_id else None))

    async def device(request: Request) -> Response:
        one = engine.begin_on_device(await token_request(request, engine.profile))
        return JSONResponse(oidc.device_body(one, kit.url_at(oidc.WEB_HOST)))

    async def discovery(_request: Request) -> Response:
        return JSONResponse(oidc.discovery(kit.url_at(oidc.HOST)))

    async def keys(_request: Request) -> Response:
        return JSONResponse(state.key.jwks())

    async def userinfo(request: Request) -> Response:
        grant = engine.bearer(bearer_text(request, "OAuth", "Bearer"), "openid")
        url = kit.url_at(oidc.HOST)
        return JSONResponse(oidc.userinfo(grant, state.user_of(grant), url, kit.clock.now()))

    async def validate(request: Request) -> Response:
        try:
            grant = engine.bearer(bearer_text(request, "OAuth", "Bearer"))
        except ProviderError as error:
            raise errors.invalid_access_token() from error
        return JSONResponse(wire.validate_body(grant, kit.clock.now()))

    async def revoke(request: Request) -> Response:
        params = (await token_request(request, engine.profile)).params
        client = engine.clients.known(params.get("client_id"), "revoke")
        engine.revoke(params.get("token"), client)
        return Response()

    return [
        *authorize_routes(engine, "/oauth2/authorize"),
        Route("/oauth2/device", device, methods=["POST"]),
        *device_routes(engine, "device-code"),
        Route("/oauth2/.well-known/openid-configuration", discovery),
        Route("/oauth2/keys", keys),
        Route("/oauth2/userinfo", userinfo),
        Route("/oauth2/token", token, methods=["POST"]),
        Route("/oauth2/validate", validate, methods=["GET"]),
        Route("/oauth2/revoke", revoke, methods=["POST"]),
    ]
