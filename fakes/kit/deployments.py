"""The control surface of deployments: what the agent that makes them real asks, and what it tells."""

import asyncio
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from fakes.kit.addresses import CONTROL
from fakes.kit.bodies import json_object
from fakes.kit.documents import check_fields
from fakes.kit.numbers import whole
from fakes.kit.orders import Agent
from fakes.kit.peer import peer_of, while_connected

WAIT_AT_MOST_S = 60
_LINE_FIELDS = ("message", "severity", "stage")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log; `stage` says whether it was written while building or by what was deployed."""

    message: str
    severity: str = "info"
    stage: Literal["build", "deploy"] = "deploy"


@dataclass(frozen=True, slots=True)
class Progress:
    """What the agent tells; `state` is one of the platform's own words, None when only lines come."""

    state: str | None
    lines: tuple[Line, ...]
    url: str | None


def agent_routes(agent: Agent, take: Callable[[str, Progress], Mapping[str, Any]]) -> list[Route]:
    """What the agent asks and tells.

    GET /_fake/deployments?after=N&wait_s=S is `{"orders", "last"}`; it waits up to S seconds for an order.
    GET /_fake/deployments/ID/files is the uploaded tree as a tar archive.
    POST /_fake/deployments/ID takes `{"state", "logs", "url"}`, each optional. `logs` are texts, or objects
    of `message`, `severity` and `stage` (build or deploy).

    Args:
        agent: The orders.
        take: Notes the progress of the deployment with this id, and returns what the answer says of it;
            ValueError when there is no such deployment, or no such state.
    """

    async def orders(request: Request) -> Response:
        try:
            after, wait_s = (_number(request, name) for name in ("after", "wait_s"))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        work = agent.orders(after, min(wait_s, WAIT_AT_MOST_S))
        return JSONResponse(await while_connected(peer_of(request), work) or {"orders": [], "last": after})

    async def files(request: Request) -> Response:
        deployment = request.path_params["id"]
        folder = agent.files(deployment)
        if folder is None:
            return JSONResponse({"error": f"no files of deployment '{deployment}' were handed over"}, 404)
        archive = await asyncio.to_thread(_packed, folder)
        return FileResponse(
            archive, media_type="application/x-tar", background=BackgroundTask(archive.unlink)
        )

    async def note(request: Request) -> Response:
        try:
            progress = read_progress(await request.body())
            return JSONResponse(dict(take(request.path_params["id"], progress)))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    path = f"{CONTROL}deployments"
    return [
        Route(path, orders),
        Route(f"{path}/{{id}}/files", files),
        Route(f"{path}/{{id}}", note, methods=["POST"]),
    ]


def read_progress(body: bytes) -> Progress:
    """Read what the agent tells.

    Raises:
        ValueError: Not a JSON object, or a field that is unknown or has a bad value.
    """
    try:
        read = json_object(body)
    except ValueError as error:
        raise ValueError(f"the body is {error}") from error
    check_fields(read, ("state", "logs", "url"))
    for name in ("state", "url"):
        if not isinstance(read.get(name), str | None):
            raise ValueError(f"{name} is {read[name]!r}; it must be a text")
    lines = read.get("logs") or []
    if not isinstance(lines, list):
        raise ValueError("logs must be a list")
    return Progress(
        read.get("state"),
        tuple(_line(number, line) for number, line in enumerate(lines)),
        read.get("url"),
    )


def _line(number: int, given: Any) -> Line:
    if isinstance(given, str):
        return Line(given)
    if not isinstance(given, dict) or not isinstance(given.get("message"), str):
        raise ValueError(f"logs[{number}] must be a text, or an object with a message")
    check_fields(given, _LINE_FIELDS, f"field of logs[{number}]")
    severity, stage = given.get("severity", "info"), given.get("stage", "deploy")
    if not isinstance(severity, str) or stage not in ("build", "deploy"):
        raise ValueError(
            f"logs[{number}] has a severity that is no text, or a stage besides build and deploy"
        )
    return Line(given["message"], severity, stage)


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "0")
    number = whole(text)
    if number is None:
        raise ValueError(f"'{name}' is '{text[:40]}'; it must be a whole number")
    return number


def _packed(folder: Path) -> Path:
    """A temporary file with all that a folder holds."""
    with tempfile.NamedTemporaryFile(prefix="deployment-", suffix=".tar", delete=False) as file:
        try:
            with tarfile.open(fileobj=file, mode="w") as archive:
                archive.add(folder, arcname=".")
        except BaseException:
            Path(file.name).unlink()
            raise
        return Path(file.name)
