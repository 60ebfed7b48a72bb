"""What the stack consists of: compose.yaml as frozen records, and the rules that every stack keeps.

Nothing else in the emulator looks into the compose file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emulator import secretfiles
from emulator.compose import ComposeFile, as_map
from emulator.errors import ConfigurationRefused
from emulator.interpolation import dotenv, interpolate

ROLES = ("postgres", "redis", "fakes", "api", "worker", "web")
"""Every stack has exactly one service of each role."""

PROBES = ("http", "tcp", "postgres", "redis", "redis_key")
HEALTHCHECK = "healthcheck"
"""The probe of a service that only Docker runs: what its container's health check says."""

SERVERS = ("postgres", "redis")

_COMPOSE_KEYS = """
    annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs
    container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime
    cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices
    dns dns_opt dns_search domainname entrypoint env_file environment expose extends
    external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation
    label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness
    memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit
    platform ports post_start pre_stop privileged profiles provider pull_policy
    pull_refresh_after read_only restart runtime scale secrets security_opt shm_size stdin_open
    stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user
    userns_mode uts volumes volumes_from working_dir
"""
SERVICE_KEYS = frozenset(_COMPOSE_KEYS.split())
"""What Compose lets a service have. Source: compose-spec schema/compose-spec.json, `service`."""

_EMBEDDED_KEYS = frozenset({"server", "command", "directory", "ports", "probe", "start", "role", "standby"})
MODULES = {"clipnet.api": "api", "clipnet.worker": "worker", "clipnet.web": "web", "fakes": "fakes"}
"""What plays a role, whatever its service is called."""

_IMAGES = {"postgres": "postgres", "pgvector": "postgres", "redis": "redis", "valkey": "redis"}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?")


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a service."""

    name: str
    container: int
    default: int
    """The published port of the stack named `default`."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The question that tells whether a service is ready."""

    kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Standby:
    """How a service of which only one may work waits for the one before it to leave.

    Attributes:
        arguments: What its command is given to wait.
        probe: The question that tells whether it waits.
    """

    arguments: tuple[str, ...]
    probe: Probe


@dataclass(frozen=True, slots=True)
class Contained:
    """A service of a release, in a container.

    Attributes:
        image: Made of the release.
        command: What the release says that it is started with; None to leave that to the compose file.
    """

    image: str
    command: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One service, as the runtimes need it."""

    name: str
    role: str | None
    server: str | None
    command: tuple[str, ...]
    directory: Path | None
    environment: Mapping[str, str]
    ports: tuple[Port, ...]
    needs: tuple[str, ...]
    probe: Probe
    starts_early: bool
    """True: it may start at once and waits for its needs by itself."""
    stop_within_s: float
    standby: Standby | None = None
    arguments: tuple[str, ...] = ()
    """What its command is given besides."""
    contained: Contained | None = None
    """What its container is made of instead, where there are containers."""

    @property
    def words(self) -> tuple[str, ...]:
        """Its command with all that it is given."""
        return with_arguments(self.command, self.arguments)


@dataclass(frozen=True, slots=True)
class Topology:
    """The whole stack."""

    paths: tuple[Path, ...]
    services: tuple[Service, ...]
    environment: str
    cloudinary_folder: str
    runpod_namespace: str
    networks: tuple[str, ...] = ()
    """Those that Docker makes for the stack, besides `default`."""
    volumes: tuple[str, ...] = ()

    def service(self, role: str) -> Service:
        """Return the one service that plays `role`."""
        return next(service for service in self.services if service.role == role)

    @property
    def ports(self) -> tuple[Port, ...]:
        """All ports of all services."""
        return tuple(port for service in self.services for port in service.ports)


def resolve(topology: Topology, variables: Mapping[str, str]) -> Topology:
    """Return the stack with every `${NAME}` filled in.

    Raises:
        ConfigurationRefused: A required variable is missing.
    """

    def filled(service: Service) -> Service:
        return replace(
            service,
            command=tuple(interpolate(part, variables) for part in service.command),
            environment={name: interpolate(value, variables) for name, value in service.environment.items()},
            probe=filled_probe(service.probe),
            standby=service.standby and replace(service.standby, probe=filled_probe(service.standby.probe)),
        )

    def filled_probe(probe: Probe) -> Probe:
        return replace(probe, target=interpolate(probe.target, variables))

    return replace(topology, services=tuple(filled(service) for service in topology.services))


def with_arguments(command: tuple[str, ...], arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command that is given more; of a line for a shell, the last program gets it."""
    if arguments and len(command) == 3 and command[0].rpartition("/")[2] == "sh" and command[1] == "-c":
        import shlex

        return (*command[:2], f"{command[2]} {shlex.join(arguments)}")
    return (*command, *arguments)


