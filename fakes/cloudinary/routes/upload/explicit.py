"""Upload API: `explicit`, which changes an asset that is there."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import naming, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.subject import key_in
from fakes.cloudinary.state import Outcome, check_may_write


class ExplicitApi:
    """Changes assets without their bytes."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._answers = Answers(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [("POST", "{resource_type}/explicit", self.explicit)]

    async def explicit(self, request: Request, form: Form) -> Response:
        """Change an asset that is there, and make its eager transformations."""
        account = self._service.signer(request, form)
        options = wire.upload_options(form)
        self._service.check_hooks((*options.notification_urls, *options.eager_notification_urls))
        asset = self._state.assets.get(key_in(request, form, "public_id"))
        check_may_write(account, asset.public_id, options.naming.asset_folder or asset.asset_folder)
        changes: dict[str, Any] = {}
        if form.text("tags") is not None:
            changes["tags"] = options.tags
        if form.text("context") is not None:
            changes["context"] = {**asset.context, **options.context}
        if options.naming.asset_folder is not None:
            changes["asset_folder"] = naming.check_folder(options.naming.asset_folder)
        if options.naming.display_name is not None:
            changes["display_name"] = options.naming.display_name
        if changes:
            asset = self._state.assets.change(asset, **changes)
        return JSONResponse(await self._answers.of_upload(account, options, Outcome(asset)))
