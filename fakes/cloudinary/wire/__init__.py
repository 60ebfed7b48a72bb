"""Cloudinary's JSON and parameters, both ways; field names as Cloudinary spells them."""

from fakes.cloudinary.wire.account import (
    IMAGE_LIMIT_BYTES,
    VIDEO_LIMIT_BYTES,
    config_body,
    day_of,
    usage_body,
)
from fakes.cloudinary.wire.analyses import refusal as analysis_refusal
from fakes.cloudinary.wire.answers import (
    asset_body,
    deleted_body,
    delivery_url,
    derived_body,
    error_body,
    notified,
    partial_body,
    pending_body,
    placed,
    waiting_body,
)
from fakes.cloudinary.wire.archives import ArchiveOptions, Selection, archive_body, archive_options
from fakes.cloudinary.wire.changes import notifications as changes
from fakes.cloudinary.wire.details import (
    Detail,
    Showing,
    access_mode,
    detail_body,
    listed,
    page_body,
    relation_body,
)
from fakes.cloudinary.wire.edits import changed_fields
from fakes.cloudinary.wire.options import (
    Breakpoints,
    Conversion,
    Eager,
    Hooks,
    UploadOptions,
    hooks,
    upload_options,
)
from fakes.cloudinary.wire.parameters import (
    ALL_TYPES,
    RESOURCE_TYPES,
    TAG_COMMANDS,
    TYPES,
    some_ids,
    window,
)
from fakes.cloudinary.wire.presets import preset_body, preset_item, preset_params
from fakes.cloudinary.wire.searching import (
    aggregates,
    folder_body,
    folder_notice,
    found_body,
    found_folders_body,
    moved_folder_body,
    search_query,
)
from fakes.cloudinary.wire.updates import updates

__all__ = [
    "ALL_TYPES",
    "IMAGE_LIMIT_BYTES",
    "RESOURCE_TYPES",
    "TAG_COMMANDS",
    "TYPES",
    "VIDEO_LIMIT_BYTES",
    "ArchiveOptions",
    "Breakpoints",
    "Conversion",
    "Detail",
    "Eager",
    "Hooks",
    "Selection",
    "Showing",
    "UploadOptions",
    "access_mode",
    "aggregates",
    "analysis_refusal",
    "archive_body",
    "archive_options",
    "asset_body",
    "changed_fields",
    "changes",
    "config_body",
    "day_of",
    "deleted_body",
    "delivery_url",
    "derived_body",
    "detail_body",
    "error_body",
    "folder_body",
    "folder_notice",
    "found_body",
    "found_folders_body",
    "hooks",
    "listed",
    "moved_folder_body",
    "notified",
    "page_body",
    "partial_body",
    "pending_body",
    "placed",
    "preset_body",
    "preset_item",
    "preset_params",
    "relation_body",
    "search_query",
    "some_ids",
    "updates",
    "upload_options",
    "usage_body",
    "waiting_body",
    "window",
]
