"""Admin API: notification triggers."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.wire.triggers import trigger_body


class TriggersApi:
    """Notification triggers of a cloud."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._triggers = service.state.triggers

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "triggers", self.triggers),
            ("POST", "triggers", self.create),
            ("PUT", "triggers/{id}", self.update),
            ("DELETE", "triggers/{id}", self.delete),
            ("POST", "triggers/{id}/test", self.test),
        ]

    async def triggers(self, request: Request, form: Form) -> Response:
        """List all triggers, or those of one event type."""
        cloud = self._service.admin(request).cloud
        found = [trigger_body(cloud, one) for one in self._triggers.all(cloud, form.text("event_type"))]
        return JSONResponse({"triggers": found, "total": len(found)})

    async def create(self, request: Request, form: Form) -> Response:
        """Add a trigger."""
        cloud = self._service.admin(request).cloud
        uri, event_type, uri_type = form.needed("uri"), form.needed("event_type"), form.text("uri_type")
        self._check(uri)
        return JSONResponse(
            trigger_body(cloud, self._triggers.create(cloud, uri, event_type, uri_type or "webhook"))
        )

    async def update(self, request: Request, form: Form) -> Response:
        """Give a trigger another address."""
        cloud, uri = self._service.admin(request).cloud, form.needed("new_uri")
        self._check(uri)
        self._triggers.update(cloud, request.path_params["id"], uri)
        return JSONResponse({"message": "updated"})

    async def delete(self, request: Request, _form: Form) -> Response:
        """Delete a trigger."""
        self._triggers.delete(self._service.admin(request).cloud, request.path_params["id"])
        return JSONResponse({"message": "deleted"})

    async def test(self, request: Request, _form: Form) -> Response:
        """Say whether a trigger would fire; triggers made by this API have no filter, and always do."""
        trigger = self._triggers.get(self._service.admin(request).cloud, request.path_params["id"])
        # guess: the result without a filter
        return JSONResponse({"trigger_id": trigger.id, "filter_present": False, "filter_result": True})

    def _check(self, uri: str) -> None:
        """Refuse an address outside of this stack."""
        if uri.startswith(("http://", "https://")):
            self._service.kit.webhooks.check(uri)
