"""Asks every fake of FAKES_PORTS for its health: exit code 0 when all answer (`python -m fakes.probe`).

It is asked for ever, so it costs no more than starting Python: sockets alone, no check of the settings.
"""

import os
import socket
import sys

_TIMEOUT_S = 2.0
_QUESTION = b"GET /_fake/health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"


def main(ports: str) -> int:
    """0 when all fakes of `cloudinary=8410,runpod=8411` answer, 1 when one does not."""
    for part in ports.split(","):
        name, _, port = part.strip().partition("=")
        try:
            status = _ask(int(port))
        except (OSError, ValueError) as error:
            sys.stderr.write(f"fake '{name}' on port {port}: {error}\n")
            return 1
        if status.split(" ")[1:2] != ["200"]:
            sys.stderr.write(f"fake '{name}' on port {port} answered {status or 'nothing'!r}\n")
            return 1
    return 0


def _ask(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as connection:
        connection.sendall(_QUESTION)
        with connection.makefile("rb") as answer:
            return answer.readline().decode("latin-1").strip()


if __name__ == "__main__":
    sys.exit(main(os.environ.get("FAKES_PORTS", "")))
