"""The client's side: submit jobs, follow them and end them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.kit.bodies import bounded
from fakes.kit.peer import peer_of, while_connected
from fakes.runpod import errors, wire
from fakes.runpod.gpu import Gpu
from fakes.runpod.routes.access import allowed
from fakes.runpod.state import Hosted, State
from fakes.runpod.state.keys import Access
from fakes.runpod.state.limits import Operation
from fakes.runpod.wire import FINAL, Job, Submission

Handler = Callable[[Request], Awaitable[Response]]

_GONE = Response(status_code=499)
"""For who has left: only the journal sees it."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """An operation, and what stands before it.

    Attributes:
        access: What the key must be allowed to.
        limit: The rate limit that a request counts against.
    """

    handler: Callable[[Request, Hosted], Awaitable[Response]]
    access: Access
    limit: Operation | None = None


class JobRoutes:
    """One method per route."""

    def __init__(self, state: State, gpu: Gpu) -> None:
        self._state = state
        self._jobs = state.jobs
        self._streams = state.streams
        self._gpu = gpu

    def rows(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path."""
        below: dict[tuple[str, str], Guarded] = {
            ("POST", "run"): Guarded(self.run, "write", "run"),
            ("POST", "runsync"): Guarded(self.runsync, "write", "runsync"),
            ("GET", "status/{job_id}"): Guarded(self.status, "read", "status"),
            ("POST", "status/{job_id}"): Guarded(self.status, "read", "status"),
            ("GET", "status-sync/{job_id}"): Guarded(self.status_sync, "read", "status"),
            ("POST", "status-sync/{job_id}"): Guarded(self.status_sync, "read", "status"),
            ("GET", "stream/{job_id}"): Guarded(self.stream, "read", "status"),
            ("POST", "stream/{job_id}"): Guarded(self.stream, "read", "status"),
            ("POST", "cancel/{job_id}"): Guarded(self.cancel, "write", "cancel"),
            ("POST", "retry/{job_id}"): Guarded(self.retry, "write"),
            ("POST", "purge-queue"): Guarded(self.purge_queue, "write", "purge-queue"),
            ("GET", "health"): Guarded(self.health, "read"),
            ("GET", "requests"): Guarded(self.requests, "read", "requests"),
        }
        return {
            (method, f"/v2/{{endpoint}}/{path}"): partial(self._answer, guarded)
            for (method, path), guarded in below.items()
        }

    async def run(self, request: Request, hosted: Hosted) -> Response:
        """Queue a job."""
        asked = await self._asked(request, hosted, wire.RUN_LIMIT_BYTES)
        job = self._gpu.submit(hosted, asked, traceparent=request.headers.get("traceparent"))
        return JSONResponse(wire.submitted_body(job))

    async def runsync(self, request: Request, hosted: Hosted) -> Response:
        """Queue a job and wait for its end."""
        wait_s = wire.wait_s(request.query_params.get("wait"))
        asked = await self._asked(request, hosted, wire.RUNSYNC_LIMIT_BYTES)
        traceparent = request.headers.get("traceparent")
        job = self._gpu.submit(hosted, asked, is_sync=True, traceparent=traceparent)
        ended = await self._end(request, hosted, self._jobs.get(hosted, job.id), wait_s)
        if ended is None:
            return _GONE
        return JSONResponse(wire.job_body(ended) if ended.status in FINAL else wire.unfinished_body(ended))

    async def status(self, request: Request, hosted: Hosted) -> Response:
        """Report how far a job has come."""
        job_id = request.path_params["job_id"]
        ttl_s = wire.ttl_s(request.query_params.get("ttl"))
        job = self._jobs.get(hosted, job_id) if ttl_s is None else self._gpu.set_ttl(hosted, job_id, ttl_s)
        return JSONResponse(wire.job_body(job))

    async def status_sync(self, request: Request, hosted: Hosted) -> Response:
        """Report on a job when it has ended, or after the wait."""
        wait_s = wire.wait_s(request.query_params.get("wait"))
        job = self._jobs.get(hosted, request.path_params["job_id"])
        ended = await self._end(request, hosted, job, wait_s)
        return _GONE if ended is None else JSONResponse(wire.job_body(ended))

    async def stream(self, request: Request, hosted: Hosted) -> Response:
        """Hand out what a job has yielded since the last time."""
        job = self._jobs.get(hosted, request.path_params["job_id"])
        return JSONResponse(wire.stream_body(job, self._streams.take(job)))

    async def cancel(self, request: Request, hosted: Hosted) -> Response:
        """End a job."""
        return JSONResponse(wire.submitted_body(self._gpu.cancel(hosted, request.path_params["job_id"])))

    async def retry(self, request: Request, hosted: Hosted) -> Response:
        """Queue a failed job again."""
        return JSONResponse(wire.submitted_body(self._gpu.retry(hosted, request.path_params["job_id"])))

    async def purge_queue(self, _request: Request, hosted: Hosted) -> Response:
        """Remove what waits in the queue."""
        return JSONResponse(wire.purged_body(self._gpu.purge(hosted)))

    async def health(self, _request: Request, hosted: Hosted) -> Response:
        """Count jobs and workers."""
        return JSONResponse(wire.health_body(self._jobs.counts(hosted.id), self._gpu.fleet.health(hosted.id)))

    async def requests(self, _request: Request, hosted: Hosted) -> Response:
        """List the latest jobs."""
        return JSONResponse(wire.requests_body(self._jobs.recent(hosted)))

    async def _answer(self, guarded: Guarded, request: Request) -> Response:
        """Let a key do only what it may, and not too much of it."""
        hosted = allowed(self._state, request, guarded.access)
        if guarded.limit is None:
            return await guarded.handler(request, hosted)
        with self._state.limits.slot(guarded.limit, hosted.id, self._gpu.fleet.running):
            return await guarded.handler(request, hosted)

    async def _asked(self, request: Request, hosted: Hosted, limit_bytes: int) -> Submission:
        """The job in a body.

        Raises:
            ProviderError: Too large or no job (400), it names what is another namespace's (403), or too many
                wait already (429).
        """
        self._state.check_queue(hosted)
        body = await bounded(request, limit_bytes, errors.invalid_json(limit_bytes)).body()
        asked = wire.submission(body, limit_bytes)
        self._state.check_names(hosted.namespace, asked)
        return asked

    async def _end(self, request: Request, hosted: Hosted, job: Job, wait_s: float) -> Job | None:
        """A job once it has ended, or as it is after the wait; None when nobody waits any more."""
        if job.status in FINAL:
            return job
        return await while_connected(peer_of(request), self._gpu.wait(hosted, job.id, wait_s))
