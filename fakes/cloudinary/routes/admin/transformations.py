"""Admin API: transformations."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.wire import transformations as wire
from fakes.cloudinary.wire import window


class TransformationsApi:
    """Transformations of a cloud, named by a parameter or, as older clients do, in the path."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._transformations = service.state.transformations

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        path = "transformations/{transformation:path}"
        return [
            ("GET", "transformations", self.look),
            ("POST", "transformations", self.create),
            ("PUT", "transformations", self.update),
            ("DELETE", "transformations", self.delete),
            ("GET", path, self.look),
            ("POST", path, self.create),
            ("PUT", path, self.update),
            ("DELETE", path, self.delete),
        ]

    async def look(self, request: Request, form: Form) -> Response:
        """List the transformations, or tell everything about one."""
        account = self._service.admin(request)
        name = _name(request, form)
        if name is not None:
            found = self._transformations.get(account.cloud, name)
            derived, cursor = self._transformations.derived(account.cloud, found, window(form))
            body = wire.transformation_detail(found, derived, self._service.origin)
        else:
            is_named = form.flag("named") if form.text("named") else None
            page, cursor = self._transformations.page(account.cloud, window(form), is_named=is_named)
            body = {"transformations": [wire.transformation_body(one) for one in page]}
        return JSONResponse(body | ({"next_cursor": cursor} if cursor else {}))

    async def create(self, request: Request, form: Form) -> Response:
        """Give a transformation a name."""
        account = self._service.admin(request)
        name = request.path_params.get("transformation") or form.needed("name")
        self._transformations.create(account.cloud, name, form.needed("transformation"))
        return JSONResponse({"message": "created"})

    async def update(self, request: Request, form: Form) -> Response:
        """Allow a transformation in strict delivery, or let a name stand for another one."""
        account = self._service.admin(request)
        is_allowed = form.flag("allowed_for_strict") if form.text("allowed_for_strict") else None
        self._transformations.update(
            account.cloud,
            _name(request, form) or form.needed("transformation"),
            is_allowed=is_allowed,
            text=form.text("unsafe_update"),
        )
        return JSONResponse({"message": "updated"})

    async def delete(self, request: Request, form: Form) -> Response:
        """Delete a transformation and what was derived by it."""
        account = self._service.admin(request)
        self._transformations.delete(account.cloud, _name(request, form) or form.needed("transformation"))
        return JSONResponse({"message": "deleted"})


def _name(request: Request, form: Form) -> str | None:
    return request.path_params.get("transformation") or form.text("transformation")
