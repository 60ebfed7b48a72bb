"""OAuth 2.0 and OpenID Connect."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from fakes.google import errors
from fakes.google.state import GoogleState
from fakes.google.wire import oauth as wire
from fakes.kit.errors import ProviderError
from fakes.kit.oauth import authorize_routes, bearer_text, device_routes, token_request

_NO_STORE = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate", "Pragma": "no-cache"}
_CACHED = {"Cache-Control": "public, max-age=21600, must-revalidate, no-transform"}


def routes(state: GoogleState) -> list[BaseRoute]:
    """The routes of this part."""
    engine, clock, url_at = state.oauth, state.kit.clock, state.kit.url_at

    async def discovery(_request: Request) -> Response:
        return JSONResponse(wire.discovery(url_at), headers=_CACHED)

    async def token(request: Request) -> Response:
        issued = engine.token(await token_request(request, engine.profile))
        wants_id = "openid" in issued.grant.granted
        id_token = state.id_token(issued) if wants_id else None
        return JSONResponse(wire.token_body(issued, id_token), headers=_NO_STORE)

    async def device_code(request: Request) -> Response:
        one = engine.begin_on_device(await token_request(request, engine.profile))
        return JSONResponse(wire.device_body(one, url_at), headers=_NO_STORE)

    async def revoke(request: Request) -> Response:
        asked = await token_request(request, engine.profile)
        engine.revoke(asked.params.get("token") or request.query_params.get("token"))
        return JSONResponse({})

    async def tokeninfo(request: Request) -> Response:
        id_token = request.query_params.get("id_token")
        if id_token is not None:
            return JSONResponse(_known_id_token(state, id_token))
        try:
            grant = engine.bearer(request.query_params.get("access_token"))
        except ProviderError as error:
            raise errors.invalid_value() from error
        return JSONResponse(wire.tokeninfo(grant, clock.now()))

    async def userinfo(request: Request) -> Response:
        return JSONResponse(wire.userinfo(state.account(bearer_text(request)), url_at))

    async def userinfo_v2(request: Request) -> Response:
        return JSONResponse(wire.userinfo_v2(state.account(bearer_text(request)), url_at))

    async def jwks(_request: Request) -> Response:
        return JSONResponse(state.key.jwks(), headers=_CACHED)

    async def certificates(_request: Request) -> Response:
        return JSONResponse({state.key.kid: state.key.certificate}, headers=_CACHED)

    return [
        Route("/.well-known/openid-configuration", discovery),
        *authorize_routes(engine, "/o/oauth2/v2/auth", "/o/oauth2/auth"),
        Route("/token", token, methods=["POST"]),
        Route("/device/code", device_code, methods=["POST"]),
        *device_routes(engine),
        Route("/revoke", revoke, methods=["POST"]),
        Route("/tokeninfo", tokeninfo),
        Route("/v1/userinfo", userinfo, methods=["GET", "POST"]),
        Route("/oauth2/v3/userinfo", userinfo, methods=["GET", "POST"]),
        Route("/oauth2/v2/userinfo", userinfo_v2),
        Route("/oauth2/v3/certs", jwks),
        Route("/oauth2/v1/certs", certificates),
    ]


def _known_id_token(state: GoogleState, id_token: str) -> dict[str, str]:
    read = state.key.verify(id_token)
    if read is None or read[1]["exp"] <= state.kit.clock.now():
        raise errors.invalid_value()
    return wire.id_tokeninfo(*read)
