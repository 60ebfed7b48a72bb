"""Reads delivery paths: which asset, which transformation, which signature. Pure text.

Source: cloudinary.com/documentation/advanced_url_delivery_options (transformation URL structure).
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

_SIGNATURE = re.compile(r"s--([A-Za-z0-9_-]{8,32})--")
_VERSION = re.compile(r"v\d+")
_PIECE = re.compile(r"(\$[a-zA-Z][a-zA-Z0-9]*_|if_|[a-z]{1,3}_).+")
_BARE = frozenset({"if_else", "if_end"})


@dataclass(frozen=True, slots=True)
class Address:
    """A delivery path behind `/<cloud>/<resource type>/<type>/`.

    Attributes:
        signature: What is between `s--` and `--`, or None.
        components: The transformation's components, decoded once.
        source: The public id with its extension, decoded.
        unknown: What stands before the version and reads as no transformation, or None.
        signed_text: What the signature covers, as the path spells it.
    """

    signature: str | None
    components: tuple[str, ...]
    source: str
    unknown: str | None
    signed_text: str


def parse(raw_path: str) -> Address:
    """Read a delivery path.

    Args:
        raw_path: What follows the type, still escaped, without the query.
    """
    pieces = [piece for piece in raw_path.split("/") if piece]
    signature = None
    if pieces and (match := _SIGNATURE.fullmatch(pieces[0])):
        signature = match[1]
        pieces = pieces[1:]
    count = 0
    while count < len(pieces) - 1 and is_component(unquote(pieces[count])):
        count += 1
    components, rest = pieces[:count], pieces[count:]
    unknown = unquote(rest[0]) if len(rest) > 2 and _VERSION.fullmatch(rest[1]) else None
    if len(rest) > 1 and _VERSION.fullmatch(rest[0]):
        rest, unknown = rest[1:], None
    text = "/".join([*components, *rest])
    return Address(
        signature, tuple(unquote(one) for one in components), unquote("/".join(rest)), unknown, text
    )


def is_component(piece: str) -> bool:
    """Whether a path piece reads as a transformation: every part between commas is like `xx_value`."""
    return piece in _BARE or all(_PIECE.fullmatch(part) for part in piece.split(","))
