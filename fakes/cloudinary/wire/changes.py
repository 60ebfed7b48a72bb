"""Notifications of what changed in assets, from how they were before and after.

Source: cloudinary.com/documentation/notifications (response samples).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fakes.cloudinary.state import Asset
from fakes.cloudinary.wire.answers import notified

Change = tuple[Asset, Asset]
"""One asset before and after."""


def notifications(changes: Iterable[Change]) -> list[tuple[str, dict[str, Any]]]:
    """What is to be told: `notification_type` and body of each."""
    pairs = list(changes)
    told = []
    for kind, (differs, body) in _KINDS.items():
        touched = [pair for pair in pairs if differs(pair)]
        if touched:
            told.append((kind, {"source": "api", "resources": body(touched)}))
    told += [("moderation", _moderated(after)) for before, after in pairs if _is_moderated(before, after)]
    return told


def _differs(name: str) -> Callable[[Change], bool]:
    return lambda pair: getattr(pair[0], name) != getattr(pair[1], name)


def _by_public_id(body: Callable[[Asset, Asset], dict[str, Any]]) -> Callable[[list[Change]], Any]:
    return lambda pairs: {after.public_id: body(before, after) | _reference(after) for before, after in pairs}


def _listed(body: Callable[[Asset, Asset], dict[str, Any]]) -> Callable[[list[Change]], Any]:
    return lambda pairs: [
        _reference(after) | {"public_id": after.public_id} | body(before, after) for before, after in pairs
    ]


def _reference(asset: Asset) -> dict[str, Any]:
    return {"asset_id": asset.asset_id, "resource_type": asset.resource_type, "type": asset.type}


def _tags(before: Asset, after: Asset) -> dict[str, Any]:
    old, new = set(before.tags), set(after.tags)
    return {"added": sorted(new - old), "removed": sorted(old - new)}


def _context(before: Asset, after: Asset) -> dict[str, Any]:
    old, new = before.context, after.context
    return {
        "added": [{"name": name, "value": new[name]} for name in new if name not in old],
        "removed": [{"name": name, "value": old[name]} for name in old if name not in new],
        "updated": [
            {"name": name, "previous_value": old[name], "new_value": new[name]}
            for name in new
            if name in old and old[name] != new[name]
        ],
    }


def _metadata(before: Asset, after: Asset) -> dict[str, Any]:
    return {"previous_metadata": dict(before.metadata), "new_metadata": dict(after.metadata)}


def _display_name(before: Asset, after: Asset) -> dict[str, Any]:
    return {
        "previous_display_name": before.display_name,
        "new_display_name": after.display_name,
        "public_id": after.public_id,
        "asset_folder": after.asset_folder,
    }


def _access_control(before: Asset, after: Asset) -> dict[str, Any]:
    return {
        "previous_access_control": list(before.access_control),
        "new_access_control": list(after.access_control),
    }


def _folder(before: Asset, after: Asset) -> dict[str, Any]:
    return {
        "from_asset_folder": before.asset_folder,
        "to_asset_folder": after.asset_folder,
        "display_name": after.display_name,
    }


def _is_moderated(before: Asset, after: Asset) -> bool:
    return bool(after.moderation) and before.moderation != after.moderation


def _moderated(asset: Asset) -> dict[str, Any]:
    newest = asset.moderation[-1]
    return notified(asset) | {
        "moderation_kind": newest["kind"],
        "moderation_status": newest["status"],
        "moderation_updated_at": newest.get("updated_at"),
    }


_KINDS: Mapping[str, tuple[Callable[[Change], bool], Callable[[list[Change]], Any]]] = {
    "resource_tags_changed": (_differs("tags"), _listed(_tags)),
    "resource_context_changed": (_differs("context"), _by_public_id(_context)),
    "resource_metadata_changed": (_differs("metadata"), _by_public_id(_metadata)),
    "resource_display_name_changed": (_differs("display_name"), _by_public_id(_display_name)),
    "access_control_changed": (_differs("access_control"), _listed(_access_control)),
    "move": (_differs("asset_folder"), _by_public_id(_folder)),
}
