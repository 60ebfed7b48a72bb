"""What one RunPod account remembers: keys, endpoints, the GPU and the jobs. One file per resource."""

from collections.abc import Callable, Mapping, Set
from typing import Any

from fakes.kit.documents import check_fields
from fakes.kit.kit import Kit
from fakes.runpod import errors, isolation
from fakes.runpod.state import (
    deployments,
    endpoints,
    gpu,
    jobs,
    keys,
    limits,
    seeding,
    streams,
    templates,
    volumes,
)
from fakes.runpod.state.deployments import Deployments
from fakes.runpod.state.endpoints import MODELS, Endpoints
from fakes.runpod.state.gpu import MAX_WORKERS, SCALINGS, Gpu
from fakes.runpod.state.jobs import Jobs
from fakes.runpod.state.keys import Access, Key, Keys
from fakes.runpod.state.limits import Limits
from fakes.runpod.state.records import Hosted, Timing, Waiting, Work
from fakes.runpod.state.streams import Streams
from fakes.runpod.state.templates import Templates
from fakes.runpod.state.volumes import Volume, Volumes
from fakes.runpod.wire import Submission
from fakes.runpod.wire.resources import Deployment, Scaling, Template

__all__ = [
    "MAX_WORKERS",
    "MODELS",
    "NAMESPACE",
    "PRODUCTION",
    "READ_ONLY_KEY",
    "STAGING_KEY",
    "Hosted",
    "Scaling",
    "State",
    "Timing",
    "Waiting",
    "Work",
]

STAGING_KEY = "rpa_staging_0000000000000000000000000000"
READ_ONLY_KEY = "rpa_staging_readonly_0000000000000000000"
PRODUCTION_KEY_PREFIX = "rpa_production_"
NAMESPACE = "staging"
PRODUCTION = "production"
FOUNDED_S = 1_790_000_000.0
"""When the endpoints were made that are always there."""

_PARTS = (keys, limits, endpoints, templates, deployments, volumes, gpu, jobs, streams)
SCHEMA = ";".join(part.SCHEMA for part in _PARTS)


