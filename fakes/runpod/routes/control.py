"""What tests and people may do to the GPU that RunPod's clients cannot."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import json_object
from fakes.runpod.gpu import Gpu
from fakes.runpod.state import State

_PATH = "/_fake/gpu"


def controls(state: State, gpu: Gpu) -> list[Route]:
    """Routes below the control surface: `GET` and `PUT gpu`."""

    async def show(_request: Request) -> Response:
        workers = {hosted.id: gpu.fleet.health(hosted.id) for hosted in state.endpoints.all()}
        body = {"workers": state.gpu.workers, "timing": state.gpu.timing_name, "endpoints": workers}
        return JSONResponse(body)

    async def change(request: Request) -> Response:
        try:
            state.change_gpu(json_object(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        gpu.kick()
        return await show(request)

    return [
        Route(_PATH, show, methods=["GET"]),
        Route(_PATH, change, methods=["PUT"]),
    ]
