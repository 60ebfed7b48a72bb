"""Webhooks: deliver signed bodies to the application, with retries on the fake's clock."""

import asyncio
import itertools
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fakes.kit.addresses import is_within
from fakes.kit.clock import Clock

log = logging.getLogger(__name__)
_ANSWER_LIMIT_BYTES = 1 << 20
_KEPT = 1000
_KEPT_BYTES = 64_000_000


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
    """What came of one attempt to make a delivery; `delivery` is its number."""

    delivery: int
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

    What was sent and what is still to be tried again is in memory: the end of the process ends both.

    Args:
        clock: Times between attempts follow it.
        allowed_hosts: Host names that may be called; everything else is refused before a connection is made.
    """

    def __init__(self, clock: Clock, allowed_hosts: frozenset[str]) -> None:
        self._clock = clock
        self._allowed_hosts = allowed_hosts
        self._tasks: set[asyncio.Task[tuple[int | None, bytes]]] = set()
        self._client: Any = None
        self._numbers = itertools.count(1)
        self.deliveries: OrderedDict[int, Delivery] = OrderedDict()
        self._kept_bytes = 0
        self.attempts: deque[Attempt] = deque(maxlen=_KEPT)

    def check(self, url: str) -> None:
        """Refuse an address outside of the stack.

        Raises:
            CallbackRefused: Not http(s), or a host that is not allowed.
        """
        if not is_within(url, self._allowed_hosts):
            raise CallbackRefused(
                f"callback '{url}' is outside of this stack, or controls a fake; "
                f"allowed hosts: {sorted(self._allowed_hosts)}"
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
        return await self._first_answer(delivery, None)

    async def resend(self, number: int) -> tuple[int | None, bytes]:
        """Make a delivery once more, with all its retries, and wait for what the first attempt brings.

        It is signed anew; whoever waited for the end of the first one is not told again.

        Raises:
            ValueError: No delivery has this number, or it is too long ago.
        """
        delivery = self.deliveries.get(number)
        if delivery is None:
            raise ValueError(
                f"no delivery '{number}'; the last {_KEPT} are kept, up to {_KEPT_BYTES // 1_000_000} MB"
            )
        return await self._first_answer(replace(delivery, on_end=None), number)

    def reset(self) -> None:
        """Forget the past and stop what is under way."""
        for task in self._tasks:
            task.cancel()
        self.attempts.clear()
        self.deliveries.clear()
        self._kept_bytes = 0
        self._numbers = itertools.count(1)

    async def close(self) -> None:
        """Stop everything and close connections."""
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _first_answer(self, delivery: Delivery, number: int | None) -> tuple[int | None, bytes]:
        first: asyncio.Future[tuple[int | None, bytes]] = asyncio.get_running_loop().create_future()
        task = self._start(delivery, first, number)
        await asyncio.wait((task, first), return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else (None, b"")

    def _start(
        self,
        delivery: Delivery,
        first: asyncio.Future[tuple[int | None, bytes]] | None = None,
        number: int | None = None,
    ) -> asyncio.Task[tuple[int | None, bytes]]:
        if number is None:
            number = next(self._numbers)
            self._keep(number, delivery)
        task = asyncio.get_running_loop().create_task(self._run(number, delivery, first))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _keep(self, number: int, delivery: Delivery) -> None:
        """Keep a delivery for `resend`, and let the oldest go while there are too many or too large ones."""
        self.deliveries[number] = delivery
        self._kept_bytes += len(delivery.body)
        while len(self.deliveries) > _KEPT or self._kept_bytes > _KEPT_BYTES:
            _, oldest = self.deliveries.popitem(last=False)
            self._kept_bytes -= len(oldest.body)

    async def _run(
        self, number: int, delivery: Delivery, first: asyncio.Future[tuple[int | None, bytes]] | None
    ) -> tuple[int | None, bytes]:
        status, body, accepted = None, b"", False
        for attempt, wait_s in enumerate((0.0, *delivery.retry_after_s)):
            if wait_s:
                await self._clock.sleep(wait_s)
            status, body = await self._attempt(number, delivery, attempt)
            accepted = status is not None and delivery.is_accepted(status, body)
            self.attempts[-1].is_accepted = accepted
            if first is not None and not first.done():
                first.set_result((status, body))
            if accepted:
                break
        if delivery.on_end is not None:
            delivery.on_end(status, body, accepted)
        return status, body

    async def _attempt(self, number: int, delivery: Delivery, attempt: int) -> tuple[int | None, bytes]:
        import httpx  # late: 130 ms that a fake without webhooks never pays

        if self._client is None:
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False)
        headers = dict(delivery.headers(attempt))
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
            self._note(number, delivery, attempt, None, reason)
            log.warning("webhook failed", extra={"url": delivery.url, "attempt": attempt, "error": reason})
            return None, b""
        self._note(number, delivery, attempt, answer.status_code, None)
        return answer.status_code, body

    def _note(
        self, number: int, delivery: Delivery, attempt: int, status: int | None, error: str | None
    ) -> None:
        self.attempts.append(
            Attempt(number, self._clock.now(), delivery.url, attempt, status, error, is_accepted=False)
        )


async def _beginning(blocks: AsyncIterator[bytes]) -> bytes:
    """What a receiver says, up to a limit."""
    body = b""
    async for block in blocks:
        body += block
        if len(body) >= _ANSWER_LIMIT_BYTES:
            break
    return body[:_ANSWER_LIMIT_BYTES]
