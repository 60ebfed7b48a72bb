"""Ask whether a service is healthy: `python -m clipnet.probe api|worker|web`, for Docker's health checks.

It is asked for ever, so it costs no more than starting Python: sockets alone, no library for HTTP.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

_TIMEOUT_S: Final = 2.0
_LEASE_KEY: Final = "clipnet:worker:lease"
_HTTP: Final = {"api": (8401, "/ready"), "web": (8400, "/config.json")}


def check(service: str, env: Mapping[str, str]) -> str | None:
    """Return why the service is not healthy, None when it is."""
    try:
        if service == "worker":
            return _check_lease(env.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
        default_port, path = _HTTP[service]
        return _check_http(int(env.get("PORT", default_port)), path)
    except (OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def _check_http(port: int, path: str) -> str | None:
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            status = answer.readline().decode("latin-1").strip()
    return None if status.split(" ")[1:2] == ["200"] else f"port {port} answered {status or 'nothing'!r}"


def _check_lease(redis_url: str) -> str | None:
    """Ask Redis for the worker's lease, in its own protocol."""
    parts = urlsplit(redis_url)
    commands = [["SELECT", parts.path.lstrip("/") or "0"], ["EXISTS", _LEASE_KEY]]
    if parts.password:
        commands.insert(0, ["AUTH", unquote(parts.username or "default"), unquote(parts.password)])
    address = (parts.hostname or "127.0.0.1", parts.port or 6379)
    with socket.create_connection(address, timeout=_TIMEOUT_S) as connection:
        connection.sendall(b"".join(_resp(command) for command in commands))
        with connection.makefile("rb") as answers:
            said = [answers.readline().strip() for _ in commands]
    refused = next((line for line in said if line.startswith(b"-") or not line), None)
    if refused is not None:
        return f"redis said: {refused.decode('utf-8', 'replace') or 'nothing'}"
    return None if said[-1] == b":1" else "no worker holds the lease"


def _resp(command: list[str]) -> bytes:
    parts = [f"${len(part.encode())}\r\n{part}\r\n" for part in command]
    return f"*{len(command)}\r\n{''.join(parts)}".encode()


def main(arguments: list[str]) -> int:
    """Return 0 for a healthy service, 1 and the reason for another, 2 for wrong arguments."""
    if len(arguments) != 1 or arguments[0] not in (*_HTTP, "worker"):
        sys.stderr.write("usage: python -m clipnet.probe api|worker|web\n")
        return 2
    reason = check(arguments[0], os.environ)
    if reason is None:
        return 0
    sys.stderr.write(f"{arguments[0]}: {reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
