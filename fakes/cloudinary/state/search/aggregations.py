"""How found assets spread over the values of a field, or over ranges of them.

Source: cloudinary.com/documentation/search_method (aggregate), and the request types of Cloudinary's own
client libraries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fakes.cloudinary import errors
from fakes.cloudinary.state.search.catalogue import PIXELS
from fakes.cloudinary.state.search.finder import Finder, Matching

Ranges = Mapping[str, tuple[float | None, float | None]]
_KB, _MB = 1024, 1024 * 1024
# guess: the categories that one gets without naming ranges
_BYTES: Ranges = {
    "tiny": (None, 10 * _KB),
    "small": (10 * _KB, 100 * _KB),
    "medium": (100 * _KB, _MB),
    "large": (_MB, 10 * _MB),
    "huge": (10 * _MB, None),
}
_SECONDS: Ranges = {"short": (None, 60.0), "medium": (60.0, 600.0), "long": (600.0, None)}
_PICTURES: Ranges = {"small": (None, 1e6), "medium": (1e6, 4e6), "large": (4e6, None)}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A field to count by.

    Attributes:
        ranges: By their keys, from (included) and to (not included); empty for the usual ones.
    """

    field: str
    ranges: Ranges


@dataclass(frozen=True, slots=True)
class _Counted:
    """What is counted: for assets of one resource type or of all, by value or by the usual ranges."""

    expression: str
    resource_type: str | None = None
    ranges: Ranges | None = None


_FIELDS: Mapping[str, _Counted] = {
    "bytes": _Counted("assets.bytes", ranges=_BYTES),
    "duration": _Counted("assets.duration", "video", _SECONDS),
    "format": _Counted("assets.format"),
    "image_pixels": _Counted(PIXELS, "image", _PICTURES),
    "pixels": _Counted(PIXELS, "image", _PICTURES),
    "resource_type": _Counted("assets.resource_type"),
    "type": _Counted("assets.type"),
    "video_pixels": _Counted(PIXELS, "video", _PICTURES),
}


def counted(finder: Finder, matching: Matching, aggregate: Aggregate) -> dict[str, int]:
    """How many of the assets found there are per value or range.

    Raises:
        ProviderError: One cannot count by this field, or not by ranges of it (400).
    """
    field = _FIELDS.get(aggregate.field)
    if field is None or (aggregate.ranges and field.ranges is None):
        raise errors.invalid_parameter("aggregate", aggregate.field)
    if field.resource_type is not None:
        where = f"{matching.where} AND +assets.resource_type = ?"
        matching = replace(matching, where=where, params=(*matching.params, field.resource_type))
    if field.ranges is None:
        return finder.values(matching, field.expression)
    return finder.ranges(matching, field.expression, aggregate.ranges or field.ranges)
