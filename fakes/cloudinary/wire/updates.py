"""Reads what the Admin API's `update` changes.

Source: cloudinary.com/documentation/admin_api (update details of an existing resource).
"""

import re
from typing import Any

from fakes.cloudinary import errors, pairs
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Asset
from fakes.cloudinary.wire import addons
from fakes.cloudinary.wire.edits import changed_fields
from fakes.cloudinary.wire.parameters import parse_tags
from fakes.kit.clock import iso

_QUALITY = re.compile(r"none|auto(:\w+)?|[1-9]\d?(:\d{3})?|100(:\d{3})?")
_MODERATION_STATUSES = ("pending", "approved", "rejected", "overridden")


def updates(asset: Asset, form: Form, now_s: float) -> dict[str, Any]:
    """The fields of an asset that a request changes, by their names in `Asset`, but for structured metadata.

    Unlike `explicit`, an update replaces the context as a whole, and an empty value takes the old one away.

    Raises:
        ProviderError: A value cannot be used (400), is of an add-on (420), or is not covered (501).
    """
    addons.check_update(form)
    changes = changed_fields(form, asset)
    if "tags" in form.params:
        changes["tags"] = parse_tags(form)
    if "context" in form.params:
        changes["context"] = pairs.read(form.text("context") or "", "context")
    if form.params.get("asset_folder") == "":
        changes["asset_folder"] = ""
    override = form.text("quality_override")
    if override is not None and not _QUALITY.fullmatch(override):
        raise errors.illegal_value("quality_override", override)
    status = form.text("moderation_status")
    if status is not None:
        changes["moderation"] = _moderated(asset, status, now_s)
    return changes


def _moderated(asset: Asset, status: str, now_s: float) -> tuple[dict[str, Any], ...]:
    """The asset's moderation with another status of the manual entry, or of a new one."""
    if status not in _MODERATION_STATUSES:
        raise errors.illegal_value("moderation_status", status)
    entry = {"kind": "manual", "status": status, "updated_at": iso(now_s)}
    others = tuple(dict(one) for one in asset.moderation if one["kind"] != "manual")
    return (*others, entry)
