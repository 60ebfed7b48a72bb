"""Reads delivery paths: which cloud, which asset, which transformation, which signature. Pure text.

Source: cloudinary.com/documentation/advanced_url_delivery_options (URL structure, dynamic SEO suffixes, root
path, private CDN), and `cloudinary_url` of the official SDKs, which spells them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote

RESOURCE_TYPES = frozenset({"image", "raw", "video"})
SUFFIXED: Mapping[str, tuple[str, str]] = {
    "images": ("image", "upload"),
    "private_images": ("image", "private"),
    "authenticated_images": ("image", "authenticated"),
    "videos": ("video", "upload"),
    "authenticated_videos": ("video", "authenticated"),
    "files": ("raw", "upload"),
}
"""What stands for resource type and type where the last piece is for search engines only."""
SHORT = "iu"
_SIGNATURE = re.compile(r"s--([A-Za-z0-9_-]{8,32})--")
_VERSION = re.compile(r"v([0-9]{1,15})")
_PIECE = re.compile(r"(\$[a-zA-Z][a-zA-Z0-9]*_|if_|[a-z]{1,3}_).+", re.DOTALL)
_REMOTE = re.compile(r"(?:https?|ftp|s3|gs):", re.IGNORECASE)
_PRIVATE_HOST = re.compile(r"([a-z0-9][a-z0-9-]*?)-res(?:-[1-5])?\.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path leads, up to what the signature covers.

    Attributes:
        cloud: None when neither path nor host says: a private CDN behind a name of its own.
        rest: What follows, still escaped.
        has_suffix: Whether the last piece is for search engines; None when that cannot be seen.
    """

    cloud: str | None
    resource_type: str
    type: str
    rest: str
    has_suffix: bool | None = False


@dataclass(frozen=True, slots=True)
class Address:
    """What a path says of an asset.

    Attributes:
        signature: What is between `s--` and `--`, or None.
        components: The transformation's components, decoded once.
        source: The public id with its extension, decoded; the address for remote types.
        unknown: What stands before the version and reads as no transformation, or None.
        signed_text: What the signature covers, as the path spells it.
        version: As in the path, or None.
        suffix: What was there for search engines, decoded, or None.
    """

    signature: str | None
    components: tuple[str, ...]
    source: str
    unknown: str | None
    signed_text: str
    version: int | None = None
    suffix: str | None = None


def locate(raw_path: str, host: str = "") -> Place | None:
    """Find out what the first pieces of a path stand for.

    Args:
        raw_path: The whole path, still escaped, without the query.
        host: The Host header; `<cloud>-res.<anything>` is the private CDN of a cloud.

    Returns:
        None when nothing is asked for.
    """
    pieces = raw_path.lstrip("/").split("/")
    private = _PRIVATE_HOST.match(host.lower())
    cloud: str | None = None
    if private is not None:
        cloud = private[1]
    elif pieces[0] not in RESOURCE_TYPES and pieces[0] not in SUFFIXED and pieces[0] != SHORT:
        cloud = unquote(pieces.pop(0))
    if not any(pieces):
        return None
    head, *rest = pieces
    if head in RESOURCE_TYPES and len(rest) > 1:
        return Place(cloud, head, unquote(rest[0]), "/".join(rest[1:]))
    if head in SUFFIXED and rest:
        return Place(cloud, *SUFFIXED[head], "/".join(rest), has_suffix=True)
    if head == SHORT and rest:
        return Place(cloud, "image", "upload", "/".join(rest))
    return Place(cloud, "image", "upload", "/".join(pieces), has_suffix=None)


def parse(raw_path: str, *, has_suffix: bool = False) -> Address:
    """Read what follows the type.

    Args:
        raw_path: Still escaped, without the query.
        has_suffix: Whether the last piece is for search engines.
    """
    pieces, remote = _divided(raw_path)
    signature = None
    if pieces and (match := _SIGNATURE.fullmatch(pieces[0])):
        signature = match[1]
        pieces = pieces[1:]
    most = len(pieces) - (0 if remote else 1)
    count = 0
    while count < most and is_component(unquote(pieces[count])):
        count += 1
    components, rest = pieces[:count], [*pieces[count:], *remote]
    at = next((i for i, piece in enumerate(rest[:-1]) if _VERSION.fullmatch(piece)), None)
    version, unknown = None, None
    if at == 0:
        version, rest = int(rest[0][1:]), rest[1:]
    elif at is not None:
        unknown = unquote(rest[0])
    suffix, source = _without_suffix(rest) if has_suffix else (None, "/".join(rest))
    decoded = tuple(unquote(one) for one in components)
    signed = "/".join([*components, source])
    return Address(signature, decoded, unquote(source), unknown, signed, version, suffix)


def is_component(piece: str) -> bool:
    """Whether a path piece reads as a transformation: every part between commas is like `xx_value`."""
    return all(_PIECE.fullmatch(part) for part in piece.split(","))


def without_suffix(where: Address) -> Address | None:
    """The same address if its last piece is for search engines only; None when that cannot be."""
    count = len(where.components)
    suffix, source = _without_suffix(where.signed_text.split("/")[count:])
    if suffix is None:
        return None
    signed = "/".join([*where.signed_text.split("/")[:count], source])
    return replace(where, source=unquote(source), signed_text=signed, suffix=suffix)


def _divided(raw_path: str) -> tuple[list[str], list[str]]:
    """The pieces before a remote address, and that address; escaped slashes divide as plain ones do."""
    pieces = re.sub("%2[fF]", "/", raw_path).split("/")
    at = next((i for i, piece in enumerate(pieces) if _REMOTE.fullmatch(unquote(piece))), len(pieces))
    before = [piece for piece in pieces[:at] if piece]
    if at == len(pieces):
        return before, []
    return before, [pieces[at] + "//" + "/".join(pieces[at + 1 :]).lstrip("/")]


def _without_suffix(rest: Sequence[str]) -> tuple[str | None, str]:
    """`hello/world.jpg` is the suffix `world` of `hello.jpg`."""
    if len(rest) < 2:
        return None, "/".join(rest)
    name, dot, ending = rest[-1].partition(".")
    return unquote(name), "/".join(rest[:-1]) + dot + ending
