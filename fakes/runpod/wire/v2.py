"""The management REST API, version 2, as far as workers. Source: api.runpod.io/v2/openapi.json."""

from collections.abc import Sequence
from typing import Any

from fakes.runpod.wire.hardware import DATA_CENTER, GPU_TYPE
from fakes.runpod.wire.resources import Deployment, Listed, Template
from fakes.runpod.wire.v1 import timestamp

_STATES = ("running", "idle", "initializing", "throttled", "unhealthy")


def workers_body(
    workers: Sequence[Listed], deployment: Deployment, template: Template, now_s: float
) -> dict[str, Any]:
    """The workers of an endpoint, and how many there are in each state."""
    summary = {state: sum(worker.state == state for worker in workers) for state in _STATES}
    return {
        "endpointVersion": deployment.version,
        "summary": summary | {"total": len(workers)},
        "workers": [_worker_body(worker, deployment, template, now_s) for worker in workers],
    }


def _worker_body(worker: Listed, deployment: Deployment, template: Template, now_s: float) -> dict[str, Any]:
    is_cpu = deployment.compute_type == "CPU"
    started_s = worker.started_s
    return {
        "id": worker.id,
        "status": worker.state.upper(),
        "isStale": worker.version != deployment.version,
        "version": worker.version,
        "gpuCount": 0 if is_cpu else deployment.gpu_count,
        "image": template.image,
        "uptimeSeconds": None if started_s is None else int(now_s - started_s),
        "gpuTypeId": None if is_cpu or started_s is None else GPU_TYPE,
        "dataCenterId": None if started_s is None else DATA_CENTER,
        "startedAt": None if started_s is None else timestamp(started_s),
    }
