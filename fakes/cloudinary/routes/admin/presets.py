"""Admin API: upload presets."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service


class PresetsApi:
    """Upload presets of a cloud."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._presets = service.state.presets

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "upload_presets", self.presets),
            ("POST", "upload_presets", self.create),
            ("GET", "upload_presets/{name}", self.preset),
            ("PUT", "upload_presets/{name}", self.update),
            ("DELETE", "upload_presets/{name}", self.delete),
        ]

    async def presets(self, request: Request, form: Form) -> Response:
        """List the presets, the newest first."""
        account = self._service.admin(request)
        page, cursor = self._presets.page(account.cloud, wire.window(form))
        body = {"presets": [wire.preset_item(one) for one in page]}
        return JSONResponse(body | ({"next_cursor": cursor} if cursor else {}))

    async def preset(self, request: Request, _form: Form) -> Response:
        """Tell everything about one preset."""
        account = self._service.admin(request)
        preset = self._presets.get(account.cloud, request.path_params["name"])
        return JSONResponse(wire.preset_body(preset))

    async def create(self, request: Request, form: Form) -> Response:
        """Add a preset, or replace the one of this name."""
        account = self._service.admin(request)
        preset = self._presets.create(account.cloud, wire.preset_params(form))
        return JSONResponse({"message": "created", "name": preset.name, "external_id": preset.external_id})

    async def update(self, request: Request, form: Form) -> Response:
        """Give a preset other settings."""
        account = self._service.admin(request)
        params = wire.preset_params(form)
        preset = self._presets.update(account.cloud, request.path_params["name"], params)
        return JSONResponse({"message": "updated", "external_id": preset.external_id})

    async def delete(self, request: Request, _form: Form) -> Response:
        """Delete a preset."""
        account = self._service.admin(request)
        preset = self._presets.delete(account.cloud, request.path_params["name"])
        return JSONResponse({"message": "deleted", "external_id": preset.external_id})
