"""Admin API: ping, usage and configuration of a cloud."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service


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
        """Report what was used in the last 30 days, or on one day."""
        account = self._service.admin(request)
        now_s = self._service.kit.clock.now()
        if "date" not in request.path_params:
            return JSONResponse(wire.usage_body(self._state.usage.of_period(account.cloud), now_s))
        day = wire.day_of(request.path_params["date"])
        if day.timestamp() > now_s:
            raise errors.invalid_parameter("date", request.path_params["date"])
        return JSONResponse(wire.usage_body(self._state.usage.of_day(account.cloud, day), now_s, day))

    async def config(self, request: Request, form: Form) -> Response:
        """Name the cloud; with its folder mode when settings are asked for."""
        account = self._service.admin(request)
        cloud = self._state.accounts.cloud(account.cloud)
        return JSONResponse(wire.config_body(cloud, has_settings=form.flag("settings")))
