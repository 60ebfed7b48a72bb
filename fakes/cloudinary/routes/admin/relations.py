"""Admin API: related assets."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of, qualified
from fakes.cloudinary.state import Account, Asset, check_may_change

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
        check_may_change(account, asset)
        return asset

    def _each(self, account: Account, request: Request, form: Form, asset: Asset, parameter: str) -> Response:
        names = form.many(parameter)
        others = self._others(account, request, names, parameter)
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        is_relating = parameter == "assets_to_relate"
        change = self._related if is_relating else self._unrelated
        told = [
            wire.relation_body(name, one if isinstance(one, str) else change(asset, one))
            for name, one in ((name, others[name]) for name in names)
        ]
        body = {
            "failed": [one for one in told if one["status"] != 200],
            "success": [one for one in told if one["status"] == 200],
        }
        notice = wire.relations_notice(asset, body, is_relating=is_relating)
        self._service.notices.tell(account, "related_assets", notice, hooks)
        return JSONResponse(body)

    def _others(
        self, account: Account, request: Request, names: tuple[str, ...], parameter: str
    ) -> dict[str, Asset | str]:
        """What was named, all of which may be changed: assets, or the codes of why there are none."""
        if not names:
            raise errors.missing_parameter(parameter)
        if len(names) > _MOST:
            raise errors.invalid_parameter(parameter, f"more than {_MOST}")
        find = self._by_asset_id if "asset_id" in request.path_params else self._by_name
        others = {name: find(account, name) for name in names}
        for other in others.values():
            if isinstance(other, Asset):
                check_may_change(account, other)
        return others

    def _by_asset_id(self, account: Account, name: str) -> Asset | str:
        """An asset, or the code of why there is none."""
        return self._state.assets.find_by_id(account.cloud, name) or "non_existing_ids"

    def _by_name(self, account: Account, name: str) -> Asset | str:
        """An asset by a name such as `image/upload/some/id`, or the code of why there is none."""
        key = qualified(account, name)
        if key is None:
            return "invalid_ids"
        return self._state.assets.find(key) or "non_existing_ids"

    def _related(self, asset: Asset, other: Asset) -> str:
        if other.asset_id == asset.asset_id:
            return "invalid_relate_to_self_id"
        return "success_ids" if self._state.relations.add(asset, other) else "already_exists_ids"

    def _unrelated(self, asset: Asset, other: Asset) -> str:
        if other.asset_id == asset.asset_id:
            return "invalid_relate_to_self_id"
        is_gone = self._state.relations.remove(asset, other)
        return "success_ids" if is_gone else "relation_does_not_exist_ids"