def start_order(services: Sequence[Service]) -> tuple[tuple[Service, ...], ...]:
    """Return the services in waves: each wave needs only earlier ones.

    Raises:
        ConfigurationRefused: The needs go round in a circle, which is spelled out.
    """
    waves: list[tuple[Service, ...]] = []
    placed: set[str] = set()
    rest = list(services)
    while rest:
        wave = tuple(service for service in rest if placed.issuperset(service.needs))
        if not wave:
            raise ConfigurationRefused(f"services need each other in a circle: {' -> '.join(_circle(rest))}")
        waves.append(wave)
        placed.update(service.name for service in wave)
        rest = [service for service in rest if service.name not in placed]
    return tuple(waves)


def _circle(services: Sequence[Service]) -> list[str]:
    by_name = {service.name: service for service in services}
    path = [services[0].name]
    while True:
        following = next(need for need in by_name[path[-1]].needs if need in by_name)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)


def parse(file: ComposeFile, variables: Mapping[str, str], runtime: str = "embedded") -> Topology:
    """Turn a compose file into records and keep the rules; `variables` serve only a null in `environment`.

    What says `x-embedded: false` belongs to the stack only where Docker runs it.

    Raises:
        ConfigurationRefused: Everything that is wrong with the file, in one message.
    """
    offences: list[str] = []
    services: list[Service] = []
    for name, body in _services(file).items():
        if not isinstance(body, Mapping):
            offences.append(f"service '{name}' is not a map")
        elif not body.get("profiles") and (runtime == "docker" or body.get("x-embedded") is not False):
            service = _service(str(name), body, file, variables, offences)
            services.append(service if runtime == "embedded" else _patient(service, body))
    services = _without_absent_needs(services, file)
    offences += _rule_offences(services, file)
    if offences:
        raise ConfigurationRefused(
            f"{' and '.join(str(path) for path in file.paths)} cannot be run:\n"
            + "\n".join(f"  - {o}" for o in offences),
            "a stack has exactly one API, worker, Redis, PostgreSQL, Cloudinary folder and frontend",
        )
    start_order(services)
    stack = file.body["x-clipnet"]
    return Topology(
        paths=file.paths,
        services=tuple(services),
        environment=str(stack.get("environment", "staging")),
        cloudinary_folder=str(stack.get("cloudinary_folder", "staging_clips")),
        runpod_namespace=str(stack.get("runpod_namespace", "staging")),
        networks=_made(file, "networks"),
        volumes=_made(file, "volumes"),
    )


def _made(file: ComposeFile, kind: str) -> tuple[str, ...]:
    """Return the networks or volumes that belong to the stack: not those that are there anyway."""
    found = as_map(file.body.get(kind) or {})
    return tuple(name for name, body in found.items() if not (body or {}).get("external"))


def _without_absent_needs(services: Sequence[Service], file: ComposeFile) -> list[Service]:
    """Drop the needs of what is written in the file but not run here."""
    absent = set(_services(file)) - {service.name for service in services}
    return [
        replace(service, needs=tuple(need for need in service.needs if need not in absent))
        for service in services
    ]


def _services(file: ComposeFile) -> Mapping[str, Any]:
    services = file.body.get("services")
    if (
        not isinstance(services, Mapping)
        or not services
        or not isinstance(file.body.get("x-clipnet"), Mapping)
    ):
        raise ConfigurationRefused(
            f"'{file.paths[0]}' is not a stack of ours: it needs 'services' and 'x-clipnet'",
            "leave --file out to run the packaged one",
        )
    return services


