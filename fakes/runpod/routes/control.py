"""What tests and people may do to the GPU and the account that RunPod's clients cannot."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import json_object
from fakes.kit.documents import check_fields
from fakes.runpod.attached import Attached
from fakes.runpod.gpu import Gpu
from fakes.runpod.state import STAGING_KEY, State
from fakes.runpod.wire.worker import environment

_GPU = "/_fake/gpu"
_LIMITS = "/_fake/rate-limits"
_WORKERS = "/_fake/workers"


def controls(state: State, gpu: Gpu, attached: Attached, url: str) -> list[Route]:
    """Routes below the control surface: `GET` and `PUT` of `gpu` and `rate-limits`, `GET` and `POST workers`.

    `POST workers` gives what a new worker is started with; `url` is this fake's origin as workers see it.
    """

    async def show(_request: Request) -> Response:
        workers = {hosted.id: gpu.fleet.health(hosted.id) for hosted in state.endpoints.all()}
        body = {"workers": state.gpu.workers, "timing": state.gpu.timing_name, "endpoints": workers}
        return JSONResponse(body | {"attached": state.attached()})

    async def change(request: Request) -> Response:
        try:
            state.change_gpu(json_object(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        gpu.kick()
        return await show(request)

    async def show_limits(_request: Request) -> Response:
        return JSONResponse({"rate_limits": state.limits.public()})

    async def change_limits(request: Request) -> Response:
        try:
            given = json_object(await request.body())
            check_fields(given, ("rate_limits",))
            state.limits.set(given.get("rate_limits", True))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return await show_limits(request)

    async def workers(_request: Request) -> Response:
        return JSONResponse({"workers": attached.summary()})

    async def prepare(request: Request) -> Response:
        try:
            hosted = state.attachable(json_object(await request.body()).get("endpoint"))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        env = environment(url, hosted.id, attached.new_id(), STAGING_KEY)
        return JSONResponse({"endpoint": hosted.id, "env": env}, 201)

    return [
        Route(_GPU, show, methods=["GET"]),
        Route(_GPU, change, methods=["PUT"]),
        Route(_LIMITS, show_limits, methods=["GET"]),
        Route(_LIMITS, change_limits, methods=["PUT"]),
        Route(_WORKERS, workers, methods=["GET"]),
        Route(_WORKERS, prepare, methods=["POST"]),
    ]
