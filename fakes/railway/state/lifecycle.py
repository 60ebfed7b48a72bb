"""What becomes of a deployment, as tables: its stages, how long they take, what may be done when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Status = Literal[
    "BUILDING",
    "CRASHED",
    "DEPLOYING",
    "FAILED",
    "INITIALIZING",
    "NEEDS_APPROVAL",
    "QUEUED",
    "REMOVED",
    "REMOVING",
    "SKIPPED",
    "SLEEPING",
    "SUCCESS",
    "WAITING",
]
STATUSES: tuple[str, ...] = get_args(Status)
UNDER_WAY = ("QUEUED", "INITIALIZING", "BUILDING", "DEPLOYING", "WAITING", "NEEDS_APPROVAL")
ACTIVE = ("SUCCESS", "CRASHED", "SLEEPING")
OVER = ("FAILED", "REMOVED", "SKIPPED")
OUTCOMES = ("SUCCESS", "FAILED", "CRASHED")


@dataclass(frozen=True, slots=True)
class Stage:
    """One status on the way of a deployment.

    Attributes:
        lasts_s: How long it takes with realistic timing.
        steps: What happens meanwhile, as `deploymentEvents` names it.
    """

    status: Status
    lasts_s: float
    steps: tuple[str, ...] = ()


_QUEUED = Stage("QUEUED", 1.0)
_INITIALIZING = Stage("INITIALIZING", 3.0, ("SNAPSHOT_CODE",))
_BUILDING = Stage("BUILDING", 45.0, ("BUILD_IMAGE", "PUBLISH_IMAGE"))
_DEPLOYING = Stage("DEPLOYING", 12.0, ("CREATE_CONTAINER", "HEALTHCHECK"))
WITH_BUILD = (_QUEUED, _INITIALIZING, _BUILDING, _DEPLOYING)
WITH_IMAGE = (_QUEUED, Stage("INITIALIZING", 1.0), _DEPLOYING)

INSTANCE_STATUS: Mapping[str, str] = {
    "DEPLOYING": "INITIALIZING",
    "SUCCESS": "RUNNING",
    "CRASHED": "CRASHED",
    "SLEEPING": "STOPPED",
    "REMOVING": "REMOVING",
    "REMOVED": "REMOVED",
}
"""Status of a deployment's only instance; there is none before it is deployed."""


def stage_of(status: str, *, uses_image: bool) -> Stage | None:
    """The stage that a status is; None for one that ends the way."""
    way = WITH_IMAGE if uses_image else WITH_BUILD
    return next((stage for stage in way if stage.status == status), None)


def following(status: str, outcome: str, *, uses_image: bool) -> str:
    """The status after this one; `outcome` is where the way leads."""
    way: list[str] = [stage.status for stage in (WITH_IMAGE if uses_image else WITH_BUILD)]
    after = way[way.index(status) + 1 :]
    return after[0] if after else outcome
