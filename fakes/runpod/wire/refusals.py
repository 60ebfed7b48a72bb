"""How RunPod's three APIs write a refusal."""

from typing import Any

from starlette.responses import JSONResponse, Response

from fakes.kit.errors import ProviderError


def error_body(error: ProviderError) -> dict[str, Any] | Response:
    """The body of a refusal; a problem of the management API's version 2 has a media type of its own.

    The job API writes `{"error"}`, version 1 adds the `status`.
    """
    if "title" not in error.extra:
        return {"error": error.message, **error.extra}
    body = {"title": error.extra["title"], "status": error.status, "detail": error.message}
    return JSONResponse(body, error.status, error.headers, "application/problem+json")
