"""Asks the edge for its health: exit code 0 when it answers (`python -S -m emulator.edge.probe`).

It is asked for ever, so it costs no more than starting Python: sockets alone.
"""

import os
import socket
import sys

_TIMEOUT_S = 2.0
_QUESTION = b"GET /_edge/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def main(ports: str) -> int:
    """0 when the control surface of `api=8401,control=8406` answers, 1 when it does not."""
    port = dict(part.strip().split("=", 1) for part in ports.split(",") if "=" in part).get("control", "0")
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=_TIMEOUT_S) as connection:
            connection.sendall(_QUESTION)
            with connection.makefile("rb") as answer:
                status = answer.readline().decode("latin-1").strip()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"the edge on port {port}: {error}\n")
        return 1
    if status.split(" ")[1:2] != ["200"]:
        sys.stderr.write(f"the edge on port {port} answered {status or 'nothing'!r}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("EDGE_PORTS", "")))
