"""Cloudinary's JSON, field by field in the order of captured answers.

Source: cloudinary.com/documentation/image_upload_api_reference (responses), admin_api, search_api.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from fakes.cloudinary import errors, signatures
from fakes.cloudinary.state import Asset, Derived
from fakes.kit.clock import iso
from fakes.kit.errors import ProviderError


def delivery_url(
    origin: str, asset: Asset, *, transformation: str = "", format_name: str | None = None
) -> str:
    """The address of an asset, or of its transformation (escaped as in URLs) in a format."""
    ending = format_name if format_name is not None else asset.format
    name = asset.public_id if asset.resource_type == "raw" or not ending else f"{asset.public_id}.{ending}"
    pieces = [asset.cloud, asset.resource_type, asset.type]
    pieces += [transformation] if transformation else []
    return "/".join([origin, *pieces, f"v{asset.version}", quote(name, safe="/:_-.~")])


def asset_body(asset: Asset, origin: str, *, secret: str, api_key: str) -> dict[str, Any]:
    """The answer to an upload; field order as captured from the real service."""
    detail = asset.detail
    url = delivery_url(origin, asset)
    body: dict[str, Any] = {
        "asset_id": asset.asset_id,
        "public_id": asset.public_id,
        "version": asset.version,
        "version_id": asset.version_id,
        "signature": signatures.answer_signature(asset.public_id, asset.version, secret),
    }
    body |= _size(asset)
    if asset.format:
        body["format"] = asset.format
    body |= {
        "resource_type": asset.resource_type,
        "created_at": iso(asset.created_at),
        "tags": list(asset.tags),
    }
    if asset.resource_type != "raw":
        body["pages"] = detail.get("pages", 1)
    body |= {"bytes": asset.bytes, "type": asset.type, "etag": asset.etag, "placeholder": False}
    body |= {"url": url, "secure_url": url}
    if asset.resource_type == "video":
        body["playback_url"] = delivery_url(origin, asset, transformation="sp_auto", format_name="m3u8")
    body |= {"asset_folder": asset.asset_folder, "display_name": asset.display_name}
    if asset.context:
        body["context"] = {"custom": dict(asset.context)}
    if asset.resource_type == "video":
        body |= video_fields(asset)
    if asset.original_filename:
        body["original_filename"] = asset.original_filename
    if "nb_frames" in detail:
        body["nb_frames"] = detail["nb_frames"]
    body["api_key"] = api_key
    return body


def video_fields(asset: Asset) -> dict[str, Any]:
    """What is said of a video beside its size."""
    detail = asset.detail
    fields: dict[str, Any] = {"audio": detail.get("audio", {}), "video": detail.get("video", {})}
    fields |= {name: detail[name] for name in ("is_audio", "frame_rate", "bit_rate") if name in detail}
    fields |= {"duration": asset.duration, "rotation": detail.get("rotation", 0)}
    return fields


def partial_body(received_bytes: int, public_id: str, resource_type: str) -> dict[str, Any]:
    """The answer to a part of a chunked upload that is not the last."""
    return {
        "done": False,
        "bytes": received_bytes,
        "kind": "upload",
        "public_id": public_id,
        "resource_type": resource_type,
    }


def derived_body(asset: Asset, derived: Derived, origin: str) -> dict[str, Any]:
    """One item of `eager` in an upload answer."""
    url = delivery_url(origin, asset, transformation=derived.transformation, format_name=derived.format)
    body: dict[str, Any] = {"transformation": derived.transformation}
    if derived.width:
        body |= {"width": derived.width, "height": derived.height}
    return body | {"bytes": derived.bytes, "format": derived.format, "url": url, "secure_url": url}


def error_body(error: ProviderError) -> Any:
    """An error as Cloudinary answers it: JSON on the API, an empty body on delivery."""
    if error.code == errors.DELIVERY:
        return Response(status_code=error.status, headers=error.headers)
    error.headers.setdefault("X-Cld-Error", errors.header_text(error.message))
    return {"error": {"message": error.message}}


def _size(asset: Asset) -> dict[str, Any]:
    return {"width": asset.width, "height": asset.height} if asset.width else {}


def notified(asset: Asset) -> dict[str, Any]:
    """An asset as notifications name it."""
    return {
        "resource_type": asset.resource_type,
        "type": asset.type,
        "asset_id": asset.asset_id,
        "public_id": asset.public_id,
        "version": asset.version,
        "asset_folder": asset.asset_folder,
        "display_name": asset.display_name,
    }


def deleted_body(counts: Mapping[str, tuple[int, int] | None]) -> dict[str, Any]:
    """What was deleted: originals and derived by public id; None for ids that did not exist."""
    return {
        "deleted": {name: "deleted" if count else "not_found" for name, count in counts.items()},
        "deleted_counts": {
            name: {"original": count[0] if count else 0, "derived": count[1] if count else 0}
            for name, count in counts.items()
        },
        "partial": False,
    }
