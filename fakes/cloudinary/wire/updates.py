"""Reads what the Admin API's `update` changes.

Source: cloudinary.com/documentation/admin_api (update details of an existing resource).
"""

from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Asset
from fakes.cloudinary.wire.parameters import parse_context
from fakes.kit.clock import iso

_MODERATION_STATUSES = ("pending", "approved", "rejected", "overridden")


def updates(asset: Asset, form: Form, now_s: float) -> dict[str, Any]:
    """The fields of an asset that a request changes, by their names in `Asset`.

    Raises:
        ProviderError: A value cannot be used (400), or is a feature that is not covered (501).
    """
    changes: dict[str, Any] = {}
    if "tags" in form.params:
        changes["tags"] = form.many("tags")
    if "context" in form.params:
        changes["context"] = parse_context(form.text("context") or "")
    if "asset_folder" in form.params:
        changes["asset_folder"] = form.text("asset_folder") or ""
    if form.text("display_name") is not None:
        changes["display_name"] = form.text("display_name")
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
