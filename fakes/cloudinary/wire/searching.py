"""Searches as they are asked for and answered.

Source: cloudinary.com/documentation/search_method, search_folders_method, cacheable_search_urls.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Aggregate, Asset, Folder, FoundAssets, FoundFolders, Query
from fakes.cloudinary.state.search import MAX_SORTS
from fakes.cloudinary.wire.answers import addresses, delivery_url, placed
from fakes.cloudinary.wire.details import Showing, access_mode
from fakes.cloudinary.wire.parameters import window
from fakes.kit.bodies import strict_json
from fakes.kit.clock import iso_with_offset

_ALWAYS = ("asset_id", "public_id", "asset_folder", "folder", "created_at", "status", "type", "resource_type")
_MORE = (
    "context",
    "tags",
    "metadata",
    "image_metadata",
    "image_analysis",
    "quality_analysis",
    "accessibility_analysis",
)
_ANALYSIS = {
    "grayscale": "grayscale",
    "illustration_score": "illustration_score",
    "transparent": "semi_transparent",
}
_MAX_RANGES = 50


def search_query(form: Form) -> Query:
    """Read what a search asks for: `expression`, `sort_by`, `max_results` and `next_cursor`.

    Raises:
        ProviderError: A value cannot be used (400).
    """
    part = window(form, default=50)
    sort = tuple(dict(_sort_by(form)).items())
    if len(sort) > MAX_SORTS:
        raise errors.invalid_parameter("sort_by", f"more than {MAX_SORTS}")
    return Query(form.text("expression") or "", sort, part.limit, part.cursor)


def aggregates(form: Form) -> list[Aggregate]:
    """Read `aggregate`: names of fields, or `{"type": ..., "ranges": [{"key", "from", "to"}]}`.

    Raises:
        ProviderError: It is something else (400).
    """
    found = []
    for wish in _items(form, "aggregate"):
        wish = {"type": wish} if isinstance(wish, str) else wish
        ranges = wish.get("ranges") or [] if isinstance(wish, dict) else None
        if not isinstance(ranges, list) or len(ranges) > _MAX_RANGES or not isinstance(wish.get("type"), str):
            raise errors.invalid_parameter("aggregate", json.dumps(wish))
        found.append(Aggregate(wish["type"], dict(_range(one) for one in ranges)))
    return list({one.field: one for one in found}.values())


def wanted_fields(form: Form) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read `with_field` and `fields`.

    Raises:
        ProviderError: `with_field` names no field that can be added (400).
    """
    more = form.many("with_field")
    for name in more:
        if name not in _MORE:  # guess: nobody has recorded what other names get
            raise errors.invalid_parameter("with_field", name)
    return more, form.many("fields")


def found_body(found: FoundAssets, showing: Showing, api_key: str, form: Form) -> dict[str, Any]:
    """The answer to a search for assets."""
    more, fields = wanted_fields(form)
    items = []
    for asset in found.assets:
        item = _found(asset, showing, api_key) | {"backup_bytes": found.backup_bytes[asset.asset_id]}
        item |= {
            name: value for name, value in _more(asset, showing).items() if name in more or name in fields
        }
        if fields:
            kept = {*_ALWAYS, *fields}
            item = {name: value for name, value in item.items() if name in kept}
        items.append(item)
    body: dict[str, Any] = {"total_count": found.total, "time": 1, "resources": items}
    if found.aggregations:
        body["aggregations"] = found.aggregations
    return body | ({"next_cursor": found.next_cursor} if found.next_cursor else {})


