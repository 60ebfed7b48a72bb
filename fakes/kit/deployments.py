"""Hands deployments over to the agent that makes them real, and takes its word on how they go.

A fake starts nothing itself: it tells the agent at `deploy_url` what to do, and the agent tells the progress
by `POST /_fake/deployments/ID`. Without an agent the fake makes the progress up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.kit.addresses import CONTROL
from fakes.kit.bodies import compact_json, json_object
from fakes.kit.documents import check_fields
from fakes.kit.kit import Kit
from fakes.kit.webhooks import Delivery

Action = Literal["deploy", "redeploy", "rollback", "restart", "cancel", "promote", "stop"]
RETRY_AFTER_S = (1.0, 4.0)
TIMEOUT_S = 30.0
_LINE_FIELDS = ("message", "severity", "stage")


@dataclass(frozen=True, slots=True)
class Order:
    """What the agent is to do.

    Attributes:
        deployment: Id of the deployment that it is about.
        commit: What of the platform's facts on the commit there are, or None.
        files: Absolute folder with the uploaded tree, or None.
    """

    action: Action
    project: str
    service: str
    environment: str
    deployment: str
    commit: Mapping[str, Any] | None = None
    files: Path | None = None


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


class Agent:
    """Whoever makes deployments real, if there is anybody.

    Args:
        kit: Settings, and webhooks to tell it by.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    @property
    def is_there(self) -> bool:
        """Whether deployments are handed over; otherwise the fake makes their progress up."""
        return self._kit.settings.deploy_url is not None

    def tell(self, order: Order, on_refused: Callable[[str], None]) -> None:
        """Hand an order over in the background; does nothing when there is no agent.

        Args:
            order: What to do.
            on_refused: Called with the reason when the agent does not take it.
        """
        url = self._kit.settings.deploy_url
        if url is None:
            return

        def ended(status: int | None, _body: bytes, is_accepted: bool) -> None:
            if not is_accepted:
                answered = "did not answer" if status is None else f"answered {status}"
                on_refused(f"the deployment agent at '{url}' {answered}")

        self._kit.webhooks.send(
            Delivery(
                url,
                compact_json(_order_body(self._kit.name, order)),
                lambda _attempt: {"Content-Type": "application/json"},
                retry_after_s=RETRY_AFTER_S,
                timeout_s=TIMEOUT_S,
                on_end=ended,
            )
        )


def progress_route(take: Callable[[str, Progress], Mapping[str, Any]]) -> Route:
    """POST /_fake/deployments/ID with `{"state", "logs", "url"}`, each optional.

    `logs` are texts, or objects of `message`, `severity` and `stage` (build or deploy).

    Args:
        take: Notes the progress of the deployment with this id, and returns what the answer says of it;
            ValueError when there is no such deployment, or no such state.
    """

    async def note(request: Request) -> Response:
        try:
            progress = read_progress(await request.body())
            return JSONResponse(dict(take(request.path_params["id"], progress)))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return Route(f"{CONTROL}deployments/{{id}}", note, methods=["POST"])


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


def _order_body(platform: str, order: Order) -> dict[str, Any]:
    return {
        "platform": platform,
        "project": order.project,
        "service": order.service,
        "environment": order.environment,
        "deployment": order.deployment,
        "commit": dict(order.commit) if order.commit is not None else None,
        "files": str(order.files) if order.files is not None else None,
        "action": order.action,
    }
