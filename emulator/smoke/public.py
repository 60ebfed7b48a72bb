"""What can be checked by addresses alone: through the API and the frontend, as anybody else would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulator.smoke.report import Plan, Report, StepFailed, take

if TYPE_CHECKING:
    from httpx import AsyncClient, Response

    from emulator.smoke.report import Step

POLL_S = 0.05
_RELEASE_WITHIN_S, _RELEASE_POLL_S = 10.0, 0.25
"""An address that was led elsewhere a moment ago may show what was there before."""

RECIPE = "forecast"
"""The seed's clip that is sent where no other video is named."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What is checked, as it is reached.

    Attributes:
        api_url: Origin of the API.
        web_url: Origin of the frontend.
        folder: The Cloudinary folder below which the videos must lie.
        commit: What API and frontend must be made of; None takes any.
        api_at: Where the API is asked, if that is not where everybody finds it.
        web_at: Likewise for the frontend.
    """

    api_url: str
    web_url: str
    folder: str
    commit: str | None = None
    api_at: str | None = None
    web_at: str | None = None


@dataclass(slots=True)
class Made:
    """What a run has made so far."""

    email: str = ""
    user_id: str | None = None
    clip_id: str | None = None
    trace_id: str | None = None
    clip: Mapping[str, Any] = field(default_factory=dict)


class PublicChecks:
    """The steps that go through the API and the frontend; use it as a context manager.

    Args:
        addresses: Where they are.
        video: Says which file to send; it may take its time.
        run: A few characters that no other run has, for the user's address and the titles.
        within_s: How long each clip may take.
    """

    def __init__(self, addresses: Addresses, video: Callable[[], Path], run: str, within_s: float) -> None:
        self._at = addresses
        self._web_at = addresses.web_at or addresses.web_url
        self._video = video
        self._run = run
        self._within_s = within_s
        self._stack = AsyncExitStack()
        self.made = Made()

    async def __aenter__(self) -> PublicChecks:
        import httpx

        self.http: AsyncClient = await self._stack.enter_async_context(
            httpx.AsyncClient(timeout=30, base_url=self._at.api_at or self._at.api_url, trust_env=False)
        )
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def check(self, on_step: Callable[[Step], None], *, keep: bool) -> Report:
        """Take every step, the first failure ends it; the clip goes again when all went well."""
        steps = await take(self._plan(), on_step)
        ok = all(step.ok for step in steps)
        if ok and not keep:
            await self.http.delete(f"/v1/clips/{self.made.clip_id}")
        return Report(ok, self.made.clip_id, self.made.trace_id, steps)

    def _plan(self) -> Plan:
        return (
            ("release", self.release),
            ("api", self.sign_up),
            ("api upload", self.upload),
            ("worker", self.clip_ready),
            ("cloudinary asset", self.asset),
            ("web page", self.page),
        )

    async def release(self) -> str:
        """API and frontend are of one version, and of the commit that was asked for, or soon will be."""
        deadline = time.monotonic() + _RELEASE_WITHIN_S
        while True:
            api = await self.got("/version")
            web = await self.got(f"{self._web_at}/config.json")
            wrong = mismatch(api, web, self._at.commit)
            if wrong is None:
                return f"API and frontend are {api['version']} in {api.get('environment')}"
            if time.monotonic() > deadline:
                raise StepFailed(f"{wrong}, still after {_RELEASE_WITHIN_S:.0f} s")
            await asyncio.sleep(_RELEASE_POLL_S)

    async def sign_up(self) -> str:
        """Become a user, who stays logged in."""
        await self.got("/ready")
        email = f"smoke-{self._run}@clipnet.test"
        body = {"email": email, "password": f"smoke-{self._run}", "name": "Smoke"}
        answer = await self.http.post("/v1/users", json=body)
        expect(answer, 201, "POST /v1/users")
        self.made.email, self.made.user_id = email, answer.json()["user"]["id"]
        return f"ready, and {email} is logged in"

    async def upload(self) -> str:
        """Send the video."""
        video = await asyncio.to_thread(self._video)
        content = await asyncio.to_thread(video.read_bytes)
        answer = await self.http.post(
            "/v1/clips",
            files={"file": (video.name, content, "video/mp4")},
            data={"title": f"Smoke {self._run}"},
            headers={"Idempotency-Key": f"smoke-{self._run}"},
        )
        expect(answer, 201, "POST /v1/clips")
        self.made.clip_id = answer.json()["id"]
        self.made.trace_id = answer.json().get("trace_id")
        return f"clip {self.made.clip_id} from {video.name}, {len(content):,} bytes"

    async def clip_ready(self) -> str:
        """Wait until the worker is through."""
        self.made.clip = await self.wait_for_clip(str(self.made.clip_id))
        return f"the clip is ready, score {self.made.clip.get('score')}"

    async def asset(self) -> str:
        """Fetch video and poster and decode them."""
        clip = self.made.clip
        if not str(clip["video_public_id"]).startswith(f"{self._at.folder}/"):
            raise StepFailed(f"the video is at '{clip['video_public_id']}', not below '{self._at.folder}/'")
        video = await self.http.get(str(clip["video_url"]))
        expect(video, 200, f"GET {clip['video_url']}")
        poster = await self.http.get(str(clip["poster_url"]))
        expect(poster, 200, f"GET {clip['poster_url']}")
        seen = await asyncio.to_thread(_decoded, video.content)
        await asyncio.to_thread(_decoded, poster.content)
        if seen.width > seen.height:
            raise StepFailed(f"the video is {seen.width}x{seen.height}, not upright")
        size = f"{seen.width}x{seen.height}"
        return f"{len(video.content):,} bytes, {size}, {seen.frames} pictures decoded, with poster"

    async def page(self) -> str:
        """Fetch the frontend, and ask the API for the clip as it does."""
        page = await self.http.get(self._web_at + "/")
        expect(page, 200, "GET /")
        if "text/html" not in page.headers.get("content-type", ""):
            raise StepFailed(f"the page is {page.headers.get('content-type')!r}, not HTML")
        config = await self.got(f"{self._web_at}/config.json")
        if config.get("api_url") != self._at.api_url:
            raise StepFailed(f"the page asks {config.get('api_url')!r}, not {self._at.api_url}")
        shown = await self.http.get(f"/v1/clips/{self.made.clip_id}", headers={"Origin": self._at.web_url})
        expect(shown, 200, "GET the clip as the page does")
        allowed = shown.headers.get("access-control-allow-origin")
        if allowed not in ("*", self._at.web_url):
            raise StepFailed(f"a browser would refuse the API's answer: it allows {allowed!r}")
        return f"{len(page.content):,} bytes of HTML, and the page may ask the API"

    async def got(self, url: str) -> Mapping[str, Any]:
        """Return the JSON object behind an address.

        Raises:
            StepFailed: Something else is there.
        """
        answer = await self.http.get(url)
        expect(answer, 200, f"GET {url}")
        try:
            body = answer.json()
        except ValueError as error:
            raise StepFailed(f"GET {url} answered no JSON: {answer.text[:100]!r}") from error
        if not isinstance(body, dict):
            raise StepFailed(f"GET {url} answered no JSON object: {answer.text[:100]!r}")
        return body

    async def wait_for_clip(self, clip_id: str) -> dict[str, Any]:
        """Return a clip once it is ready.

        Raises:
            StepFailed: It failed, or took too long.
        """
        deadline = time.monotonic() + self._within_s
        while True:
            clip = dict(await self.got(f"/v1/clips/{clip_id}"))
            if clip["state"] == "ready":
                return clip
            if clip["state"] == "failed":
                raise StepFailed(f"the clip failed: {clip['error_code']}: {clip['error_detail']}")
            if time.monotonic() > deadline:
                last = f"'{clip['state']}', step '{clip['step']}', {clip['progress']} %"
                raise StepFailed(f"the clip was not ready after {self._within_s} s (last seen: {last})")
            await asyncio.sleep(POLL_S)


def mismatch(api: Mapping[str, Any], web: Mapping[str, Any], commit: str | None) -> str | None:
    """Return what is wrong with what API and frontend say they are made of, or None.

    Where both know their commit, that is what counts; the built-in release has a version only.
    """
    if commit is not None and api.get("commit") != commit:
        return f"the API is made of commit {api.get('commit')}, not {commit}"
    name = "commit" if api.get("commit") and web.get("commit") else "version"
    if api.get(name) != web.get(name):
        return f"the API is {_named(api)}, the frontend {_named(web)}"
    return None


def _named(release: Mapping[str, Any]) -> str:
    return f"{release.get('version')} (commit {release.get('commit')})"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a decoder made of a file."""

    width: int
    height: int
    frames: int


