"""Upload API: `POST /v1_1/<cloud>/<resource type>/<action>`."""

from starlette.routing import Route

from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.archives import ArchivesApi
from fakes.cloudinary.routes.upload.assets import AssetsApi
from fakes.cloudinary.routes.upload.collections import CollectionsApi
from fakes.cloudinary.routes.upload.downloads import DownloadsApi
from fakes.cloudinary.routes.upload.explicit import ExplicitApi
from fakes.cloudinary.routes.upload.labels import LabelsApi
from fakes.cloudinary.routes.upload.pages import PagesApi
from fakes.cloudinary.routes.upload.slideshows import SlideshowsApi
from fakes.cloudinary.routes.upload.texts import TextsApi
from fakes.cloudinary.routes.upload.uploads import UploadsApi

_BASE = "/v1_1/{cloud}/"


class UploadApi:
    """All of the Upload API."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        """The routes, as in the coverage rows; the first that fits answers."""
        service = self._service
        rows: Rows = [
            *UploadsApi(service).rows(),
            *ExplicitApi(service).rows(),
            *AssetsApi(service).rows(),
            *LabelsApi(service).rows(),
            *SlideshowsApi(service).rows(),
            *ArchivesApi(service).rows(),
            *DownloadsApi(service).rows(),
            *CollectionsApi(service).rows(),
            *TextsApi(service).rows(),
            *PagesApi(service).rows(),
        ]
        return [
            Route(_BASE + path, service.reads_form(handler), methods=[method])
            for method, path, handler in rows
        ]
