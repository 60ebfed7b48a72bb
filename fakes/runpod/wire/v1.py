"""The management REST API, version 1, both ways. Source: rest.runpod.io/v1/openapi.json."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fakes.kit.bodies import json_object
from fakes.runpod import errors
from fakes.runpod.wire.fields import Choice, Field, Flag, Pairs, Text, Texts, Whole, attributes, faults, shown
from fakes.runpod.wire.hardware import (
    CPU_FLAVORS,
    CUDA_VERSIONS,
    DATA_CENTERS,
    GB_PER_VCPU,
    GPU_TYPE,
    GPU_TYPES,
)
from fakes.runpod.wire.resources import Deployment, Listed, Scaling, Template

USER_ID = "user_2StagingStagingStagingStag"
_NAME = Text(longest=191)
_PORTS = Texts(form=re.compile(r"[0-9]{1,5}/(http|tcp)"))

TEMPLATE_CREATE_ONLY = (
    Field("category", "category", Choice(("NVIDIA", "AMD", "CPU"))),
    Field("isServerless", "is_serverless", Flag()),
)
TEMPLATE = (
    Field("containerDiskInGb", "container_disk_gb", Whole()),
    Field("containerRegistryAuthId", "registry_auth_id", Text()),
    Field("dockerEntrypoint", "entrypoint", Texts()),
    Field("dockerStartCmd", "start_cmd", Texts()),
    Field("env", "env", Pairs()),
    Field("imageName", "image", Text()),
    Field("isPublic", "is_public", Flag()),
    Field("name", "name", _NAME),
    Field("ports", "ports", _PORTS),
    Field("readme", "readme", Text()),
    Field("volumeInGb", "volume_gb", Whole()),
    Field("volumeMountPath", "volume_path", Text()),
)
IN_PLACE = frozenset({"is_public", "name", "readme", "volume_gb", "volume_path"})
"""What of a template changes without a release of the endpoints that it is bound to."""
DEPLOYMENT_CREATE_ONLY = (Field("computeType", "compute_type", Choice(("GPU", "CPU"))),)
DEPLOYMENT = (
    Field("allowedCudaVersions", "allowed_cuda_versions", Texts(CUDA_VERSIONS)),
    Field("cpuFlavorIds", "cpu_flavor_ids", Texts(CPU_FLAVORS)),
    Field("dataCenterIds", "data_center_ids", Texts(DATA_CENTERS)),
    Field("gpuCount", "gpu_count", Whole(least=1)),
    Field("gpuTypeIds", "gpu_type_ids", Texts(GPU_TYPES)),
    Field("minCudaVersion", "min_cuda_version", Choice(CUDA_VERSIONS)),
    Field("name", "name", _NAME),
    Field("networkVolumeId", "network_volume_id", Text()),
    Field("networkVolumeIds", "network_volume_ids", Texts()),
    Field("templateId", "template_id", Text()),
    Field("vcpuCount", "vcpu_count", Whole(least=1)),
)
SCALING = (
    Field("executionTimeoutMs", "execution_timeout_ms", Whole()),
    Field("flashboot", "flashboot", Flag()),
    Field("idleTimeout", "idle_timeout_s", Whole(least=1, most=3600)),
    Field("scalerType", "scaler_type", Choice(("QUEUE_DELAY", "REQUEST_COUNT"))),
    Field("scalerValue", "scaler_value", Whole(least=1)),
    Field("workersMax", "workers_max", Whole()),
    Field("workersMin", "workers_min", Whole()),
)
_NOT_SHOWN = ("cpuFlavorIds", "flashboot", "vcpuCount")
_FOR_GPU = ("allowedCudaVersions", "gpuCount", "gpuTypeIds", "minCudaVersion")


def new_endpoint(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a new endpoint shall be: attributes of its deployment and of its scaling.

    Raises:
        ProviderError: The body is not one (400).
    """
    fields = (*DEPLOYMENT_CREATE_ONLY, *DEPLOYMENT)
    given = _read(body, (*fields, *SCALING), ("templateId",))
    return attributes(fields, given), attributes(SCALING, given)


