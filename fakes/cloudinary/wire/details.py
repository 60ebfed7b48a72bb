"""Assets as the Admin API lists and describes them.

Source: cloudinary.com/documentation/admin_api (resources), and the result types of the official Go client.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Asset, Backup, Cloud, Derived, Page
from fakes.cloudinary.wire.answers import (
    addresses,
    coordinates,
    delivery_url,
    derived_body,
    placed,
    video_fields,
)
from fakes.kit.clock import iso

_RELATIONS: Mapping[str, tuple[int, str]] = {
    "success_ids": (200, "success"),
    "already_exists_ids": (409, "resource already exists"),
    # guess: the texts from here on; the codes are those of the official JavaScript client
    "non_existing_ids": (404, "resource does not exist"),
    "invalid_ids": (400, "resource id is invalid"),
    "invalid_relate_to_self_id": (400, "resource cannot be related to itself"),
    "relation_does_not_exist_ids": (404, "relation does not exist"),
}


@dataclass(frozen=True, slots=True)
class Showing:
    """For whom an asset is shown.

    Attributes:
        origin: Where delivery is.
        cloud: Its folder mode decides on the fields.
        metadata_fields: The ids of its fields; values of deleted ones are not shown.
    """

    origin: str
    cloud: Cloud
    metadata_fields: frozenset[str]

    def metadata(self, asset: Asset) -> dict[str, Any]:
        """The structured metadata of an asset."""
        return {name: value for name, value in asset.metadata.items() if name in self.metadata_fields}


@dataclass(frozen=True, slots=True)
class Detail:
    """What is known of one asset, beside its row.

    Attributes:
        derived: A page of its derived assets.
        derived_cursor: Where the next page begins, or None.
        versions: Its backups; None when nobody asked.
        related: A page of related assets; None when nobody asked.
        looks: What the file was looked at for: `colors`, `phash`...
        is_backed_up: Whether it has backups.
        is_deleted: Only its backups are there.
    """

    derived: Sequence[Derived] = ()
    derived_cursor: str | None = None
    versions: Sequence[Backup] | None = None
    related: Page | None = None
    looks: Mapping[str, Any] | None = None
    is_backed_up: bool = False
    is_deleted: bool = False


def listed(asset: Asset, showing: Showing, form: Form) -> dict[str, Any]:
    """One item of a listing; tags, context, metadata and moderation when asked for."""
    body = _identity(asset) | placed(asset, showing.cloud)
    shown = {
        "tags": form.flag("tags"),
        "context": form.flag("context"),
        "metadata": form.flag("metadata"),
        "moderation_kind": form.flag("moderations"),
        "moderation_status": form.flag("moderations"),
    }
    labels = {"tags": list(asset.tags)} | _labels(asset, showing) | _moderation(asset)
    body |= {name: value for name, value in labels.items() if shown.get(name)}
    body |= _urls(asset, showing)
    return _only_fields({**body, **labels}, body, form)


def page_body(page: Page, showing: Showing, form: Form) -> dict[str, Any]:
    """A page of a listing."""
    body: dict[str, Any] = {"resources": [listed(asset, showing, form) for asset in page.assets]}
    if page.next_cursor:
        body["next_cursor"] = page.next_cursor
    return body


def detail_body(asset: Asset, detail: Detail, showing: Showing, form: Form) -> dict[str, Any]:
    """Everything about one asset."""
    body = _identity(asset)
    if detail.is_deleted:
        body |= {"bytes": 0, "placeholder": True}
    if asset.resource_type == "video" and (form.flag("media_metadata") or form.flag("image_metadata")):
        body |= video_fields(asset)
    if detail.is_backed_up:
        body["backup"] = True
    body |= placed(asset, showing.cloud) | _urls(asset, showing)
    body["access_mode"] = access_mode(asset)
    if asset.access_control:
        body["access_control"] = [dict(rule) for rule in asset.access_control]
    body |= _labels(asset, showing) | _moderation(asset)
    if asset.moderation:
        body["moderation"] = [dict(entry) for entry in asset.moderation]
    body |= {name: asset.extras[name] for name in ("quality_override", "info") if name in asset.extras}
    stamps = asset.extras.get("last_updated", {"updated_at": asset.created_at})
    body["last_updated"] = {name: iso(at) for name, at in stamps.items()}
    body |= _analysis(asset, detail, form)
    body |= _neighbours(detail, showing)
    body["derived"] = [{"id": one.id, **derived_body(asset, one, showing.origin)} for one in detail.derived]
    if detail.derived_cursor:
        body |= {"next_cursor": detail.derived_cursor, "derived_next_cursor": detail.derived_cursor}
    body["etag"] = asset.etag
    return _only_fields(body, body, form)


def relation_body(name: str, code: str) -> dict[str, Any]:
    """What came of relating, or unrelating, one asset."""
    status, message = _RELATIONS[code]
    return {"message": message, "code": code, "asset": name, "status": status}


def relations_notice(asset: Asset, body: Mapping[str, Sequence[Any]], *, is_relating: bool) -> dict[str, Any]:
    """What a notification says of the answer to a call that relates, or unrelates, assets."""
    return {
        "action_type": "add" if is_relating else "delete",
        "asset_id": asset.asset_id,
        "total_failed": len(body["failed"]),
        "total_success": len(body["success"]),
    }


def access_mode(asset: Asset) -> str:
    """`public`, or `authenticated` for what only tokens and signatures open."""
    default = "authenticated" if asset.type == "authenticated" else "public"
    return str(asset.extras.get("access_mode", default))


def _identity(asset: Asset) -> dict[str, Any]:
    body: dict[str, Any] = {"asset_id": asset.asset_id, "public_id": asset.public_id}
    if asset.format:
        body["format"] = asset.format
    body |= {
        "version": asset.version,
        "resource_type": asset.resource_type,
        "type": asset.type,
        "created_at": iso(asset.created_at),
        "bytes": asset.bytes,
    }
    return body | ({"width": asset.width, "height": asset.height} if asset.width else {})


def _urls(asset: Asset, showing: Showing) -> dict[str, str]:
    return addresses(delivery_url(showing.origin, asset))


def _labels(asset: Asset, showing: Showing) -> dict[str, Any]:
    fields: dict[str, Any] = {"tags": list(asset.tags)} if asset.tags else {}
    if asset.context:
        fields["context"] = {"custom": dict(asset.context)}
    if metadata := showing.metadata(asset):
        fields["metadata"] = metadata
    return fields


def _moderation(asset: Asset) -> dict[str, Any]:
    if not asset.moderation_kind:
        return {}
    return {"moderation_kind": asset.moderation_kind, "moderation_status": asset.moderation_status}


def _analysis(asset: Asset, detail: Detail, form: Form) -> dict[str, Any]:
    """What the request asks of the file's content."""
    fields: dict[str, Any] = dict(detail.looks or {})
    if form.flag("faces") and "face_coordinates" in asset.extras:
        fields["faces"] = asset.extras["face_coordinates"]  # what a person has said counts more
    if form.flag("pages"):
        fields["pages"] = asset.detail.get("pages", 1)
    if form.flag("coordinates"):
        fields["coordinates"] = coordinates(asset)
        if "regions" in asset.extras:
            fields["regions"] = asset.extras["regions"]
    return fields


def _neighbours(detail: Detail, showing: Showing) -> dict[str, Any]:
    """Versions and related assets, of those who ask for them."""
    fields: dict[str, Any] = {}
    if detail.versions is not None:
        fields["versions"] = [_version(one) for one in detail.versions]
    if detail.related is not None:
        fields["related_assets"] = [
            _identity(one) | placed(one, showing.cloud) | _urls(one, showing) for one in detail.related.assets
        ]
        if detail.related.next_cursor:
            fields["related_next_cursor"] = detail.related.next_cursor
    return fields


def _version(backup: Backup) -> dict[str, Any]:
    asset = backup.asset
    return {
        "version_id": asset.version_id,
        "version": str(asset.version),
        "format": asset.format,
        "size": asset.bytes,
        "time": iso(backup.saved_at),
        "restorable": True,
    }


def _only_fields(everything: dict[str, Any], plain: dict[str, Any], form: Form) -> dict[str, Any]:
    asked = form.many("fields")
    if not asked:
        return plain
    names = {"public_id", "asset_id", "asset_folder", "folder", *asked}
    return {name: value for name, value in everything.items() if name in names}
