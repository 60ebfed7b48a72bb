"""Admin API: search and tags."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import search


class SearchApi:
    """Finds assets and tags."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("POST", "resources/search", self.search),
            ("GET", "tags/{resource_type}", self.tags),
        ]

    async def search(self, request: Request, form: Form) -> Response:
        """Find assets by an expression."""
        account = self._service.admin(request)
        if form.text("aggregate"):
            raise errors.not_emulated("search aggregations")
        condition = search.parse(form.text("expression") or "")
        column, is_ascending = wire.sort_by(form)
        window = replace(wire.window(form, default=50), is_ascending=is_ascending)
        page, count = self._state.listing.found(account.cloud, condition, column, window)
        origin = self._service.kit.url
        resources = [wire.found_body(asset, origin, form.many("with_field")) for asset in page.assets]
        body: dict[str, Any] = {"total_count": count, "time": 1, "resources": resources}
        return JSONResponse(body | ({"next_cursor": page.next_cursor} if page.next_cursor else {}))

    async def tags(self, request: Request, form: Form) -> Response:
        """List the tags in use."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        names, cursor = self._state.listing.tags(
            account.cloud, resource_type, form.text("prefix") or "", wire.window(form)
        )
        return JSONResponse({"tags": names} | ({"next_cursor": cursor} if cursor else {}))
