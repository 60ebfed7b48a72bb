"""Upload API: tags and context of many assets at once."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.subject import resource_type_of
from fakes.cloudinary.state import Account, Asset, Key, check_may_write
from fakes.cloudinary.state.accounts import TOLERATED_UNSIGNED


class LabelsApi:
    """Labels assets."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            ("POST", "{resource_type}/tags", self.tags),
            ("POST", "{resource_type}/context", self.context),
        ]

    async def tags(self, request: Request, form: Form) -> Response:
        """Add, remove or replace a tag of many assets; unknown ids are left out of the answer."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        command = form.text("command") or ""
        named = set(form.many("tag"))
        if command not in wire.TAG_COMMANDS:
            raise errors.invalid_parameter("command", command)
        if command != "remove_all" and not named:
            raise errors.missing_parameter("tag")
        touched = []
        for asset in self._named_assets(request, form, account):
            self._state.assets.change(asset, tags=wire.TAG_COMMANDS[command](set(asset.tags), named))
            touched.append(asset.public_id)
        return JSONResponse({"public_ids": touched})

    async def context(self, request: Request, form: Form) -> Response:
        """Add to or remove the context of many assets."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        command = form.text("command") or ""
        if command not in ("add", "remove_all"):
            raise errors.invalid_parameter("command", command)
        added = wire.parse_context(form.text("context") or "")
        touched = []
        for asset in self._named_assets(request, form, account):
            context = {**asset.context, **added} if command == "add" else {}
            self._state.assets.change(asset, context=context)
            touched.append(asset.public_id)
        return JSONResponse({"public_ids": touched})

    def _named_assets(self, request: Request, form: Form, account: Account) -> list[Asset]:
        """The assets of `public_ids` that exist, all of which the account may write."""
        key = Key(account.cloud, resource_type_of(request), form.text("type") or "upload", "")
        public_ids = form.many("public_ids")
        if not public_ids:
            raise errors.missing_parameter("public_ids")
        for public_id in public_ids:
            check_may_write(account, public_id)
        found = (self._state.assets.find(replace(key, public_id=public_id)) for public_id in public_ids)
        return [asset for asset in found if asset is not None]
