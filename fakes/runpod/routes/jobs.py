"""The client's side: submit jobs, follow them and end them."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.kit.bodies import bounded
from fakes.runpod import errors, wire
from fakes.runpod.gpu import Gpu
from fakes.runpod.routes.access import allowed
from fakes.runpod.state import Hosted, State
from fakes.runpod.wire import Submission

Handler = Callable[[Request], Awaitable[Response]]


class JobRoutes:
    """One method per route."""

    def __init__(self, state: State, gpu: Gpu) -> None:
        self._state = state
        self._jobs = state.jobs
        self._gpu = gpu

    def rows(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path."""
        below: dict[tuple[str, str], Handler] = {
            ("POST", "run"): self.run,
            ("POST", "runsync"): self.runsync,
            ("GET", "status/{job_id}"): self.status,
            ("GET", "status-sync/{job_id}"): self.status_sync,
            ("GET", "stream/{job_id}"): self.stream,
            ("POST", "stream/{job_id}"): self.stream,
            ("POST", "cancel/{job_id}"): self.cancel,
            ("POST", "retry/{job_id}"): self.retry,
            ("POST", "purge-queue"): self.purge_queue,
            ("GET", "health"): self.health,
            ("GET", "requests"): self.requests,
        }
        return {(method, f"/v2/{{endpoint}}/{path}"): handler for (method, path), handler in below.items()}

    async def run(self, request: Request) -> Response:
        """Queue a job."""
        hosted = allowed(self._state, request, "write")
        asked = await _submission(request, hosted, wire.RUN_LIMIT_BYTES)
        job = self._gpu.submit(hosted, asked, traceparent=request.headers.get("traceparent"))
        return JSONResponse(wire.submitted_body(job))

    async def runsync(self, request: Request) -> Response:
        """Queue a job and wait for its end."""
        hosted = allowed(self._state, request, "write")
        wait_s = wire.wait_s(request.query_params.get("wait"))
        asked = await _submission(request, hosted, wire.RUNSYNC_LIMIT_BYTES)
        traceparent = request.headers.get("traceparent")
        job = self._gpu.submit(hosted, asked, is_sync=True, traceparent=traceparent)
        job = await self._gpu.wait(hosted, job.id, wait_s)
        return JSONResponse(wire.job_body(job) if job.status in wire.FINAL else wire.unfinished_body(job))

    async def status(self, request: Request) -> Response:
        """Report how far a job has come."""
        job = self._jobs.get(allowed(self._state, request, "read"), request.path_params["job_id"])
        return JSONResponse(wire.job_body(job))

    async def status_sync(self, request: Request) -> Response:
        """Report on a job when it has ended, or after the wait."""
        hosted = allowed(self._state, request, "read")
        wait_s = wire.wait_s(request.query_params.get("wait"))
        job = await self._gpu.wait(hosted, request.path_params["job_id"], wait_s)
        return JSONResponse(wire.job_body(job))

    async def stream(self, request: Request) -> Response:
        """Hand out what a job has yielded since the last time."""
        job = self._jobs.get(allowed(self._state, request, "read"), request.path_params["job_id"])
        return JSONResponse(wire.stream_body(job, self._jobs.take_chunks(job)))

    async def cancel(self, request: Request) -> Response:
        """End a job."""
        hosted = allowed(self._state, request, "write")
        return JSONResponse(wire.submitted_body(self._gpu.cancel(hosted, request.path_params["job_id"])))

    async def retry(self, request: Request) -> Response:
        """Queue a failed job again."""
        hosted = allowed(self._state, request, "write")
        return JSONResponse(wire.submitted_body(self._gpu.retry(hosted, request.path_params["job_id"])))

    async def purge_queue(self, request: Request) -> Response:
        """Remove what waits in the queue."""
        return JSONResponse(wire.purged_body(self._gpu.purge(allowed(self._state, request, "write"))))

    async def health(self, request: Request) -> Response:
        """Count jobs and workers."""
        hosted = allowed(self._state, request, "read")
        return JSONResponse(wire.health_body(self._jobs.counts(hosted.id), self._gpu.fleet.health(hosted.id)))

    async def requests(self, request: Request) -> Response:
        """List the latest jobs."""
        return JSONResponse(wire.requests_body(self._jobs.recent(allowed(self._state, request, "read"))))


async def _submission(request: Request, hosted: Hosted, limit_bytes: int) -> Submission:
    """The job in a body.

    Raises:
        ProviderError: Too large (413), no job (400), or it names another namespace (403).
    """
    body = await bounded(request, limit_bytes, errors.payload_too_large(limit_bytes)).body()
    asked = wire.submission(body)
    if asked.namespace not in (None, hosted.namespace):
        raise errors.namespace_refused(str(asked.namespace))
    return asked
