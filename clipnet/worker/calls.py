"""Outgoing HTTP: one client, a span and a traceparent for each call, answers that cannot fill the memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from clipnet.log import shown_url, span, trace_headers
from clipnet.worker.errors import Postponed, StepError, Transient

if TYPE_CHECKING:
    import httpx

_MOST_BYTES: Final = 16 * 1024 * 1024
TIMEOUT_S: Final = 30.0
_CONNECT_S: Final = 5.0
_SHORTEST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 3_600.0
_NAMES: Final[Mapping[str, str]] = {
    "cloudinary": "Cloudinary",
    "discord": "Discord",
    "runpod": "RunPod",
    "source": "the source",
    "tiktok": "TikTok",
    "twitch": "Twitch",
    "x": "X",
    "youtube": "YouTube",
}
"""What a service is called in a sentence."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower case."""

    service: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def ok(self) -> bool:
        """Tell whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Mapping[str, Any]:
        """Return the JSON object of the body; anything else reads as an empty one."""
        try:
            body = json.loads(self.content) if self.content.strip() else {}
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """Return the objects in the JSON array of the body; anything else reads as an empty one."""
        try:
            body = json.loads(self.content) if self.content.strip() else []
        except ValueError:
            return ()
        return [row for row in body if isinstance(row, dict)] if isinstance(body, list) else ()

    def said(self) -> str:
        """Return what the body gives as its reason, or else its beginning, for an error's words."""
        body = self.json()
        error = body.get("error")
        inner = error if isinstance(error, Mapping) else body
        for reason in (inner.get("message"), inner.get("detail"), error):
            if isinstance(reason, str) and reason:
                return reason[:400]
        return " ".join(self.content[:400].decode("utf-8", "replace").split())

    def unavailable(self) -> StepError | None:
        """Return the error of an answer that is about the service and not about us: 429 or 5xx."""
        if self.status != 429 and self.status < 500:
            return None
        reason = self.said()[:200] or "no reason"
        words = f"{_called(self.service)} is not available now (HTTP {self.status}: {reason})"
        return Transient(f"{self.service}_unavailable", words)

    def slow_down(self, code: str, words: str, now: datetime) -> StepError:
        """Return the error of a 429: postponed for as long as it asks, else to be tried again as usual."""
        wait_s = self._asks_to_wait_s(now)
        if wait_s is None:
            return Transient(code, words)
        return Postponed(code, words, after_s=min(max(wait_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S))

    def _asks_to_wait_s(self, now: datetime) -> float | None:
        """How long a 429 says to wait.

        Discord says it in the body to the millisecond, the header Retry-After in whole seconds or as a date
        (RFC 9110, section 10.2.3); Twitch and X name the Unix second at which there is room again.
        """
        exact = self.json().get("retry_after")
        if isinstance(exact, int | float) and not isinstance(exact, bool):
            return float(exact)
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return float(said)
        if said:
            with suppress(ValueError):
                return (parsedate_to_datetime(said) - now).total_seconds()
        for name in ("x-rate-limit-reset", "ratelimit-reset"):
            reset = self.headers.get(name, "")
            if reset.isascii() and reset.isdigit():
                return int(reset) - now.timestamp()
        return None


class Calls:
    """Sends requests. It follows no redirects and uses no proxy of the environment."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def send(
        self,
        service: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
        **body: Any,
    ) -> Answer:
        """Send a request and read its answer; `body` is httpx's `json`, `content`, `data`, `files`, `params`.

        Raises:
            Transient: No answer came, or one too large to be meant.
        """
        import httpx

        timeout = httpx.Timeout(timeout_s, connect=_CONNECT_S)
        try:
            with span(f"{method} {service}", url=shown_url(url)) as call:
                sent = {**(headers or {}), **trace_headers()}
                async with self.client.stream(method, url, headers=sent, timeout=timeout, **body) as response:
                    content = await _bounded(response, service)
                call.fields["status"] = response.status_code
        except httpx.HTTPError as error:
            raise unreachable(service, error) from error
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(service, response.status_code, names, content)


def new_client() -> httpx.AsyncClient:
    """Return the client that all calls share; its owner closes it."""
    import httpx

    limits = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30)
    return httpx.AsyncClient(follow_redirects=False, trust_env=False, limits=limits)


async def both(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, T]) -> tuple[T, T]:
    """Await two things at once; the failure of one, or being cancelled, ends the other."""
    tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
    try:
        one, other = await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return one, other


def unreachable(service: str, error: Exception) -> Transient:
    """Return the error of a service that did not answer."""
    words = f"{_called(service)} could not be reached ({type(error).__name__})"
    return Transient(f"{service}_unreachable", words)


def _called(service: str) -> str:
    return _NAMES.get(service, service)


async def _bounded(response: httpx.Response, service: str) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Transient(f"{service}_unreadable", f"{service} sent more than {_MOST_BYTES} bytes")
    return bytes(body)