def _service(
    name: str, body: Mapping[str, Any], file: ComposeFile, variables: Mapping[str, str], offences: list[str]
) -> Service:
    offences += [
        f"service '{name}' has an unknown key '{key}'" + _meant(str(key))
        for key in body
        if key not in SERVICE_KEYS and not str(key).startswith("x-")
    ]
    embedded = body.get("x-embedded")
    if embedded is False:
        embedded = {"server": "none"}
    if not isinstance(embedded, Mapping):
        offences.append(
            f"service '{name}' does not say how it runs without Docker: "
            "give it x-embedded, or x-embedded: false"
        )
        embedded = {"server": "none"}
    offences += [
        f"service '{name}' has an unknown x-embedded key '{key}'"
        for key in embedded
        if key not in _EMBEDDED_KEYS
    ]
    command = _words(embedded.get("command"))
    server = embedded.get("server") if not command else None
    if not command and server not in (*SERVERS, "none"):
        offences.append(f"service '{name}' needs x-embedded.command, or x-embedded.server: postgres or redis")
    directory = embedded.get("directory")
    return Service(
        name=name,
        role=_role(name, body, embedded, command),
        server=str(server) if server in SERVERS else None,
        command=command,
        directory=Path(directory) if directory else None,
        environment=_environment(name, body, file, variables, offences),
        ports=_ports(name, body, embedded, offences),
        needs=tuple(as_map(body.get("depends_on") or {})),
        probe=_probe(name, embedded, offences),
        standby=_standby(name, embedded, offences),
        starts_early=embedded.get("start") == "early",
        stop_within_s=duration_s(str(body.get("stop_grace_period", "10s"))),
    )


def _patient(service: Service, body: Mapping[str, Any]) -> Service:
    """Let only our own image wait for its needs by itself: another one may look but once, at its start, for
    the authority that it shall trust, which comes with the fakes."""
    is_ours = "EMULATE_IMAGE" in str(body.get("image", ""))
    return replace(service, starts_early=service.starts_early and is_ours)


def _meant(key: str) -> str:
    """Return which key was probably meant."""
    from difflib import get_close_matches

    near = get_close_matches(key, SERVICE_KEYS, n=1)
    return f": did you mean '{near[0]}'?" if near else ""


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        import shlex

        return tuple(shlex.split(value))
    return tuple(str(word) for word in value or ())


def _role(
    name: str, body: Mapping[str, Any], embedded: Mapping[str, Any], command: Sequence[str]
) -> str | None:
    """Tell what a service is: as it says, by its name, or by what it runs (so that a copy cannot hide)."""
    if embedded.get("role"):
        return str(embedded["role"])
    if name in ROLES:
        return name
    if embedded.get("server") in SERVERS:
        return str(embedded["server"])
    for words in (command, _words(body.get("command"))):
        for word in words:
            if word in MODULES:
                return MODULES[word]
    image = str(body.get("image", "")).rpartition("/")[2].partition(":")[0]
    return _IMAGES.get(image)


def _environment(
    name: str, body: Mapping[str, Any], file: ComposeFile, variables: Mapping[str, str], offences: list[str]
) -> dict[str, str]:
    environment: dict[str, str] = {}
    for entry in _words_list(body.get("env_file")):
        path = file.paths[-1].parent / entry
        if path.is_file():
            environment.update(
                {key: value.replace("$", "$$") for key, value in dotenv(path.read_text()).items()}
            )
        else:
            offences.append(f"service '{name}' names env_file '{entry}', which does not exist")
    for key, value in as_map(body.get("environment") or {}).items():
        if value is None:
            given = variables.get(key)
            environment.update({key: given.replace("$", "$$")} if given is not None else {})
        elif isinstance(value, (Mapping, list)):
            offences.append(
                f"service '{name}' has {key} in its environment, which is neither text nor number"
            )
        else:
            environment[key] = str(value).lower() if isinstance(value, bool) else str(value)
    return secretfiles.revealed(environment, secretfiles.files(file, variables), offences)


def _words_list(value: Any) -> list[str]:
    entries = [value] if isinstance(value, (str, Mapping)) else list(value or ())
    return [str(entry["path"]) if isinstance(entry, Mapping) else str(entry) for entry in entries]


