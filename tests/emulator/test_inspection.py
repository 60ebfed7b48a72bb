"""`topology` on a running stack: a second worker or a second API is found out."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import pytest

from tests.emulator.project import Project, service, wait_for, with_servers

pytestmark = pytest.mark.slow

_SECOND_WORKER = """
import socket, sys
queue = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
queue.sendall(b"*3\\r\\n$8\\r\\nBZPOPMIN\\r\\n$4\\r\\nbull\\r\\n$1\\r\\n0\\r\\n")
print("waits", flush=True)
queue.recv(1)
"""
_SECOND_API = """
import socket, sys
database = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
with socket.create_server(("127.0.0.1", 0)):
    print("serves", flush=True)
    sys.stdin.read()
"""


def verdicts(found: Any) -> dict[str, bool]:
    return {check["name"]: check["ok"] for check in found["checks"]}


def test_a_stack_that_is_down_is_only_described(project: Project) -> None:
    found = project.json("topology")

    assert (found["ok"], found["checks"]) == (True, [])
    assert found["waves"] == [["postgres", "redis", "fakes", "web"], ["api"], ["worker"]]
    assert found["services"][3]["ports"] == {"api": project.port_base + 1}


def test_one_of_each_is_proven(project: Project) -> None:
    project.write(with_servers())
    project.json("up", "-d")

    done = project.run("topology")

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nok  ") == 10


@pytest.mark.parametrize(
    ("program", "port", "check"),
    [(_SECOND_WORKER, 3, "no second worker"), (_SECOND_API, 2, "no second API")],
)
def test_a_second_one_from_outside_is_found_out(
    project: Project, program: str, port: int, check: str
) -> None:
    project.write(with_servers())
    project.json("up", "-d")
    arguments = [sys.executable, "-c", program, str(project.port_base + port)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as second:
        assert second.stdout is not None
        second.stdout.readline()

        found = wait_for(
            lambda: not verdicts(answer := project.json("topology"))[check] and answer, "it is seen"
        )
        done = project.run("topology")

        second.kill()
    assert [name for name, ok in verdicts(found).items() if not ok] == [check]
    assert str(second.pid) in str(found["checks"])
    assert done.returncode == 1


def test_a_program_that_only_looks_is_no_second_one(project: Project) -> None:
    project.write(with_servers())
    project.json("up", "-d")
    with socket.create_connection(("127.0.0.1", project.port_base + 3)):
        found = project.json("topology")

    assert found["ok"]


def test_an_api_of_several_processes_is_found_out(project: Project) -> None:
    project.write({**with_servers(), "api": service("api", "serve:3")})
    project.json("up", "-d")

    found = project.json("topology")

    assert [name for name, ok in verdicts(found).items() if not ok] == ["one api"]
    assert "service 'api' serves with 2 processes" in str(found["checks"])
