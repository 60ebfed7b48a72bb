"""What is added to the compose file for Docker, and how a stack is called there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from emulator.docker.addition import addition, is_asked_inside
from emulator.docker.project import Project
from emulator.plan import plan
from emulator.settings import load
from emulator.topology import HEALTHCHECK, Contained, Probe
from tests.emulator.runtimes.scripted import scripted_service

PROJECT = Project("qa1", Path("/home/cleo/.clipnet/qa1"))
ROUTES = Path("/home/cleo/.clipnet/qa1/tmp/edge")
LABELS = {"clipnet-emulate.stack": "qa1", "clipnet-emulate.folder": "/home/cleo/.clipnet/qa1"}


def test_everything_is_labelled_and_restarted_by_nobody_else(tmp_path: Path) -> None:
    topology = plan(load({}, tmp_path, runtime="docker")).topology

    added = addition(topology, PROJECT, None, ROUTES)

    assert {name: body["labels"] for name, body in added["networks"].items()} == dict.fromkeys(
        ("default", "stack", "published"), LABELS
    )
    assert set(added["volumes"]) == set(topology.volumes)
    assert all(body["labels"] == LABELS for body in added["volumes"].values())
    assert {name: (body["restart"], body["labels"]) for name, body in added["services"].items()} == {
        service.name: ("no", LABELS) for service in topology.services
    }


def test_only_who_shares_files_with_the_host_becomes_its_user(tmp_path: Path) -> None:
    topology = plan(load({}, tmp_path, runtime="docker")).topology

    services = addition(topology, PROJECT, "1000:1000", ROUTES)["services"]

    asked = ("fakes", "api", "worker", "web", "postgres")
    assert {name: services[name]["user"] for name in asked if "user" in services[name]} == {
        "api": "1000:1000",
        "worker": "1000:1000",
    }


def test_the_edge_keeps_its_routes_where_a_restart_leaves_them(tmp_path: Path) -> None:
    written = plan(load({}, tmp_path, runtime="docker")).topology
    edge = replace(scripted_service("edge"), environment={"EDGE_ROUTES_FILE": "/tmp/routes.json"})
    topology = replace(written, services=(edge,))

    ours, theirs = (addition(topology, PROJECT, user, ROUTES)["services"]["edge"] for user in (None, "1:1"))

    mount = {"type": "bind", "source": str(ROUTES), "target": "/run/clipnet/edge"}
    assert ours["volumes"] == theirs["volumes"] == [mount]
    assert ours["environment"] == {"EDGE_ROUTES_FILE": "/run/clipnet/edge/routes.json"}
    assert ("user" in ours, theirs["user"]) == (False, "1:1")


def test_a_service_of_a_release_is_made_of_its_image(tmp_path: Path) -> None:
    written = plan(load({}, tmp_path, runtime="docker")).topology
    of_it = {"APP_VERSION": "0.2.0+$1", "APP_COMMIT": "1f2e3d4", "RELEASE": "0.2.0+$1"}
    plain = replace(scripted_service("api"), environment={**of_it, "PORT": "8407"})
    started = replace(plain, name="worker", contained=Contained("mine:2", ("sh", "-c", 'exec a "$B"')))
    topology = replace(written, services=(replace(plain, contained=Contained("mine:1")), started))

    services = addition(topology, PROJECT, None, ROUTES)["services"]

    told = {"APP_VERSION": "0.2.0+$$1", "APP_COMMIT": "1f2e3d4", "RELEASE": "0.2.0+$$1"}
    assert (services["api"]["image"], services["api"]["environment"]) == ("mine:1", told)
    assert "command" not in services["api"]
    assert services["worker"]["command"] == ["sh", "-c", 'exec a "$$B"']


def test_a_connection_to_a_published_port_proves_nothing() -> None:
    service = scripted_service("api")

    asked = {
        kind: is_asked_inside(replace(service, probe=Probe(kind, "")))
        for kind in ("http", "postgres", "redis", "redis_key", "tcp", HEALTHCHECK)
    }

    assert [kind for kind, inside in asked.items() if inside] == ["tcp", HEALTHCHECK]


def test_two_clones_with_a_stack_of_the_same_name_are_two_projects() -> None:
    other = Project("qa1", Path("/elsewhere/.clipnet/qa1"))

    assert PROJECT.name != other.name
    assert PROJECT.name.startswith("clipnet-qa1-")
