"""Stands in for Ryuk: once nobody is connected any more, removes what carries the labels that it was told.

Source of the protocol: github.com/testcontainers/moby-ryuk, README. Standard library only.
"""

import http.client
import json
import selectors
import socket
import sys
from typing import Any
from urllib.parse import quote

SERVE_AT = ("0.0.0.0", 8080)
ENGINE = "/var/run/docker.sock"
WITHIN_S = 60
KINDS = (
    ("/containers/json?all=1&", "/containers/{Id}?force=1&v=1"),
    ("/networks?", "/networks/{Id}"),
    ("/volumes?", "/volumes/{Name}?force=1"),
)
"""What lists a kind of thing at the engine, and what removes one of them, in the order of removal."""


def told(server: socket.socket) -> set[str]:
    """Return the filters that clients send, once none of them is left."""
    filters: set[str] = set()
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        is_first = True
        while is_first or len(selector.get_map()) > 1:
            for key, _ in selector.select(WITHIN_S):
                if key.fileobj is server:
                    is_first = False
                    selector.register(server.accept()[0], selectors.EVENT_READ)
                    continue
                client = key.fileobj
                assert isinstance(client, socket.socket)
                if line := client.recv(1000):
                    filters.add(line.decode().strip().removeprefix("label="))
                    client.sendall(b"ACK\n")
                else:
                    selector.unregister(client)
                    client.close()
    return filters


def asked(method: str, path: str) -> Any:
    """Ask the engine."""
    connection = http.client.HTTPConnection("localhost", timeout=WITHIN_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(ENGINE)
    connection.request(method, path)
    return json.loads(connection.getresponse().read() or b"null")


def remove(label: str) -> None:
    """Remove everything with a label."""
    filters = quote(json.dumps({"label": [label]}))
    for listing, removal in KINDS:
        found = asked("GET", f"{listing}filters={filters}")
        for thing in found["Volumes"] or () if isinstance(found, dict) else found:
            asked("DELETE", removal.format(**thing))


with socket.create_server(SERVE_AT) as server:
    sys.stdout.write("Started!\n")
    sys.stdout.flush()
    labels = told(server)
for each in labels:
    remove(each)
