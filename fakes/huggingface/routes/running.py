"""What runs: the stages of Spaces, their secrets and variables, their logs."""

import asyncio
import html
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from fakes.huggingface import errors, wire
from fakes.huggingface.bodies import is_true, json_of
from fakes.huggingface.guard import Guard
from fakes.huggingface.state import HubState
from fakes.huggingface.state.logs import BUILD, KINDS
from fakes.huggingface.state.spaces import SECRET, Space
from fakes.kit.errors import ProviderError

Handler = Callable[[Request], Awaitable[Response]]
_LOOK_AGAIN_S = 0.1
_BUILDS = ("BUILDING", "RUNNING_BUILDING")
_WRITES = ("RUNNING", "APP_STARTING", *_BUILDS, "RUNNING_APP_STARTING")


class Running:
    """Runtimes of Spaces."""

    def __init__(self, state: HubState, guard: Guard) -> None:
        self._state = state
        self._guard = guard

    async def runtime(self, request: Request) -> Response:
        """Where a Space is."""
        return self._told(self._guard.visible(request))

    async def restart(self, request: Request) -> Response:
        """Starts a Space again; with `factory` it is built again, too."""
        space, _ = self._guard.writable(request)
        return self._told(self._state.restart(space, factory=is_true(request.query_params.get("factory"))))

    async def pause(self, request: Request) -> Response:
        """Stops a Space until somebody restarts it."""
        space, _ = self._guard.writable(request)
        return self._told(self._state.pause(space))

    async def sleep_time(self, request: Request) -> Response:
        """Sets after how long without a visit a Space sleeps."""
        space, _ = self._guard.writable(request)
        return self._told(self._state.set_sleep(space, (await json_of(request)).get("seconds")))

    async def hardware(self, request: Request) -> Response:
        """Asks for other hardware."""
        space, _ = self._guard.writable(request)
        body = await json_of(request)
        return self._told(self._state.set_hardware(space, body.get("flavor"), body.get("sleepTimeSeconds")))

    def values(self, kind: str) -> Handler:
        """Lists secrets, for the owner, or variables."""

        async def handle(request: Request) -> Response:
            space = self._guard.owned(request) if kind == SECRET else self._guard.visible(request)
            return self._listed(space, kind)

        return handle

    def set_value(self, kind: str) -> Handler:
        """Writes a secret or a variable; the Space starts again with it."""

        async def handle(request: Request) -> Response:
            space, _ = self._guard.writable(request)
            self._state.spaces.set_value(space, kind, await json_of(request))
            self._state.restart_for_values(space)
            return self._listed(space, kind)

        return handle

    def drop_value(self, kind: str) -> Handler:
        """Removes a secret or a variable; the Space starts again without it."""

        async def handle(request: Request) -> Response:
            space, _ = self._guard.writable(request)
            self._state.spaces.drop_value(space, kind, (await json_of(request)).get("key"))
            self._state.restart_for_values(space)
            return self._listed(space, kind)

        return handle

    async def logs(self, request: Request) -> Response:
        """Follows a log, until nothing more can come."""
        space = self._guard.owned(request)
        kind = request.path_params["kind"]
        if kind not in KINDS:
            raise errors.entry_not_found()
        return StreamingResponse(self._follow(request, space, kind), media_type="text/event-stream")

    async def page(self, request: Request) -> Response:
        """A Space's page. To look at it is a visit: it wakes what sleeps."""
        space = self._state.wake(self._guard.visible(request, "pages"))
        last = self._state.deployments.latest(space.key)
        link = f'<p><a href="{html.escape(last.url)}">open</a>' if last and last.url else ""
        head = '<!doctype html><html lang="en"><meta charset="utf-8">'
        stage = f"<p>{html.escape(space.sdk)}: <b>{self._state.stage(space)}</b>"
        return HTMLResponse(
            f"{head}<title>{html.escape(space.id)}</title><h1>{html.escape(space.id)}</h1>{stage}{link}</html>"
        )

    async def _follow(self, request: Request, space: Space, kind: str) -> AsyncIterator[str]:
        after = 0
        while True:
            is_over = not self._may_write(space, kind)
            for line in self._state.logs.read(space.key, kind, after):
                after = line.number
                yield wire.event(line)
            if is_over or await request.is_disconnected():
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _may_write(self, space: Space, kind: str) -> bool:
        """Whether more lines can come."""
        try:
            stage = self._state.stage(self._state.spaces.existing(space.key))
        except ProviderError:
            return False
        return stage in (_BUILDS if kind == BUILD else _WRITES)

    def _told(self, space: Space) -> Response:
        last = self._state.deployments.latest(space.key)
        return JSONResponse(wire.runtime_body(space, self._state.stage(space), last))

    def _listed(self, space: Space, kind: str) -> Response:
        return JSONResponse(wire.values_body(self._state.spaces.values(space, kind), kind))
