"""The parameters of `generate_archive`, and what it answers.

Source: cloudinary.com/documentation/image_upload_api_reference#generate_archive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary import archive, errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.wire.options import Eager, parse_eager
from fakes.cloudinary.wire.parameters import parse_tags

MODES = ("create", "download")
_MOST_SELECTORS = 1000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which assets are meant, and which of them were not found."""

    tags: tuple[str, ...] = ()
    public_ids: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    fully_qualified_public_ids: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.tags, self.public_ids, self.prefixes, self.fully_qualified_public_ids))


@dataclass(frozen=True, slots=True)
class ArchiveOptions:
    """The parameters of `generate_archive`."""

    format: str
    mode: str
    selection: Selection
    transformations: tuple[Eager, ...]
    target_public_id: str | None
    target_asset_folder: str | None
    target_tags: tuple[str, ...]
    is_async: bool
    allows_missing: bool
    flattens_folders: bool
    flattens_transformations: bool
    skips_transformation_name: bool
    uses_original_filename: bool
    keeps_derived: bool


def archive_options(form: Form) -> ArchiveOptions:
    """Read the parameters of an archive.

    Raises:
        ProviderError: A value cannot be used, or nothing is selected (400).
    """
    format_name, mode = form.text("target_format") or "zip", form.text("mode") or "create"
    if format_name not in archive.FORMATS:
        raise errors.invalid_parameter("target_format", format_name)
    if mode not in MODES:
        raise errors.invalid_parameter("mode", mode)
    names = ("tags", "public_ids", "prefixes", "fully_qualified_public_ids")
    selection = Selection(**{name: tuple(dict.fromkeys(form.many(name))) for name in names})
    if not selection:
        raise errors.missing_parameter("tags, public_ids, prefixes or fully_qualified_public_ids")
    if max(len(getattr(selection, name)) for name in names) > _MOST_SELECTORS:
        raise errors.invalid_parameter("public_ids", f"more than {_MOST_SELECTORS}")
    return ArchiveOptions(
        format_name,
        mode,
        selection,
        parse_eager(form.text("transformations") or ""),
        form.text("target_public_id"),
        form.text("target_asset_folder"),
        parse_tags(form, "target_tags"),
        form.flag("async"),
        form.flag("allow_missing"),
        form.flag("flatten_folders"),
        form.flag("flatten_transformations"),
        form.flag("skip_transformation_name"),
        form.flag("use_original_filename"),
        form.flag("keep_derived"),
    )


def archive_body(
    asset_body: Mapping[str, Any], missing: Selection, counts: tuple[int, int]
) -> dict[str, Any]:
    """The answer: the archive as an asset, how many assets and files are in it, and what was not found."""
    resource_count, file_count = counts
    absent: dict[str, Sequence[str]] = {
        "missing_public_ids": [*missing.public_ids, *missing.fully_qualified_public_ids],
        "empty_tags": missing.tags,
        "empty_prefixes": missing.prefixes,
    }
    found = {name: list(values) for name, values in absent.items() if values}
    return {**asset_body, "resource_count": resource_count, "file_count": file_count, **found}
