"""Upload API: assets get another name, or go."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, naming, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.subject import key_in
from fakes.cloudinary.state import check_may_write
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
            ("POST", "{resource_type}/destroy", self.destroy),
            ("POST", "{resource_type}/rename", self.rename),
        ]

    async def destroy(self, request: Request, form: Form) -> Response:
        """Delete an asset; one that is not there is answered with 200, too."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        key = key_in(request, form, "public_id")
        check_may_write(account, key.public_id)
        hooks = tuple((form.text("notification_url") or "").split())
        self._service.check_hooks(hooks)
        asset = self._state.assets.find(key)
        if asset is None:
            return JSONResponse({"result": "not found"})
        self._state.assets.delete(key)
        self._service.notify(hooks, account, "delete", {"resources": [wire.notified(asset)]})
        return JSONResponse({"result": "ok"})

    async def rename(self, request: Request, form: Form) -> Response:
        """Give an asset another public id or type."""
        account = self._service.signer(request, form)
        source = key_in(request, form, "from_public_id")
        target = replace(source, public_id=form.text("to_public_id") or "")
        if not target.public_id:
            raise errors.missing_parameter("to_public_id")
        target = replace(target, type=form.text("to_type") or source.type)
        naming.check(target.public_id)
        for one in (source, target):
            check_may_write(account, one.public_id)
        hooks = tuple((form.text("notification_url") or "").split())
        self._service.check_hooks(hooks)
        renamed = self._state.assets.rename(source, target, overwrite=form.flag("overwrite"))
        ids = {"from_public_id": source.public_id, "to_public_id": target.public_id}
        self._service.notify(hooks, account, "rename", {**wire.notified(renamed), **ids})
        return JSONResponse(self._answers.of_asset(account, renamed))
