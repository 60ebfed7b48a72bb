"""Cloudinary's JSON and parameters, both ways; field names as Cloudinary spells them."""

from fakes.cloudinary.wire.account import (
    IMAGE_LIMIT_BYTES,
    VIDEO_LIMIT_BYTES,
    config_body,
    day_of,
    usage_body,
)
from fakes.cloudinary.wire.answers import (
    asset_body,
    deleted_body,
    delivery_url,
    derived_body,
    detail_body,
    error_body,
    folder_body,
    found_body,
    notified,
    page_body,
    partial_body,
)
from fakes.cloudinary.wire.parameters import (
    RESOURCE_TYPES,
    TAG_COMMANDS,
    TYPES,
    Eager,
    UploadOptions,
    parse_context,
    sort_by,
    upload_options,
    window,
)
from fakes.cloudinary.wire.presets import preset_body, preset_params

__all__ = [
    "IMAGE_LIMIT_BYTES",
    "RESOURCE_TYPES",
    "TAG_COMMANDS",
    "TYPES",
    "VIDEO_LIMIT_BYTES",
    "Eager",
    "UploadOptions",
    "asset_body",
    "config_body",
    "day_of",
    "deleted_body",
    "delivery_url",
    "derived_body",
    "detail_body",
    "error_body",
    "folder_body",
    "found_body",
    "notified",
    "page_body",
    "parse_context",
    "partial_body",
    "preset_body",
    "preset_params",
    "sort_by",
    "upload_options",
    "usage_body",
    "window",
]
