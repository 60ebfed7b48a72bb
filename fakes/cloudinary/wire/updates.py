"""Reads what the Admin API's `update` changes, and says which notifications tell of it.

Source: cloudinary.com/documentation/admin_api (update details of an existing resource), notifications.
"""

from collections.abc import Iterable
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Asset
from fakes.cloudinary.wire.answers import notified
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


def change_notices(before: Asset, after: Asset) -> Iterable[tuple[str, dict[str, Any]]]:
    """The type and the content of each notification that tells of a change."""
    identity = {name: getattr(after, name) for name in ("asset_id", "public_id", "resource_type", "type")}
    if before.tags != after.tags:
        added, removed = sorted({*after.tags} - {*before.tags}), sorted({*before.tags} - {*after.tags})
        content = {**identity, "added": added, "removed": removed}
        yield "resource_tags_changed", {"source": "api", "resources": [content]}
    if before.context != after.context:
        old, new = before.context, after.context
        content = {
            "added": [{"name": name, "value": new[name]} for name in new if name not in old],
            "removed": [{"name": name, "value": old[name]} for name in old if name not in new],
            "updated": [
                {"name": name, "previous_value": old[name], "new_value": new[name]}
                for name in new
                if name in old and old[name] != new[name]
            ],
        }
        yield "resource_context_changed", {"source": "api", "resources": {after.public_id: content}}
    if before.metadata != after.metadata:
        content = {"previous_metadata": dict(before.metadata), "new_metadata": dict(after.metadata)}
        yield "resource_metadata_changed", {"source": "api", "resources": {after.public_id: content}}
    if before.display_name != after.display_name:
        names = {"previous_display_name": before.display_name, "new_display_name": after.display_name}
        yield "resource_display_name_changed", {"resources": {after.public_id: {**identity, **names}}}
    if before.asset_folder != after.asset_folder:
        folders = {"from_asset_folder": before.asset_folder, "to_asset_folder": after.asset_folder}
        yield "move", {"resources": {after.public_id: {**notified(after), **folders}}}
    if before.access_control != after.access_control:
        rules = {"access_control": [dict(rule) for rule in after.access_control]}
        yield "access_control_changed", {"resources": [{**identity, **rules}]}
    if before.moderation != after.moderation:
        newest = after.moderation[-1]
        yield (
            "moderation",
            {
                **notified(after),
                "moderation_kind": newest["kind"],
                "moderation_status": newest["status"],
                "moderation_updated_at": newest["updated_at"],
            },
        )


def _moderated(asset: Asset, status: str, now_s: float) -> tuple[dict[str, Any], ...]:
    """The asset's moderation with another status of the manual entry, or of a new one."""
    if status not in _MODERATION_STATUSES:
        raise errors.illegal_value("moderation_status", status)
    entry = {"kind": "manual", "status": status, "updated_at": iso(now_s)}
    others = tuple(dict(one) for one in asset.moderation if one["kind"] != "manual")
    return (*others, entry)
