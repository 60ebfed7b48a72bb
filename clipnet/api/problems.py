"""Everything that can go wrong in a request, as RFC 9457 problem details: one table of codes."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from clipnet.log import current_span

log = logging.getLogger("clipnet")
MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of problem: its HTTP status and its title, which never changes."""

    status: int
    title: str


PROBLEMS: Final[Mapping[str, Kind]] = {
    "cursor_invalid": Kind(400, "The cursor is not one of ours"),
    "body_unreadable": Kind(400, "The body cannot be read"),
    "not_logged_in": Kind(401, "You are not logged in"),
    "credentials_wrong": Kind(401, "The email or the password is wrong"),
    "signature_wrong": Kind(401, "The signature is wrong"),
    "origin_refused": Kind(403, "Requests from this page are refused"),
    "not_owner": Kind(403, "This belongs to somebody else"),
    "signature_refused": Kind(403, "The signature is wrong or too old"),
    "not_found": Kind(404, "There is no such thing"),
    "method_not_allowed": Kind(405, "This cannot be done here"),
    "conflict": Kind(409, "Something changed meanwhile"),
    "email_taken": Kind(409, "There is an account with this email"),
    "clip_not_ready": Kind(409, "The clip is not ready"),
    "clip_not_failed": Kind(409, "The clip did not fail"),
    "account_not_linked": Kind(409, "No account is linked"),
    "last_way_in": Kind(409, "This is the only way to log in"),
    "too_large": Kind(413, "This is too large"),
    "media_type_unsupported": Kind(415, "This media type is not understood"),
    "invalid_request": Kind(422, "The request is not valid"),
    "source_refused": Kind(422, "Videos are not fetched from there"),
    "idempotency_key_reused": Kind(422, "The idempotency key belongs to another request"),
    "rate_limited": Kind(429, "Too many tries"),
    "internal": Kind(500, "Something broke on our side"),
    "provider_unavailable": Kind(502, "A provider did not answer"),
    "unavailable": Kind(503, "A part of ClipNET is not available"),
    "storage_full": Kind(507, "There is no room for this file"),
}
_BY_STATUS: Final = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "media_type_unsupported",
}


class Problem(Exception):
    """Ends a request with a problem; `detail` is in words for the user, `extra` adds members to the body."""

    def __init__(
        self, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra
        super().__init__(f"{code}: {detail}")


def not_found(what: str) -> Problem:
    """There is no such clip, token or page, or it is not for this user to see."""
    return Problem("not_found", f"There is no {what} here. It may have been deleted.")


def body(problem: Problem, path: str) -> dict[str, Any]:
    """Return the JSON of a problem (RFC 9457, section 3)."""
    kind = PROBLEMS[problem.code]
    span = current_span()
    return {
        "type": f"urn:clipnet:problem:{problem.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "instance": path,
        "code": problem.code,
        **({"trace_id": span.trace_id} if span else {}),
        **problem.extra,
    }


def response(problem: Problem, path: str) -> JSONResponse:
    """Return the answer that ends a request with this problem."""
    kind = PROBLEMS[problem.code]
    headers = dict(problem.headers)
    if problem.code == "not_logged_in":
        headers["WWW-Authenticate"] = 'Bearer realm="clipnet"'
    return JSONResponse(body(problem, path), kind.status, headers, media_type=MEDIA_TYPE)


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route's `responses` says of these problems; several codes may share a status."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        kind = PROBLEMS[code]
        known = found.setdefault(kind.status, {"description": "", "x-codes": []})
        known["x-codes"].append(code)
    for entry in found.values():
        entry.update(documentation(entry["x-codes"]))
    return found


def documentation(codes: Sequence[str]) -> dict[str, Any]:
    """Return the OpenAPI response object of problems that share a status."""
    words = "; ".join(f"`{code}`: {PROBLEMS[code].title}" for code in codes)
    named = {"properties": {"code": {"enum": list(codes)}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, named]}
    return {"description": words, "x-codes": list(codes), "content": {MEDIA_TYPE: {"schema": schema}}}


SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "What went wrong (RFC 9457). `detail` can be shown to a person, `code` is for programs.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:clipnet:problem:not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "code": {"type": "string", "enum": sorted(PROBLEMS)},
        "trace_id": {"type": "string", "description": "Finds the request in the logs."},
        "errors": {
            "type": "array",
            "description": "With `invalid_request`: one entry for each field that is wrong.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def invalid(field: str, message: str) -> Problem:
    """One field of the request is wrong."""
    return Problem("invalid_request", f"{field}: {message}", errors=[{"field": field, "message": message}])


def of_validation(errors: Sequence[Any]) -> Problem:
    """Return the problem that lists what pydantic found."""
    found = [{"field": _field(error["loc"]), "message": _message(error)} for error in errors]
    if any(error["type"] == "json_invalid" for error in errors):
        return Problem("body_unreadable", "The body is not valid JSON.")
    words = "; ".join(f"{one['field']}: {one['message']}" for one in found)
    return Problem("invalid_request", words, errors=found)


def _field(loc: Sequence[object]) -> str:
    parts = [str(part) for part in loc]
    inner = parts[1:] if parts and parts[0] in ("body", "query", "path", "header") else parts
    return ".".join(inner) or "body"


def _message(error: Mapping[str, Any]) -> str:
    text = str(error["msg"]).removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def install(app: FastAPI) -> None:
    """Answer every exception that is expected with its problem; the rest is for `edge.Edge`."""

    async def problem(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return response(error, request.url.path)

    async def validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return response(of_validation(error.errors()), request.url.path)

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = _BY_STATUS.get(error.status_code, "body_unreadable" if error.status_code < 500 else "internal")
        words = {"not_found": f"There is nothing at {request.url.path}.", "too_large": str(error.detail)}
        found = Problem(code, words.get(code, f"{PROBLEMS[code].title}."), headers=error.headers)
        return response(found, request.url.path)

    async def conflict(request: Request, error: Exception) -> JSONResponse:
        log.warning("refused by the database", extra={"error": str(getattr(error, "orig", error))[:300]})
        found = Problem("conflict", "What this request is about changed or was deleted meanwhile. Try again.")
        return response(found, request.url.path)

    async def unavailable(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, DBAPIError) and not _is_connection_lost(error):
            raise error
        part = "queue" if isinstance(error, RedisError) else "database"
        log.error(
            "a part is not available", extra={"part": part, "error": f"{type(error).__name__}: {error}"[:300]}
        )
        words = f"The {part} cannot be reached now. Try again in a moment."
        return response(Problem("unavailable", words, headers={"Retry-After": "1"}), request.url.path)

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(IntegrityError, conflict)
    for kind in (RedisError, DBAPIError, PoolTimeoutError, ConnectionError, TimeoutError):
        app.add_exception_handler(kind, unavailable)


def _is_connection_lost(error: DBAPIError) -> bool:
    """Tell whether a database error is about the connection (SQLSTATE 08 and 57P), not the statement."""
    state = str(getattr(error.orig, "sqlstate", "") or "")
    return error.connection_invalidated or state.startswith(("08", "57P")) or not state
