"""What browsers ask before a web page of another origin may upload or read (CORS preflight)."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_COMMON: Mapping[str, str] = {"Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": "1728000"}
# guess: the lists; that browsers may upload in parts, and read ranges, is documented
_OF_THE_API: Mapping[str, str] = {
    **_COMMON,
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Authorization, Cache-Control, Content-Disposition, Content-MD5, Content-Range, Content-Type,"
        " X-CSRF-Token, X-Requested-With, X-Unique-Upload-Id"
    ),
}
_OF_DELIVERY: Mapping[str, str] = {
    **_COMMON,
    "Access-Control-Allow-Methods": "GET,HEAD,OPTIONS",
    "Access-Control-Allow-Headers": "Accept,Cache-Control,Content-Type,DPR,Range,Viewport-Width,Width",
}


def routes() -> list[Route]:
    """One route for the API, and one for delivery."""
    return [
        Route("/v1_1/{cloud}/{path:path}", _api, methods=["OPTIONS"]),
        Route("/{cloud}/{path:path}", _delivery, methods=["OPTIONS"]),
    ]


async def _api(_request: Request) -> Response:
    return Response(headers=dict(_OF_THE_API))


async def _delivery(_request: Request) -> Response:
    return Response(headers=dict(_OF_DELIVERY))
