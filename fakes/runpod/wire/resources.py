"""Endpoints, templates and workers as the management APIs know them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fakes.runpod.wire.hardware import DATA_CENTERS, GPU_TYPE
from fakes.runpod.wire.jobs import EXECUTION_TIMEOUT_MS, WorkerState

ScalerType = Literal["QUEUE_DELAY", "REQUEST_COUNT"]
ComputeType = Literal["GPU", "CPU"]


@dataclass(frozen=True, slots=True)
class Template:
    """What a worker is started with. Source of fields and defaults: rest.runpod.io/v1, TemplateCreateInput.

    Attributes:
        namespace: Whose it is: staging's or production's.
        image: The container's image.
        is_serverless: Whether it is for workers, not for pods.
        volume_gb: Size of the volume on the worker's own host.
    """

    id: str
    namespace: str
    name: str
    image: str
    category: str = "NVIDIA"
    container_disk_gb: int = 50
    registry_auth_id: str | None = None
    entrypoint: tuple[str, ...] = ()
    start_cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    is_public: bool = False
    is_serverless: bool = False
    ports: tuple[str, ...] = ("8888/http", "22/tcp")
    readme: str = ""
    volume_gb: int = 20
    volume_path: str = "/workspace"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the management API knows of an endpoint besides how it scales.

    Attributes:
        id: The endpoint's.
        version: One more with each change of what its workers run.
        gpu_type_ids: Cards that its workers may have, the preferred one first.
        cpu_flavor_ids: The same for an endpoint without GPU.
        network_volume_ids: Volumes for several data centers; `network_volume_id` is the one of one.
    """

    id: str
    name: str
    template_id: str
    created_s: float
    version: int = 0
    compute_type: ComputeType = "GPU"
    gpu_type_ids: tuple[str, ...] = (GPU_TYPE,)
    gpu_count: int = 1
    cpu_flavor_ids: tuple[str, ...] = ()
    vcpu_count: int = 2
    data_center_ids: tuple[str, ...] = DATA_CENTERS
    allowed_cuda_versions: tuple[str, ...] = ()
    min_cuda_version: str | None = None
    network_volume_id: str | None = None
    network_volume_ids: tuple[str, ...] = ()

    @property
    def volume_ids(self) -> tuple[str, ...]:
        """All volumes that are named."""
        one = (self.network_volume_id,) if self.network_volume_id else ()
        return (*one, *self.network_volume_ids)


@dataclass(frozen=True, slots=True)
class Scaling:
    """How an endpoint's workers come and go.

    Source: docs.runpod.io/serverless/endpoints/endpoint-configurations.

    Attributes:
        workers_min: Workers that are always on the GPU.
        workers_max: Workers that it may have at most.
        idle_timeout_s: How long a worker stays on the GPU after its last job. The documentation has it for
            QUEUE_DELAY only; endpoints with REQUEST_COUNT were seen to keep their workers, too.
        scaler_type: QUEUE_DELAY adds a worker when a job has waited for `scaler_value` seconds; REQUEST_COUNT
            wants one for each `scaler_value` jobs, waiting or running.
        execution_timeout_ms: What a job may take; 0 for as long as it lives.
        flashboot: Whether a worker that ran before comes back faster than a new one.
    """

    workers_min: int = 0
    workers_max: int = 3
    idle_timeout_s: float = 5.0
    scaler_type: ScalerType = "QUEUE_DELAY"
    scaler_value: int = 4
    execution_timeout_ms: int = EXECUTION_TIMEOUT_MS
    flashboot: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """A worker in a list of the management API.

    Attributes:
        started_s: Since when it is on the GPU, or None.
        version: Of its endpoint when it was started.
    """

    id: str
    state: WorkerState
    started_s: float | None
    version: int
