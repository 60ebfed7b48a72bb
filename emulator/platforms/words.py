"""How far a deployment is, and what each platform calls that. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Stage(Enum):
    """How far a deployment is; the last four are ends."""

    PREPARING = "preparing"
    BUILDING = "building"
    STARTING = "starting"
    LIVE = "live"
    BUILD_FAILED = "build failed"
    START_FAILED = "start failed"
    CRASHED = "crashed"
    CANCELLED = "cancelled"


_STEPS: Mapping[Stage, tuple[str, ...]] = {
    Stage.PREPARING: ("source",),
    Stage.BUILDING: ("build", "compatibility"),
    Stage.STARTING: ("migrate", "start", "handover", "smoke", "switch", "verify", "drain", "stop"),
}
STAGE_OF_STEP: Mapping[str, Stage] = {step: stage for stage, steps in _STEPS.items() for step in steps}
"""Where a deployment is during a step of the stack's own."""

WORDS: Mapping[str, Mapping[Stage, str]] = {
    "vercel": {
        Stage.PREPARING: "INITIALIZING",
        Stage.BUILDING: "BUILDING",
        Stage.STARTING: "BUILDING",
        Stage.LIVE: "READY",
        Stage.BUILD_FAILED: "ERROR",
        Stage.START_FAILED: "ERROR",
        Stage.CRASHED: "ERROR",
        Stage.CANCELLED: "CANCELED",
    },
    "railway": {
        Stage.PREPARING: "INITIALIZING",
        Stage.BUILDING: "BUILDING",
        Stage.STARTING: "DEPLOYING",
        Stage.LIVE: "SUCCESS",
        Stage.BUILD_FAILED: "FAILED",
        Stage.START_FAILED: "FAILED",
        Stage.CRASHED: "CRASHED",
        Stage.CANCELLED: "REMOVED",
    },
    "huggingface": {
        Stage.PREPARING: "BUILDING",
        Stage.BUILDING: "BUILDING",
        Stage.STARTING: "APP_STARTING",
        Stage.LIVE: "RUNNING",
        Stage.BUILD_FAILED: "BUILD_ERROR",
        Stage.START_FAILED: "RUNTIME_ERROR",
        Stage.CRASHED: "RUNTIME_ERROR",
        Stage.CANCELLED: "STOPPED",
    },
}


def failure_after(stage: Stage) -> Stage:
    """Return what a failure is that happens in a stage."""
    return Stage.START_FAILED if stage is Stage.STARTING else Stage.BUILD_FAILED


def stage_of_log(stage: Stage) -> str:
    """Return which of a platform's two logs belongs to a stage: build or deploy."""
    return "build" if stage in (Stage.PREPARING, Stage.BUILDING, Stage.BUILD_FAILED) else "deploy"
