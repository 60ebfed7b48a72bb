"""What a worker that is not attached does with a job: the mock worker's switches, or a model in a thread.

How long that takes by the fake's clock is decided here; what becomes of the job, in `gpu`.
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from fakes.kit.kit import Kit
from fakes.runpod.attempt import Attempt
from fakes.runpod.impairment import Impairments
from fakes.runpod.models import Call, Tools, answer
from fakes.runpod.state import MAX_WORKERS, NAMESPACE, State, Timing
from fakes.runpod.state.streams import STREAM_ITEMS
from fakes.runpod.wire import Mock


class WorkerCrashed(Exception):
    """The worker has died with its job."""


class JobDropped(Exception):
    """The worker goes on without an answer to its job."""


class Handler:
    """The handler of all built-in workers.

    Args:
        state: Where progress is noted.
        kit: Clock and settings.
        impairments: What is wrong with the GPU at the moment.
        timing: How long things take now.
        emit: Hands on an item that an attempt has yielded.
    """

    def __init__(
        self,
        state: State,
        kit: Kit,
        impairments: Impairments,
        timing: Callable[[], Timing],
        emit: Callable[[Attempt, Any], None],
    ) -> None:
        self._jobs = state.jobs
        self._clock = kit.clock
        self._impairments = impairments
        self._timing = timing
        self._emit = emit
        settings = kit.settings
        self._tools = Tools(
            speech_dir=settings.speech_dir,
            cache_dir=settings.state_dir,
            media=settings.media,
        )
        self._threads = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="gpu")

    def is_instant(self, attempt: Attempt) -> bool:
        """Whether `answer_now` does for a job, because nothing takes any time."""
        is_plain = self._timing().execution_ms == 0 and not self._impairments
        return is_plain and Mock.of(attempt.work.input).is_instant

    def answer_now(self, attempt: Attempt) -> Any:
        """What the mock worker returns; the items of a list that is not too long are streamed as well."""
        output = Mock.of(attempt.work.input).output
        if isinstance(output, list) and len(output) <= STREAM_ITEMS:
            for item in output:
                self._emit(attempt, item)
        return output

    async def answer(self, attempt: Attempt) -> Any:
        """What the handler returns for a job, at the end of the time that it takes.

        Raises:
            WorkerCrashed: The worker dies instead.
            JobDropped: It will never answer.
            Exception: What the handler raises.
        """
        work, timing = attempt.work, self._timing()
        began_s = self._clock.passed()
        if not work.input:
            # the worker library refuses it and never answers ("Job has missing field(s): id or input.")
            await self._until(attempt, began_s + timing.unanswered_ms / 1000)
            raise JobDropped
        if attempt.hosted.namespace == NAMESPACE and self._impairments.take_crash():
            raise WorkerCrashed
        mock = Mock.of(work.input)
        for value in mock.progress:
            self._jobs.progress(work.job, value)
        done_s = began_s + mock.delay_s
        await self._until(attempt, done_s)
        if mock.is_crash:
            raise WorkerCrashed
        if mock.is_error:
            raise RuntimeError("Mock error")
        if mock.is_answer:
            output = self.answer_now(attempt)
        else:
            output = await self._model(attempt)
            done_s = self._clock.passed()
        least_s = (timing.execution_ms + timing.execution_ms_per_input_s * attempt.input_s) / 1000
        done_s = max(done_s, began_s + least_s) + self._impairments.longer_s(attempt.input_s)
        await self._until(attempt, done_s)
        return output

    def close(self) -> None:
        """Start no more models."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _until(self, attempt: Attempt, at_s: float) -> None:
        """Let an attempt take until then (`Clock.passed`); beyond its deadline it waits to be stopped.

        However far the clock jumps, it is thereby the earlier of both that counts.
        """
        while self._clock.passed() < min(at_s, attempt.deadline_s):  # which may be moved meanwhile
            await self._clock.sleep(min(at_s, attempt.deadline_s) - self._clock.passed())
        if at_s > attempt.deadline_s:
            await asyncio.get_running_loop().create_future()

    async def _model(self, attempt: Attempt) -> Any:
        """Run a model in a thread; the worker is busy until that thread has ended."""
        loop = asyncio.get_running_loop()
        assert attempt.hosted.model is not None

        def emit(item: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self._emit, attempt, item)

        def lasts(seconds: float) -> None:
            attempt.input_s += seconds

        call = Call(tools=self._tools, stop=attempt.model, emit=emit, lasts=lasts)
        asked = partial(answer, attempt.hosted.model, attempt.work.input, call)
        running = loop.run_in_executor(self._threads, asked)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            attempt.model.set()
            await asyncio.wait({running})
            running.exception()
            raise
