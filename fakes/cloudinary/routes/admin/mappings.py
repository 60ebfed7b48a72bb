"""Admin API: upload mappings."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.state import Account, check_may_write
from fakes.cloudinary.wire import window


class MappingsApi:
    """Upload mappings of a cloud."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._mappings = service.state.mappings

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "upload_mappings", self.mappings),
            ("POST", "upload_mappings", self.create),
            ("PUT", "upload_mappings", self.update),
            ("DELETE", "upload_mappings", self.delete),
        ]

    async def mappings(self, request: Request, form: Form) -> Response:
        """List the mappings, or tell the one of a folder."""
        account, folder = self._service.admin(request), form.text("folder")
        if folder is not None:
            return JSONResponse(asdict(self._mappings.get(account.cloud, folder)))
        page, cursor = self._mappings.page(account.cloud, window(form))
        body = {"mappings": [asdict(one) for one in page]}
        return JSONResponse(body | ({"next_cursor": cursor} if cursor else {}))

    async def create(self, request: Request, form: Form) -> Response:
        """Map a folder."""
        account, folder = self._changing(request, form)
        template = form.needed("template")
        made = self._mappings.create(account.cloud, folder, template)
        return JSONResponse({"message": "created", "folder": made.folder, "external_id": made.external_id})

    async def update(self, request: Request, form: Form) -> Response:
        """Map a folder to elsewhere."""
        account, folder = self._changing(request, form)
        template = form.needed("template")
        changed = self._mappings.update(account.cloud, folder, template)
        return JSONResponse({"message": "updated", "external_id": changed.external_id})

    async def delete(self, request: Request, form: Form) -> Response:
        """Remove the mapping of a folder."""
        account, folder = self._changing(request, form)
        before = self._mappings.delete(account.cloud, folder)
        return JSONResponse({"message": "deleted", "external_id": before.external_id})

    def _changing(self, request: Request, form: Form) -> tuple[Account, str]:
        """Who changes the mapping of which folder."""
        account, folder = self._service.admin(request), form.needed("folder")
        check_may_write(account, f"{folder.strip('/')}/")
        return account, folder
