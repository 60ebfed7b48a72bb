"""What a test is given: API, database, queue and fakes of a stack, in plain calls that block."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.errors import CheckFailed
from emulator.jobs import STATES, Job, connect, find, listed, retry
from emulator.parts import Parts
from emulator.posts import posts
from emulator.reset import ResetReport, Resetter
from emulator.testing.portal import Portal

if TYPE_CHECKING:
    import asyncpg
    import httpx
    import redis.asyncio

T = TypeVar("T")
POLL_S = 0.02
CLIP_WITHIN_S = 60.0
FAKE_CONTROL = "/_fake"


class Database:
    """The stack's PostgreSQL. Rows are plain dictionaries; parameters are `$1`, `$2` and so on."""

    def __init__(self, portal: Portal, connection: asyncpg.Connection) -> None:
        self._portal = portal
        self._connection = connection

    def fetch(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Return all rows."""
        return [dict(row) for row in self._portal.call(self._connection.fetch(sql, *values))]

    def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        """Return the first row, or None."""
        found = self._portal.call(self._connection.fetchrow(sql, *values))
        return None if found is None else dict(found)

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, or None."""
        return self._portal.call(self._connection.fetchval(sql, *values))

    def execute(self, sql: str, *values: Any) -> str:
        """Run a statement and return PostgreSQL's word on it, such as `UPDATE 1`."""
        return str(self._portal.call(self._connection.execute(sql, *values)))


class Queue:
    """The stack's queues, as BullMQ keeps them in Redis."""

    def __init__(self, portal: Portal, client: redis.asyncio.Redis) -> None:
        self._portal = portal
        self._redis = client

    def jobs(self, *states: str, name: str | None = None) -> list[Job]:
        """Return the jobs in these states (all states by default), if asked only those of one name."""
        wanted = states or tuple(STATES)
        found = self._portal.call(listed(self._redis, time.time(), wanted))
        return [job for job in found if name in (None, job.name)]

    def job(self, job_id: str) -> Job:
        """Return one job.

        Raises:
            CheckFailed: There is none.
        """
        return self._portal.call(find(self._redis, job_id, time.time()))

    def retry(self, job_id: str) -> Job:
        """Put a job that has ended back into its queue."""
        return self._portal.call(retry(self._redis, job_id, time.time()))


class FakeAccess:
    """The control surface of one fake."""

    def __init__(self, name: str, url: str, http: httpx.Client) -> None:
        self.name = name
        self.url = url
        self._http = http

    def requests(self, *, path: str | None = None, trace: str | None = None) -> list[dict[str, Any]]:
        """Return what the fake received since the last reset; `path` is a part of the path."""
        query = {"trace": trace} if trace else {}
        found: list[dict[str, Any]] = self._ask("GET", "/requests", params=query)["requests"]
        return [entry for entry in found if path is None or path in entry["path"]]

    def violations(self) -> list[dict[str, Any]]:
        """Return the requests that tried to reach production."""
        found: list[dict[str, Any]] = self._ask("GET", "/requests", params={"violations": "1"})["requests"]
        return found

    def posts(self) -> list[dict[str, Any]]:
        """Return what was posted to this platform."""
        found: list[dict[str, Any]] = self._ask("GET", "/posts")["posts"]
        return found

    def state(self) -> dict[str, Any]:
        """Return the fake's own summary of what it holds."""
        return self._ask("GET", "/state")

    def fault(self, kind: str, **rule: Any) -> dict[str, Any]:
        """Add a fault; for the kinds and their options see `clipnet-emulate fault kinds`."""
        return self._ask("PUT", "/faults", json={"kind": kind, **rule})

    def clear_faults(self) -> None:
        """Remove all faults of this fake."""
        self._ask("DELETE", "/faults")

    def oauth(self, action: str, **fields: Any) -> dict[str, Any]:
        """Do to logins what `clipnet-emulate oauth` does: expire, revoke, deny, fail or clear.

        The fields are its options, for example `user="streamer_sam"` or `times=3`.
        """
        return self._ask("POST", f"/oauth/{action}", json=fields)

    def event(self, **fields: Any) -> dict[str, Any]:
        """Let something happen at a platform (a chat message, a command) and tell the API of it."""
        return self._ask("POST", "/events", json=fields)

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        answer = self._http.request(method, f"{self.url}{FAKE_CONTROL}{path}", **more)
        if answer.status_code >= 400:
            raise CheckFailed(
                f"fake '{self.name}' refused {method} {path}: {answer.status_code} {answer.text}"
            )
        body: dict[str, Any] = answer.json()
        return body


class Clock:
    """The clock of all fakes; the real clock until it is moved."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self._url = f"{url}{FAKE_CONTROL}/clock"
        self._http = http

    def advance(self, seconds: float) -> None:
        """Let so much time pass at the providers: tokens expire, quotas return."""
        self._set({"advance_s": seconds})

    def set(self, at: str) -> None:
        """Set the time (ISO 8601); it goes on from there."""
        self._set({"set": at})

    def freeze(self) -> None:
        """Stop the time."""
        self._set({"freeze": True})

    def real(self) -> None:
        """Return to the real time."""
        self._set({"real": True})

    def _set(self, body: Mapping[str, Any]) -> None:
        self._http.post(self._url, json=dict(body)).raise_for_status()


class Clipnet:
    """One stack in the hands of a test.

    Attributes:
        api: A client of the API that is not logged in.
        database: The stack's PostgreSQL.
        queue: The stack's queues.
        clock: The clock of all fakes.
        parts: Addresses, environment and folders.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._stack = ExitStack()

    def __enter__(self) -> Clipnet:
        import asyncpg
        import httpx

        portal = self._portal = self._stack.enter_context(Portal())

        resetter = Resetter(self.parts)
        self._resetter = portal.call(resetter.__aenter__())
        self._stack.callback(lambda: portal.call(resetter.__aexit__()))

        async def connected() -> Any:
            return await asyncpg.connect(self.parts.database_url)

        connection = portal.call(connected())
        self._stack.callback(lambda: portal.call(connection.close()))
        portal.call(_plain_json(connection))
        client = connect(self.parts.redis_url)
        self._stack.callback(lambda: portal.call(client.aclose()))

        self._http = self._stack.enter_context(httpx.Client(timeout=30, trust_env=False))
        self.api = self.client()
        self.database = Database(portal, connection)
        self.queue = Queue(portal, client)
        self.clock = Clock(next(iter(self.parts.fakes.values())), self._http)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def env(self) -> Mapping[str, str]:
        """What a program on this machine needs to use the stack, as `clipnet-emulate env` prints it."""
        return self.parts.env

    @property
    def api_url(self) -> str:
        """The API's origin."""
        return self.parts.api_url

    @property
    def web_url(self) -> str:
        """The frontend's origin."""
        return self.parts.web_url

    @property
    def database_url(self) -> str:
        """The stack's PostgreSQL."""
        return self.parts.database_url

    @property
    def redis_url(self) -> str:
        """The stack's Redis."""
        return self.parts.redis_url

    def reset(self) -> ResetReport:
        """Put everything back to the seed; the clients of the last test are forgotten by the API."""
        self.api.cookies.clear()
        return self._portal.call(self._resetter.reset())

    def client(self) -> httpx.Client:
        """Return a new client of the API, with cookies of its own; it is closed with the stack."""
        import httpx

        return self._stack.enter_context(
            httpx.Client(base_url=self.parts.api_url, timeout=30, trust_env=False)
        )

    def sign_up(
        self, email: str, password: str = "correct horse battery", name: str = "Tester"
    ) -> httpx.Client:
        """Create a user and return a client that is logged in as them."""
        client = self.client()
        body = {"email": email, "password": password, "name": name}
        client.post("/v1/users", json=body).raise_for_status()
        return client

    def log_in(self, email: str = "demo@clipnet.test", password: str = "clipnet-demo") -> httpx.Client:
        """Return a client that is logged in; without arguments as the demo user of the seed."""
        client = self.client()
        client.post("/v1/session", json={"email": email, "password": password}).raise_for_status()
        return client

    def fake(self, name: str) -> FakeAccess:
        """Return a fake by its name: cloudinary, runpod, google, tiktok, twitch, discord, vercel, railway,
        huggingface or x.

        Raises:
            CheckFailed: The stack has no such fake.
        """
        if name not in self.parts.fakes:
            raise CheckFailed(f"there is no fake '{name}'", f"fakes: {', '.join(self.parts.fakes)}")
        return FakeAccess(name, self.parts.fakes[name], self._http)

    def posts(self, platform: str | None = None) -> list[dict[str, Any]]:
        """Return what was posted to one platform or to all."""
        return posts(self.parts.fakes, platform)

    def video(self, recipe: str = "forecast") -> Path:
        """Return one of the seed's videos, to upload; see `seed.media.RECIPES` for what is true of each."""
        import imageio_ffmpeg

        from seed.media import RECIPES, render

        chosen = tuple(one for one in RECIPES if one.name == recipe)
        return render(self.parts.cache_dir, imageio_ffmpeg.get_ffmpeg_exe(), chosen)[recipe, "source"].path

    def upload(self, client: httpx.Client, video: Path, **fields: Any) -> dict[str, Any]:
        """Upload a video as the client's user and return the clip that it became."""
        with video.open("rb") as file:
            answer = client.post("/v1/clips", files={"file": (video.name, file, "video/mp4")}, data=fields)
        if answer.status_code != 201:
            raise CheckFailed(f"the upload was answered with {answer.status_code}: {answer.text}")
        clip: dict[str, Any] = answer.json()
        return clip

    def wait_until(
        self, client: httpx.Client, clip_id: str, state: str = "ready", within_s: float = CLIP_WITHIN_S
    ) -> dict[str, Any]:
        """Wait until a clip is in this state and return it; a clip that failed instead ends the wait."""

        def reached() -> dict[str, Any] | None:
            answer = client.get(f"/v1/clips/{clip_id}")
            answer.raise_for_status()
            clip: dict[str, Any] = answer.json()
            if clip["state"] == "failed" and state != "failed":
                raise CheckFailed(f"the clip failed: {clip['error_code']}: {clip['error_detail']}")
            last.update(clip)
            return clip if clip["state"] == state else None

        last: dict[str, Any] = {}
        return self.wait_for(
            reached, f"clip {clip_id} to be {state}", within_s, lambda: f"{last['state']}, {last['step']}"
        )

    def wait_for(
        self,
        question: Callable[[], T | None],
        what: str,
        within_s: float = 30.0,
        last_seen: Callable[[], str] | None = None,
    ) -> T:
        """Ask until the answer is something, and return it.

        Raises:
            TimeoutError: It was not within the time; says what was waited for and what was last seen.
        """
        deadline = time.monotonic() + within_s
        while True:
            answer = question()
            if answer:
                return answer
            if time.monotonic() > deadline:
                seen = f" (last seen: {last_seen()})" if last_seen else f" (last answer: {answer!r})"
                raise TimeoutError(f"waited {within_s} s for {what}{seen}")
            time.sleep(POLL_S)


async def _plain_json(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
