"""What belongs to one stack at the Docker engine: its name, its labels, and how all of it is removed.

The methods that take the engine's SDK block.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from docker.api import APIClient

_OF_COMPOSE = "com.docker.compose"
OURS = "clipnet-emulate"
"""How the labels of all that belongs to a stack begin."""

STACK_LABEL = f"{OURS}.stack"
FOLDER_LABEL = f"{OURS}.folder"
BESIDE_LABEL = f"{OURS}.beside"
"""On a container that was made beside the one that Compose made of its service: what it is."""

ONCE, INSTANCE = "once", "instance"

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Project:
    """One stack, as Docker Compose and the engine know it."""

    stack: str
    folder: Path
    """The state folder: it tells the stacks of the same name in different places from each other."""

    @property
    def name(self) -> str:
        """The project of Compose; containers, networks and volumes are called after it."""
        return f"clipnet-{self.stack}-{sha256(str(self.folder).encode()).hexdigest()[:8]}"

    @property
    def labels(self) -> Mapping[str, str]:
        """What every container, network and volume of the stack carries."""
        return {STACK_LABEL: self.stack, FOLDER_LABEL: str(self.folder)}

    @property
    def filters(self) -> Mapping[str, str]:
        """How the engine is asked for what belongs to the stack, whoever made it."""
        return {"label": f"{_OF_COMPOSE}.project={self.name}"}

    @property
    def images_filter(self) -> Mapping[str, str]:
        """How the engine is asked for the images of the stack's releases."""
        return {"label": f"{FOLDER_LABEL}={self.folder}"}

    @property
    def query(self) -> str:
        """The filters as a part of a URL."""
        return in_url(self.filters)

    def containers(self, engine: APIClient) -> tuple[Mapping[str, Any], ...]:
        """Return the stack's containers, running or not, as the engine lists them."""
        return tuple(engine.containers(all=True, filters=self.filters))

    def volumes(self, engine: APIClient) -> frozenset[str]:
        """Return the names of the stack's volumes."""
        found = engine.volumes(filters=self.filters)["Volumes"] or ()
        return frozenset(str(volume["Name"]) for volume in found)

    def remove(self, engine: APIClient, *, with_volumes: bool = False) -> tuple[str, ...]:
        """Kill and remove the stack's containers, then its networks; return the names of what was there.

        Idempotent; what another command removes meanwhile is no failure. Volumes, and the images of releases,
        stay unless told otherwise.
        """
        containers = self.containers(engine)
        _each(containers, lambda found: engine.remove_container(found["Id"], v=True, force=True))
        networks = engine.networks(filters=self.filters)
        _each(networks, lambda found: engine.remove_network(found["Id"]))
        volumes = sorted(self.volumes(engine)) if with_volumes else []
        _each(volumes, lambda name: engine.remove_volume(name, force=True))
        images = self.remove_images(engine) if with_volumes else ()
        return (
            *(str(found["Names"][0]).removeprefix("/") for found in containers),
            *(str(found["Name"]) for found in networks),
            *volumes,
            *images,
        )

    def remove_images(self, engine: APIClient, kept: Collection[str] = ()) -> tuple[str, ...]:
        """Remove the images of the stack's releases but those `kept`; return the names of what is gone."""
        from docker.errors import APIError

        removed = []
        for name in self.names_of(engine.images(filters=self.images_filter)):
            if name not in kept:
                with suppress(APIError):
                    engine.remove_image(name, force=True)
                    removed.append(name)
        return tuple(removed)

    def names_of(self, images: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return the names that the stack gave to listed images."""
        tags = (str(tag) for image in images for tag in image["RepoTags"] or ())
        return [tag for tag in tags if tag.startswith(f"{self.name}:")]


def in_url(filters: Mapping[str, str]) -> str:
    """Return filters as a part of a URL."""
    return quote(json.dumps({name: [value] for name, value in filters.items()}))


def service_of(container: Mapping[str, Any]) -> str:
    """Return the service that a listed container belongs to."""
    return str(container["Labels"].get(f"{_OF_COMPOSE}.service", ""))


def _each(found: Iterable[Any], act: Callable[[Any], object]) -> None:
    """Do the same to several things at once, whether they are still there or not."""
    from docker.errors import NotFound

    def one(thing: Any) -> None:
        with suppress(NotFound):
            act(thing)

    things = list(found)
    if things:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(one, things))
