"""Upload API: assets get another name, or go."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, naming, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.subject import key_in
from fakes.cloudinary.state import Account, Asset, Key, check_may_change, check_may_write
from fakes.cloudinary.state.accounts import TOLERATED_UNSIGNED


class AssetsApi:
    """Renames and destroys assets."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._answers = Answers(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            ("POST", "asset/destroy", self.destroy_by_id),
            ("POST", "{resource_type}/destroy", self.destroy),
            ("POST", "{resource_type}/rename", self.rename),
            ("POST", "{resource_type}/delete_by_token", self.delete_by_token),
            ("POST", "delete_by_token", self.delete_by_token),
        ]

    async def destroy(self, request: Request, form: Form) -> Response:
        """Delete an asset; one that is not there is answered with 200, too."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        key = key_in(request, form, "public_id")
        asset = self._state.assets.find(key)
        check_may_write(account, key.public_id, asset.asset_folder if asset else None)
        return self._destroyed(account, asset, form)

    async def destroy_by_id(self, request: Request, form: Form) -> Response:
        """Delete an asset by its asset id."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        asset_id = form.text("asset_id")
        if asset_id is None:
            raise errors.missing_parameter("asset_id")
        asset = self._state.assets.find_by_id(account.cloud, asset_id)
        if asset is not None:
            check_may_change(account, asset)
        return self._destroyed(account, asset, form)

    def _destroyed(self, account: Account, asset: Asset | None, form: Form) -> Response:
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        if asset is None:
            return JSONResponse({"result": "not found"})
        self._delete(account, asset, hooks)
        return JSONResponse({"result": "ok"})

    async def delete_by_token(self, request: Request, form: Form) -> Response:
        """Delete what was uploaded minutes ago, by the token that came with it."""
        cloud = request.path_params["cloud"]
        account = self._state.accounts.of_cloud(cloud)
        if account is None:
            raise errors.invalid_cloud(cloud)
        asset_id = self._state.delete_tokens.redeem(cloud, form.text("token") or "")
        if asset_id is None:
            was_production = f"cloudinary: a delete token was tried on cloud '{cloud}'"
            raise errors.delete_token_refused(violation=was_production if account.is_production else None)
        asset = self._state.assets.find_by_id(cloud, asset_id)
        if asset is None:
            return JSONResponse({"result": "not found"})
        self._delete(account, asset, wire.Hooks(), "delete_by_token")
        return JSONResponse({"result": "ok"})

    async def rename(self, request: Request, form: Form) -> Response:
        """Give an asset another public id or type."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        source = key_in(request, form, "from_public_id")
        target = replace(source, public_id=form.text("to_public_id") or "")
        if not target.public_id:
            raise errors.missing_parameter("to_public_id")
        target = replace(target, type=form.text("to_type") or source.type)
        if target.type not in wire.TYPES:
            raise errors.invalid_parameter("to_type", target.type)
        naming.check(target.public_id)
        self._check_may_rename(account, source, target)
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        is_fixed = self._state.accounts.cloud(account.cloud).folder_mode == "fixed"
        folder = target.public_id.rpartition("/")[0] if is_fixed else None
        overwrite = form.flag("overwrite")
        renamed = self._state.assets.rename(source, target, overwrite=overwrite, asset_folder=folder)
        ids = {"from_public_id": source.public_id, "to_public_id": target.public_id}
        if target.type != source.type:
            ids |= {"from_type": source.type, "to_type": target.type}
        self._service.notices.tell(account, "rename", {**wire.notified(renamed), **ids}, hooks)
        body = self._answers.of_asset(account, renamed)
        hidden = {name for name in ("context", "metadata") if not form.flag(name)}
        return JSONResponse({name: value for name, value in body.items() if name not in hidden})

    def _check_may_rename(self, account: Account, source: Key, target: Key) -> None:
        """Refuse to take an asset out of the account's folder or into it, or to put it over one outside."""
        asset, present = self._state.assets.find(source), self._state.assets.find(target)
        if asset is None:
            for one in (source, target):
                check_may_write(account, one.public_id)
        else:
            check_may_change(account, asset, public_id=target.public_id)
        if present is not None:
            check_may_change(account, present)

    def _delete(self, account: Account, asset: Asset, hooks: wire.Hooks, kind: str = "delete") -> None:
        self._state.assets.delete(asset.key)
        self._service.notices.tell(account, kind, {"resources": [wire.notified(asset)]}, hooks)
