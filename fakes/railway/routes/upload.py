"""What `railway up` sends: a gzipped archive of the working tree, which is deployed."""

import asyncio
import tempfile
from typing import IO

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.errors import ProviderError
from fakes.railway import errors
from fakes.railway.call import Call
from fakes.railway.files import BadArchive, Files
from fakes.railway.routes.access import call_of
from fakes.railway.state import State
from fakes.railway.state.projects import Instance

MOST_BYTES = 200_000_000


def routes(state: State, files: Files) -> list[Route]:
    """The route."""

    async def up(request: Request) -> Response:
        call = call_of(request, state)
        instance = _instance(call, request)
        deployment_id = state.deployments.new_id()
        with tempfile.TemporaryFile() as archive:
            await _receive(request, archive)
            try:
                folder = await asyncio.to_thread(files.unpack, archive, deployment_id)
            except BadArchive as error:
                raise errors.upload_refused(str(error)) from error
        message = request.query_params.get("message", "")
        made = state.dispatch.upload(instance, deployment_id, folder, message)
        address = state.domains.first(instance.service_id, instance.environment_id)
        place = f"https://railway.com/project/{made.project_id}/service/{made.service_id}"
        return JSONResponse(
            {
                "deploymentId": made.id,
                "url": f"{place}?id={made.id}",
                "logsUrl": f"{place}?id={made.id}#build",
                "deploymentDomain": address.domain if address else "",
            }
        )

    path = "/project/{project_id}/environment/{environment_id}/up"
    return [Route(path, up, methods=["POST"])]


def _instance(call: Call, request: Request) -> Instance:
    """The service that is meant: the one that is named, or the project's only one.

    Raises:
        ProviderError: There is none, or the token does not reach it; as an upload is answered.
    """
    path, service_id = request.path_params, request.query_params.get("serviceId")
    try:
        project = call.project(path["project_id"])
        environment = call.environment(path["environment_id"])
        found = call.state.projects.instances_in(environment.id)
        if service_id is not None:
            return call.instance(service_id, environment.id)
        if environment.project_id != project.id or len(found) != 1:
            raise errors.refused("Multiple services found. Please specify a service")  # guess: wording
        return found[0]
    except ProviderError as error:
        status = 401 if error.message == "Not Authorized" else 400  # guess
        refused = errors.upload_refused(error.message, status)
        refused.violation = error.violation
        raise refused from error


async def _receive(request: Request, archive: IO[bytes]) -> None:
    """Write what is sent into a file.

    Raises:
        ProviderError: It is too large (413).
    """
    async for block in request.stream():
        archive.write(block)
        if archive.tell() > MOST_BYTES:
            raise errors.upload_refused("Payload Too Large", 413)  # guess: wording
    archive.seek(0)
