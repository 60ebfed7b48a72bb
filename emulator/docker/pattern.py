"""How one more container of a service is made: as Compose made the first one, of another image.

What Compose said of a container, and what came with its image, are one when the engine tells it. They are
told apart here, because another image brings its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from emulator.compose import as_map
from emulator.docker.project import BESIDE_LABEL, INSTANCE, ONCE, OURS
from emulator.interpolation import interpolate
from emulator.topology import Service, with_arguments

if TYPE_CHECKING:
    from docker.api import APIClient

_FROM_IMAGE: Mapping[str, str] = {
    "Entrypoint": "entrypoint",
    "User": "user",
    "WorkingDir": "working_dir",
    "Healthcheck": "healthcheck",
    "StopSignal": "stop_signal",
}
"""What an image may say in the place of Compose: the engine's word for it, and that of a compose file."""

_ITS_OWN = (
    "Hostname",
    "Domainname",
    "MacAddress",
    "NetworkDisabled",
    "OnBuild",
    "Image",
    "Cmd",
    "Env",
    "Labels",
)
_COMPOSE = "com.docker.compose"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What makes a container another one than that which Compose made.

    Attributes:
        image: What it is made of.
        command: None for the image's own.
        environment: Names of the environment that it has otherwise; None for not at all.
        published: Port in the container -> port on 127.0.0.1.
        alias: How the stack's other services call it; empty for not at all.
        is_once: It runs a command to its end instead of the service.
    """

    image: str
    command: tuple[str, ...] | None
    environment: Mapping[str, str | None]
    published: Mapping[int, int]
    alias: str = ""
    is_once: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A container that Compose made, and what its image says."""

    container: Mapping[str, Any]
    image: Mapping[str, Any]
    said: Mapping[str, Any]
    """The service in the compose file."""

    @classmethod
    def of(cls, api: APIClient, container: str, said: Mapping[str, Any]) -> Pattern:
        """Ask the engine."""
        found = api.inspect_container(container)
        return cls(found, api.inspect_image(found["Image"])["Config"] or {}, said)

    def make(self, api: APIClient, wanted: Wanted) -> str:
        """Make one more, and return its id; nothing is left if that fails."""
        labels = self.container["Config"]["Labels"]
        name = f"{labels[f'{_COMPOSE}.project']}-{labels[f'{_COMPOSE}.service']}-{token_hex(3)}"
        networks = self._networks(wanted.alias)
        first = next(iter(networks), None)
        body = self.body(wanted)
        if first is not None:
            body["NetworkingConfig"] = {"EndpointsConfig": {first: networks.pop(first)}}
        made = str(api.create_container_from_config(body, name)["Id"])
        try:
            for network, endpoint in networks.items():
                api.connect_container_to_network(made, network, aliases=endpoint["Aliases"])
        except BaseException:
            api.remove_container(made, force=True, v=True)
            raise
        return made

    def body(self, wanted: Wanted) -> dict[str, Any]:
        """Return what the engine is asked for, but for networks."""
        config = {name: value for name, value in self.container["Config"].items() if name not in _ITS_OWN}
        for name, word in _FROM_IMAGE.items():
            if word not in self.said and config.get(name) == self.image.get(name):
                config.pop(name, None)
        published = {
            f"{inner}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
            for inner, port in wanted.published.items()
        }
        host = {**self.container["HostConfig"], "PortBindings": published, "AutoRemove": False}
        more: dict[str, Any] = {}
        if wanted.is_once:
            more = {"Entrypoint": list(wanted.command or ()), "Healthcheck": {"Test": ["NONE"]}}
        elif wanted.command is not None:
            more = {"Cmd": list(wanted.command)}
        return {
            **config,
            **more,
            "Image": wanted.image,
            "Env": self._env(wanted.environment),
            "Labels": self._labels(is_once=wanted.is_once),
            "HostConfig": host,
        }

    def _env(self, changed: Mapping[str, str | None]) -> list[str]:
        """Return what Compose said of the environment, with what is changed; the image says the rest."""
        has = _pairs(self.container["Config"].get("Env"))
        images = _pairs(self.image.get("Env"))
        declared = as_map(self.said.get("environment") or {})
        own = {name: value for name, value in has.items() if name in declared or images.get(name) != value}
        whole: dict[str, str | None] = {**own, **changed}
        return [f"{name}={value}" for name, value in whole.items() if value is not None]

    def _labels(self, *, is_once: bool) -> dict[str, str]:
        """Return Compose's labels and ours; for Compose it is none of those that it looks after.

        An image that Compose built has labels of Compose, too.
        """
        images = self.image.get("Labels") or {}
        labels = self.container["Config"].get("Labels") or {}
        own = {
            name: value
            for name, value in labels.items()
            if name.startswith((_COMPOSE, OURS)) or images.get(name) != value
        }
        return {**own, f"{_COMPOSE}.oneoff": "True", BESIDE_LABEL: ONCE if is_once else INSTANCE}

    def _networks(self, alias: str) -> dict[str, dict[str, Any]]:
        """Return the networks that it joins; only there by its own name."""
        found: Mapping[str, Any] = self.container["NetworkSettings"]["Networks"]
        aliases = [alias] if alias else []
        return {name: {"Aliases": list(aliases)} for name in found}


def command_of(
    said: Mapping[str, Any], variables: Mapping[str, str], service: Service
) -> tuple[str, ...] | None:
    """Return the command of a service: its release's, else the compose file's; None for the image's own."""
    if service.contained is not None and service.contained.command is not None:
        return with_arguments(service.contained.command, service.arguments)
    command = said.get("command")
    if command is None:
        return None
    words = shlex.split(command) if isinstance(command, str) else command
    filled = tuple(interpolate(str(word), variables) for word in words)
    return with_arguments(filled, service.arguments)


def _pairs(entries: Sequence[str] | None) -> dict[str, str]:
    return dict(entry.partition("=")[::2] for entry in entries or ())