class State:
    """The whole account.

    Args:
        kit: The fake's tools; its store is opened here.
    """

    def __init__(self, kit: Kit) -> None:
        store = kit.open_store(SCHEMA)
        self._timing = kit.settings.timing
        self.keys = Keys(store)
        self.endpoints = Endpoints(store)
        self.templates = Templates(store)
        self.deployments = Deployments(store)
        self.volumes = Volumes(store)
        self.limits = Limits(store, kit.clock)
        self.gpu = Gpu(store)
        self.jobs = Jobs(store, kit.clock, kit.ids)
        self.streams = Streams(store)
        self.on_reset: Callable[[], None] = lambda: None

    def populate(self) -> None:
        """One endpoint per model for staging and for production, staging's keys, and one place on the GPU."""
        self.gpu.set(1, self._timing)
        self.keys.add(STAGING_KEY, Key(NAMESPACE))
        self.keys.add(READ_ONLY_KEY, Key(NAMESPACE, "read"))
        for namespace in (NAMESPACE, PRODUCTION):
            self.volumes.put(Volume(f"{namespace}-models", namespace, f"{namespace} models"))
            for model in MODELS:
                self._host(Hosted(f"{namespace}-{model}", namespace, model, False, SCALINGS[self._timing]))

    def load(self, document: Mapping[str, Any]) -> None:
        """Read a seed document: the GPU, rate limits, volumes, endpoints and keys; all of it is optional.

        Raises:
            ValueError: Another field, or a value that is not allowed.
        """
        check_fields(document, (*gpu.FIELDS, "rate_limits", "volumes", "endpoints", "keys"))
        of_gpu = {name: value for name, value in document.items() if name in gpu.FIELDS}
        self._set(*gpu.checked(of_gpu, workers=1, timing=self._timing))
        self.limits.set(document.get("rate_limits", True))
        for volume in seeding.volumes(document.get("volumes", []), NAMESPACE):
            self.volumes.put(volume)
        scaling = SCALINGS[self.gpu.timing_name]
        for hosted in seeding.endpoints(document.get("endpoints", []), NAMESPACE, self._known(), scaling):
            self._host(hosted)
        self._attach(self._wanted(document))
        for given, key in seeding.keys(document.get("keys", []), NAMESPACE, PRODUCTION, self._known()):
            self.keys.add(given, key)

    def change_gpu(self, document: Mapping[str, Any]) -> None:
        """The same for a GPU at work: what the document does not name stays.

        Raises:
            ValueError: Another field, or a value that is not allowed.
        """
        present = gpu.checked(document, workers=self.gpu.workers, timing=self.gpu.timing_name)
        wanted = self._wanted(document)
        self._set(*present)
        self._attach(wanted)

    def attachable(self, name: object) -> Hosted:
        """The endpoint of staging that a worker from outside may serve, by its id or its model's name.

        Raises:
            ValueError: There is none; the text lists those that there are.
        """
        known = {hosted.id: hosted for hosted in self.endpoints.all() if hosted.namespace == NAMESPACE}
        found = known.get(str(name)) or known.get(f"{NAMESPACE}-{name}")
        if found is None:
            raise ValueError(f"there is no endpoint '{name}' to attach to; there are {', '.join(known)}")
        return found

    def attached(self) -> list[str]:
        """The endpoints whose jobs wait for workers from outside, even while there are none."""
        return [hosted.id for hosted in self.endpoints.all() if hosted.is_attached]

    def summary(self) -> dict[str, Any]:
        """Jobs by status, endpoints and the GPU."""
        return {
            "jobs": self.jobs.by_status(),
            "endpoints": [hosted.id for hosted in self.endpoints.all()],
            "workers": self.gpu.workers,
            "timing": self.gpu.timing_name,
        }

    def reset(self) -> None:
        """The rows are back already: forget what was read, and tell who runs jobs to drop theirs."""
        self.keys.forget()
        self.endpoints.forget()
        self.limits.forget()
        self.on_reset()

    def hosted(self, key: str, endpoint: str, access: Access) -> Hosted:
        """The endpoint that a key may use.

        Raises:
            ProviderError: No such key, or it may not do this (401), or no such endpoint for it (404).
        """
        held = self.keys.find(key)
        if held is None:
            is_production = key.startswith(PRODUCTION_KEY_PREFIX)
            raise errors.unauthorized(violation="production API key used" if is_production else None)
        hosted = self.endpoints.find(endpoint)
        if hosted is None or hosted.namespace != held.namespace:
            owner = PRODUCTION if endpoint.startswith(PRODUCTION) else hosted and hosted.namespace
            reached = f"{owner} endpoint '{endpoint}' called with a {held.namespace} key"
            raise errors.endpoint_not_found(violation=reached if owner else None)
        if not held.may(endpoint, access):
            raise errors.unauthorized()
        return hosted

    def check_names(self, namespace: str, asked: Submission) -> None:
        """Let a job of a namespace name only what is of that namespace.

        Raises:
            ProviderError: It names another namespace, or a model, path, volume or endpoint there (403).
        """
        if asked.namespace not in (None, namespace):
            raise errors.not_yours("namespace", str(asked.namespace), namespace)
        named = tuple(isolation.namings([asked.input, asked.s3_config]))
        if not named:
            return
        foreign = self._foreign(namespace)
        for naming in named:
            if any(foreign.owns(part) for part in naming.parts):
                raise errors.not_yours(naming.field, naming.text, namespace)

    def check_queue(self, hosted: Hosted) -> None:
        """Let no more jobs wait than an endpoint takes.

        Raises:
            ProviderError: There are more already (429).
        """
        limit = self.limits.queue(hosted.scaling.workers_max)
        if limit is not None and self.jobs.has_more_waiting(hosted.id, limit):
            raise errors.queue_full(limit)

    def _foreign(self, namespace: str) -> isolation.Foreign:
        """What is not of a namespace."""
        held: list[Hosted | Volume] = [*self.endpoints.all(), *self.volumes.all()]
        others = [one for one in held if one.namespace != namespace]
        namespaces = {PRODUCTION, *(one.namespace for one in others)} - {namespace}
        names = {one.name.lower() for one in others if isinstance(one, Volume)}
        return isolation.Foreign(namespaces, {one.id.lower() for one in others} | names)

    def _wanted(self, document: Mapping[str, Any]) -> set[str]:
        """The endpoints that a document wants attached; those that are it if it says nothing."""
        if "attached" not in document:
            return set(self.attached())
        names = document["attached"]
        if not isinstance(names, list):
            raise ValueError(f"'attached' is {names!r}; it must be a list of endpoints")
        return {self.attachable(name).id for name in names}

    def _attach(self, wanted: Set[str]) -> None:
        for hosted in self.endpoints.all():
            self.endpoints.attach(hosted.id, is_attached=hosted.id in wanted)

    def _set(self, workers: int, timing: str) -> None:
        """Write the GPU's row; endpoints that scale as its former timing has it follow."""
        former = SCALINGS[self.gpu.timing_name]
        self.gpu.set(workers, timing)
        for hosted in self.endpoints.all():
            if hosted.scaling == former and _is_fixed(hosted):
                self.endpoints.scale(hosted.id, SCALINGS[timing])

    def _known(self) -> dict[str, Hosted]:
        return {hosted.id: hosted for hosted in self.endpoints.all()}

    def _host(self, hosted: Hosted) -> None:
        """Add an endpoint with the template that it is bound to, or write a known one anew."""
        name, namespace = hosted.id, hosted.namespace
        self.endpoints.remove(name)
        self.endpoints.add(hosted)
        image = f"{namespace}/worker-{hosted.model or name}:1"
        self.templates.put(Template(name, namespace, name, image, is_serverless=True, ports=(), volume_gb=0))
        self.deployments.put(Deployment(name, name, name, created_s=FOUNDED_S), namespace)


def _is_fixed(hosted: Hosted) -> bool:
    return hosted.id.removeprefix(f"{hosted.namespace}-") in MODELS