def _decoded(content: bytes) -> _Seen:
    """Decode every picture of a video or image."""
    import io

    import av

    with av.open(io.BytesIO(content), "r") as container:
        stream = container.streams.video[0]
        frames = len([frame.pts for frame in container.decode(stream)])
        if frames == 0:
            raise StepFailed("the file has no picture that can be decoded")
        return _Seen(stream.width, stream.height, frames)


def own_video(cache_dir: Path) -> Path:
    """Return one of the seed's videos, rendered into the cache where it is not there yet."""
    import imageio_ffmpeg

    from seed.media import RECIPES, render

    recipe = next(one for one in RECIPES if one.name == RECIPE)
    files = render(cache_dir, imageio_ffmpeg.get_ffmpeg_exe(), (recipe,))
    path = files[RECIPE, "source"].path
    assert path is not None
    return path


def expect(answer: Response, status: int, what: str) -> None:
    """Raise if an answer has another status, with what it says."""
    if answer.status_code != status:
        raise StepFailed(f"{what} answered {answer.status_code} instead of {status}: {_said(answer)}")


def _said(answer: Response) -> str:
    """Return why a request was refused: the detail of a problem (RFC 9457), else the start of the body."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = None
    return detail if isinstance(detail, str) else answer.text[:300]


async def smoke_at(
    addresses: Addresses,
    run: str,
    *,
    video: Callable[[], Path],
    keep: bool = False,
    within_s: float = 120.0,
    on_step: Callable[[Step], None] = lambda _step: None,
) -> Report:
    """Check once what is behind addresses."""
    async with PublicChecks(addresses, video, run, within_s) as checks:
        return await checks.check(on_step, keep=keep)
