"""Admin API: backed up versions, restored and deleted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import Account, Asset, check_may_write


class BackupsApi:
    """Backups of a cloud's assets."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("POST", "resources/restore", self.restore_by_asset_ids),
            ("POST", "resources/{resource_type}/{type}/restore", self.restore),
            ("DELETE", "resources/backup/{asset_id}", self.delete),
        ]

    async def restore(self, request: Request, form: Form) -> Response:
        """Bring back assets by their public ids."""
        account = self._service.admin(request)
        key = key_of(request, account, "")
        ids = wire.some_ids(form, "public_ids")
        newest = {one: self._state.backups.newest(replace(key, public_id=one)) for one in ids}
        return self._restored(account, newest, form)

    async def restore_by_asset_ids(self, request: Request, form: Form) -> Response:
        """Bring back assets by their asset ids."""
        account = self._service.admin(request)
        ids = wire.some_ids(form, "asset_ids")
        newest = {one: self._state.backups.newest_by_id(account.cloud, one) for one in ids}
        return self._restored(account, newest, form)

    async def delete(self, request: Request, form: Form) -> Response:
        """Delete backed up versions of an asset."""
        account = self._service.admin(request)
        asset_id = request.path_params["asset_id"]
        version_ids = wire.some_ids(form, "version_ids")
        newest = self._state.backups.newest_by_id(account.cloud, asset_id)
        if newest is None:
            raise errors.not_found(asset_id)
        check_may_write(account, newest.public_id, newest.asset_folder)
        deleted = [one for one in version_ids if self._state.backups.delete(account.cloud, asset_id, one)]
        body: dict[str, Any] = {"asset_id": asset_id, "deleted_version_ids": deleted}
        # guess: the text of a failure; its fields are those of the official JavaScript client
        failures = [
            {"version_id": one, "error": f"Version not found - {one}"}
            for one in version_ids
            if one not in deleted
        ]
        return JSONResponse(body | ({"failures": failures} if failures else {}))

    def _restored(self, account: Account, newest: Mapping[str, Asset | None], form: Form) -> Response:
        """Put versions in place: those that are named, the newest otherwise; and tell of it."""
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        named = [self._state.backups.version(account.cloud, one) for one in form.many("versions")]
        wanted = {asset.asset_id: asset for asset in named if asset is not None}
        for asset in (*newest.values(), *wanted.values()):
            if asset is not None:
                check_may_write(account, asset.public_id, asset.asset_folder)
        back = self._state.restore(
            {
                name: wanted.get(asset.asset_id, asset)
                for name, asset in newest.items()
                if asset is not None and (asset.asset_id in wanted or not form.many("versions"))
            }
        )
        if back:
            told = {"resources": [wire.notified(asset) for asset in back.values()]}  # guess: the fields
            self._service.notices.tell(account, "restore_asset_version", told, hooks)
        showing = self._service.showing(account)
        bodies = {name: wire.listed(asset, showing, Form()) for name, asset in back.items()}
        return JSONResponse({name: bodies.get(name, {"error": "no_backup"}) for name in newest})
