"""Upload API: `explode`, which makes a picture of each page of a document or frame of an animation."""

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.subject import key_in
from fakes.cloudinary.state import Account, Asset, check_may_write
from fakes.kit.errors import ProviderError

_ALL_PAGES = re.compile(r"(?<![^,/])pg_all(?![^,/])")
_MOST_PAGES = 200


class PagesApi:
    """Takes files apart."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [("POST", "{resource_type}/explode", self.explode)]

    async def explode(self, request: Request, form: Form) -> Response:
        """Begin to make the derived asset of every page, and say so."""
        account = self._service.signer(request, form)
        asset = self._state.assets.get(key_in(request, form, "public_id"))
        check_may_write(account, asset.public_id, asset.asset_folder)
        text = form.text("transformation") or "pg_all"
        if not _ALL_PAGES.search(text):
            raise errors.invalid_parameter("transformation", text)
        if asset.resource_type != "image":
            raise errors.invalid_image()
        pages = int(asset.detail.get("pages") or 1)
        if pages > _MOST_PAGES:
            raise errors.too_many_files("explode", _MOST_PAGES)
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        hooks, batch_id = self._service.notices.batched(hooks)
        texts = [_ALL_PAGES.sub(f"pg_{number}", text) for number in range(1, pages + 1)]
        self._state.background.start(self._explode(account, asset, (texts, form.text("format")), hooks))
        return JSONResponse({"status": "processing", "batch_id": batch_id})

    async def _explode(
        self, account: Account, asset: Asset, what: tuple[list[str], str | None], hooks: wire.Hooks
    ) -> None:
        texts, format_name = what
        origin, secret = self._service.origin, account.api_secret or ""
        infos = []
        try:
            for text in texts:
                derived = await self._service.renderer.derive(
                    asset, text, format_name or "png", is_patient=True
                )
                body = wire.derived_body(asset, derived, origin, secret=secret)
                infos.append({name: body[name] for name in ("bytes", "url", "secure_url")})
        except ProviderError as error:
            self._service.notices.tell_error(account, error, asset.public_id, hooks)
            return
        identity = {"asset_id": asset.asset_id, "public_id": asset.public_id}
        told = {"pages": len(texts), "image_infos": infos, **identity}
        self._service.notices.tell(account, "explode", told, hooks)
