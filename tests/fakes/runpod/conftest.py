import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fakes.kit.app import FakeApp
from fakes.kit.clock import ManualClock
from fakes.kit.kit import FakeSettings
from fakes.runpod.state import STAGING_KEY, State
from tests.fakes.runpod.material import SPEECH_DIR


@dataclass(frozen=True, slots=True)
class Account:
    """The fake on a clock that stands still, and a client with the staging key."""

    app: FakeApp
    clock: ManualClock
    client: httpx.AsyncClient

    @property
    def state(self) -> State:
        """What the account remembers."""
        assert isinstance(self.app.parts.state, State)
        return self.app.parts.state

    def violations(self) -> list[str | None]:
        """What was recorded of staging's reaching for production."""
        return [entry.violation for entry in self.app.kit.journal.find(violations=True)]

    async def post(self, path: str, body: Any = None) -> Any:
        await settled()
        answer = await self.client.post(f"/v2/{path}", json=body)
        await settled()
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:
        await settled()
        answer = await self.client.get(f"/v2/{path}")
        await settled()
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def run(self, given: Any, endpoint: str = "staging-clip", **more: Any) -> str:
        job_id: str = (await self.post(f"{endpoint}/run", {"input": given, **more}))["id"]
        return job_id

    async def status(self, job_id: str, endpoint: str = "staging-clip") -> Any:
        return await self.get(f"{endpoint}/status/{job_id}")

    async def pass_(self, *seconds: float) -> None:
        """Let time go by, and everything happen that is due, after each of these steps."""
        await settled()
        for step_s in seconds:
            self.clock.advance(step_s)
            await settled()

    async def health(self, endpoint: str = "staging-clip") -> Any:
        """Jobs and workers of an endpoint, without those that there are none of."""
        found = await self.get(f"{endpoint}/health")
        return {name: {key: n for key, n in counts.items() if n} for name, counts in found.items()}

    async def scale(self, endpoint: str = "staging-clip", **settings: Any) -> None:
        """Change an endpoint's settings, named as the management API names them."""
        answer = await self.client.patch(f"/v1/endpoints/{endpoint}", json=settings)
        await settled()
        assert answer.status_code == 200, answer.text

    async def remove(self, endpoint: str = "staging-clip") -> None:
        """Delete an endpoint."""
        answer = await self.client.delete(f"/v1/endpoints/{endpoint}")
        assert answer.status_code == 204, answer.text

    async def end(self, job_id: str, endpoint: str = "staging-clip") -> Any:
        """The job once it has ended; the clock stands still, so the wait is for that only."""
        return await self.get(f"{endpoint}/status-sync/{job_id}")


async def settled() -> None:
    """Let everything start that is ready to: a client without sockets never gives the event loop a turn."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    clock = ManualClock()
    settings = FakeSettings(public_urls={"runpod": "http://runpod.test"}, speech_dir=SPEECH_DIR)
    app = FakeApp("runpod", settings, clock)
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {STAGING_KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://runpod.test", headers=headers
    ) as client:
        yield Account(app, clock, client)
    await app.close()


@pytest.fixture
def without_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where pocketsphinx is not installed."""
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
