"""Reads the parameters of Cloudinary's APIs; names as Cloudinary spells them.

Source: cloudinary.com/documentation/image_upload_api_reference and admin_api.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fakes.cloudinary import errors, pairs
from fakes.cloudinary.forms import Form
from fakes.cloudinary.naming import NamingOptions
from fakes.cloudinary.state import Window

MOST_IDS = 100
RESOURCE_TYPES = ("image", "raw", "video")
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
# What Cloudinary can do with an upload and this fake cannot (yet): refused, never ignored.
_NOT_EMULATED = (
    "transformation",
    "format",
    "async",
    "eager_async",
    "moderation",
    "metadata",
    "responsive_breakpoints",
    "raw_convert",
    "ocr",
    "categorization",
    "detection",
    "auto_tagging",
    "background_removal",
    "auto_chaptering",
    "auto_transcription",
    "on_success",
    "eval",
    "callback",
    "access_control",
    "return_delete_token",
    "colors",
    "faces",
    "phash",
    "image_metadata",
    "media_metadata",
    "quality_analysis",
    "accessibility_analysis",
    "cinemagraph_analysis",
    "visual_search",
    "face_coordinates",
    "custom_coordinates",
    "regions",
)


@dataclass(frozen=True, slots=True)
class Eager:
    """One eager transformation: its components joined by `/`, and the format asked for."""

    transformation: str
    format: str | None

    @property
    def text(self) -> str:
        """As it was written."""
        return f"{self.transformation}/{self.format}" if self.format else self.transformation


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """The parameters of `upload` and `explicit`."""

    type: str
    naming: NamingOptions
    overwrite: bool
    tags: tuple[str, ...]
    context: Mapping[str, str]
    eager: tuple[Eager, ...]
    notification_urls: tuple[str, ...]
    eager_notification_urls: tuple[str, ...]
    allowed_formats: tuple[str, ...]


def upload_options(form: Form) -> UploadOptions:
    """Read the parameters of an upload.

    Raises:
        ProviderError: A value cannot be used (400), or is a feature that is not covered (501).
    """
    for name in _NOT_EMULATED:
        if form.text(name) and form.flag(name):
            raise errors.not_emulated(f"the upload parameter '{name}'")
    type_ = form.text("type") or "upload"
    if type_ not in TYPES:
        raise errors.invalid_parameter("type", type_)
    hooks = _lines(form.text("notification_url"))
    return UploadOptions(
        type=type_,
        naming=NamingOptions(
            public_id=form.text("public_id"),
            public_id_prefix=form.text("public_id_prefix"),
            folder=form.text("folder"),
            asset_folder=form.text("asset_folder"),
            display_name=form.text("display_name"),
            filename_override=form.text("filename_override"),
            use_filename=form.flag("use_filename"),
            unique_filename=form.flag("unique_filename", default=True),
            use_filename_as_display_name=form.flag("use_filename_as_display_name"),
            use_asset_folder_as_public_id_prefix=form.flag("use_asset_folder_as_public_id_prefix"),
        ),
        overwrite=form.flag("overwrite", default=True),
        tags=form.many("tags"),
        context=parse_context(form.text("context") or ""),
        eager=tuple(parse_eager(form)),
        notification_urls=hooks,
        eager_notification_urls=_lines(form.text("eager_notification_url")) or hooks,
        allowed_formats=tuple(name.lower() for name in form.many("allowed_formats")),
    )


def parse_context(text: str) -> dict[str, str]:
    r"""Read `k=v|k2=v2`, where `\|` and `\=` stand for themselves; or a JSON object.

    Raises:
        ProviderError: A piece has no `=` (400).
    """
    return pairs.read(text, "context")


def parse_eager(form: Form) -> Iterable[Eager]:
    """Read `c_fill,w_100|sp_auto/m3u8`: the last piece is a format when it has no underscore."""
    for text in (form.text("eager") or "").split("|"):
        head, _, tail = text.strip().rpartition("/")
        if head and re.fullmatch(r"[a-z0-9]{2,5}", tail):
            yield Eager(head, tail)
        elif text.strip():
            yield Eager(text.strip(), None)


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
    if not limit.isdecimal() or int(limit) == 0:
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


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple((text or "").split())
