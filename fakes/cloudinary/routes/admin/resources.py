"""Admin API: assets, listed, looked at, changed and deleted."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, naming, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import Account, Asset, Key, Page, Window, check_may_write

_DELETED_AT_ONCE = 1000
_DELETED_BY_ID = 100


class ResourcesApi:
    """Assets of a cloud."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "resources", self.resource_types),
            ("DELETE", "resources", self.delete_by_asset_id),
            ("GET", "resources/by_asset_folder", self.list_folder),
            ("GET", "resources/by_asset_ids", self.list_asset_ids),
            ("GET", "resources/{resource_type}", self.assets),
            ("GET", "resources/{resource_type}/tags/{tag}", self.list_tagged),
            ("DELETE", "resources/{resource_type}/tags/{tag}", self.delete_tagged),
            ("GET", "resources/{resource_type}/{type}", self.assets),
            ("DELETE", "resources/{resource_type}/{type}", self.delete),
            ("GET", "resources/{resource_type}/{type}/{public_id:path}", self.detail),
            ("POST", "resources/{resource_type}/{type}/{public_id:path}", self.update),
            ("DELETE", "derived_resources", self.delete_derived),
        ]

    async def resource_types(self, request: Request, _form: Form) -> Response:
        """Name the resource types."""
        self._service.admin(request)
        return JSONResponse({"resource_types": list(wire.RESOURCE_TYPES)})

    async def delete_by_asset_id(self, request: Request, form: Form) -> Response:
        """Delete assets by their asset ids."""
        account = self._service.admin(request)
        found = self._by_asset_ids(account, form.many("asset_ids"))
        if not found:
            raise errors.missing_parameter("asset_ids")
        keys = [asset.key for _, asset in found if asset is not None]
        for one in keys:
            check_may_write(account, one.public_id)
        deleted: dict[str, str] = {}
        for asset_id, asset in found:
            is_gone = asset is not None and self._state.assets.delete(asset.key) is not None
            deleted[asset_id] = "deleted" if is_gone else "not_found"
        return JSONResponse({"deleted": deleted, "partial": False})

    async def list_folder(self, request: Request, form: Form) -> Response:
        """List assets that are directly in a folder."""
        account = self._service.admin(request)
        folder = form.text("asset_folder")
        if folder is None:
            raise errors.missing_parameter("asset_folder")
        if not self._state.listing.has_folder(account.cloud, folder.strip("/")):
            raise errors.folder_not_found(folder)
        return self._page(
            self._state.listing.in_folder(account.cloud, folder.strip("/"), wire.window(form)), form
        )

    async def list_asset_ids(self, request: Request, form: Form) -> Response:
        """List assets by their asset ids; unknown ones are left out."""
        account = self._service.admin(request)
        found = self._by_asset_ids(account, form.many("asset_ids"))
        return self._page(Page(tuple(asset for _, asset in found if asset is not None)), form)

    async def assets(self, request: Request, form: Form) -> Response:
        """List assets of one kind: newest first, by prefix, or by ids; or one asset by its asset id."""
        account = self._service.admin(request)
        if re.fullmatch(r"[0-9a-f]{32}", request.path_params["resource_type"]):
            asset = self._state.assets.by_id(account.cloud, request.path_params["resource_type"])
            return self._detail(asset, form)
        key = key_of(request, account, "")
        if form.many("public_ids"):
            found = (self._state.assets.find(replace(key, public_id=one)) for one in form.many("public_ids"))
            return self._page(Page(tuple(one for one in found if one is not None)), form)
        window = wire.window(form)
        prefix = form.text("prefix")
        listing = self._state.listing
        if prefix is not None:
            return self._page(
                listing.with_prefix(key.cloud, key.resource_type, key.type, prefix, window), form
            )
        return self._page(listing.newest(key.cloud, key.resource_type, key.type, window), form)

    async def list_tagged(self, request: Request, form: Form) -> Response:
        """List assets with a tag."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        tag = request.path_params["tag"]
        return self._page(
            self._state.listing.tagged(account.cloud, resource_type, tag, wire.window(form)), form
        )

    async def delete_tagged(self, request: Request, form: Form) -> Response:
        """Delete assets with a tag."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        window = Window(_DELETED_AT_ONCE, form.text("next_cursor"))
        page = self._state.listing.tagged(account.cloud, resource_type, request.path_params["tag"], window)
        return self._deleted(account, [asset.key for asset in page.assets], form, page.next_cursor)

    async def delete(self, request: Request, form: Form) -> Response:
        """Delete assets by ids, by prefix, or all of one kind."""
        account = self._service.admin(request)
        key = key_of(request, account, "")
        public_ids, prefix = form.many("public_ids"), form.text("prefix")
        if public_ids:
            if len(public_ids) > _DELETED_BY_ID:
                raise errors.invalid_parameter("public_ids", f"more than {_DELETED_BY_ID}")
            keys = [replace(key, public_id=public_id) for public_id in public_ids]
            return self._deleted(account, keys, form, None)
        window = Window(_DELETED_AT_ONCE, form.text("next_cursor"))
        if prefix is not None:
            if account.folder is None or prefix.rstrip("/") != account.folder:
                check_may_write(account, prefix)
            page = self._state.listing.with_prefix(key.cloud, key.resource_type, key.type, prefix, window)
        elif form.flag("all"):
            page = self._state.listing.newest(key.cloud, key.resource_type, key.type, window)
        else:
            raise errors.missing_parameter("public_ids")
        return self._deleted(account, [asset.key for asset in page.assets], form, page.next_cursor)

    async def detail(self, request: Request, form: Form) -> Response:
        """Tell everything about one asset."""
        account = self._service.admin(request)
        return self._detail(
            self._state.assets.get(key_of(request, account, request.path_params["public_id"])), form
        )

    async def update(self, request: Request, form: Form) -> Response:
        """Change tags, context, folder or display name of one asset."""
        account = self._service.admin(request)
        public_id = request.path_params["public_id"]
        if public_id in ("restore", "update_access_mode"):
            raise errors.not_emulated(f"'{public_id}' of assets")
        asset = self._state.assets.get(key_of(request, account, public_id))
        folder = form.text("asset_folder")
        check_may_write(account, asset.public_id, asset.asset_folder if folder is None else folder)
        changes: dict[str, Any] = {}
        if "tags" in form.params:
            changes["tags"] = form.many("tags")
        if "context" in form.params:
            changes["context"] = wire.parse_context(form.text("context") or "")
        if folder is not None:
            changes["asset_folder"] = naming.check_folder(folder)
        if form.text("display_name") is not None:
            changes["display_name"] = form.text("display_name")
        return self._detail(self._state.assets.change(asset, **changes) if changes else asset, form)

    async def delete_derived(self, request: Request, form: Form) -> Response:
        """Delete derived assets by their ids."""
        account = self._service.admin(request)
        ids = form.many("derived_resource_ids")
        if not ids:
            raise errors.missing_parameter("derived_resource_ids")
        deleted = {one: self._state.assets.delete_derived(account.cloud, one) for one in ids}
        words = {one: "deleted" if is_gone else "not_found" for one, is_gone in deleted.items()}
        return JSONResponse({"deleted": words})

    def _page(self, page: Page, form: Form) -> Response:
        return JSONResponse(wire.page_body(page, self._service.kit.url, form))

    def _detail(self, asset: Asset, form: Form) -> Response:
        derived = self._state.assets.all_derived(asset)
        return JSONResponse(wire.detail_body(asset, derived, self._service.kit.url, form))

    def _deleted(
        self, account: Account, keys: Iterable[Key], form: Form, next_cursor: str | None
    ) -> Response:
        """Delete what may be deleted, all or nothing."""
        keys = list(keys)
        for key in keys:
            check_may_write(account, key.public_id)
        counts = {
            key.public_id: self._delete_one(key, keep_original=form.flag("keep_original")) for key in keys
        }
        body = wire.deleted_body(counts)
        if next_cursor:
            body |= {"partial": True, "next_cursor": next_cursor}
        return JSONResponse(body)

    def _delete_one(self, key: Key, *, keep_original: bool) -> tuple[int, int] | None:
        """How many originals and derived assets were deleted; None when there was no asset."""
        if not keep_original:
            derived = self._state.assets.delete(key)
            return None if derived is None else (1, derived)
        asset = self._state.assets.find(key)
        return None if asset is None else (0, self._state.assets.drop_derived(asset.asset_id))

    def _by_asset_ids(self, account: Account, ids: tuple[str, ...]) -> list[tuple[str, Asset | None]]:
        return [(one, self._state.assets.find_by_id(account.cloud, one)) for one in ids]
