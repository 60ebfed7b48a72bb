"""Everything that is decided before anything is started: files, services, ports, environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from emulator import compose, ports
from emulator.environment import TLS, host_env, variables
from emulator.errors import ConfigurationRefused
from emulator.isolation import refuse_production
from emulator.record import StackRecord
from emulator.settings import RUNTIMES, Settings
from emulator.statefolder import StateFolder, damaged, holder
from emulator.topology import Topology, parse, resolve

_ABSENT: Mapping[str, Mapping[str, str]] = {
    "embedded": {"BLOBS_URL": "", "FAKES_CA_FILE": "", "FAKES_HTTP_PORT": ""},
    "docker": {},
}
"""Variables that are empty unless the user sets them: without Docker, blobs are plain files, and nothing is
told to trust the authority of the fakes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one stack is going to be."""

    settings: Settings
    folder: StateFolder
    written: Topology
    """As compose.yaml has it."""
    variables: Mapping[str, str]
    """What compose.yaml is filled in with."""
    topology: Topology
    """Filled in."""
    ports: Mapping[str, int]
    env: Mapping[str, str]
    """What a program on the host needs."""


def plan(settings: Settings) -> Plan:
    """Read, check and decide, for the runtime of the stack if it runs. Writes nothing.

    Raises:
        ConfigurationRefused: compose.yaml cannot be run.
        ProductionRefused: A value belongs to production or to another stack.
        PortTaken: No block of ports is free for a new named stack.
        StateFolderUnusable: What an earlier start kept there is damaged.
    """
    settings = as_it_runs(settings)
    folder = folder_of(settings)
    topology = parse(compose.read(settings), settings.variables, settings.runtime)
    chosen = choose_ports(settings, folder, topology)
    tls = settings.runtime == "docker" if settings.tls is None else settings.tls
    if tls and settings.runtime == "embedded":
        chosen[TLS] = ports.beside(topology.ports, chosen)
    own = variables(settings.runtime, chosen, folder, speech_dir())
    own["CLIPNET_TLS"] = "on" if tls else "off"
    filled = {**_ABSENT[settings.runtime], **settings.variables, **own}
    resolved = _as_released(resolve(topology, filled), settings, folder)
    refuse_production(resolved, chosen, settings.dotenv)
    return Plan(settings, folder, topology, filled, resolved, chosen, host_env(resolved, chosen, folder))


def _as_released(topology: Topology, settings: Settings, folder: StateFolder) -> Topology:
    """Return the stack with the releases in it that were deployed last.

    Raises:
        ConfigurationRefused: One of them is not there any more.
    """
    if not folder.data("releases").exists():
        return topology
    from emulator.releases.store import Store
    from emulator.runtimes.choice import released

    store = Store(folder.data("releases"))
    services = list(topology.services)
    for role, version in store.current().items():
        index = next(i for i, service in enumerate(services) if service.role == role)
        services[index] = released(settings, folder, services[index], store.release(version))
    return replace(topology, services=tuple(services))


def as_it_runs(settings: Settings) -> Settings:
    """Return the settings with the runtime of the stack that runs, whatever they ask for."""
    folder = folder_of(settings)
    record = StackRecord.read(folder) if holder(folder) is not None else None
    return settings if record is None else replace(settings, runtime=record.runtime)


def as_it_is_kept(settings: Settings) -> Settings:
    """Return the settings with the runtime of the stack that runs, else of the data that it keeps."""
    folder = folder_of(settings)
    if holder(folder) is not None:
        return as_it_runs(settings)
    return replace(settings, runtime=_only_with_data(folder) or settings.runtime)


def folder_of(settings: Settings) -> StateFolder:
    """Return the state folder of the stack that the settings name."""
    return StateFolder((settings.state_dir / settings.stack).resolve())


def refuse_other_runtime(plan: Plan, asked: str | None) -> None:
    """Raise if the stack runs, or keeps its data, in another runtime than is asked for.

    Args:
        plan: What is to be started; of a stack that runs, what runs.
        asked: The runtime that the command line names, if it does.

    Raises:
        ConfigurationRefused: With the ways on.
    """
    stack, runtime = plan.settings.stack, plan.settings.runtime
    if asked is not None and asked != runtime:
        raise ConfigurationRefused(
            f"stack '{stack}' is running in the {runtime} runtime, not in the {asked} one",
            f"stop it with: clipnet-emulate down; or start another one: clipnet-emulate up --runtime {asked} "
            "--stack NAME",
        )
    other = _only_with_data(plan.folder)
    if other not in (None, runtime):
        raise ConfigurationRefused(
            f"stack '{stack}' keeps its data in the {other} runtime, and is to start in the {runtime} one",
            f"go on with: clipnet-emulate up --runtime {other}; or start another one with --stack NAME; "
            "or remove what it keeps with: clipnet-emulate down --wipe",
        )


def _only_with_data(folder: StateFolder) -> str | None:
    """Return the runtime in which the stack keeps its data, if it is one."""
    found = [name for name in RUNTIMES if _has_data(folder, name)]
    return found[0] if len(found) == 1 else None


def _has_data(folder: StateFolder, runtime: str) -> bool:
    return (folder.addition if runtime == "docker" else folder.data("postgres")).exists()


def choose_ports(settings: Settings, folder: StateFolder, topology: Topology) -> dict[str, int]:
    """Return name -> port: as it runs, as asked for, as published for the default stack, or a block."""
    kept = folder.read(folder.ports) or {}
    is_kept = all(port.name in kept for port in topology.ports)
    for name, number in kept.items():
        if not isinstance(number, int) or not 0 < number < 65536:
            raise damaged(folder.ports, f"'{name}' is {number!r}, which is no port")
    if is_kept and holder(folder) is not None:
        return {port.name: kept[port.name] for port in topology.ports}
    if settings.port_base is not None:
        return ports.allot(topology.ports, settings.port_base)
    if settings.stack == "default":
        return ports.default_ports(topology.ports)
    if is_kept:
        return {port.name: kept[port.name] for port in topology.ports}
    return ports.allot(topology.ports, ports.free_base(topology.ports, seed=str(folder.path)))


def speech_dir() -> str:
    """Return the folder with the seed's speech, which the RunPod fake knows; empty if there is none."""
    spec = find_spec("seed")
    locations = spec.submodule_search_locations if spec else None
    return str(Path(next(iter(locations))) / "media") if locations else ""
