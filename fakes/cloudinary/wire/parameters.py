"""Reads the parameters of Cloudinary's APIs; names as Cloudinary spells them.

Source: cloudinary.com/documentation/image_upload_api_reference and admin_api.
"""

import contextlib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Window
from fakes.kit.bodies import strict_json

MOST_IDS = 100
_MOST_TAGS = 1000
# Source: cloudinary.com/documentation/tags
RESOURCE_TYPES = ("image", "raw", "video")
_MOST_DIGITS = 9
TYPES = ("upload", "private", "authenticated")
# Delivery types that listings know; assets of the other ones are made by delivery and by `text`, `multi`...
ALL_TYPES = frozenset(
    (
        *TYPES, "animoto", "asset", "dailymotion", "facebook", "fetch", "gravatar", "hulu", "instagram",
        "list", "multi", "public", "sprite", "text", "twitter", "twitter_name", "vimeo", "worldstarhiphop",
        "youtube",
    )
)  # fmt: skip
# What becomes of an asset's tags, given those named in the call.
TAG_COMMANDS: Mapping[str, Callable[[set[str], set[str]], set[str]]] = {
    "add": lambda tags, named: tags | named,
    "remove": lambda tags, named: tags - named,
    "replace": lambda _tags, named: named,
    "remove_all": lambda _tags, _named: set(),
}


def json_or_text(text: str) -> Any:
    """What a text says if it is JSON; else the text itself."""
    try:
        return strict_json(text)
    except ValueError:
        return text


def parse_tags(form: Form, name: str = "tags") -> tuple[str, ...]:
    """Read the tags of an asset, or those that a call names.

    Raises:
        ProviderError: There are too many (400).
    """
    tags = form.many(name)
    check_tags(tags)
    return tags


def check_tags(tags: Collection[str]) -> None:
    """Refuse more tags than one asset can have.

    Raises:
        ProviderError: There are too many (400).
    """
    if len(tags) > _MOST_TAGS:
        raise errors.invalid_parameter("tags", f"more than {_MOST_TAGS}")  # guess: wording


def some_ids(form: Form, name: str) -> tuple[str, ...]:
    """Read a list of 1 to 100 ids.

    Raises:
        ProviderError: It is missing or has too many (400).
    """
    ids = form.many(name)
    if not ids:
        raise errors.missing_parameter(name)
    if len(ids) > MOST_IDS:
        raise errors.invalid_parameter(name, f"more than {MOST_IDS}")
    return ids


def window(form: Form, *, default: int = 10, most: int = 500) -> Window:
    """Read `max_results`, `next_cursor`, `direction` and `start_at`.

    Raises:
        ProviderError: A value cannot be used (400).
    """
    limit = form.text("max_results") or str(default)
    if not limit.isdecimal() or len(limit) > _MOST_DIGITS or int(limit) == 0:
        raise errors.invalid_parameter("max_results", limit)
    direction = (form.text("direction") or "desc").lower()
    if direction not in ("asc", "desc", "1", "-1"):
        raise errors.invalid_parameter("direction", direction)
    since = form.text("start_at")
    return Window(
        min(int(limit), most),
        form.text("next_cursor"),
        direction in ("asc", "1"),
        None if since is None else _moment(since),
    )


def _moment(text: str) -> float:
    """A time as the SDKs write it: ISO, an HTTP date, or JavaScript's `Date`. UTC when it says no zone."""
    read = (
        datetime.fromisoformat,
        parsedate_to_datetime,
        lambda one: datetime.strptime(one.partition(" (")[0], "%a %b %d %Y %H:%M:%S GMT%z"),
    )
    for parse in read:
        with contextlib.suppress(ValueError):
            at = parse(text)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    raise errors.invalid_parameter("start_at", text)
