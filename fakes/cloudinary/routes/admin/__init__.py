"""Admin API: `/v1_1/<cloud>/...` with Basic credentials."""

import hashlib
from email.utils import formatdate
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.admin.account import AccountApi
from fakes.cloudinary.routes.admin.backups import BackupsApi
from fakes.cloudinary.routes.admin.deletion import DeletionApi
from fakes.cloudinary.routes.admin.folders import FoldersApi
from fakes.cloudinary.routes.admin.listings import ListingsApi
from fakes.cloudinary.routes.admin.mappings import MappingsApi
from fakes.cloudinary.routes.admin.metadata import MetadataApi
from fakes.cloudinary.routes.admin.presets import PresetsApi
from fakes.cloudinary.routes.admin.profiles import ProfilesApi
from fakes.cloudinary.routes.admin.publishing import PublishingApi
from fakes.cloudinary.routes.admin.relations import RelationsApi
from fakes.cloudinary.routes.admin.resources import ResourcesApi
from fakes.cloudinary.routes.admin.searching import SearchApi
from fakes.cloudinary.routes.admin.transformations import TransformationsApi
from fakes.cloudinary.routes.admin.triggers import TriggersApi
from fakes.cloudinary.routes.service import Handler, Rows, Service
from fakes.kit.errors import ProviderError

CALLS_PER_HOUR = 500
_BASE = "/v1_1/{cloud}/"


class AdminApi:
    """All of the Admin API."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows; the first that fits answers."""
        service = self._service
        rows: Rows = [
            *AccountApi(service).rows(),
            *MetadataApi(service).rows(),
            *PresetsApi(service).rows(),
            *MappingsApi(service).rows(),
            *ProfilesApi(service).rows(),
            *TriggersApi(service).rows(),
            *TransformationsApi(service).rows(),
            *SearchApi(service).rows(),
            *FoldersApi(service).rows(),
            *BackupsApi(service).rows(),
            *RelationsApi(service).rows(),
            *PublishingApi(service).rows(),
            *DeletionApi(service).rows(),
            *ListingsApi(service).rows(),
            *ResourcesApi(service).rows(),
        ]
        return [
            Route(_BASE + path, service.reads_form(self._counted(handler)), methods=[method])
            for method, path, handler in rows
        ]

    def _counted(self, handler: Handler) -> Handler:
        """Count the call, tell how many are left, and refuse it where the cloud has a limit."""

        async def handle(request: Request, form: Form) -> Response:
            state = self._service.state
            cloud = request.path_params["cloud"]
            known = cloud if state.accounts.of_cloud(cloud) else ""
            count, until_s = state.calls.count(known)
            enforced = state.accounts.cloud(known).hourly_calls
            limit = CALLS_PER_HOUR if enforced is None else enforced
            headers = {
                "X-FeatureRateLimit-Limit": str(limit),
                "X-FeatureRateLimit-Remaining": str(max(0, limit - count)),
                "X-FeatureRateLimit-Reset": formatdate(until_s, usegmt=True),
            }
            try:
                if enforced is not None and count > enforced:
                    raise errors.rate_limited(enforced, until_s)
                answer = await handler(request, form)
            except ProviderError as error:
                error.headers.update(headers)
                raise
            answer.headers.update(headers)
            return _tagged(request, answer)

        return handle


def _tagged(request: Request, answer: Response) -> Response:
    """The answer with its status in words and, for what is read, an ETag; 304 for who knows it already."""
    if request.method == "GET":
        tag = f'W/"{hashlib.md5(answer.body, usedforsecurity=False).hexdigest()}"'
        answer.headers["ETag"] = tag
        if tag in request.headers.get("if-none-match", ""):
            dropped = ("content-length", "content-type")
            kept = {name: value for name, value in answer.headers.items() if name not in dropped}
            answer = Response(status_code=304, headers=kept)
    answer.headers["Status"] = f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}"
    return answer
