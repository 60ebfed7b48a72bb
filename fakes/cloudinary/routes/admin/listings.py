"""Admin API: lists of assets."""

import re
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.admin.resources import ResourcesApi
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import Account, Page

_ASSET_ID = re.compile(r"[0-9a-f]{32}")
_MODERATIONS = ("pending", "approved", "rejected", "overridden")


class ListingsApi:
    """Assets of a cloud, page by page."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._listing = service.state.listing
        self._resources = ResourcesApi(service)

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "resources", self.resource_types),
            ("GET", "resources/by_asset_folder", self.in_folder),
            ("GET", "resources/by_asset_ids", self.by_asset_ids),
            ("GET", "resources/{resource_type}", self.assets),
            ("GET", "resources/{resource_type}/context", self.with_context),
            ("GET", "resources/{resource_type}/tags/{tag:path}", self.tagged),
            ("GET", "resources/{resource_type}/moderations/{kind}/{status}", self.moderated),
            ("GET", "resources/{resource_type}/{type}", self.assets),
        ]

    async def resource_types(self, request: Request, _form: Form) -> Response:
        """Name the resource types."""
        self._service.admin(request)
        return JSONResponse({"resource_types": list(wire.RESOURCE_TYPES)})

    async def in_folder(self, request: Request, form: Form) -> Response:
        """List assets that are directly in a folder."""
        account = self._service.admin(request)
        if "asset_folder" not in form.params:
            raise errors.missing_parameter("asset_folder")
        folder = (form.text("asset_folder") or "").strip("/")  # nothing is the root
        if folder:
            self._state.folders.get(account.cloud, folder)
        page = self._listing.in_folder(account.cloud, folder, wire.window(form))
        return self._page(account, page, form)

    async def by_asset_ids(self, request: Request, form: Form) -> Response:
        """List assets by their asset ids; unknown ones are left out."""
        account = self._service.admin(request)
        ids = wire.some_ids(form, "asset_ids")
        found = (self._state.assets.find_by_id(account.cloud, one) for one in ids)
        return self._page(account, Page(tuple(one for one in found if one is not None)), form)

    async def assets(self, request: Request, form: Form) -> Response:
        """List assets of one kind: newest first, by prefix, or by ids; or tell of one by its asset id."""
        account = self._service.admin(request)
        if _ASSET_ID.fullmatch(request.path_params["resource_type"]):
            return await self._resources.of_id(account, request.path_params["resource_type"], form)
        key = key_of(request, account, "")
        if form.many("public_ids"):
            ids = wire.some_ids(form, "public_ids")
            found = (self._state.assets.find(replace(key, public_id=one)) for one in ids)
            return self._page(account, Page(tuple(one for one in found if one is not None)), form)
        window = wire.window(form)
        prefix = form.text("prefix")
        if prefix is not None:
            # Source: issue 258 of cloudinary_php.
            if "type" not in request.path_params and "type" not in form.params:
                raise errors.missing_parameter("type")
            page = self._listing.with_prefix(key.cloud, key.resource_type, key.type, prefix, window)
        else:
            page = self._listing.newest(key.cloud, key.resource_type, key.type, window)
        return self._page(account, page, form)

    async def tagged(self, request: Request, form: Form) -> Response:
        """List assets with a tag."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        tag = request.path_params["tag"]
        page = self._listing.tagged(account.cloud, resource_type, tag, wire.window(form))
        return self._page(account, page, form)

    async def with_context(self, request: Request, form: Form) -> Response:
        """List assets with a context key, of one value or of any."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        name = form.text("key")
        if name is None:
            raise errors.missing_parameter("key")
        window = wire.window(form)
        page = self._listing.with_context(account.cloud, resource_type, name, form.text("value"), window)
        return self._page(account, page, form)

    async def moderated(self, request: Request, form: Form) -> Response:
        """List assets in a moderation queue."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        kind, status = request.path_params["kind"], request.path_params["status"]
        if status not in _MODERATIONS:
            raise errors.invalid_parameter("status", status)
        page = self._listing.moderated(account.cloud, resource_type, kind, status, wire.window(form))
        return self._page(account, page, form)

    def _page(self, account: Account, page: Page, form: Form) -> Response:
        return JSONResponse(wire.page_body(page, self._service.showing(account), form))
