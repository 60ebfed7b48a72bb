"""Admin API: search and tags."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of


class SearchApi:
    """Finds assets, folders and tags."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "resources/search", self.search),
            ("POST", "resources/search", self.search),
            ("GET", "folders/search", self.search_folders),
            ("POST", "folders/search", self.search_folders),
            ("GET", "tags/{resource_type}", self.tags),
        ]

    async def search(self, request: Request, form: Form) -> Response:
        """Find assets by an expression."""
        return JSONResponse(self._service.found_assets(self._service.admin(request), form))

    async def search_folders(self, request: Request, form: Form) -> Response:
        """Find folders by an expression."""
        asking = self._service.asking(self._service.admin(request))
        return JSONResponse(
            wire.found_folders_body(self._state.search.folders(wire.search_query(form), asking))
        )

    async def tags(self, request: Request, form: Form) -> Response:
        """List the tags in use."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        names, cursor = self._state.listing.tags(
            account.cloud, resource_type, form.text("prefix") or "", wire.window(form)
        )
        return JSONResponse({"tags": names} | ({"next_cursor": cursor} if cursor else {}))
