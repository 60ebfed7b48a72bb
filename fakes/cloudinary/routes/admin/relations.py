"""Admin API: related assets."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import Account, Asset, Key, check_may_write

_MOST = 100


class RelationsApi:
    """Relates assets, by public ids or by asset ids."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        by_public_id = "resources/related_assets/{resource_type}/{type}/{public_id:path}"
        by_asset_id = "resources/related_assets/{asset_id}"
        return [
            ("POST", by_public_id, self.relate),
            ("DELETE", by_public_id, self.unrelate),
            ("POST", by_asset_id, self.relate),
            ("DELETE", by_asset_id, self.unrelate),
        ]

    async def relate(self, request: Request, form: Form) -> Response:
        """Relate an asset to others; each is told of by itself."""
        account = self._service.admin(request)
        asset = self._asset(request, account)
        return self._each(account, request, form, asset, "assets_to_relate")

    async def unrelate(self, request: Request, form: Form) -> Response:
        """End relations of an asset."""
        account = self._service.admin(request)
        asset = self._asset(request, account)
        return self._each(account, request, form, asset, "assets_to_unrelate")

    def _asset(self, request: Request, account: Account) -> Asset:
        if "asset_id" in request.path_params:
            asset = self._state.assets.by_id(account.cloud, request.path_params["asset_id"])
        else:
            asset = self._state.assets.get(key_of(request, account, request.path_params["public_id"]))
        check_may_write(account, asset.public_id, asset.asset_folder)
        return asset

    def _each(self, account: Account, request: Request, form: Form, asset: Asset, parameter: str) -> Response:
        names = form.many(parameter)
        if not names:
            raise errors.missing_parameter(parameter)
        if len(names) > _MOST:
            raise errors.invalid_parameter(parameter, f"more than {_MOST}")
        by_asset_id = "asset_id" in request.path_params
        told: list[dict[str, Any]] = []
        for name in names:
            code = self._changed(account, asset, name, by_asset_id=by_asset_id, parameter=parameter)
            told.append(wire.relation_body(name, code))
        failed = [one for one in told if one["status"] != 200]
        return JSONResponse({"failed": failed, "success": [one for one in told if one["status"] == 200]})

    def _changed(
        self, account: Account, asset: Asset, name: str, *, by_asset_id: bool, parameter: str
    ) -> str:
        """Relate or unrelate one; returns the code of what came of it."""
        key = None if by_asset_id else _qualified(account, name)
        if key is None and not by_asset_id:
            return "invalid_ids"
        other = self._state.assets.find(key) if key else self._state.assets.find_by_id(account.cloud, name)
        if other is None:
            return "non_existing_ids"
        if other.asset_id == asset.asset_id:
            return "invalid_relate_to_self_id"
        check_may_write(account, other.public_id, other.asset_folder)
        if parameter == "assets_to_relate":
            return "success_ids" if self._state.relations.add(asset, other) else "already_exists_ids"
        is_gone = self._state.relations.remove(asset, other)
        return "success_ids" if is_gone else "relation_does_not_exist_ids"


def _qualified(account: Account, name: str) -> Key | None:
    """The asset that `image/upload/some/id` names; None when it is not of that form."""
    pieces = name.split("/", 2)
    if len(pieces) < 3 or pieces[0] not in wire.RESOURCE_TYPES:
        return None
    return Key(account.cloud, pieces[0], pieces[1], pieces[2])
