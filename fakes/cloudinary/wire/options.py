"""The parameters of `upload` and `explicit`; names as Cloudinary spells them.

Source: cloudinary.com/documentation/image_upload_api_reference#upload_optional_parameters.
"""

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fakes.cloudinary import errors, pairs
from fakes.cloudinary.forms import Form
from fakes.cloudinary.naming import NamingOptions
from fakes.cloudinary.wire import addons
from fakes.cloudinary.wire.parameters import TYPES, parse_tags
from fakes.kit.bodies import strict_json
from fakes.kit.clock import iso

# What Cloudinary can do with an upload and this fake cannot: refused, never ignored.
_NOT_EMULATED = ("auto_chaptering", "auto_transcription", "visual_search")
_LOOKS = (
    "accessibility_analysis",
    "cinemagraph_analysis",
    "colors",
    "exif",
    "faces",
    "image_metadata",
    "media_metadata",
    "phash",
    "quality_analysis",
)
_REGION_NAME = re.compile(r"[\w-]{1,100}")
_MOST_RECTANGLES = 100
_MOST_REGIONS = 100
_MOST_RULES = 100
_MOST_EAGER = 100
_MOST_HOOKS = 10


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
class Conversion:
    """What becomes of a file before it is stored: an incoming transformation, and a format."""

    transformation: str
    format: str | None


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who is told of what a call did.

    Attributes:
        urls: Where to; nothing for the account's triggers.
        eager_urls: The same, of eager transformations.
        batch_id: Under which polled notifications are kept, or None for a new one.
    """

    urls: tuple[str, ...] = ()
    eager_urls: tuple[str, ...] = ()
    batch_id: str | None = None


@dataclass(frozen=True, slots=True)
class Breakpoints:
    """One item of `responsive_breakpoints`. Widths in pixels."""

    transformation: str = ""
    format: str | None = None
    is_kept: bool = True
    step_bytes: int = 20_000
    least_px: int = 50
    most_px: int = 1000
    most_images: int = 20


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """The parameters of `upload` and `explicit`.

    Attributes:
        metadata: Structured metadata as written, before its fields were asked.
        looks: Names of the analyses that are asked for.
        extras: What is stored with the asset as it is (`face_coordinates`, `quality_override`...).
        eval: JavaScript that may change the options, or None.
        on_success: JavaScript that runs when the asset is there, or None.
    """

    type: str
    naming: NamingOptions
    overwrite: bool
    tags: tuple[str, ...]
    context: Mapping[str, str]
    metadata: str
    eager: tuple[Eager, ...]
    conversion: Conversion | None
    breakpoints: tuple[Breakpoints, ...]
    is_async: bool
    is_eager_async: bool
    hooks: Hooks
    allowed_formats: tuple[str, ...]
    looks: frozenset[str]
    moderation: tuple[str, ...]
    access_control: tuple[Mapping[str, Any], ...]
    extras: Mapping[str, Any]
    keeps_filename: bool
    returns_delete_token: bool
    eval: str | None
    on_success: str | None

    def moderated(self, now_s: float) -> tuple[Mapping[str, Any], ...]:
        """The asset's moderation, which begins now."""
        at = iso(now_s)
        return tuple({"kind": kind, "status": "pending", "updated_at": at} for kind in self.moderation)


def upload_options(form: Form, types: Collection[str] = TYPES) -> UploadOptions:
    """Read the parameters of an upload.

    Args:
        form: The parameters.
        types: The delivery types that there may be.

    Raises:
        ProviderError: A value cannot be used (400), is of an add-on that nobody pays for (420), or is a
            feature that is not covered (501).
    """
    for name in _NOT_EMULATED:
        if form.flag(name):
            raise errors.not_emulated(f"the upload parameter '{name}'")
    addons.check(form)
    type_ = form.text("type") or "upload"
    if type_ not in types:
        raise errors.invalid_parameter("type", type_)
    return UploadOptions(
        type=type_,
        naming=_naming(form),
        overwrite=form.flag("overwrite", default=True),
        tags=parse_tags(form),
        context=pairs.read(form.text("context") or "", "context"),
        metadata=form.text("metadata") or "",
        eager=parse_eager(form.text("eager") or ""),
        conversion=_conversion(form),
        breakpoints=parse_breakpoints(form.text("responsive_breakpoints")),
        is_async=form.flag("async"),
        is_eager_async=form.flag("eager_async"),
        hooks=hooks(form),
        allowed_formats=tuple(name.lower() for name in form.many("allowed_formats")),
        looks=frozenset(name for name in _LOOKS if form.flag(name)),
        moderation=addons.moderation_kinds(form.text("moderation") or ""),
        access_control=parse_access_control(form.text("access_control")),
        extras=parse_extras(form),
        keeps_filename=not form.flag("discard_original_filename"),
        returns_delete_token=form.flag("return_delete_token"),
        eval=form.text("eval"),
        on_success=form.text("on_success"),
    )


def hooks(form: Form) -> Hooks:
    """Read where notifications go.

    Raises:
        ProviderError: There are too many addresses (400).
    """
    urls = tuple((form.text("notification_url") or "").split())
    eager_urls = tuple((form.text("eager_notification_url") or "").split()) or urls
    if max(len(urls), len(eager_urls)) > _MOST_HOOKS:
        raise errors.invalid_parameter("notification_url", f"more than {_MOST_HOOKS} addresses")
    return Hooks(urls, eager_urls, form.text("batch_id"))


