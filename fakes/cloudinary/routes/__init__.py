"""HTTP of the Cloudinary fake: Upload API, Admin API and delivery."""

from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request

from fakes.cloudinary import wire
from fakes.cloudinary.blobs import Blobs
from fakes.cloudinary.blobs.bucket import BucketBlobs
from fakes.cloudinary.blobs.folder import FolderBlobs
from fakes.cloudinary.notices import Notices
from fakes.cloudinary.render import Renderer
from fakes.cloudinary.routes import preflight
from fakes.cloudinary.routes.admin import AdminApi
from fakes.cloudinary.routes.analysis import AnalysisApi
from fakes.cloudinary.routes.blobs import BlobControl
from fakes.cloudinary.routes.control import AccountControl
from fakes.cloudinary.routes.delivery import Delivery
from fakes.cloudinary.routes.gaps import Gaps
from fakes.cloudinary.routes.notifications import NotificationsApi
from fakes.cloudinary.routes.search_urls import SearchUrls
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload import UploadApi
from fakes.cloudinary.state import CloudinaryState
from fakes.kit.ids import Ids
from fakes.kit.kit import Kit, Parts

_API_HEADERS = {
    "Cache-Control": "max-age=0, private, must-revalidate",
    "Access-Control-Allow-Origin": "*",
    "Server": "cloudinary",
}


def build(kit: Kit) -> Parts:
    """Put the fake together."""
    folder = _blobs_folder(kit)
    bucket = kit.settings.bucket
    blobs: Blobs = BucketBlobs(folder, bucket) if bucket else FolderBlobs(folder)
    state = CloudinaryState(kit, blobs, folder / "parts")
    renderer = Renderer(state.assets, blobs, state.transformations.text, state.profiles.representations)
    service = Service(kit, state, blobs, renderer, Notices(kit, state))
    request_ids = Ids(
        kit.settings.seed + 1
    )  # its own sequence: asset ids do not depend on how often one asks

    control = AccountControl(state, Ids(kit.settings.seed + 2))
    stored = BlobControl(blobs, state.stored, None if bucket else str(folder))

    def close() -> None:
        renderer.close()
        state.close()
        blobs.close()

    def headers(request: Request) -> Mapping[str, str]:
        is_api = request.url.path.startswith(("/v1_1/", "/v2/"))
        common = _API_HEADERS if is_api else {"Server": "Cloudinary"}
        return {**common, "X-Request-Id": request_ids.hex(32)}

    return Parts(
        state=state,
        routes=[
            Gaps(),
            *UploadApi(service).routes(),
            *NotificationsApi(service).routes(),
            *AdminApi(service).routes(),
            *AnalysisApi(service).routes(),
            *SearchUrls(service).routes(),
            *Delivery(service).routes(),
            *preflight.routes(),
        ],
        error_body=wire.error_body,
        before_load=stored.refuse_missing,
        close=close,
        headers=headers,
        controls=(*control.routes(), *stored.routes()),
    )


def _blobs_folder(kit: Kit) -> Path:
    settings = kit.settings
    if settings.blobs_dir is not None:
        return settings.blobs_dir
    if settings.state_dir is not None:
        return settings.state_dir / "blobs"
    raise RuntimeError("the cloudinary fake keeps files: set state_dir or blobs_dir")
