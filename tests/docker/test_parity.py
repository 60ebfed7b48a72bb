"""The same stack as processes and as containers: the same smoke test passes, and both report the same.

What may differ is named below, each with its reason. Whatever else differs fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator.testing import Clipnet
from emulator.testing.own import own_stack
from tests.docker.projects import clean_env
from tests.e2e.test_smoke import answered

ONLY_IN_DOCKER: Mapping[str, str] = {
    "objects": "blobs lie in object storage there, and in a plain folder here",
}
"""Services, with the reason."""

DIFFERENT_ENV: Mapping[str, str] = {
    "MEDIA_DIR": "each stack has a folder of its own",
}
"""Variables of `env` whose values differ in more than a port."""

DIFFERENT_VERSIONS: Mapping[str, str] = {
    "postgres": "a wheel here, an image there: only the major version is the same",
    "redis": "the bundled Redis is 6.2, the image's is newer: BullMQ's commands are in both",
    "objects": "only in Docker",
}
"""Services whose program comes from somewhere else."""

DIFFERENT_TOPOLOGY: Mapping[str, str] = {
    "waves": "the fakes wait for object storage",
    "checks": "Docker is asked for containers and networks, here sockets and processes are looked at",
}
"""Keys of `topology --json`."""

REQUESTS = (
    "GET /health",
    "GET /version",
    "GET /ready",
    "GET /openapi.json",
    "GET /v1/session",
    "GET /v1/clips?limit=100",
    "GET /v1/clips?state=failed",
    "GET /v1/clips?limit=nonsense",
    "GET /v1/channels",
    "GET /v1/accounts",
    "GET /v1/clips/00000000-0000-0000-0000-000000000000",
    "GET /nowhere",
    "POST /v1/session",
    "POST /v1/clips",
    "PUT /health",
)
"""What both APIs are asked, logged in as the seed's demo user."""

BY_CHANCE = frozenset({"date", "traceparent", "x-request-id", "content-length", "set-cookie"})
"""Headers that differ between any two answers."""

_CHANCE = re.compile(r'("trace_id": ?)"[0-9a-f]{32}"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)')


@dataclass(frozen=True)
class Side:
    """One running stack, and where its ports are."""

    clipnet: Clipnet
    ports: Mapping[str, int]

    def neutral(self, text: str) -> str:
        """Return a text with names in the place of ports."""
        for name, port in self.ports.items():
            text = text.replace(f":{port}", f":<{name}>")
        return text.replace("fakes:8410", "127.0.0.1:<cloudinary>")

    def status(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in answered(self.clipnet, "status")["services"]}


def _side(folder: Path, runtime: str) -> Iterator[Side]:
    with own_stack(folder, clean_env(), "small", runtime) as own, Clipnet(own.parts) as clipnet:
        services = answered(clipnet, "topology")["services"]
        yield Side(clipnet, {name: port for one in services for name, port in one["ports"].items()})


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    yield from _side(tmp_path_factory.mktemp("embedded"), "embedded")


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    yield from _side(tmp_path_factory.mktemp("docker"), "docker")


def test_the_same_smoke_test_passes(embedded: Side, docker: Side) -> None:
    reports = [answered(side.clipnet, "smoke") for side in (embedded, docker)]

    steps = [[(step["name"], step["ok"]) for step in report["steps"]] for report in reports]
    assert steps[0] == steps[1]
    assert [report["ok"] for report in reports] == [True, True]


def test_both_run_the_same_services_and_all_are_well(embedded: Side, docker: Side) -> None:
    here, there = embedded.status(), docker.status()

    assert set(there) - set(here) == set(ONLY_IN_DOCKER)
    assert set(here) - set(there) == set()
    assert {(row["state"], row["health"]) for row in (*here.values(), *there.values())} == {
        ("running", "healthy")
    }


def test_status_has_the_same_shape(embedded: Side, docker: Side) -> None:
    here, there = (answered(side.clipnet, "status") for side in (embedded, docker))
    rows = {row["name"]: row for row in there["services"]}

    assert (here["runtime"], there["runtime"]) == ("embedded", "docker")
    assert list(here) == list(there)
    for row in here["services"]:
        assert _kinds(rows[row["name"]]) == _kinds(row)
        assert docker.neutral(str(rows[row["name"]]["address"])) == embedded.neutral(str(row["address"]))


def _kinds(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: type(value).__name__ for name, value in row.items()}


def test_the_versions_are_the_same(embedded: Side, docker: Side) -> None:
    here, there = embedded.status(), docker.status()

    assert {name for name in there if there[name]["version"] != here.get(name, {}).get("version")} <= set(
        DIFFERENT_VERSIONS
    )
    majors = [str(rows["postgres"]["version"]).partition(".")[0] for rows in (here, there)]
    assert majors == ["18", "18"]


def test_a_program_beside_the_stack_gets_the_same_environment(embedded: Side, docker: Side) -> None:
    here, there = (
        {name: side.neutral(value) for name, value in answered(side.clipnet, "env").items()}
        for side in (embedded, docker)
    )

    assert list(here) == list(there)
    assert {name for name in here if here[name] != there[name]} == set(DIFFERENT_ENV)


def test_the_topology_is_the_same(embedded: Side, docker: Side) -> None:
    here, there = (answered(side.clipnet, "topology") for side in (embedded, docker))

    assert list(here) == list(there)
    assert (here["ok"], there["ok"]) == (True, True)
    compared = set(here) - set(DIFFERENT_TOPOLOGY) - {"services"}
    assert {name: here[name] for name in compared} == {name: there[name] for name in compared}
    rows = {row["name"]: row for row in there["services"]}
    for row in here["services"]:
        assert {"name", "role", "needs", "ports", "probe", "runs"} == set(row)
        other = rows[row["name"]]
        assert (row["role"], list(row["ports"])) == (other["role"], list(other["ports"]))
        assert embedded.neutral(row["probe"]) == docker.neutral(other["probe"])
        assert set(other["needs"]) - set(row["needs"]) <= set(ONLY_IN_DOCKER)


@pytest.mark.parametrize("request_line", REQUESTS)
def test_the_api_answers_the_same(embedded: Side, docker: Side, request_line: str) -> None:
    here, there = (_answer(side, request_line) for side in (embedded, docker))

    assert there == here


def _answer(side: Side, request_line: str) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of an answer, without what differs between any two stacks."""
    method, path = request_line.split()
    side.clipnet.reset()
    answer = side.clipnet.log_in().request(method, path)
    headers = {name: value for name, value in answer.headers.items() if name not in BY_CHANCE}
    return answer.status_code, headers, _CHANCE.sub(r"\1<by chance>", side.neutral(answer.text))