def _ports(
    name: str, body: Mapping[str, Any], embedded: Mapping[str, Any], offences: list[str]
) -> tuple[Port, ...]:
    published: dict[int, int] = {}
    for entry in body.get("ports") or ():
        try:
            host, default, container = _published(entry)
        except (ValueError, KeyError, TypeError):
            offences.append(
                f"service '{name}' has a port '{entry}' that is not of the form 127.0.0.1:HOST:CONTAINER"
            )
            continue
        if host != "127.0.0.1":
            offences.append(
                f"service '{name}' publishes port {default} beyond loopback: "
                f"write 127.0.0.1:{default}:{container}"
            )
        published.setdefault(container, default)

    names = embedded.get("ports")
    if not isinstance(names, Mapping):
        if len(published) > 1:
            offences.append(f"service '{name}' has {len(published)} ports: name them in x-embedded.ports")
        return tuple(Port(name, container, default) for container, default in list(published.items())[:1])
    found = []
    for port_name, container in names.items():
        if container not in published:
            offences.append(
                f"service '{name}' names port '{port_name}' ({container}), which it does not publish"
            )
        else:
            found.append(Port(str(port_name), int(container), published[container]))
    return tuple(found)


def _published(entry: Any) -> tuple[str, int, int]:
    """Return host, published port (of the default stack) and container port of a compose port."""
    if isinstance(entry, Mapping):
        default, host = str(entry["published"]), str(entry.get("host_ip", "0.0.0.0"))
        return interpolate(host, {}), int(interpolate(default, {})), int(entry["target"])
    parts = interpolate(str(entry), {}).removesuffix("/tcp").split(":")
    if len(parts) == 2:
        parts.insert(0, "0.0.0.0")
    host, default, container = parts
    return host, int(default), int(container)


def _probe(name: str, embedded: Mapping[str, Any], offences: list[str]) -> Probe:
    probe = embedded.get("probe")
    if embedded.get("server") == "none":
        return Probe(HEALTHCHECK, name)
    if not isinstance(probe, Mapping) or len(probe) != 1 or next(iter(probe)) not in PROBES:
        offences.append(f"service '{name}' needs x-embedded.probe with one of: {', '.join(PROBES)}")
        return Probe("tcp", "")
    kind, target = next(iter(probe.items()))
    return Probe(str(kind), str(target))


def _standby(name: str, embedded: Mapping[str, Any], offences: list[str]) -> Standby | None:
    body = embedded.get("standby")
    if body is None:
        return None
    if not isinstance(body, Mapping) or set(body) != {"arguments", "probe"}:
        offences.append(f"service '{name}' has an x-embedded.standby that is not of arguments and a probe")
        return None
    return Standby(_words(body["arguments"]), _probe(name, body, offences))


def duration_s(text: str) -> float:
    """Return a compose duration (`1m30s`, `500ms`) in seconds.

    Raises:
        ConfigurationRefused: It is none.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise ConfigurationRefused(f"'{text}' is not a duration", "write it like 30s, 1m30s or 500ms")
    hours, minutes, seconds, millis = (float(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds + millis / 1000


def _rule_offences(services: Sequence[Service], file: ComposeFile) -> Iterable[str]:
    """Yield what breaks the rule of exactly one."""
    names = {service.name for service in services}
    for role in ROLES:
        found = [service.name for service in services if service.role == role]
        if len(found) != 1:
            listed = f": {', '.join(found)}" if found else ""
            yield f"exactly one {role} is needed, there are {len(found)}{listed}"
    for service in services:
        for need in service.needs:
            if need not in names:
                yield f"service '{service.name}' needs '{need}', which is not there"
    for name, body in _services(file).items():
        count = _replicas(body) if isinstance(body, Mapping) else 1
        if count != 1:
            yield f"service '{name}' asks for {count} replicas: exactly one is allowed"
    ports = [port.name for service in services for port in service.ports]
    for twice in sorted({name for name in ports if ports.count(name) > 1}):
        yield f"two ports are called '{twice}'"
    published = [port.default for service in services for port in service.ports]
    for number in sorted({number for number in published if published.count(number) > 1}):
        sharing = " and ".join(
            f"'{port.name}'" for service in services for port in service.ports if port.default == number
        )
        yield f"ports {sharing} are both published as {number}"


def _replicas(body: Mapping[str, Any]) -> int:
    deploy = body.get("deploy")
    replicas = deploy.get("replicas") if isinstance(deploy, Mapping) else None
    return int(body.get("scale") or (replicas if replicas is not None else 1))
