"""How a deployment goes: told to whoever asked for it, written to its log and into its record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from emulator.errors import EmulatorError
from emulator.releases.record import Deployment, DeploymentState, Step, StepState, stamp
from emulator.releases.store import Store
from emulator.steering import Tell

T = TypeVar("T")


class StepFailed(Exception):
    """A step of a deployment failed; the cause says why."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


@dataclass(slots=True)
class Note:
    """What a step will say of itself when it is done."""

    detail: str = ""


class Journal:
    """One deployment's story.

    Attributes:
        deployment: Its record as it is now; on disk it is the same.
        log: Its log file.
    """

    def __init__(self, deployment: Deployment, store: Store, log: Path, tell: Tell) -> None:
        self.deployment = deployment
        self.log = log
        self._store = store
        self._tell = tell
        self._write(deployment)
        self.announce()

    def announce(self) -> None:
        """Tell which deployment this is, and of which release as soon as that is known."""
        found = self.deployment
        self._tell(
            {
                "deployment": {
                    "number": found.number,
                    "action": found.action.value,
                    "version": found.release,
                    "log": str(self.log),
                }
            }
        )

    def is_of(self, version: str) -> None:
        """Note which release this is about."""
        self._write(replace(self.deployment, release=version))
        self.announce()

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[Note]:
        """Tell of a step as it begins and ends.

        Raises:
            StepFailed: What ran in the block raised an EmulatorError.
        """
        note, began = Note(), time.monotonic()
        self._step(Step(name, StepState.STARTED))
        try:
            yield note
        except EmulatorError as error:
            self._step(Step(name, StepState.FAILED, _since(began), error.what))
            raise StepFailed(name) from error
        except BaseException:
            self._step(Step(name, StepState.FAILED, _since(began), "cancelled"))
            raise
        self._step(Step(name, StepState.DONE, _since(began), note.detail))

    def skip(self, name: str, why: str) -> None:
        """Tell that a step is not needed."""
        self._step(Step(name, StepState.SKIPPED, None, why))

    def line(self, text: str) -> None:
        """Pass on what a command prints, or what is worth a line by itself."""
        self._tell({"line": text})

    def say(self, text: str) -> None:
        """Write a line to the log, and pass it on."""
        with suppress(OSError), self.log.open("a") as file:
            file.write(f"{text}\n")
        self.line(text)

    def end(self, state: DeploymentState, error: EmulatorError | None = None) -> Deployment:
        """Write down how it ended, and return the record."""
        record = None if error is None else error.record()
        self._write(replace(self.deployment, state=state, ended_at=stamp(time.time()), error=record))
        return self.deployment

    def _step(self, step: Step) -> None:
        self._write(self.deployment.with_step(step))
        message: dict[str, Any] = {"step": step.name, "state": step.state.value, "detail": step.detail}
        if step.took_s is not None:
            message["took_s"] = step.took_s
        took = "" if step.took_s is None else f" after {step.took_s:.2f} s"
        with suppress(OSError), self.log.open("a") as file:
            file.write(f"== {step.name}: {step.state.value}{took}{step.detail and f': {step.detail}'}\n")
        self._tell(message)

    def _write(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self._store.save(deployment)


async def to_the_end(work: Awaitable[T]) -> T:
    """Await something that must not be left half-done, even if this task is cancelled meanwhile."""
    doing = asyncio.ensure_future(work)
    while not doing.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([doing])
    return doing.result()


def give_up_if_cancelled() -> None:
    """Raise a cancellation of this task that `to_the_end` outlasted."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
