"""Admin API: ping, usage and configuration of a cloud."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.kit.clock import iso


class AccountApi:
    """What a cloud is and uses."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "ping", self.ping),
            ("GET", "usage", self.usage),
            ("GET", "usage/{date}", self.usage),
            ("GET", "config", self.config),
        ]

    async def ping(self, request: Request, _form: Form) -> Response:
        """Say that the credentials are good."""
        self._service.admin(request)
        return JSONResponse({"status": "ok"})

    async def usage(self, request: Request, _form: Form) -> Response:
        """Report what is stored, with the limits of the plan unless a day was asked for."""
        account = self._service.admin(request)
        counts = self._state.listing.usage(account.cloud)
        day = iso(self._service.kit.clock.now())[:10]
        return JSONResponse(wire.usage_body(counts, day, has_limits="date" not in request.path_params))

    async def config(self, request: Request, form: Form) -> Response:
        """Name the cloud; with its folder mode when settings are asked for."""
        account = self._service.admin(request)
        body: dict[str, Any] = {"cloud_name": account.cloud, "created_at": iso(0.0)}
        if form.flag("settings"):
            body["settings"] = {"folder_mode": "dynamic"}
        return JSONResponse(body)
