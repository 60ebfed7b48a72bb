"""Admin API: folders."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, naming, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.state import check_may_write


class FoldersApi:
    """Folders of a cloud."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "folders", self.folders),
            ("GET", "folders/{path:path}", self.folders),
            ("POST", "folders/{path:path}", self.create_folder),
            ("DELETE", "folders/{path:path}", self.delete_folder),
        ]

    async def folders(self, request: Request, form: Form) -> Response:
        """List the folders directly below one."""
        account = self._service.admin(request)
        path = request.path_params.get("path", "").strip("/")
        if path and not self._state.listing.has_folder(account.cloud, path):
            raise errors.folder_not_found(path)
        paths, cursor, count = self._state.listing.folders(account.cloud, path, wire.window(form))
        folders = [wire.folder_body(one) for one in paths]
        return JSONResponse({"folders": folders, "next_cursor": cursor, "total_count": count})

    async def create_folder(self, request: Request, _form: Form) -> Response:
        """Create a folder and those above it."""
        account = self._service.admin(request)
        path = naming.check_folder(request.path_params["path"])
        check_may_write(account, f"{path}/")
        self._state.assets.add_folder(account.cloud, path, self._service.kit.clock.now())
        return JSONResponse({"success": True, **wire.folder_body(path)})

    async def delete_folder(self, request: Request, _form: Form) -> Response:
        """Delete an empty folder."""
        account = self._service.admin(request)
        path = request.path_params["path"].strip("/")
        check_may_write(account, f"{path}/")
        return JSONResponse({"deleted": self._state.listing.delete_folder(account.cloud, path)})
