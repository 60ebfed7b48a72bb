"""The id server: authorize, token, validate, revoke."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.oauth import authorize_routes, bearer_text, token_request
from fakes.twitch import errors, wire
from fakes.twitch.state import State


def routes(kit: Kit, state: State) -> list[Route]:
    """Routes below /oauth2."""
    engine = state.oauth

    async def token(request: Request) -> Response:
        issued = engine.token(await token_request(request, engine.profile))
        return JSONResponse(wire.token_body(issued))

    async def validate(request: Request) -> Response:
        try:
            grant = engine.bearer(bearer_text(request, "OAuth", "Bearer"))
        except ProviderError as error:
            raise errors.invalid_access_token() from error
        return JSONResponse(wire.validate_body(grant, kit.clock.now()))

    async def revoke(request: Request) -> Response:
        params = (await token_request(request, engine.profile)).params
        client = engine.known_client(params.get("client_id"), "revoke")
        engine.revoke(params.get("token"), client)
        return Response()

    return [
        *authorize_routes(engine, "/oauth2/authorize"),
        Route("/oauth2/token", token, methods=["POST"]),
        Route("/oauth2/validate", validate, methods=["GET"]),
        Route("/oauth2/revoke", revoke, methods=["POST"]),
    ]
