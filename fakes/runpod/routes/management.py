"""The management REST APIs: version 1 (rest.runpod.io/v1) and version 2 (api.runpod.io/v2)."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.kit.bodies import BODY_LIMIT_BYTES, bounded
from fakes.kit.clock import Clock
from fakes.runpod import errors
from fakes.runpod.management import Managed, Management
from fakes.runpod.state.keys import Key
from fakes.runpod.wire import v1, v2

Handler = Callable[[Request], Awaitable[Response]]


class V1Routes:
    """One method per route of version 1."""

    def __init__(self, management: Management) -> None:
        self._management = management

    def rows(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path."""
        return {
            ("GET", "/v1/endpoints"): self.endpoints,
            ("POST", "/v1/endpoints"): self.create_endpoint,
            ("GET", "/v1/endpoints/{id}"): self.endpoint,
            ("PATCH", "/v1/endpoints/{id}"): self.change_endpoint,
            ("DELETE", "/v1/endpoints/{id}"): self.delete_endpoint,
            ("POST", "/v1/endpoints/{id}/update"): self.change_endpoint,
            ("GET", "/v1/templates"): self.templates,
            ("POST", "/v1/templates"): self.create_template,
            ("GET", "/v1/templates/{id}"): self.template,
            ("PATCH", "/v1/templates/{id}"): self.change_template,
            ("DELETE", "/v1/templates/{id}"): self.delete_template,
            ("POST", "/v1/templates/{id}/update"): self.change_template,
        }

    async def endpoints(self, request: Request) -> Response:
        """List the account's endpoints."""
        key = self._key(request)
        return JSONResponse([self._shown(request, key, one) for one in self._management.endpoints(key)])

    async def endpoint(self, request: Request) -> Response:
        """Show one endpoint."""
        key = self._key(request)
        found = self._management.endpoint(key, request.path_params["id"])
        return JSONResponse(self._shown(request, key, found))

    async def create_endpoint(self, request: Request) -> Response:
        """Make an endpoint."""
        key = self._key(request)
        about, scaling = v1.new_endpoint(await _body(request))
        return JSONResponse(self._plain(self._management.create_endpoint(key, about, scaling)))

    async def change_endpoint(self, request: Request) -> Response:
        """Change what the body names."""
        key = self._key(request)
        about, scaling = v1.endpoint_changes(await _body(request))
        endpoint = request.path_params["id"]
        return JSONResponse(self._plain(self._management.change_endpoint(key, endpoint, about, scaling)))

    async def delete_endpoint(self, request: Request) -> Response:
        """Remove an endpoint with its workers and jobs."""
        self._management.delete_endpoint(self._key(request), request.path_params["id"])
        return Response(status_code=204)

    async def templates(self, request: Request) -> Response:
        """List the account's templates; there are no public ones and none of RunPod's."""
        key = self._key(request)
        for name in ("includePublicTemplates", "includeRunpodTemplates"):
            _flag(request, name)
        with_bound = _flag(request, "includeEndpointBoundTemplates")
        found = self._management.templates(key, with_bound=with_bound)
        return JSONResponse([v1.template_body(one) for one in found])

    async def template(self, request: Request) -> Response:
        """Show one template."""
        found = self._management.template(self._key(request), request.path_params["id"])
        return JSONResponse(v1.template_body(found))

    async def create_template(self, request: Request) -> Response:
        """Make a template."""
        key = self._key(request)
        about = v1.new_template(await _body(request))
        return JSONResponse(v1.template_body(self._management.create_template(key, about)))

    async def change_template(self, request: Request) -> Response:
        """Change what the body names."""
        key = self._key(request)
        about = v1.template_changes(await _body(request))
        found = self._management.change_template(key, request.path_params["id"], about)
        return JSONResponse(v1.template_body(found))

    async def delete_template(self, request: Request) -> Response:
        """Remove a template."""
        self._management.delete_template(self._key(request), request.path_params["id"])
        return Response(status_code=204)

    def _key(self, request: Request) -> Key:
        return self._management.key(bearer(request))

    def _shown(self, request: Request, key: Key, found: Managed) -> dict[str, object]:
        workers = None
        if _flag(request, "includeWorkers"):
            workers = self._management.workers(key, found.deployment.id)[1]
        return v1.endpoint_body(
            found.deployment,
            found.hosted.scaling,
            found.template,
            with_template=_flag(request, "includeTemplate"),
            workers=workers,
        )

    def _plain(self, found: Managed) -> dict[str, object]:
        return v1.endpoint_body(found.deployment, found.hosted.scaling, found.template)


class V2Routes:
    """One method per route of version 2."""

    def __init__(self, management: Management, clock: Clock) -> None:
        self._management = management
        self._clock = clock

    def rows(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path."""
        return {("GET", "/v2/serverless/{id}/workers"): self.workers}

    async def workers(self, request: Request) -> Response:
        """List an endpoint's workers and count them by state."""
        key = self._management.key(bearer(request))
        found, workers = self._management.workers(key, request.path_params["id"])
        return JSONResponse(v2.workers_body(workers, found.deployment, found.template, self._clock.now()))


def bearer(request: Request) -> str | None:
    """The API key, which comes as `Bearer` only (api.runpod.io/v2/openapi.json, bearerAuth)."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


async def _body(request: Request) -> bytes:
    # guess: no limit is published for either version
    refusal = errors.v1_refused(413, f"the body is larger than {BODY_LIMIT_BYTES} bytes")
    return await bounded(request, BODY_LIMIT_BYTES, refusal).body()


def _flag(request: Request, name: str) -> bool:
    return v1.flag(name, request.query_params.get(name))