def endpoint_changes(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What shall be different about an endpoint: attributes of its deployment and of its scaling.

    Raises:
        ProviderError: The body is not one (400).
    """
    given = _read(body, (*DEPLOYMENT, *SCALING))
    return attributes(DEPLOYMENT, given), attributes(SCALING, given)


def new_template(body: bytes) -> dict[str, Any]:
    """What a new template shall be, as its attributes.

    Raises:
        ProviderError: The body is not one (400).
    """
    fields = (*TEMPLATE_CREATE_ONLY, *TEMPLATE)
    return attributes(fields, _read(body, fields, ("name", "imageName")))


def template_changes(body: bytes) -> dict[str, Any]:
    """What shall be different about a template, as its attributes.

    Raises:
        ProviderError: The body is not one (400).
    """
    return attributes(TEMPLATE, _read(body, TEMPLATE))


def flag(name: str, text: str | None) -> bool:
    """A query parameter that is true or false, and false when it is missing.

    Raises:
        ProviderError: It is something else (400).
    """
    if text in (None, "false", "true"):
        return text == "true"
    raise errors.v1_refused(400, f"query/{name} must be true or false")


def template_body(template: Template) -> dict[str, Any]:
    """A template; keys in the order of the schema."""
    body = shown((*TEMPLATE_CREATE_ONLY, *TEMPLATE), template)
    body |= {"earned": 0, "id": template.id, "isRunpod": False, "runtimeInMin": 0}
    return dict(sorted(body.items()))


def endpoint_body(
    deployment: Deployment,
    scaling: Scaling,
    template: Template,
    *,
    with_template: bool = False,
    workers: Sequence[Listed] | None = None,
) -> dict[str, Any]:
    """An endpoint; keys in the order of the schema, which has neither `flashboot` nor the CPU's own fields.

    Args:
        deployment: The endpoint.
        scaling: How it scales.
        template: The one that it is bound to.
        with_template: Whether to show that as a whole.
        workers: Its workers, or None not to show them.
    """
    body = shown((*DEPLOYMENT_CREATE_ONLY, *DEPLOYMENT), deployment) | shown(SCALING, scaling)
    for name in _NOT_SHOWN:
        body.pop(name, None)
    if deployment.compute_type == "CPU":
        for name in _FOR_GPU:
            body.pop(name, None)
        body["instanceIds"] = _instance_ids(deployment)
    body |= {
        "createdAt": timestamp(deployment.created_s),
        "env": dict(template.env),
        "id": deployment.id,
        "userId": USER_ID,
        "version": deployment.version,
    }
    if with_template:
        body["template"] = template_body(template)
    if workers is not None:
        body["workers"] = [_worker_body(worker, deployment, template) for worker in workers]
    return dict(sorted(body.items()))


def timestamp(unix_s: float) -> str:
    """A time as both versions write it: `2024-07-12T19:14:40.144Z`."""
    at = datetime.fromtimestamp(unix_s, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _worker_body(worker: Listed, deployment: Deployment, template: Template) -> dict[str, Any]:
    """A worker, which is a pod in this version; without prices, which a fake has not."""
    body: dict[str, Any] = {
        "containerDiskInGb": template.container_disk_gb,
        "desiredStatus": "EXITED" if worker.started_s is None else "RUNNING",
        "dockerEntrypoint": list(template.entrypoint),
        "dockerStartCmd": list(template.start_cmd),
        "endpointId": deployment.id,
        "env": {**template.env, "RUNPOD_ENDPOINT_ID": deployment.id},
        "gpu": {"id": GPU_TYPE, "count": deployment.gpu_count, "displayName": GPU_TYPE},
        "id": worker.id,
        "image": template.image,
        "lastStartedAt": None if worker.started_s is None else timestamp(worker.started_s),
        "name": deployment.name,
        "ports": list(template.ports),
        "slsVersion": worker.version,
        "templateId": template.id,
        "volumeInGb": template.volume_gb,
        "volumeMountPath": template.volume_path,
    }
    if deployment.compute_type == "CPU":
        del body["gpu"]
    return {name: value for name, value in body.items() if value is not None}


def _instance_ids(deployment: Deployment) -> list[str]:
    count = deployment.vcpu_count
    return [f"{flavor}-{count}-{count * GB_PER_VCPU[flavor]}" for flavor in deployment.cpu_flavor_ids]


def _read(body: bytes, fields: Sequence[Field], required: Sequence[str] = ()) -> dict[str, Any]:
    """A body whose fields are as they must be; others are left alone, as in the service."""
    try:
        given = json_object(body)
    except ValueError as error:
        raise errors.v1_refused(400, f"the body is {error}") from error
    for fault in faults(fields, given, required):
        # guess: which field and why is told; the wording is not published
        raise errors.v1_refused(400, f"{'/'.join(('body', *fault.path))} {fault.reason}")
    return given
