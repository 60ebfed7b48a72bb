"""Admin API: structured metadata fields, their datasources, and rules."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.wire import metadata as wire
from fakes.cloudinary.wire import window

_FIELD_ORDERS = ("label", "external_id", "created_at")
_SEARCHED_MAX = 100


class MetadataApi:
    """Structured metadata of a cloud."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._fields = service.state.metadata.fields
        self._datasources = service.state.metadata.fields.datasources
        self._rules = service.state.metadata.rules

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("GET", "metadata_fields", self.fields),
            ("POST", "metadata_fields", self.create),
            ("PUT", "metadata_fields/order", self.sort),
            ("POST", "metadata_fields/datasource/search", self.search_all),
            ("GET", "metadata_fields/{external_id}", self.field),
            ("PUT", "metadata_fields/{external_id}", self.update),
            ("DELETE", "metadata_fields/{external_id}", self.delete),
            ("PUT", "metadata_fields/{external_id}/reorder", self.move),
            ("PUT", "metadata_fields/{external_id}/datasource", self.put_entries),
            ("DELETE", "metadata_fields/{external_id}/datasource", self.delete_entries),
            ("POST", "metadata_fields/{external_id}/datasource_restore", self.restore_entries),
            ("POST", "metadata_fields/{external_id}/datasource/order", self.sort_entries),
            ("POST", "metadata_fields/{external_id}/datasource/search", self.search),
            ("GET", "metadata_rules", self.rules),
            ("POST", "metadata_rules", self.create_rule),
            ("PUT", "metadata_rules/{external_id}", self.update_rule),
            ("DELETE", "metadata_rules/{external_id}", self.delete_rule),
        ]

    async def fields(self, request: Request, _form: Form) -> Response:
        """List all fields in their order."""
        return self._all(self._service.admin(request).cloud)

    async def field(self, request: Request, _form: Form) -> Response:
        """Tell everything about one field."""
        return self._one(self._service.admin(request).cloud, request.path_params["external_id"])

    async def create(self, request: Request, form: Form) -> Response:
        """Add a field."""
        cloud, said = self._service.admin(request).cloud, wire.document(form)
        parts = wire.said_of_field(said, is_new=True)
        field = self._fields.create(cloud, parts, wire.entries_of_field(said))
        return self._one(cloud, field.external_id)

    async def update(self, request: Request, form: Form) -> Response:
        """Change parts of a field."""
        cloud, said = self._service.admin(request).cloud, wire.document(form)
        parts, external_id = wire.said_of_field(said, is_new=False), request.path_params["external_id"]
        self._fields.update(cloud, external_id, parts, wire.entries_of_field(said))
        return self._one(cloud, external_id)

    async def delete(self, request: Request, _form: Form) -> Response:
        """Delete a field."""
        self._fields.delete(self._service.admin(request).cloud, request.path_params["external_id"])
        return JSONResponse({"message": "ok"})

    async def sort(self, request: Request, form: Form) -> Response:
        """Put all fields into an order."""
        cloud = self._service.admin(request).cloud
        name, is_ascending = wire.order(wire.document(form), _FIELD_ORDERS)
        self._fields.sort(cloud, name, is_ascending=is_ascending)
        return self._all(cloud)

    async def move(self, request: Request, form: Form) -> Response:
        """Put one field at a position."""
        cloud, position = self._service.admin(request).cloud, wire.document(form).get("position")
        if not isinstance(position, int):
            raise errors.missing_parameter("position")
        self._fields.move(cloud, request.path_params["external_id"], position)
        return self._all(cloud)

    async def put_entries(self, request: Request, form: Form) -> Response:
        """Change and add entries of a datasource."""
        cloud, external_id = self._listed(request)
        self._datasources.put(cloud, external_id, wire.entries(wire.document(form)))
        return self._entries(cloud, external_id)

    async def delete_entries(self, request: Request, form: Form) -> Response:
        """Delete entries of a datasource."""
        cloud, external_id = self._listed(request)
        named = wire.external_ids(wire.document(form))
        self._datasources.switch(cloud, external_id, named, is_active=False)
        return self._entries(cloud, external_id)

    async def restore_entries(self, request: Request, form: Form) -> Response:
        """Restore deleted entries of a datasource."""
        cloud, external_id = self._listed(request)
        named = wire.external_ids(wire.document(form))
        self._datasources.switch(cloud, external_id, named, is_active=True)
        return self._entries(cloud, external_id)

    async def sort_entries(self, request: Request, form: Form) -> Response:
        """Put the entries of a datasource into the order of their values."""
        cloud, external_id = self._listed(request)
        _, is_ascending = wire.order(wire.document(form), ("value",))
        self._datasources.sort(cloud, external_id, is_ascending=is_ascending)
        return self._entries(cloud, external_id)

    async def search(self, request: Request, form: Form) -> Response:
        """Find entries of one datasource by their values."""
        cloud, external_id = self._listed(request)
        limit = window(form, default=_SEARCHED_MAX).limit
        term, is_exact = form.text("term") or "", form.flag("exact_match")
        found = self._datasources.search(cloud, term, limit, field=external_id, is_exact=is_exact)
        listed = [{"external_id": one.external_id, "value": one.value} for one in found]
        return JSONResponse({"values": listed})

    async def search_all(self, request: Request, form: Form) -> Response:
        """Find entries of all datasources by their values."""
        cloud, term = self._service.admin(request).cloud, form.text("term")
        if term is None:
            raise errors.missing_parameter("term")
        found = self._datasources.search(cloud, term, window(form, default=_SEARCHED_MAX).limit)
        return JSONResponse([wire.found_entry_body(one) for one in found])

    async def rules(self, request: Request, _form: Form) -> Response:
        """List all rules."""
        found = self._rules.all(self._service.admin(request).cloud)
        return JSONResponse({"metadata_rules": [wire.rule_body(rule) for rule in found]})

    async def create_rule(self, request: Request, form: Form) -> Response:
        """Add a rule."""
        cloud = self._service.admin(request).cloud
        rule = self._rules.create(cloud, wire.said_of_rule(wire.document(form), is_new=True))
        return JSONResponse(wire.rule_body(rule))

    async def update_rule(self, request: Request, form: Form) -> Response:
        """Change parts of a rule."""
        cloud = self._service.admin(request).cloud
        said = wire.said_of_rule(wire.document(form), is_new=False)
        rule = self._rules.update(cloud, request.path_params["external_id"], said)
        return JSONResponse(wire.rule_body(rule))

    async def delete_rule(self, request: Request, _form: Form) -> Response:
        """Delete a rule."""
        self._rules.delete(self._service.admin(request).cloud, request.path_params["external_id"])
        return JSONResponse({"success": True})

    def _listed(self, request: Request) -> tuple[str, str]:
        """The cloud, and the id of a field that has a datasource."""
        cloud, external_id = self._service.admin(request).cloud, request.path_params["external_id"]
        self._fields.listed(cloud, external_id)
        return cloud, external_id

    def _one(self, cloud: str, external_id: str) -> Response:
        field = self._fields.get(cloud, external_id)
        return JSONResponse(wire.field_body(field, self._datasources.all(cloud, external_id)))

    def _all(self, cloud: str) -> Response:
        fields = self._fields.all(cloud)
        bodies = [wire.field_body(field, self._datasources.all(cloud, field.external_id)) for field in fields]
        return JSONResponse({"metadata_fields": bodies})

    def _entries(self, cloud: str, external_id: str) -> Response:
        return JSONResponse(wire.datasource_body(self._datasources.all(cloud, external_id)))
