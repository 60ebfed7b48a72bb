"""Which port of 127.0.0.1 each service listens on, and who is in the way."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from zlib import crc32

from emulator.errors import PortTaken
from emulator.processes import listener
from emulator.topology import Port

FIRST = 8400
"""First port of the default stack's block."""

BLOCK = 100
_LOWEST_BASE = 9000
_BLOCKS = (32_668 - _LOWEST_BASE) // BLOCK
_EXTRA = 50
"""Ports outside of the default block are moved here, in order."""

_NAMED_AT_MOST = 3
"""So many taken ports are told with who holds them: if there are more, it is another stack."""


def allot(ports: Sequence[Port], base: int) -> dict[str, int]:
    """Return name -> port for a block that starts at `base`."""
    far = sorted(
        (port for port in ports if not 0 <= port.default - FIRST < _EXTRA), key=lambda port: port.default
    )
    extra = {port.name: _EXTRA + index for index, port in enumerate(far)}
    return {port.name: base + extra.get(port.name, port.default - FIRST) for port in ports}


def beside(ports: Sequence[Port], chosen: Mapping[str, int]) -> int:
    """Return the port of a stack's block that no service has: the last one before those that are moved."""
    inside = (chosen[port.name] - port.default for port in ports if 0 <= port.default - FIRST < _EXTRA)
    return FIRST + next(inside, 0) + _EXTRA - 1


def default_ports(ports: Sequence[Port]) -> dict[str, int]:
    """Return name -> port of the default stack: what compose.yaml publishes."""
    return {port.name: port.default for port in ports}


def free_base(ports: Sequence[Port], seed: str) -> int:
    """Return the first port of a block that is free now; `seed` decides where the search starts.

    Raises:
        PortTaken: No block is free.
    """
    start = crc32(seed.encode()) % _BLOCKS
    for step in range(_BLOCKS):
        base = _LOWEST_BASE + (start + step) % _BLOCKS * BLOCK
        if all(is_free(port) for port in allot(ports, base).values()):
            return base
    raise PortTaken(
        "no block of free ports is left below 32768",
        "stop other stacks with: clipnet-emulate down --stack NAME",
    )


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def refuse_taken(
    ports: Mapping[str, int], stack: str, env: Mapping[str, str], flag: str | None = None
) -> None:
    """Raise if any of the ports is in use. `flag` is what chooses another, where it is not a setting.

    `env` tells where the Docker engine is, in case that a container is in the way.

    Raises:
        PortTaken: With every port; of the first ones also the service, and who holds it if that can be told.
    """
    taken = [(name, port) for name, port in ports.items() if not is_free(port)]
    if not taken:
        return
    what = "; ".join(
        f"port {port} of service '{name}' is taken by {holder_of(port, env)}"
        for name, port in taken[:_NAMED_AT_MOST]
    )
    if rest := taken[_NAMED_AT_MOST:]:
        what += f"; so {'is' if len(rest) == 1 else 'are'} {', '.join(str(port) for _, port in rest)}"
    if flag is not None:
        raise PortTaken(what, f"stop that program, or choose another port with {flag}")
    other = "CLIPNET_PORT_BASE=9400" if stack == "default" else "another CLIPNET_PORT_BASE"
    raise PortTaken(
        what,
        f"stop that program, or move this stack with {other}"
        + (" (or use a second stack: --stack NAME)" if stack == "default" else ""),
    )


def holder_of(port: int, env: Mapping[str, str]) -> str:
    """Return who listens on a port of this machine, in words: a container, else a process."""
    process = listener(port)
    command = process.command if process else ""
    if process is None or "docker-proxy" in command or "rootlesskit" in command:
        from emulator.docker.engine import publisher

        container = publisher(port, env)
        if container is not None:
            return f"container '{container}'"
    return f"process {process.pid} ({command})" if process else "a program of another user"
