"""Google's JSON, both ways."""

from typing import Any

from starlette.responses import JSONResponse, Response

from fakes.google import errors
from fakes.kit.errors import ProviderError
from fakes.kit.oauth import error_page


class Utf8Json(JSONResponse):
    """JSON with the charset that Google names."""

    media_type = "application/json; charset=UTF-8"


def error_body(error: ProviderError) -> Any:
    """An error as a page, as OAuth's flat JSON, or as the JSON APIs' envelope."""
    if "page" in error.extra:
        return error_page(error)
    if "oauth" in error.extra:
        return {"error": error.code, "error_description": error.message}
    if error.status == 499:
        return Response(status_code=499)
    return Utf8Json(_envelope(error), error.status, error.headers)


def _envelope(error: ProviderError) -> dict[str, Any]:
    """The envelope (developers.google.com/youtube/v3/docs/errors)."""
    extra = error.extra
    inner = {
        "message": extra.get("inner_message", error.message),
        "domain": extra.get("domain", errors.GLOBAL),
        "reason": error.code or "backendError",
    }
    if extra.get("location"):
        inner |= {"location": extra["location"], "locationType": extra["location_type"]}
    body: dict[str, Any] = {"code": error.status, "message": error.message, "errors": [inner]}
    if extra.get("status_name"):
        body["status"] = extra["status_name"]
    if extra.get("details"):
        body["details"] = extra["details"]
    return {"error": body}
