"""OAuth and whoever is logged in."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.oauth import authorize_routes, token_request
from fakes.x import errors, wire
from fakes.x.guard import Guard
from fakes.x.state import State


def routes(state: State, guard: Guard) -> list[Route]:
    """Authorize, token, revoke, the application's own token, and users/me."""
    engine = state.oauth

    async def token(request: Request) -> Response:
        asked = await token_request(request, engine.profile)
        if asked.params.get("grant_type") == "client_credentials":
            message = "Grant type [client_credentials] is not supported."
            raise errors.oauth_error(400, "unsupported_grant_type", message)
        return JSONResponse(wire.token_body(engine.token(asked)))

    async def application_token(request: Request) -> Response:
        asked = await token_request(request, engine.profile)
        if asked.params.get("grant_type") != "client_credentials":
            raise errors.oauth_error(403, "forbidden", "Missing required parameter: grant_type")
        issued = engine.token(asked)
        return JSONResponse({"token_type": "bearer", "access_token": issued.access_token})

    async def invalidate(request: Request) -> Response:
        asked = await token_request(request, engine.profile)
        token = asked.params.get("access_token")
        engine.revoke(token, engine.clients.of(asked, "revoke"))
        return JSONResponse({"access_token": token})

    async def revoke(request: Request) -> Response:
        asked = await token_request(request, engine.profile)
        engine.revoke(asked.params.get("token"), engine.clients.of(asked, "revoke"))
        return JSONResponse({"revoked": True})

    async def me(request: Request) -> Response:
        user = guard.person(request, "users/me", "users.read", "tweet.read")
        fields = request.query_params.get("user.fields", "").split(",")
        return JSONResponse({"data": wire.user_body(user, fields)})

    return [
        *authorize_routes(engine, "/i/oauth2/authorize"),
        Route("/2/oauth2/token", token, methods=["POST"]),
        Route("/2/oauth2/revoke", revoke, methods=["POST"]),
        Route("/oauth2/token", application_token, methods=["POST"]),
        Route("/oauth2/invalidate_token", invalidate, methods=["POST"]),
        Route("/2/users/me", me, methods=["GET"]),
    ]
