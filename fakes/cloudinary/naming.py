"""How assets get their public ids, folders and display names.

Source: cloudinary.com/documentation/upload_images (public ID, folders in dynamic folder mode).
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from fakes.cloudinary.errors import invalid_public_id

MAX_LENGTH = 255
_BAD = r"?&#\\%<>\x00-\x1f\x7f"
_FORBIDDEN = re.compile(f"[{_BAD}]")
_REPLACED = re.compile(f"[{_BAD}/ ]+")


@dataclass(frozen=True, slots=True)
class NamingOptions:
    """The parameters of an upload that decide on its name."""

    public_id: str | None = None
    public_id_prefix: str | None = None
    folder: str | None = None
    asset_folder: str | None = None
    display_name: str | None = None
    filename_override: str | None = None
    use_filename: bool = False
    unique_filename: bool = True
    use_filename_as_display_name: bool = False
    use_asset_folder_as_public_id_prefix: bool = False
    unique_display_name: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """The name of an asset."""

    public_id: str
    asset_folder: str
    display_name: str


def digest(text: str) -> str:
    """A public id for what has no name: always the same for one text."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def base_name(filename: str | None) -> str | None:
    """`original_filename`: the last path piece without its extension."""
    if not filename:
        return None
    piece = re.split(r"[/\\]", filename)[-1]
    return PurePosixPath(piece).stem or piece


def extension(filename: str | None) -> str:
    """The extension in lower case without its dot, or nothing."""
    piece = re.split(r"[/\\]", filename or "")[-1]
    return PurePosixPath(piece).suffix.removeprefix(".").lower()


def choose(
    options: NamingOptions,
    filename: str | None,
    resource_type: str,
    random_text: Callable[[int], str],
    *,
    is_fixed: bool = False,
) -> Name:
    """Decide on the name of a new asset.

    Args:
        options: What the request asks for.
        filename: Name of the file as sent, or None.
        resource_type: `image`, `video` or `raw`; raw ids keep the extension.
        random_text: Gives that many characters of a-z and 0-9.
        is_fixed: The cloud has fixed folders: they are part of the public id, and there is nothing else.

    Raises:
        ProviderError: The public id is not allowed (400).
    """
    if is_fixed:
        options = replace(options, asset_folder=None, display_name=None, use_filename_as_display_name=False)
    source = options.filename_override or filename
    stem = options.public_id or _stem(options, source, random_text)
    if resource_type == "raw" and not options.public_id and (ending := extension(source)):
        stem = f"{stem}.{ending}"

    prefix = options.public_id_prefix or options.folder
    if not prefix and options.use_asset_folder_as_public_id_prefix:
        prefix = options.asset_folder
    public_id = f"{prefix.strip('/')}/{stem}" if prefix and prefix.strip("/") else stem
    check(public_id)

    folder = options.asset_folder if options.asset_folder is not None else options.folder
    if folder is None or is_fixed:
        folder = public_id.rpartition("/")[0]
    shown = options.display_name
    if shown is None and options.use_filename_as_display_name:
        shown = base_name(source)
    return Name(public_id, check_folder(folder), shown or public_id.rpartition("/")[2])


def is_random(options: NamingOptions, filename: str | None) -> bool:
    """Whether `choose` makes up characters, so that another call gives another name."""
    if options.public_id:
        return False
    has_name = options.use_filename and base_name(options.filename_override or filename)
    return not has_name or options.unique_filename


def check(public_id: str) -> str:
    """Return a public id that is allowed.

    Raises:
        ProviderError: It is empty, too long, padded, or holds what is not allowed (400).
    """
    if not public_id or len(public_id) > MAX_LENGTH or public_id != public_id.strip(" /"):
        raise invalid_public_id(public_id)
    if _FORBIDDEN.search(public_id) or any(piece in ("", ".", "..") for piece in public_id.split("/")):
        raise invalid_public_id(public_id)
    return public_id


def check_folder(path: str) -> str:
    """Return a folder's path without slashes around it; the root is the empty text.

    Raises:
        ProviderError: It is not allowed (400).
    """
    path = path.strip("/")
    return check(path) if path else ""


def _stem(options: NamingOptions, source: str | None, random_text: Callable[[int], str]) -> str:
    name = base_name(source) if options.use_filename else None
    if not name:
        return random_text(20)
    name = _REPLACED.sub("_", name).strip("_") or random_text(20)
    return f"{name}_{random_text(6)}" if options.unique_filename else name
