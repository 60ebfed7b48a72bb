"""The query of a YouTube call: parts, fields, pages; and the answer that it asks for."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fakes.google import errors
from fakes.google.wire import Utf8Json
from fakes.google.wire.fields import picked, wanted_of
from fakes.kit.errors import ProviderError
from fakes.kit.numbers import whole

STANDARD = frozenset(
    {"alt", "fields", "key", "prettyPrint", "quotaUser", "userIp", "access_token", "oauth_token", "$.xgafv"}
    | {"callback", "uploadType", "upload_protocol", "trackingType"}
)
OWNER = frozenset({"onBehalfOfContentOwner", "onBehalfOfContentOwnerChannel"})
"""Parameters of content partners: accepted, and without effect."""


def check_query(request: Request, *own: str) -> None:
    """Check that a method knows all parameters, and that `fields` can be read, before anything is done.

    Raises:
        ProviderError: It does not (400).
    """
    for name in request.query_params:
        if name not in own and name not in STANDARD and name not in OWNER:
            raise errors.unexpected_parameter(name)
    try:
        wanted_of(request.query_params.get("fields", "*"))
    except ValueError as error:
        raise errors.invalid_fields(str(error)) from error


def asked_parts(request: Request, known: frozenset[str]) -> tuple[str, ...]:
    """The parts of the query, repeated or separated by commas.

    Raises:
        ProviderError: None was named, or one does not exist (400).
    """
    parts = tuple(dict.fromkeys(_listed(request, "part")))
    if not parts:
        raise errors.missing_parameter("part")
    for part in parts:
        if part not in known:
            raise errors.unknown_part(part)
    return parts


def asked_filter(request: Request, *filters: str) -> tuple[str, list[str]]:
    """The one filter of a list method, and its values.

    Raises:
        ProviderError: None or two were named (400).
    """
    used = [name for name in filters if name in request.query_params]
    if not used:
        raise errors.no_filter(", ".join(filters))
    if len(used) > 1:
        raise errors.incompatible_parameters(", ".join(used))
    return used[0], _listed(request, used[0])


def not_covered(name: str) -> ProviderError:
    """The fake does not do this."""
    return ProviderError(501, f"this fake does not cover the filter '{name}'", code="notImplemented")


def asked_page(request: Request) -> tuple[int, int]:
    """Where a page begins, and how many items it has at most.

    Raises:
        ProviderError: `maxResults` is not within 0 to 50, or the token is not one of ours (400).
    """
    text = request.query_params.get("maxResults", "5")
    count = whole(text, 50)
    if count is None:
        raise errors.out_of_range("maxResults", text[:40])
    token = request.query_params.get("pageToken")
    return (0 if token is None else _place(token)), count


def page_token(place: int) -> str:
    """A token for the page that begins at this place."""
    return base64.urlsafe_b64encode(f"PT:{place}".encode()).decode().rstrip("=")


def answered(request: Request, body: Mapping[str, Any]) -> Response:
    """JSON whose ETag header is its etag, with the fields that were asked for."""
    wanted = wanted_of(request.query_params.get("fields", "*"))
    return Utf8Json(picked(body, wanted), headers={"ETag": str(body["etag"])})


def _place(token: str) -> int:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        kind, _, place = text.partition(":")
        if kind != "PT":
            raise ValueError(text)
        return max(0, int(place))
    except (ValueError, binascii.Error) as error:
        raise errors.invalid_page_token() from error


def _listed(request: Request, name: str) -> list[str]:
    texts = request.query_params.getlist(name)
    return [each.strip() for text in texts for each in text.split(",") if each.strip()]
