"""Cloudinary's JSON, field by field in the order of captured answers.

Source: cloudinary.com/documentation/image_upload_api_reference (responses), admin_api, search_api.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from fakes.cloudinary import errors, signatures
from fakes.cloudinary.state import Asset, Cloud, Derived, Key
from fakes.kit.clock import iso
from fakes.kit.errors import ProviderError


def delivery_url(
    origin: str,
    asset: Asset,
    *,
    transformation: str = "",
    format_name: str | None = None,
    secret: str = "",
) -> str:
    """The address of an asset, or of its transformation in a format.

    Args:
        origin: Where delivery is.
        asset: The original.
        transformation: Its components, escaped as in URLs and joined by `/`.
        format_name: The extension; None for the asset's own.
        secret: Signs addresses that need it; without it they are given unsigned.
    """
    ending = format_name if format_name is not None else asset.format
    name = asset.public_id if asset.resource_type == "raw" or not ending else f"{asset.public_id}.{ending}"
    last = quote(name, safe="/:_-.~")
    components = [transformation] if transformation else []
    pieces = [asset.cloud, asset.resource_type, asset.type]
    if secret and (asset.type == "authenticated" or (asset.type == "private" and not transformation)):
        pieces.append(f"s--{signatures.delivery_signature('/'.join([*components, last]), secret)}--")
    return "/".join([origin, *pieces, *components, f"v{asset.version}", last])


def addresses(url: str, name: str = "url") -> dict[str, str]:
    """An address of delivery in its plain and its secure field; by the fake's own port the two are one."""
    return {name: re.sub(r"\Ahttps:", "http:", url), f"secure_{name}": url}


def asset_body(asset: Asset, origin: str, cloud: Cloud, *, secret: str, api_key: str) -> dict[str, Any]:
    """The answer to an upload; field order as captured from the real service.

    Args:
        asset: What was uploaded.
        origin: Where delivery is.
        cloud: Its folder mode decides on the fields.
        secret: Signs the answer and addresses that need it.
        api_key: Whose key uploaded it.
    """
    detail = asset.detail
    url = delivery_url(origin, asset, secret=secret)
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
    body |= addresses(url)
    if asset.resource_type == "video":
        body["playback_url"] = delivery_url(
            origin, asset, transformation="sp_auto", format_name="m3u8", secret=secret
        )
    body |= placed(asset, cloud) | _said(asset)
    if asset.resource_type == "video":
        body |= video_fields(asset)
    if asset.original_filename:
        body["original_filename"] = asset.original_filename
    if "original_extension" in asset.extras:
        body["original_extension"] = asset.extras["original_extension"]
    if "nb_frames" in detail:
        body["nb_frames"] = detail["nb_frames"]
    body["api_key"] = api_key
    return body


def placed(asset: Asset, cloud: Cloud) -> dict[str, str]:
    """Where an asset is, in the words of the cloud's folder mode."""
    if cloud.folder_mode == "fixed":
        return {"folder": asset.public_id.rpartition("/")[0]}
    return {"asset_folder": asset.asset_folder, "display_name": asset.display_name}


def _said(asset: Asset) -> dict[str, Any]:
    """What was said of an asset; nothing of what was not."""
    fields: dict[str, Any] = {"context": {"custom": dict(asset.context)}} if asset.context else {}
    if asset.metadata:
        fields["metadata"] = dict(asset.metadata)
    for name in ("moderation", "access_control"):
        if getattr(asset, name):
            fields[name] = list(getattr(asset, name))
    extras = asset.extras
    fields |= {
        name: extras[name] for name in ("access_mode", "regions", "quality_override") if name in extras
    }
    said = coordinates(asset)
    return fields | ({"coordinates": said} if said else {})


def coordinates(asset: Asset) -> dict[str, Any]:
    """Where somebody has said that faces and points of interest are: rectangles in pixels."""
    known = (("faces", "face_coordinates"), ("custom", "custom_coordinates"))
    return {name: asset.extras[key] for name, key in known if key in asset.extras}


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


def pending_body(key: Key, batch_id: str) -> dict[str, Any]:
    """The answer to a call whose work is done behind it."""
    return {
        "status": "pending",
        "resource_type": key.resource_type,
        "type": key.type,
        "public_id": key.public_id,
        "batch_id": batch_id,
    }


def waiting_body(
    asset: Asset, transformation: str, format_name: str | None, origin: str, *, secret: str = ""
) -> dict[str, Any]:
    """One item of `eager` in an upload answer, while it is being made."""
    url = delivery_url(origin, asset, transformation=transformation, format_name=format_name, secret=secret)
    return {"transformation": transformation, "status": "processing", **addresses(url)}


def derived_body(asset: Asset, derived: Derived, origin: str, *, secret: str = "") -> dict[str, Any]:
    """One item of `eager` in an upload answer."""
    url = delivery_url(
        origin, asset, transformation=derived.transformation, format_name=derived.format, secret=secret
    )
    body: dict[str, Any] = {"transformation": derived.transformation}
    if derived.width:
        body |= {"width": derived.width, "height": derived.height}
    return body | {"bytes": derived.bytes, "format": derived.format, **addresses(url)}


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
