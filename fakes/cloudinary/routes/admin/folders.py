"""Admin API: folders."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, naming, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.state import Account, check_may_write
from fakes.cloudinary.wire import Hooks


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
            ("PUT", "folders/{path:path}", self.move_folder),
            ("DELETE", "folders/{path:path}", self.delete_folder),
        ]

    async def folders(self, request: Request, form: Form) -> Response:
        """List the folders directly below one."""
        account = self._service.admin(request)
        path = request.path_params.get("path", "").strip("/")
        if path:
            self._state.folders.get(account.cloud, path)
        folders, cursor, count = self._state.listing.folders(account.cloud, path, wire.window(form))
        bodies = [wire.folder_body(one) for one in folders]
        return JSONResponse({"folders": bodies, "next_cursor": cursor, "total_count": count})

    async def create_folder(self, request: Request, _form: Form) -> Response:
        """Create a folder and those above it."""
        account = self._service.admin(request)
        path = _named(request.path_params["path"], "folder")
        check_may_write(account, f"{path}/")
        is_new = self._state.folders.find(account.cloud, path) is None
        self._state.folders.add(account.cloud, path, self._service.kit.clock.now())
        folder = self._state.folders.get(account.cloud, path)
        if is_new:
            self._tell(account, "create_folder", wire.folder_notice(path))
        return JSONResponse({"success": True, **wire.folder_body(folder)})

    async def move_folder(self, request: Request, form: Form) -> Response:
        """Give a folder, and all in it, another path."""
        account = self._service.admin(request)
        source = _named(request.path_params["path"], "folder")
        target = _named(form.text("to_folder") or "", "to_folder")
        check_may_write(account, f"{source}/")
        check_may_write(account, f"{target}/")
        self._state.move_folder(account.cloud, source, target)
        notice = {"from_path": source, "to_path": target, "status": "success"}  # guess: the word
        self._tell(account, "move_or_rename_asset_folder", notice)
        return JSONResponse(wire.moved_folder_body(source, target))

    async def delete_folder(self, request: Request, _form: Form) -> Response:
        """Delete a folder that holds no assets, with the folders in it."""
        account = self._service.admin(request)
        path = _named(request.path_params["path"], "folder")
        check_may_write(account, f"{path}/")
        deleted = self._state.folders.delete(account.cloud, path)
        for one in deleted:
            self._tell(account, "delete_folder", wire.folder_notice(one))
        return JSONResponse({"deleted": deleted})

    def _tell(self, account: Account, kind: str, content: Mapping[str, str]) -> None:
        """Tell the account's triggers."""
        self._service.notices.tell(account, kind, content, Hooks())


def _named(path: str, parameter: str) -> str:
    """A folder's path that is not the root.

    Raises:
        ProviderError: It is, or is not allowed (400).
    """
    if not path.strip("/"):
        raise errors.missing_parameter(parameter)
    return naming.check_folder(path)
