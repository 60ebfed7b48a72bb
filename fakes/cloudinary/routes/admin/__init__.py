"""Admin API: `/v1_1/<cloud>/...` with Basic credentials."""

from email.utils import formatdate

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.admin.account import AccountApi
from fakes.cloudinary.routes.admin.folders import FoldersApi
from fakes.cloudinary.routes.admin.presets import PresetsApi
from fakes.cloudinary.routes.admin.resources import ResourcesApi
from fakes.cloudinary.routes.admin.searching import SearchApi
from fakes.cloudinary.routes.service import Handler, Rows, Service

_CALLS_PER_HOUR = 500
_BASE = "/v1_1/{cloud}/"


class AdminApi:
    """All of the Admin API."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._calls: tuple[int, int] = (0, 0)  # the hour, and the calls in it

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows; the first that fits answers."""
        service = self._service
        rows: Rows = [
            *AccountApi(service).rows(),
            *PresetsApi(service).rows(),
            *SearchApi(service).rows(),
            *FoldersApi(service).rows(),
            *ResourcesApi(service).rows(),
        ]
        return [
            Route(_BASE + path, service.reads_form(self._counted(handler)), methods=[method])
            for method, path, handler in rows
        ]

    def _counted(self, handler: Handler) -> Handler:
        """Add the rate-limit headers; the limit is told, not enforced."""

        async def handle(request: Request, form: Form) -> Response:
            answer = await handler(request, form)
            hour = int(self._service.kit.clock.now() // 3600)
            count = self._calls[1] + 1 if self._calls[0] == hour else 1
            self._calls = (hour, count)
            answer.headers["X-FeatureRateLimit-Limit"] = str(_CALLS_PER_HOUR)
            answer.headers["X-FeatureRateLimit-Remaining"] = str(max(0, _CALLS_PER_HOUR - count))
            answer.headers["X-FeatureRateLimit-Reset"] = formatdate((hour + 1) * 3600, usegmt=True)
            return answer

        return handle
