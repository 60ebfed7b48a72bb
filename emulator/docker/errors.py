"""What the Docker engine, its SDK and Compose say when something goes wrong, put into our words.

The only place that knows their texts, which differ between versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.docker.engine import no_permission, not_running
from emulator.errors import ConfigurationRefused, EmulatorError, PortTaken, PrerequisiteMissing, StartFailed
from emulator.ports import holder_of

_LAST_LINES = 12
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_DISK_FULL = re.compile(r"(?i)no space left on device")
_STEP_FAILED = re.compile(r"executor failed running|did not complete successfully")
"""A program inside of a build failed: what it printed may look like anything."""


def in_words(output: str, doing: str, address: str, log: Path | None = None) -> EmulatorError:
    """Return the error that an output of Compose, or a text of the SDK, stands for.

    `doing` is what was tried, as in "starting service 'api'"; `address` is the engine's; `log` is where all
    of the output is.
    """
    text = _ANSI.sub("", output)
    if _DISK_FULL.search(text):
        return disk_full(doing)
    if not _STEP_FAILED.search(text):
        for pattern, make in _TABLE:
            match = pattern.search(text)
            if match is not None:
                return make(match, doing, address)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()][-_LAST_LINES:]
    said = "\n".join(f"  {line}" for line in lines) or "  (nothing was said)"
    return StartFailed(f"{doing} failed:\n{said}", f"all of it is in {log}" if log else "")


@contextmanager
def speaking_to(address: str, doing: str) -> Iterator[None]:
    """Put what the SDK raises inside the block into words.

    Raises:
        EmulatorError: The engine refused, or did not answer.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as error:
        raise in_words(str(error), doing, address) from error


def image_missing(name: str, why: str) -> PrerequisiteMissing:
    """Return the error of an image that is not here and cannot be fetched."""
    return PrerequisiteMissing(
        f"image '{name}' is not here and cannot be fetched: {why}",
        f"fetch it with: docker pull {name} (after docker login, if it is private); "
        "or load it from a file with: docker load --input FILE",
    )


def fetching_failed(name: str, said: str) -> EmulatorError:
    """Return the error of an image that is not here, from what the engine says of its registry."""
    if _DISK_FULL.search(said):
        return disk_full(f"fetching the image '{name}'")
    return image_missing(name, " ".join(said.split()))


def disk_full(doing: str) -> StartFailed:
    """Return the error of a disk with no space left."""
    return StartFailed(
        f"{doing} failed: there is no space left on the Docker engine's disk",
        "see what takes it with: docker system df; make room with: docker image prune",
    )


def _closed(_match: re.Match[str], _doing: str, address: str) -> EmulatorError:
    return no_permission(Path(address.removeprefix("unix://")))


def _silent(_match: re.Match[str], _doing: str, address: str) -> EmulatorError:
    return not_running(Path(address.removeprefix("unix://")))


def _port_taken(match: re.Match[str], doing: str, address: str) -> EmulatorError:
    port = int(match[1])
    return PortTaken(
        f"{doing} failed: port {port} is taken by {holder_of(port, {'DOCKER_HOST': address})}",
        "stop that program, or move this stack with another CLIPNET_PORT_BASE",
    )


def _no_image(match: re.Match[str], _doing: str, _address: str) -> EmulatorError:
    tag = match.groupdict().get("tag")
    name = match["name"].removeprefix("docker.io/").removeprefix("library/")
    return image_missing(f"{name}:{tag}" if tag else name, "no registry that this machine reaches has it")


def _no_registry(match: re.Match[str], doing: str, _address: str) -> EmulatorError:
    return PrerequisiteMissing(
        f"{doing} failed: the registry '{match['host']}' cannot be reached",
        "go online, or load the images from files with: docker load --input FILE",
    )


def _no_network(_match: re.Match[str], doing: str, _address: str) -> EmulatorError:
    return StartFailed(
        f"{doing} failed: the Docker engine has no addresses left for another network",
        "stop other stacks, and remove the networks that nothing uses with: docker network prune",
    )


def _refused_file(match: re.Match[str], _doing: str, _address: str) -> EmulatorError:
    return ConfigurationRefused(
        f"Docker Compose refuses the stack: {match[1].strip()}", "correct compose.override.yaml"
    )


def _too_old(match: re.Match[str], doing: str, _address: str) -> EmulatorError:
    return PrerequisiteMissing(
        f"{doing} failed: {match[1].strip()}",
        "install a newer engine, or leave that out of compose.override.yaml",
    )


def _no_build_file(match: re.Match[str], doing: str, _address: str) -> EmulatorError:
    return ConfigurationRefused(
        f"{doing} failed: there is no '{match[1]}'", "correct 'build' in compose.override.yaml"
    )


def _no_program(match: re.Match[str], doing: str, _address: str) -> EmulatorError:
    return StartFailed(
        f"{doing} failed: its image has no program '{match[1]}'", "correct 'command' in compose.override.yaml"
    )


_Make = Callable[[re.Match[str], str, str], EmulatorError]

_ROWS: tuple[tuple[str, _Make], ...] = (
    # The CLI's words, and those of the SDK.
    (r"permission denied while trying to connect to the (?i:docker)|PermissionError\(13", _closed),
    (r"Cannot connect to the Docker daemon|failed to connect to the docker API|Connection aborted", _silent),
    # Held by a container: 20.10 to 27. Held by another program: 20.10 to 26, Docker Desktop. Either: 28.
    (r"Bind for \S*?:(\d+) failed: port is already allocated", _port_taken),
    (r"listen (?:tcp|udp)\d? \S*?:(\d+): bind: address already in use", _port_taken),
    (r"failed to bind host port (?:for )?[\d.]+:(\d+)\S*: address already in use", _port_taken),
    # Registries: the image is not there, or not for us; no registry answers (BuildKit names the image then).
    (r"(?:pull access denied for|manifest for|[Nn]o such image:) (?P<name>[^\s,\"')]+)", _no_image),
    (
        r"(?P<name>[\w./-]+(?::[\w.-]+)?): (?:failed to resolve source metadata|pull access denied)",
        _no_image,
    ),
    (r"\"https?://[^/\"]+/v2/(?P<name>[^\"]+)/manifests/(?P<tag>[^\"]+)\"", _no_image),
    (r"(?:Get|Head) \"https?://(?P<host>[\w.:-]+)/v2/", _no_registry),
    (r"non-overlapping IPv4 address pool|address pools have been fully subnetted", _no_network),
    # The file itself, before anything is asked of the engine.
    (r"(?m)^validating (\S+: [^\n]+)", _refused_file),
    (
        r"(?m)^((?:service|network|volume|secret|config)s?[ .][^\n]*(?:undefined|must be|not allowed)[^\n]*)",
        _refused_file,
    ),
    (r"([^\n:]*requires? Docker Engine v?\d[^\n]*)", _too_old),
    (r"unable to prepare context: path \"([^\"]+)\" not found", _no_build_file),
    (r"failed to read dockerfile: open \S*?([^/\s]+): no such file", _no_build_file),
    (
        r"exec: \"([^\"]+)\": (?:executable file not found|stat [^\n]*no such file|permission denied)",
        _no_program,
    ),
)
_TABLE = tuple((re.compile(pattern), make) for pattern, make in _ROWS)
"""What is looked for, first match first, and the error that it is."""
