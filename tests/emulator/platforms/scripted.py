"""The stack's engine as tests script it: it notes what it is asked, and says what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from emulator.errors import EmulatorError
from emulator.platforms.engine import OnMessage, Site

STEPS = ("source", "build", "compatibility", "migrate", "start", "switch")


class ScriptedEngine:
    """Notes each call; fails at a step, or stays at one until it is cancelled."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.sites: list[Site | None] = []
        self.files: dict[str, bytes] = {}
        self.fails_at: str | None = None
        self.stays_at: str | None = None
        self.was_cancelled = False

    async def deploy(
        self, source: Path, ref: str, services: Sequence[str], actor: str, on_message: OnMessage
    ) -> None:
        self.calls.append(("deploy", source.name, ref, tuple(services), actor))
        self.files = _files(source)  # they are gone when it ends
        on_message({"queued": {"behind": 4}})
        on_message({"deployment": {"number": 5, "version": "0.1.0+abc", "log": "deploy-5.log"}})
        await self._steps(on_message)

    async def rollback(self, commit: str, services: Sequence[str], actor: str, on_message: OnMessage) -> None:
        self.calls.append(("rollback", commit, tuple(services), actor))
        await self._steps(on_message)

    async def restart(self, service: str, actor: str, on_message: OnMessage) -> None:
        self.calls.append(("restart", service, actor))
        await self._steps(on_message)

    async def show(self, site: Site | None, actor: str) -> None:
        self.calls.append(("show", None if site is None else site.deployment, actor))
        self.sites.append(site)

    async def _steps(self, on_message: OnMessage) -> None:
        for step in STEPS:
            on_message({"step": step, "state": "started"})
            if step == self.stays_at:
                await self._stay()
            if step == self.fails_at:
                on_message({"step": step, "state": "failed", "detail": "as scripted"})
                raise EmulatorError(f"step '{step}' failed", "see: deploy-5.log")
            on_message({"line": f"did {step}"})
            on_message({"step": step, "state": "done", "took_s": 0.1})

    async def _stay(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
