"""Transformations as the Admin API shows them."""

from collections.abc import Sequence
from typing import Any

from fakes.cloudinary.state import Asset, Derived
from fakes.cloudinary.state.transformations import Stored
from fakes.cloudinary.transformation.described import describe
from fakes.cloudinary.wire.answers import addresses, delivery_url


def transformation_body(stored: Stored) -> dict[str, Any]:
    """One item of the list."""
    return {
        "name": stored.name,
        "allowed_for_strict": stored.is_allowed,
        "used": stored.is_used,
        "named": stored.is_named,
    }


def transformation_detail(
    stored: Stored, derived: Sequence[tuple[Asset, Derived]], origin: str
) -> dict[str, Any]:
    """Everything about one transformation."""
    items = [_derived_item(asset, one, origin) for asset, one in derived]
    return transformation_body(stored) | {"info": describe(stored.text), "derived": items}


def _derived_item(asset: Asset, derived: Derived, origin: str) -> dict[str, Any]:
    url = delivery_url(origin, asset, transformation=derived.transformation, format_name=derived.format)
    return {
        "public_id": asset.public_id,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "format": derived.format,
        **addresses(url),
        "bytes": derived.bytes,
        "id": derived.id,
    }
