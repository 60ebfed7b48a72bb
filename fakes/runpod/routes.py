"""HTTP of the RunPod fake: read, ask the state or the GPU, answer."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.bodies import bounded
from fakes.kit.kit import Kit, Parts
from fakes.runpod import FAKE, errors, wire
from fakes.runpod.gpu import Gpu
from fakes.runpod.state import Hosted, State


def build(kit: Kit) -> Parts:
    """The fake's routes and state."""
    state = State(kit)
    gpu = Gpu(state, kit)
    state.on_reset = gpu.reset
    gpu.start()
    handlers = _Handlers(state, gpu)
    by_route: dict[tuple[str, str], Callable[[Request], Awaitable[Response]]] = {
        ("POST", "run"): handlers.run,
        ("POST", "runsync"): handlers.runsync,
        ("GET", "status"): handlers.status,
        ("GET", "status-sync"): handlers.status_sync,
        ("GET", "stream"): handlers.stream,
        ("POST", "stream"): handlers.stream,
        ("POST", "cancel"): handlers.cancel,
        ("POST", "retry"): handlers.retry,
        ("POST", "purge-queue"): handlers.purge_queue,
        ("GET", "health"): handlers.health,
        ("GET", "requests"): handlers.requests,
    }
    routes = [
        Route(row.path, by_route[row.method, row.path.split("/")[3]], methods=[row.method])
        for row in FAKE.coverage
    ]
    return Parts(state=state, routes=routes, error_body=wire.error_body, close=gpu.close)


class _Handlers:
    """One method per route."""

    def __init__(self, state: State, gpu: Gpu) -> None:
        self._state = state
        self._gpu = gpu

    async def run(self, request: Request) -> Response:
        """Queue a job."""
        hosted = self._allowed(request)
        asked = wire.submission(await _body(request, wire.RUN_LIMIT_BYTES))
        job = self._gpu.submit(hosted, asked, traceparent=request.headers.get("traceparent"))
        return JSONResponse(wire.submitted_body(job))

    async def runsync(self, request: Request) -> Response:
        """Queue a job and wait for its end."""
        hosted = self._allowed(request)
        wait_s = wire.wait_s(request.query_params.get("wait"))
        asked = wire.submission(await _body(request, wire.RUNSYNC_LIMIT_BYTES))
        traceparent = request.headers.get("traceparent")
        job = self._gpu.submit(hosted, asked, is_sync=True, traceparent=traceparent)
        job = await self._gpu.wait(hosted, job.id, wait_s)
        return JSONResponse(wire.job_body(job) if job.status in wire.FINAL else wire.unfinished_body(job))

    async def status(self, request: Request) -> Response:
        """Report how far a job has come."""
        job = self._state.job(self._allowed(request), request.path_params["job_id"])
        return JSONResponse(wire.job_body(job))

    async def status_sync(self, request: Request) -> Response:
        """Report on a job when it has ended, or after the wait."""
        hosted = self._allowed(request)
        wait_s = wire.wait_s(request.query_params.get("wait"))
        job = await self._gpu.wait(hosted, request.path_params["job_id"], wait_s)
        return JSONResponse(wire.job_body(job))

    async def stream(self, request: Request) -> Response:
        """Hand out what a job has yielded since the last time."""
        job = self._state.job(self._allowed(request), request.path_params["job_id"])
        return JSONResponse(wire.stream_body(job, self._state.take_chunks(job)))

    async def cancel(self, request: Request) -> Response:
        """End a job."""
        job = self._gpu.cancel(self._allowed(request), request.path_params["job_id"])
        return JSONResponse(wire.submitted_body(job))

    async def retry(self, request: Request) -> Response:
        """Queue a failed job again."""
        job = self._gpu.retry(self._allowed(request), request.path_params["job_id"])
        return JSONResponse(wire.submitted_body(job))

    async def purge_queue(self, request: Request) -> Response:
        """Remove what waits in the queue."""
        return JSONResponse(wire.purged_body(self._gpu.purge(self._allowed(request))))

    async def health(self, request: Request) -> Response:
        """Count jobs and workers."""
        jobs = self._state.health(self._allowed(request))
        idle, running = self._gpu.load()
        return JSONResponse(wire.health_body(jobs, idle=idle, running=running))

    async def requests(self, request: Request) -> Response:
        """List the latest jobs."""
        return JSONResponse(wire.requests_body(self._state.recent(self._allowed(request))))

    def _allowed(self, request: Request) -> Hosted:
        """The endpoint that the request's key may use; the key comes with or without `Bearer`."""
        key = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return self._state.hosted(key or None, request.path_params["endpoint"])


async def _body(request: Request, limit_bytes: int) -> bytes:
    return await bounded(request, limit_bytes, errors.payload_too_large(limit_bytes)).body()
