"""Handlers as people write them: `python handlers.py KIND`. Their input says what they do."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import runpod
from runpod.serverless.utils import rp_download

_failed: set[str] = set()
_present: list[asyncio.Event] = []


def sync_handler(job: dict[str, Any]) -> Any:
    """A plain function: it blocks its worker until it returns."""
    given = job["input"]
    match given["do"]:
        case "echo":
            return given
        case "job":
            return job
        case "progress":
            runpod.serverless.progress_update(job, {"percent": 50})
            _wait_for(given["file"])
            return "done"
        case "raise":
            raise ValueError("no such clip")
        case "error":
            return {"error": given["say"], "tried": 3}
        case "fail once":
            if job["id"] not in _failed:
                _failed.add(job["id"])
                raise RuntimeError("the first time")
            return "the second time"
        case "download":
            (path,) = rp_download.download_files_from_urls(job["id"], given["url"])
            return Path(path).read_text()
        case "exit once":
            if not Path(given["file"]).exists():
                _note(given["file"])
                sys.exit(3)
            return "done by another"
        case "refresh":
            return {"refresh_worker": True, "answer": 42}
    raise AssertionError(given)


async def async_handler(job: dict[str, Any]) -> Any:
    """Several at once on one worker; can be cancelled."""
    given = job["input"]
    if given["do"] == "meet":
        return await _met(given)
    runpod.serverless.progress_update(job, "waiting")
    try:
        await asyncio.sleep(3600)
    finally:
        _note(given["file"])


def generator(job: dict[str, Any]) -> Iterator[Any]:
    """Yields what it is given; what says so fails."""
    for item in job["input"]["items"]:
        if item == "fail":
            raise ValueError("no such item")
        yield item


async def async_generator(job: dict[str, Any]) -> AsyncIterator[Any]:
    """The same, for a worker that also returns everything."""
    for item in job["input"]["items"]:
        await asyncio.sleep(0)
        yield item


async def _met(given: Mapping[str, Any]) -> int:
    """How many were there at once; each waits for the others."""
    _present.append(asyncio.Event())
    if len(_present) == given["count"]:
        for one in _present:
            one.set()
    await _present[-1].wait()
    return len(_present)


def _note(file: str) -> None:
    Path(file).touch()


def _wait_for(file: str) -> None:
    while not Path(file).exists():
        time.sleep(0.01)


KINDS: dict[str, dict[str, Any]] = {
    "sync": {"handler": sync_handler},
    "async": {"handler": async_handler, "concurrency_modifier": lambda _: 3},
    "generator": {"handler": generator},
    "aggregate": {"handler": async_generator, "return_aggregate_stream": True},
    "refresh": {"handler": sync_handler, "refresh_worker": True},
}

if __name__ == "__main__":
    runpod.serverless.start(KINDS[sys.argv[1]])