def parse_eager(text: str) -> tuple[Eager, ...]:
    """Read `c_fill,w_100|sp_auto/m3u8`: the last piece is a format when it has no underscore.

    Raises:
        ProviderError: There are too many (400).
    """
    found = tuple(_eager(piece.strip()) for piece in text.split("|") if piece.strip())
    if len(found) > _MOST_EAGER:
        raise errors.invalid_parameter("eager", f"more than {_MOST_EAGER} transformations")
    return found


def parse_access_control(text: str | None) -> tuple[Mapping[str, Any], ...]:
    """Read the rules of who may see an asset: a JSON list, or one rule. Times become UTC.

    Raises:
        ProviderError: It is none of these (400).
    """
    if not text:
        return ()
    try:
        rules = strict_json(text)
        rules = rules if isinstance(rules, list) else [rules]
        _check_count(rules, _MOST_RULES)
        return tuple(_access_rule(rule) for rule in rules)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise errors.invalid_parameter("access_control", text) from error


def parse_breakpoints(text: str | None) -> tuple[Breakpoints, ...]:
    """Read `responsive_breakpoints`: a JSON list, or one item.

    Raises:
        ProviderError: It is none of these, or a number is out of its range (400).
    """
    if not text:
        return ()
    try:
        items = strict_json(text)
        return tuple(_breakpoints(item) for item in (items if isinstance(items, list) else [items]))
    except (ValueError, TypeError, AttributeError) as error:
        raise errors.invalid_parameter("responsive_breakpoints", text) from error


def parse_extras(form: Form) -> dict[str, Any]:
    """Read what is stored with an asset as it is said.

    Raises:
        ProviderError: A value cannot be used (400).
    """
    extras: dict[str, Any] = {}
    for name in ("face_coordinates", "custom_coordinates"):
        if form.text(name) is not None:
            extras[name] = parse_rectangles(name, form.text(name) or "")
    if form.text("regions") is not None:
        extras["regions"] = parse_regions(form.text("regions") or "")
    mode = form.text("access_mode")
    if mode is not None:
        if mode not in ("public", "authenticated"):
            raise errors.invalid_parameter("access_mode", mode)
        extras["access_mode"] = mode
    if form.text("headers") is not None:
        extras["headers"] = [
            line.strip() for line in (form.text("headers") or "").splitlines() if line.strip()
        ]
    if form.text("quality_override") is not None:
        extras["quality_override"] = form.text("quality_override")
    return extras


def parse_rectangles(name: str, text: str) -> list[list[int]]:
    """Read `x,y,width,height|...` in pixels.

    Raises:
        ProviderError: A piece is not four whole numbers, or there are too many (400).
    """
    if text.count("|") >= _MOST_RECTANGLES:
        raise errors.invalid_parameter(name, f"more than {_MOST_RECTANGLES}")
    found = []
    for piece in text.split("|"):
        numbers = piece.split(",")
        if len(numbers) != 4 or not all(re.fullmatch(r"\s*\d{1,9}\s*", number) for number in numbers):
            raise errors.invalid_parameter(name, text)
        found.append([int(number) for number in numbers])
    return found


def parse_regions(text: str) -> dict[str, list[list[int]]]:
    """Read named regions: `{"box": [[x, y], [x, y], ...]}` in pixels.

    Raises:
        ProviderError: It is not that (400).
    """
    try:
        regions = strict_json(text)
        _check_count(regions, _MOST_REGIONS)
        return {_region_name(name): [_point(point) for point in points] for name, points in regions.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise errors.invalid_parameter("regions", text) from error


def _naming(form: Form) -> NamingOptions:
    return NamingOptions(
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
        unique_display_name=form.flag("unique_display_name"),
    )


def _conversion(form: Form) -> Conversion | None:
    text, format_name = form.text("transformation"), form.text("format")
    if text is None and format_name is None:
        return None
    return Conversion((text or "").strip("/"), format_name.lower() if format_name else None)


def _eager(text: str) -> Eager:
    head, slash, tail = text.rpartition("/")
    if head and slash and re.fullmatch(r"[a-z0-9]{0,5}", tail):
        return Eager(head, tail or None)
    return Eager(text, None)


def _access_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    if rule.get("access_type") not in ("token", "anonymous"):
        raise ValueError(rule.get("access_type"))
    times = {name: _utc(rule[name]) for name in ("start", "end") if rule.get(name)}
    return {"access_type": rule["access_type"], **times}


def _utc(text: str) -> str:
    """A time as `2019-02-22T16:20:57Z`; without an offset it is UTC."""
    at = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", text.strip()))
    return iso((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _breakpoints(item: Mapping[str, Any]) -> Breakpoints:
    eager, usual = _eager(str(item.get("transformation") or "")), Breakpoints()
    found = Breakpoints(
        eager.transformation,
        str(item["format"]) if item.get("format") else eager.format,
        bool(item.get("create_derived", usual.is_kept)),
        int(item.get("bytes_step") or usual.step_bytes),
        int(item.get("min_width") or usual.least_px),
        int(item.get("max_width") or usual.most_px),
        int(item.get("max_images") or usual.most_images),
    )
    is_ordered = 0 < found.least_px <= found.most_px
    if not is_ordered or found.step_bytes < 1 or not 1 <= found.most_images <= 200:
        raise ValueError(item)
    return found


def _check_count(things: Sized, most: int) -> None:
    if len(things) > most:
        raise ValueError(f"more than {most}")


def _region_name(name: str) -> str:
    if not _REGION_NAME.fullmatch(name):
        raise ValueError(name)
    return name


def _point(point: Iterable[Any]) -> list[int]:
    x, y = (float(number) for number in point)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(point)
    return [int(x), int(y)]
