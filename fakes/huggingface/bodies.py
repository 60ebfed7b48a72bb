"""Reads what clients send."""

from typing import Any

from starlette.requests import Request

from fakes.huggingface import errors
from fakes.kit.bodies import bounded, json_object


async def json_of(request: Request) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        ProviderError: It is something else (400).
    """
    try:
        return json_object(await bounded(request, 8 << 20).body())
    except ValueError as error:
        raise errors.bad_request(f"The request body is {error}") from error


def objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list in a body; none where the list is not there.

    Raises:
        ProviderError: It is something else (400).
    """
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise errors.bad_request(f'"{name}" must be an array of objects')
    return found


def is_true(text: str | None) -> bool:
    """Whether a parameter of a query or a form says yes."""
    return (text or "").lower() in ("1", "true")