def _found(asset: Asset, showing: Showing, api_key: str) -> dict[str, Any]:
    """One asset that was found: times with an offset, labels only on request."""
    at = iso_with_offset(asset.created_at)
    url = delivery_url(showing.origin, asset)
    place = placed(asset, showing.cloud)
    name = {"display_name": place.pop("display_name")} if "display_name" in place else {}
    by = {"access_key": asset.extras.get("created_by", api_key)}
    item: dict[str, Any] = {
        "asset_id": asset.asset_id,
        "public_id": asset.public_id,
        **place,
        "filename": asset.public_id.rpartition("/")[2],
        **name,
        "format": asset.format or "",
        "version": asset.version,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "created_at": at,
        "uploaded_at": at,
        "bytes": asset.bytes,
        "backup_bytes": 0,
    }
    if asset.width and asset.height:
        item |= {"width": asset.width, "height": asset.height}
        ratio = round(asset.width / asset.height, 5)
        item |= {"aspect_ratio": ratio, "pixels": asset.width * asset.height}
    if asset.duration:
        item |= {"duration": asset.duration, "bit_rate": asset.detail.get("bit_rate")}
        item |= {"frame_rate": asset.detail["frame_rate"]} if "frame_rate" in asset.detail else {}
    item |= addresses(url) | {"status": "active"}
    item |= {
        "access_mode": access_mode(asset),
        "access_control": list(asset.access_control) or None,
        "etag": asset.etag,
    }
    if asset.moderation_status:
        item |= {"moderation_status": asset.moderation_status, "moderation_kind": asset.moderation_kind}
    return item | {"created_by": by, "uploaded_by": by}


def found_folders_body(found: FoundFolders) -> dict[str, Any]:
    """The answer to a search for folders."""
    folders = [
        {
            "name": folder.name,
            "path": folder.path,
            "created_at": iso_with_offset(folder.created_at),
            "external_id": folder.external_id,
        }
        for folder in found.folders
    ]
    body: dict[str, Any] = {"total_count": found.total, "time": 1, "folders": folders}
    return body | ({"next_cursor": found.next_cursor} if found.next_cursor else {})


def folder_body(folder: Folder) -> dict[str, Any]:
    """One folder of a listing."""
    return {"name": folder.name, "path": folder.path, "external_id": folder.external_id}


def folder_notice(path: str) -> dict[str, str]:
    """A folder as notifications name it."""
    return {"source": "api", "folder_path": path, "folder_name": path.rpartition("/")[2]}


def moved_folder_body(source: str, target: str) -> dict[str, Any]:
    """The answer to a folder that got another path."""
    named = {"from": source, "to": target}
    return {end: {"name": path.rpartition("/")[2], "path": path} for end, path in named.items()}


def _more(asset: Asset, showing: Showing) -> Mapping[str, Any]:
    """What `with_field` can ask for; context is flat here."""
    detail = asset.detail
    faces = asset.extras.get("face_coordinates", detail.get("faces", []))
    analysis = {name: detail[found] for name, found in _ANALYSIS.items() if found in detail}
    if "predominant" in detail:
        analysis["colors"] = dict(detail["predominant"]["google"])
    return {
        "tags": list(asset.tags),
        "context": dict(asset.context),
        "metadata": showing.metadata(asset),
        "image_metadata": detail.get("image_metadata", {}),
        "image_analysis": {"face_count": len(faces), "faces": faces, **analysis},
        "quality_analysis": detail.get("quality_analysis", {}),
        "accessibility_analysis": detail.get("accessibility_analysis", {}),
    }


def _sort_by(form: Form) -> Iterable[tuple[str, bool]]:
    for wish in _items(form, "sort_by"):
        for name, direction in wish.items() if isinstance(wish, dict) else [(wish, "desc")]:
            if direction not in ("asc", "desc") or not isinstance(name, str):
                raise errors.invalid_parameter("sort_by", json.dumps(wish))
            yield name, direction == "asc"


def _range(wish: Any) -> tuple[str, tuple[float | None, float | None]]:
    if not isinstance(wish, dict):
        raise errors.invalid_parameter("aggregate", json.dumps(wish))
    ends = _end(wish.get("from")), _end(wish.get("to"))
    unnamed = "-".join("*" if end is None else str(end) for end in ends)
    return str(wish.get("key") or unnamed), ends


def _end(value: Any) -> float | None:
    if value is None or (isinstance(value, int | float) and abs(value) < 1 << 62):
        return None if value is None else float(value)
    raise errors.invalid_parameter("aggregate", json.dumps(value))


def _items(form: Form, name: str) -> list[Any]:
    """A list of texts or objects, however the client sent it."""
    asked = form.params.get(name)
    if not asked:
        return []
    try:
        if isinstance(asked, tuple):
            return [strict_json(one) if one.startswith("{") else one for one in asked]
        items = strict_json(asked) if asked.startswith(("[", "{")) else asked.split(",")
    except ValueError as error:
        raise errors.invalid_parameter(name, str(asked)) from error
    return items if isinstance(items, list) else [items]
