"""What can be reached from inside: each test runs in the network namespace of a container of the stack."""

import json
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from tests.docker.projects import LABEL, ComposeProject

SERVICES = ("postgres", "redis", "objects", "fakes", "edge", "api", "worker", "web")
PORTS = {
    "postgres": 5432,
    "redis": 6379,
    "objects": 9000,
    "fakes": 8410,
    "edge": 8401,
    "api": 8407,
    "web": 8408,
}
"""The worker listens nowhere."""

NAMED_WITHIN_S = 5.0
REACHED_WITHIN_S = 2.0
INSIDE = """
import json, socket, sys, time

def tried(host, port, within_s):
    began = time.monotonic()
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        socket.create_connection(addresses[0][4][:2], within_s).close()
        said = "reached"
    except socket.gaierror:
        said = "no such name"
    except OSError as error:
        said = type(error).__name__
    return {"said": said, "took_s": time.monotonic() - began}

print(json.dumps([tried(host, port, within_s) for host, port, within_s in json.loads(sys.argv[1])]))
"""


def outside() -> tuple[str, int]:
    """Return an address beyond this machine that ordinary containers can mostly reach: its name server."""
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and ":" not in words[1] and not words[1].startswith("127."):
            return words[1], 53
    return "1.1.1.1", 443


def from_inside(
    engine: DockerClient, image: str, network: str, *addresses: tuple[str, int]
) -> list[dict[str, Any]]:
    """Try to reach addresses from a network, and tell of each what was said, and when."""
    asked = json.dumps([(*address, REACHED_WITHIN_S) for address in addresses])
    output = engine.containers.run(
        image, ["python", "-c", INSIDE, asked], network_mode=network, remove=True, stderr=False
    )
    answers: list[dict[str, Any]] = json.loads(output)
    return answers


@pytest.fixture(params=SERVICES)
def network(request: pytest.FixtureRequest, composed: ComposeProject, docker_engine: DockerClient) -> str:
    """The network namespace of one container, with its name server and its routes."""
    labels = [f"{LABEL}={composed.name}", f"com.docker.compose.service={request.param}"]
    (container,) = docker_engine.containers.list(filters={"label": labels})
    return f"container:{container.id}"


def test_no_name_outside_is_found_and_that_is_said_soon(
    docker_engine: DockerClient, project_image: str, network: str
) -> None:
    answers = from_inside(docker_engine, project_image, network, ("example.com", 443), ("example.org", 443))

    assert [answer["said"] for answer in answers] == ["no such name", "no such name"]
    assert max(answer["took_s"] for answer in answers) < NAMED_WITHIN_S


def test_no_address_outside_can_be_reached(
    docker_engine: DockerClient, project_image: str, network: str
) -> None:
    (answer,) = from_inside(docker_engine, project_image, network, outside())

    assert answer["said"] != "reached"


def test_the_stacks_own_names_are_found_and_answer(
    docker_engine: DockerClient, project_image: str, network: str
) -> None:
    answers = from_inside(docker_engine, project_image, network, *PORTS.items())

    assert {name: answer["said"] for name, answer in zip(PORTS, answers, strict=True)} == dict.fromkeys(
        PORTS, "reached"
    )
