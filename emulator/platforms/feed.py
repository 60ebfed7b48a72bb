"""One platform's fake, as the agent asks and tells it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.errors import CheckFailed
from emulator.httpclient import Answer, NoAnswer, request
from emulator.logs import tail
from emulator.platforms.order import Order, read
from emulator.runtimes.spawn import Command, run
from emulator.statefolder import writing

_UNPACK = ("-Im", "tarfile", "--filter", "data", "--extract")
"""Isolated: what is unpacked is no module of the program that unpacks it."""

log = logging.getLogger("emulator")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the agent waits and for what."""

    poll_s: float = 20.0
    """For an order, in one question."""
    answer_within_s: float = 10.0
    files_within_s: float = 120.0
    again_after_s: float = 0.5
    """Before a fake that does not answer is asked again."""
    tell_within_s: float = 60.0
    """So long is tried to tell a fake how a deployment goes; it may be starting again."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a log, for the log of the build or of what was deployed."""

    message: str
    severity: str
    stage: str


class Feed:
    """The control surface of one fake.

    Args:
        platform: Name of the fake.
        url: Its origin on this host.
    """

    def __init__(self, platform: str, url: str, pace: Pace) -> None:
        self.platform = platform
        self._origin = url
        self._url = f"{url}/_fake/"
        self._pace = pace

    async def orders(self, after: int) -> tuple[tuple[Order, ...], int]:
        """Return the orders behind a number and the number of the newest; waits for one.

        Raises:
            NoAnswer: The fake does not answer.
        """
        within_s = self._pace.poll_s + self._pace.answer_within_s
        path = f"deployments?after={after}&wait_s={self._pace.poll_s:.0f}"
        found = _json(await request("GET", self._url + path, None, within_s))
        return tuple(read(one) for one in found["orders"]), int(found["last"])

    async def tell(
        self, deployment: str, state: str | None, lines: Sequence[Said], url: str | None = None
    ) -> None:
        """Tell how a deployment goes, as soon as the fake can hear it."""
        body: dict[str, Any] = {"state": state, "url": url}
        body["logs"] = [
            {"message": line.message, "severity": line.severity, "stage": line.stage} for line in lines
        ]
        ends = asyncio.get_running_loop().time() + self._pace.tell_within_s
        while True:
            try:
                answer = await request(
                    "POST", f"{self._url}deployments/{deployment}", body, self._pace.answer_within_s
                )
            except NoAnswer as error:
                if asyncio.get_running_loop().time() > ends:
                    self._log("a deployment's progress was not told", deployment, str(error))
                    return
                await asyncio.sleep(self._pace.again_after_s)
                continue
            if answer.status != 200:  # over, or forgotten: it was told too late
                self._log("a deployment's progress was refused", deployment, answer.body.decode())
            return

    async def files(self, deployment: str, target: Path) -> None:
        """Unpack the uploaded tree of a deployment into a new folder.

        Raises:
            CheckFailed: The fake has none, or it cannot be unpacked.
            StateFolderUnusable: The folder cannot be written.
        """
        found = await self._answer(f"deployments/{deployment}/files", self._pace.files_within_s)
        archive = target.with_suffix(".tar")
        command = Command(
            argv=(sys.executable, *_UNPACK, str(archive), str(target)),
            env={},
            cwd=target,
            log=target.with_suffix(".log"),
        )
        _put(archive, found.body, target)
        if await run(command) != 0:
            said = " ".join(tail(command.log, 1))
            raise CheckFailed(f"the files of deployment '{deployment}' cannot be unpacked: {said}")

    async def ask(self, path: str) -> Any:
        """Return what the control surface says at a path.

        Raises:
            CheckFailed: The fake does not answer, or refuses it.
        """
        return (await self._answer(path, self._pace.answer_within_s)).json()

    async def page(self, host: str, path: str) -> Any:
        """Return the JSON of a file of a site that the fake serves; None if there is none, or no JSON.

        Raises:
            CheckFailed: The fake does not answer.
        """
        url = f"{self._origin}/_sites/{host}/{path}"
        try:
            answer = await request("GET", url, None, self._pace.answer_within_s)
        except NoAnswer as error:
            raise CheckFailed(f"fake '{self.platform}' does not answer: {error}") from error
        try:
            return answer.json() if answer.status == 200 else None
        except NoAnswer:
            return None

    async def _answer(self, path: str, within_s: float) -> Answer:
        try:
            answer = await request("GET", self._url + path, None, within_s)
        except NoAnswer as error:
            raise CheckFailed(f"fake '{self.platform}' does not answer: {error}") from error
        if answer.status != 200:
            said = answer.body.decode(errors="replace")[:500]
            raise CheckFailed(f"fake '{self.platform}' answered {answer.status}: {said}")
        return answer

    def _log(self, event: str, deployment: str, why: str) -> None:
        fields = {"platform": self.platform, "deployment": deployment, "error": why[:500]}
        log.warning(event, extra={"fields": fields})


def _json(answer: Answer) -> Mapping[str, Any]:
    if answer.status != 200:
        raise NoAnswer(f"it answered {answer.status}: {answer.body.decode(errors='replace')[:500]}")
    found: Mapping[str, Any] = answer.json()
    return found


def _put(file: Path, content: bytes, target: Path) -> None:
    with writing(target):
        target.mkdir(parents=True)
        file.write_bytes(content)
