"""A worker outside, as the fake sees one: what it calls, and the connection that it calls on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from fakes.kit.peer import Peer
from fakes.runpod.state import STAGING_KEY
from tests.fakes.runpod.conftest import Account, settled

Answer = tuple[int, Any]


class Outside:
    """A worker of one endpoint. Its polls are tasks, because they are held open.

    Args:
        account: The fake.
        worker_id: As `RUNPOD_POD_ID`.
        endpoint: The endpoint that it serves.
    """

    def __init__(self, account: Account, worker_id: str = "wk1", endpoint: str = "staging-clip") -> None:
        self.peer = Peer()
        self._app = account.app
        self._path = f"http://runpod.test/v2/{endpoint}"
        self._id = worker_id

    def poll(self, *, busy: bool = False, batch: int | None = None) -> asyncio.Task[Answer]:
        """Ask for a job, or for a batch of them."""
        what = "job-take" if batch is None else "job-take-batch"
        size = "" if batch is None else f"&batch_size={batch}"
        return asyncio.create_task(
            self._ask("GET", f"{what}/{self._id}?gpu=FAKE{size}&job_in_progress={int(busy)}")
        )

    def listen(self) -> asyncio.Task[Answer]:
        """Ask for jobs that are to be stopped."""
        return asyncio.create_task(self._ask("GET", f"job-stop/{self._id}?gpu=FAKE"))

    async def take(self, *, busy: bool = False) -> str:
        """The id of the job that it is given now."""
        status, job = await asyncio.wait_for(self.poll(busy=busy), 5)
        assert status == 200
        return str(job["id"])

    async def done(self, job_id: str, said: Any, *, is_stream: bool = False) -> Answer:
        """Say how a job went."""
        return await self._ask("POST", f"job-done/{self._id}/{job_id}?gpu=FAKE&isStream={is_stream}", said)

    async def stream(self, job_id: str, said: Any) -> Answer:
        """Send an item of a stream."""
        return await self._ask("POST", f"job-stream/{self._id}/{job_id}?gpu=FAKE&isStream=false", said)

    async def ping(self, *job_ids: str, **query: str) -> Answer:
        """Send a heartbeat."""
        params = httpx.QueryParams({"job_id": ",".join(job_ids), **query} if job_ids else query)
        return await self._ask("GET", f"ping/{self._id}?{params}", peer=Peer())

    async def _ask(self, method: str, path: str, said: Any = None, peer: Peer | None = None) -> Answer:
        async def seen(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app({**scope, "state": {"peer": peer or self.peer}}, receive, send)

        headers = {"Authorization": STAGING_KEY, "Content-Type": "application/x-www-form-urlencoded"}
        content = said if isinstance(said, bytes) else json.dumps(said)
        async with (
            asyncio.timeout(10),
            httpx.AsyncClient(transport=httpx.ASGITransport(seen), headers=headers) as client,
        ):
            answer = await client.request(method, f"{self._path}/{path}", content=content)
        await settled()
        return answer.status_code, answer.json() if answer.content else None
