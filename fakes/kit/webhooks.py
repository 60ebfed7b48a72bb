"""Webhooks: deliver signed bodies to the application, with retries on the fake's clock."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.kit.addresses import is_within
from fakes.kit.clock import Clock

log = logging.getLogger(__name__)
_ANSWER_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address.

    Attributes:
        headers: Builds the headers of attempt n (0 for the first), because some providers sign each attempt.
        method: POST, or GET for providers that ask the receiver something.
        retry_after_s: Waits between attempts in seconds; empty for a single attempt.
        timeout_s: How long the receiver may take.
        is_accepted: Judges status and body; 2xx unless said otherwise.
        on_end: Called once with the last status (None when nothing answered), body and acceptance.
    """

    url: str
    body: bytes
    headers: Callable[[int], Mapping[str, str]]
    method: str = "POST"
    retry_after_s: Sequence[float] = ()
    timeout_s: float = 10.0
    is_accepted: Callable[[int, bytes], bool] = lambda status, _body: 200 <= status < 300
    on_end: Callable[[int | None, bytes, bool], None] | None = None


@dataclass(slots=True)
class Attempt:
    """What came of one attempt."""

    at_s: float
    url: str
    attempt: int
    status: int | None
    error: str | None
    is_accepted: bool


class CallbackRefused(ValueError):
    """The address is not one that this stack may call."""


class Webhooks:
    """Sends deliveries in the background, only to allowed hosts.

    Args:
        clock: Times between attempts follow it.
        allowed_hosts: Host names that may be called; everything else is refused before a connection is made.
    """

    def __init__(self, clock: Clock, allowed_hosts: frozenset[str]) -> None:
        self._clock = clock
        self._allowed_hosts = allowed_hosts
        self._tasks: set[asyncio.Task[tuple[int | None, bytes]]] = set()
        self._client: Any = None
        self.attempts: deque[Attempt] = deque(maxlen=1000)

    def check(self, url: str) -> None:
        """Refuse an address outside of the stack.

        Raises:
            CallbackRefused: Not http(s), or a host that is not allowed.
        """
        if not is_within(url, self._allowed_hosts):
            raise CallbackRefused(
                f"callback '{url}' is outside of this stack; allowed hosts: {sorted(self._allowed_hosts)}"
            )

    def send(self, delivery: Delivery) -> None:
        """Deliver in the background.

        Raises:
            CallbackRefused: The address is not allowed.
        """
        self.check(delivery.url)
        self._start(delivery)

    async def deliver(self, delivery: Delivery) -> tuple[int | None, bytes]:
        """Deliver and wait for the end: the last status (None when nothing answered) and body.

        Raises:
            CallbackRefused: The address is not allowed.
        """
        self.check(delivery.url)
        return await self._start(delivery)

    async def first_answer(self, delivery: Delivery) -> tuple[int | None, bytes]:
        """Deliver with all retries in the background, and wait only for what the first attempt brings.

        Raises:
            CallbackRefused: The address is not allowed.
        """
        self.check(delivery.url)
        first: asyncio.Future[tuple[int | None, bytes]] = asyncio.get_running_loop().create_future()
        task = self._start(delivery, first)
        await asyncio.wait((task, first), return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else (None, b"")

    def reset(self) -> None:
        """Forget the past and stop what is under way."""
        for task in self._tasks:
            task.cancel()
        self.attempts.clear()

    async def close(self) -> None:
        """Stop everything and close connections."""
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _start(
        self, delivery: Delivery, first: asyncio.Future[tuple[int | None, bytes]] | None = None
    ) -> asyncio.Task[tuple[int | None, bytes]]:
        task = asyncio.get_running_loop().create_task(self._run(delivery, first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(
        self, delivery: Delivery, first: asyncio.Future[tuple[int | None, bytes]] | None
    ) -> tuple[int | None, bytes]:
        status, body, accepted = None, b"", False
        for number, wait_s in enumerate((0.0, *delivery.retry_after_s)):
            if wait_s:
                await self._clock.sleep(wait_s)
            status, body = await self._attempt(delivery, number)
            accepted = status is not None and delivery.is_accepted(status, body)
            self.attempts[-1].is_accepted = accepted
            if first is not None and not first.done():
                first.set_result((status, body))
            if accepted:
                break
        if delivery.on_end is not None:
            delivery.on_end(status, body, accepted)
        return status, body

    async def _attempt(self, delivery: Delivery, number: int) -> tuple[int | None, bytes]:
        import httpx  # late: 130 ms that a fake without webhooks never pays

        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        headers = dict(delivery.headers(number))
        try:
            async with self._client.stream(
                delivery.method,
                delivery.url,
                content=delivery.body or None,
                headers=headers,
                timeout=delivery.timeout_s,
            ) as answer:
                body = await _beginning(answer.aiter_bytes())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = f"{type(error).__name__}: {error}"
            self.attempts.append(Attempt(self._clock.now(), delivery.url, number, None, reason, False))
            log.warning("webhook failed", extra={"url": delivery.url, "attempt": number, "error": reason})
            return None, b""
        self.attempts.append(
            Attempt(self._clock.now(), delivery.url, number, answer.status_code, None, False)
        )
        return answer.status_code, body


async def _beginning(blocks: AsyncIterator[bytes]) -> bytes:
    """What a receiver says, up to a limit."""
    body = b""
    async for block in blocks:
        body += block
        if len(body) >= _ANSWER_LIMIT_BYTES:
            break
    return body[:_ANSWER_LIMIT_BYTES]
