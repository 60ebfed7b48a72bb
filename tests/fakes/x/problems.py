"""Problems as X sends them."""

from __future__ import annotations

from typing import Any

import httpx

PROBLEMS = "https://api.x.com/2/problems"
MEDIA_IDS = "Your media IDs are invalid."
OF_POST = {"resource_type": "tweet", "resource_id": "1", "parameter": "id", "value": "1"}


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> dict[str, Any]:
    return {"title": title, "detail": detail, "type": kind, "status": status, **more}


def invalid(*rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "errors": list(rows),
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{PROBLEMS}/invalid-request",
    }


def row(message: str, parameter: str = "", *values: str, **more: Any) -> dict[str, Any]:
    named = {"parameters": {parameter: list(values or [""])}} if parameter else {}
    return {**named, "message": message, **more}


def refused_url(reason: str, value: str) -> dict[str, Any]:
    return invalid(row(f"{reason}: [{value}]", "url", value, reason=reason))


def missing(what: str, value: str) -> dict[str, Any]:
    found = {"resource_type": what, "resource_id": value, "parameter": "id", "value": value}
    detail = f"Could not find {what} with id: [{value}]."
    return problem(404, "Not Found Error", detail, f"{PROBLEMS}/resource-not-found", **found)


TOO_MANY = problem(429, "Too Many Requests", "Too Many Requests")


def check(answer: httpx.Response, status: int, body: dict[str, Any]) -> None:
    assert (answer.status_code, answer.json()) == (status, body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} <= answer.headers.keys()
    assert "retry-after" not in answer.headers
    is_spent = body == TOO_MANY
    assert (answer.headers["x-rate-limit-remaining"] == "0") is is_spent
