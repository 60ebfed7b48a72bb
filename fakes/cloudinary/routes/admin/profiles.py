"""Admin API: streaming profiles."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.wire import profiles as wire


class ProfilesApi:
    """Streaming profiles of a cloud."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._profiles = service.state.profiles

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "streaming_profiles", self.profiles),
            ("POST", "streaming_profiles", self.create),
            ("GET", "streaming_profiles/{name}", self.profile),
            ("PUT", "streaming_profiles/{name}", self.update),
            ("DELETE", "streaming_profiles/{name}", self.delete),
        ]

    async def profiles(self, request: Request, _form: Form) -> Response:
        """List all profiles."""
        found = self._profiles.all(self._service.admin(request).cloud)
        return JSONResponse({"data": [wire.profile_item(one) for one in found]})

    async def profile(self, request: Request, _form: Form) -> Response:
        """Tell everything about one profile."""
        account = self._service.admin(request)
        found = self._profiles.get(account.cloud, request.path_params["name"])
        return JSONResponse({"data": wire.profile_body(found)})

    async def create(self, request: Request, form: Form) -> Response:
        """Add a profile."""
        account = self._service.admin(request)
        name, representations = form.needed("name"), wire.representations(form)
        if representations is None:
            raise errors.missing_parameter("representations")
        made = self._profiles.create(account.cloud, name, form.text("display_name"), representations)
        return JSONResponse({"message": "created", "data": wire.profile_body(made)})

    async def update(self, request: Request, form: Form) -> Response:
        """Change a profile."""
        account = self._service.admin(request)
        name, representations = request.path_params["name"], wire.representations(form)
        changed = self._profiles.update(account.cloud, name, form.text("display_name"), representations)
        return JSONResponse({"message": "updated", "data": wire.profile_body(changed)})

    async def delete(self, request: Request, _form: Form) -> Response:
        """Delete a profile, or undo the changes of a predefined one."""
        account = self._service.admin(request)
        before = self._profiles.delete(account.cloud, request.path_params["name"])
        return JSONResponse({"message": "deleted", "data": wire.profile_item(before)})
