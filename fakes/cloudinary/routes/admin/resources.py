"""Admin API: one asset, looked at and changed."""

import asyncio
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import analysis, errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import Account, Asset, Key, check_may_change, cursors

_ONE = "resources/{resource_type}/{type}/{public_id:path}"


class ResourcesApi:
    """The assets of a cloud, one by one."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("POST", "resources/get_resource", self.named),
            ("POST", "resources/update", self.update),
            ("PUT", "resources/{asset_id}", self.update),
            ("GET", _ONE, self.detail),
            ("POST", _ONE, self.update),
            ("PUT", _ONE, self.update),
        ]

    async def detail(self, request: Request, form: Form) -> Response:
        """Tell everything about one asset; of a deleted one, what its backup says."""
        account = self._service.admin(request)
        key = key_of(request, account, request.path_params["public_id"])
        asset = self._state.assets.find(key)
        if asset is None:
            kept = self._state.backups.newest(key)
            return await self._detail(account, kept or self._state.assets.get(key), form, is_deleted=True)
        return await self._detail(account, asset, form)

    async def named(self, request: Request, form: Form) -> Response:
        """Tell everything about the asset that the body names, for ids that no path can hold."""
        account = self._service.admin(request)
        return await self._detail(account, self._named(request, account, form), form)

    async def of_id(self, account: Account, asset_id: str, form: Form) -> Response:
        """Tell everything about the asset with this id."""
        asset = self._state.assets.find_by_id(account.cloud, asset_id)
        if asset is None:
            kept = self._state.backups.newest_by_id(account.cloud, asset_id)
            asset = kept or self._state.assets.by_id(account.cloud, asset_id)
            return await self._detail(account, asset, form, is_deleted=True)
        return await self._detail(account, asset, form)

    async def update(self, request: Request, form: Form) -> Response:
        """Change one asset: its labels, place, moderation, coordinates, access and more."""
        account = self._service.admin(request)
        asset = self._named(request, account, form)
        changes = wire.updates(asset, form, self._service.kit.clock.now())
        changes = self._service.completed(asset, form, changes)
        check_may_change(account, asset, asset_folder=changes.get("asset_folder"))
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        changed = self._state.assets.change(asset, **changes) if changes else asset
        self._service.notices.tell_changes(account, [(asset, changed)], hooks)
        return await self._detail(account, changed, form)

    def _named(self, request: Request, account: Account, form: Form) -> Asset:
        """The asset of the path, or of the body: by asset id, or by resource type, type and public id.

        Raises:
            ProviderError: None is named (400), or it is not there (404).
        """
        path = request.path_params
        asset_id = path.get("asset_id") or ("public_id" not in path and form.text("asset_id"))
        if asset_id:
            return self._state.assets.by_id(account.cloud, asset_id)
        if "public_id" in path:
            return self._state.assets.get(key_of(request, account, path["public_id"]))
        public_id = form.text("public_id")
        if public_id is None:
            raise errors.missing_parameter("public_id")
        kinds = (form.text("resource_type") or "image", form.text("type") or "upload")
        return self._state.assets.get(Key(account.cloud, *kinds, public_id))

    async def _detail(
        self, account: Account, asset: Asset, form: Form, *, is_deleted: bool = False
    ) -> Response:
        window = wire.window(form)
        cursor = form.text("derived_next_cursor") or window.cursor
        after = cursors.read(cursor, (float, str)) if cursor else (0.0, "")
        derived = self._state.assets.all_derived(asset, after=(after[0], after[1]), limit=window.limit + 1)
        shown = derived[: window.limit]
        has_more = len(derived) > window.limit
        related = replace(window, cursor=form.text("related_next_cursor"))
        backups = self._state.backups
        detail = wire.Detail(
            derived=shown,
            derived_cursor=cursors.write(shown[-1].created_at, shown[-1].id) if has_more else None,
            versions=backups.of(asset.asset_id) if form.flag("versions") else None,
            related=self._state.relations.of(asset, related) if form.flag("related") else None,
            looks=await self._looks(asset, form),
            is_backed_up=backups.has(asset.asset_id),
            is_deleted=is_deleted,
        )
        return JSONResponse(wire.detail_body(asset, detail, self._service.showing(account), form))

    async def _looks(self, asset: Asset, form: Form) -> dict[str, Any]:
        """What the request asks of an image's content."""
        wanted = {name for name in analysis.LOOKS if form.flag(name)}
        if asset.resource_type != "image" or not wanted:
            return {}
        async with self._service.file_of(asset) as path:
            return await asyncio.to_thread(analysis.analyse, path, wanted)
