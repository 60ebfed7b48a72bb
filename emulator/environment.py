"""Which environment the services get in the embedded runtime, and what a program on the host needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from emulator import VERSION, secretfiles
from emulator.profiles import TRUST
from emulator.statefolder import StateFolder
from emulator.topology import Topology

INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
)
"""All that a service sees of the user's own environment: never the user's credentials."""

TLS = "tls"
"""Name of the port of the real host names, where this machine has one."""

_OF_THE_SUPERVISOR = {"FAKES_DEPLOYMENTS": "agent"}
"""What there is only where a supervisor runs: it carries out what is deployed at platforms."""

ROUTES = "edge-routes.json"
"""In the folder `tmp`: where the edge keeps its routes, for as long as the stack runs."""

_DIRECT = "-direct"
"""Ends the name of a port that is behind the edge; without it, it is the name of the edge's port for it."""

_OF_THE_SERVICE = frozenset({"HOST", "PORT", "LOG_FORMAT", *TRUST})
"""Settings of the API's own process, not of a program beside it."""


def variables(runtime: str, ports: Mapping[str, int], folder: StateFolder, speech_dir: str) -> dict[str, str]:
    """Return the values for compose interpolation as this host sees the stack: addresses on 127.0.0.1."""
    values = {"MEDIA_DIR": str(folder.data("media")), "APP_VERSION": VERSION, **_OF_THE_SUPERVISOR}
    if runtime == "embedded":
        values |= {
            "LISTEN_HOST": "127.0.0.1",
            "BLOBS_DIR": str(folder.data("blobs")),
            "FAKES_STATE_DIR": str(folder.data("fakes")),
            "SPEECH_DIR": speech_dir,
            "EDGE_ROUTES_FILE": str(folder.tmp / ROUTES),
        }
    for name, port in ports.items():
        upper = _upper(name)
        values[f"{upper}_ADDR"] = f"127.0.0.1:{port}"
        values[f"{upper}_PORT"] = values[f"{upper}_LISTEN"] = str(port)
    return values | _behind_the_edge(values, ports)


def _behind_the_edge(values: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Return what the edge changes: `API_ADDR` and `API_LISTEN` are the API's own, `API_PORT` stays public.

    So a program that takes the API's place listens where it is told, as without an edge.
    """
    changed = {}
    for upper in (_upper(name.removesuffix(_DIRECT)) for name in ports if name.endswith(_DIRECT)):
        for what in ("ADDR", "LISTEN"):
            changed[f"EDGE_{upper}_{what}"] = values[f"{upper}_{what}"]
            changed[f"{upper}_{what}"] = values[f"{upper}_DIRECT_{what}"]
    return changed


def container_variables(ports: Mapping[str, int], folder: StateFolder) -> dict[str, str]:
    """Return the values for Compose itself: published ports, and folders that containers share with the host.

    Addresses between containers are the defaults of compose.yaml.
    """
    published = {f"{_upper(name)}_PORT": str(port) for name, port in ports.items()}
    return {
        "MEDIA_VOLUME": str(folder.data("media")),
        "APP_VERSION": VERSION,
        **_OF_THE_SUPERVISOR,
        **published,
    }


def inner_addresses(runtime: str, topology: Topology, ports: Mapping[str, int]) -> dict[str, str]:
    """Return port name -> the address at which the stack's own services reach it."""
    if runtime == "docker":
        return {
            port.name: f"{service.name}:{port.container}"
            for service in topology.services
            for port in service.ports
        }
    return {name: f"127.0.0.1:{port}" for name, port in ports.items()}


def for_compose(user: Mapping[str, str], ports: Mapping[str, int], folder: StateFolder) -> dict[str, str]:
    """Return the environment of Compose: the user's, but for what tells where a process is, and ours."""
    ours = variables("embedded", ports, folder, "")
    passed = {name: value for name, value in user.items() if name not in ours}
    return {**passed, **container_variables(ports, folder), "SECRETS_DIR": secretfiles.folder(user)}


def _upper(name: str) -> str:
    return name.upper().replace("-", "_")


def inherited(env: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the user's environment that services may see."""
    return {name: env[name] for name in INHERITED if name in env}


def host_env(topology: Topology, ports: Mapping[str, int], folder: StateFolder) -> dict[str, str]:
    """Return what a program on the host needs: the (resolved) API's settings and the fakes' addresses."""
    api = topology.service("api").environment
    fakes = topology.service("fakes").ports
    return {
        **{name: value for name, value in api.items() if name not in _OF_THE_SERVICE},
        **{f"FAKES_{port.name.upper()}_URL": f"http://127.0.0.1:{ports[port.name]}" for port in fakes},
        **(_by_name(ports[TLS], folder) if TLS in ports else {}),
    }


def _by_name(port: int, folder: StateFolder) -> dict[str, str]:
    """Where the real host names are served, and whom to trust for them."""
    ca = folder.data("fakes") / "tls" / "ca.pem"
    return {"FAKES_TLS_ADDR": f"127.0.0.1:{port}", "FAKES_TLS_CA": str(ca)}
