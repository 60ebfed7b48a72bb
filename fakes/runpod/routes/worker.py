"""The worker's side: take jobs, say how they went, and be heard of meanwhile."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.kit.bodies import bounded
from fakes.kit.peer import peer_of
from fakes.runpod import errors
from fakes.runpod.attached import Attached
from fakes.runpod.routes.access import allowed
from fakes.runpod.state import Hosted, State
from fakes.runpod.wire import CHUNK_LIMIT_BYTES
from fakes.runpod.wire import worker as wire

Handler = Callable[[Request], Awaitable[Response]]
_ID_LIMIT = 100


class WorkerRoutes:
    """One method per route."""

    def __init__(self, state: State, attached: Attached) -> None:
        self._state = state
        self._attached = attached

    def rows(self) -> dict[tuple[str, str], Handler]:
        """Handlers by method and path."""
        below: dict[tuple[str, str], Handler] = {
            ("GET", "job-take/{worker_id}"): self.take,
            ("GET", "job-take-batch/{worker_id}"): self.take_batch,
            ("GET", "job-stop/{worker_id}"): self.stop,
            ("POST", "job-done/{worker_id}/{job_id}"): self.done,
            ("POST", "job-stream/{worker_id}/{job_id}"): self.stream,
            ("GET", "ping/{worker_id}"): self.ping,
        }
        return {(method, f"/v2/{{endpoint}}/{path}"): handler for (method, path), handler in below.items()}

    async def take(self, request: Request) -> Response:
        """Wait for a job."""
        jobs = await self._taken(request)
        return JSONResponse(jobs[0]) if jobs else Response(status_code=204)

    async def take_batch(self, request: Request) -> Response:
        """Wait for jobs, up to a number of them."""
        jobs = await self._taken(request)
        return JSONResponse(jobs) if jobs else Response(status_code=204)

    async def stop(self, request: Request) -> Response:
        """Wait for jobs that are to be stopped."""
        hosted, worker_id = self._worker(request)
        stopped = await self._attached.stop_signals(hosted, worker_id, peer_of(request))
        return JSONResponse(wire.stop_body(stopped)) if stopped else Response(status_code=204)

    async def done(self, request: Request) -> Response:
        """Take an answer or a progress."""
        hosted, worker_id = self._worker(request)
        said = wire.said(await _body(request, wire.DONE_LIMIT_BYTES))
        self._attached.done(hosted, worker_id, request.path_params["job_id"], said, peer_of(request))
        # guess: what it says is not published, also for an answer that comes too late; the package only looks
        # at the status, and would send it three times otherwise
        return JSONResponse({})

    async def stream(self, request: Request) -> Response:
        """Take one item of a stream."""
        hosted, worker_id = self._worker(request)
        chunk = wire.chunk(await _body(request, CHUNK_LIMIT_BYTES))
        self._attached.stream(hosted, worker_id, request.path_params["job_id"], chunk, peer_of(request))
        return JSONResponse({})

    async def ping(self, request: Request) -> Response:
        """Hear a heartbeat, or that the worker is not fit to work."""
        hosted, worker_id = self._worker(request)
        query = request.query_params
        if query.get("status") == "unhealthy":
            self._attached.report(hosted, worker_id, query.get("check", ""), query.get("reason", ""))
        else:
            self._attached.ping(hosted, worker_id, wire.pinged(query))
        return JSONResponse({})

    async def _taken(self, request: Request) -> list[dict[str, object]]:
        hosted, worker_id = self._worker(request)
        asked = wire.asked(request.query_params)
        given = await self._attached.take(hosted, worker_id, asked, peer_of(request))
        return [wire.taken_body(work.job.id, work.input, work.request) for work in given]

    def _worker(self, request: Request) -> tuple[Hosted, str]:
        """The endpoint and the worker in the path.

        Raises:
            ProviderError: No such key (401), no such endpoint for it (404), or no id of a worker (400).
        """
        hosted = allowed(self._state, request, "write")
        worker_id: str = request.path_params["worker_id"]
        if len(worker_id) > _ID_LIMIT:
            raise errors.bad_body(f"a worker's id has {_ID_LIMIT} characters at most")
        return hosted, worker_id


async def _body(request: Request, limit_bytes: int) -> bytes:
    """The whole body.

    Raises:
        ProviderError: It is too large (400).
    """
    return await bounded(request, limit_bytes, errors.invalid_json(limit_bytes)).body()
