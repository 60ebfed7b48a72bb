"""Delivery type `list`: the assets with a tag, as JSON for web pages.

Source: cloudinary.com/documentation/list_assets (client-side asset lists).
"""

from collections.abc import Iterable
from typing import Any

from fakes.cloudinary import errors, wire
from fakes.cloudinary.state import Asset, CloudinaryState, Window
from fakes.kit.clock import iso

_MOST = 1000
ANY = "any"


def assets(state: CloudinaryState, cloud: str, resource_type: str, tag: str) -> list[Asset]:
    """The assets with a tag, newest first, up to 1000.

    Raises:
        ProviderError: There are none (404).
    """
    kinds = wire.RESOURCE_TYPES if resource_type == ANY else (resource_type,)
    pages = (state.listing.tagged(cloud, kind, tag, Window(_MOST)).assets for kind in kinds)
    found = sorted(
        (asset for page in pages for asset in page), key=lambda one: (-one.created_at, one.asset_id)
    )
    if not found:
        raise errors.delivery_not_found(tag)
    return found[:_MOST]


def body(found: Iterable[Asset], resource_type: str) -> dict[str, Any]:
    """The JSON of a list."""
    found = list(found)
    newest = max(asset.extras.get("last_updated", {}).get("updated_at", asset.created_at) for asset in found)
    return {"resources": [_item(asset, resource_type) for asset in found], "updated_at": iso(newest)}


def _item(asset: Asset, resource_type: str) -> dict[str, Any]:
    item: dict[str, Any] = {"public_id": asset.public_id, "version": asset.version}
    known = {"format": asset.format, "width": asset.width, "height": asset.height, "duration": asset.duration}
    item |= {name: value for name, value in known.items() if value is not None}
    item |= {"type": asset.type, "created_at": iso(asset.created_at)}
    if resource_type == ANY:
        item["resource_type"] = asset.resource_type
    if asset.context:
        item["context"] = {"custom": dict(asset.context)}
    if asset.metadata:
        item["metadata"] = [{"external_id": name, "value": value} for name, value in asset.metadata.items()]
    return item
