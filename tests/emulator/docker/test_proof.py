"""What is made of the engine's list of containers. Real ones are judged in tests/docker/test_topology.py."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.docker.proof import Around, Container, runs_in_one, strangers
from emulator.inspection import Guests
from emulator.lifecycle import State
from emulator.record import ServiceRecord

_ROLES = {"api": "api", "jobs": "worker"}
_NOBODY = Guests(6379, {}, {})


def container(name: str, *, project: str = "p", service: str = "", **more: Any) -> Container:
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": service}
    labels |= more.pop("labels", {})
    network = {"NetworkID": more.pop("network", "n"), "IPAddress": more.pop("address", "10.0.0.9")}
    row = {
        "Id": name,
        "Names": [f"/{name}"],
        "Labels": labels,
        "NetworkSettings": {"Networks": {"x": network}},
    }
    return Container.listed({**row, **more})


def verdicts(*foreign: Container, waiting: frozenset[str] = frozenset()) -> dict[str, str]:
    found = strangers(Around((), foreign), _NOBODY, waiting, _ROLES)
    return {check.name: check.detail for check in found if not check.ok}


@pytest.mark.parametrize(
    ("names", "listed"), [((), "0 containers: none"), (("jobs-1", "jobs-2"), "2 containers: jobs-1, jobs-2")]
)
def test_a_service_that_is_not_one_container_is_not_one(names: tuple[str, ...], listed: str) -> None:
    found = [container(name, service="jobs") for name in names]

    check = runs_in_one("worker", (), ServiceRecord("jobs", State.RUNNING, pid=1), found, {})

    assert (check.ok, check.detail) == (False, f"service 'jobs' is running and has {listed}")


def test_a_process_that_this_host_does_not_see_is_no_failure() -> None:
    record = ServiceRecord("jobs", State.RUNNING, pid=7)

    check = runs_in_one("worker", (), record, [container("jobs-1", service="jobs")], {})

    assert (check.name, check.ok, check.detail) == ("one worker", True, "container jobs-1, process 7")


def test_own_containers_are_told_from_those_of_others_and_from_other_places() -> None:
    own = container("own", service="api")
    once = container("once", service="api", labels={"com.docker.compose.oneoff": "True"})
    other = container("other", project="q")
    shares = container("shares", project="", network="", HostConfig={"NetworkMode": "container:own"})
    away = container("away", project="q", network="m")

    found = Around.of([own, once, other, shares, away], frozenset({"n"}), "p")

    assert found == Around((own,), (once, other, shares))
    assert (found.named("api"), found.named("jobs")) == ((own,), ())


def test_a_stranger_is_called_what_it_is() -> None:
    once = {"com.docker.compose.oneoff": "True"}

    assert verdicts(container("a", address="10.0.0.1"), waiting=frozenset({"10.0.0.1"})) == {
        "no second worker": "container 'a' waits for jobs of this stack's queue"
    }
    assert [*verdicts(container("a", service="jobs", labels=once))] == ["no second worker"]
    assert [*verdicts(container("a", Command="python -m clipnet.api"))] == ["no second API"]
    assert [*verdicts(container("a", Command="python -m clipnet.web"))] == ["no foreign container"]
    assert verdicts() == {}


def test_who_waits_through_a_published_port_and_is_not_seen_is_somebody_elses() -> None:
    assert verdicts(waiting=frozenset({"172.18.0.1"})) == {
        "no second worker": "a program of another user waits for jobs of this stack's queue"
    }
