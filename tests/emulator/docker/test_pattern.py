"""What is asked of the engine for one more container of a service: Compose's words, another image's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.docker.pattern import Pattern, Wanted, command_of
from emulator.topology import Contained
from tests.emulator.runtimes.scripted import scripted_service

SAID = {"command": "python -m clipnet.api", "environment": {"APP_VERSION": "1", "MODE": "${MODE:-x}"}}
WANTED = Wanted("mine:2", ("python", "-m", "clipnet.api"), {}, {8407: 18467}, alias="api-18467")


def pattern(said: dict[str, Any] = SAID, **config: Any) -> Pattern:
    """Return that of a container whose image says the user, the program's folder, PATH and MODE."""
    image = {
        "User": "clipnet",
        "WorkingDir": "/opt",
        "Env": ["PATH=/opt/bin", "MODE=x"],
        "Labels": {"v": "1", "com.docker.compose.service": "api"},
    }
    labels = {"v": "1", "com.docker.compose.project": "p", "com.docker.compose.service": "api"}
    own = {"Hostname": "0123", "Image": "ours:1", "Cmd": ["old"], "Env": ["PATH=/opt/bin", "MODE=x"]}
    container = {
        "Config": {**image, **own, "Labels": labels, **config},
        "HostConfig": {"ReadonlyRootfs": True, "PortBindings": {"8407/tcp": [{"HostPort": "8407"}]}},
        "NetworkSettings": {"Networks": {"p_stack": {"Aliases": ["api"], "IPAddress": "10.0.0.2"}}},
    }
    return Pattern(container, image, said)


def test_what_came_with_the_image_is_left_to_the_other_one() -> None:
    body = pattern().body(WANTED)

    assert {"User", "WorkingDir", "Hostname"}.isdisjoint(body)
    assert body["Env"] == ["MODE=x"]  # said in the compose file
    assert "v" not in body["Labels"]
    assert body["Labels"]["com.docker.compose.service"] == "api"
    assert (body["Image"], body["Cmd"]) == ("mine:2", ["python", "-m", "clipnet.api"])


def test_what_compose_said_stays() -> None:
    own = pattern(User="1000:1000", Env=["PATH=/mine", "APP_VERSION=1"])
    said = pattern({**SAID, "user": "clipnet"})

    body = own.body(WANTED)

    assert (body["User"], body["Env"]) == ("1000:1000", ["PATH=/mine", "APP_VERSION=1"])
    assert said.body(WANTED)["User"] == "clipnet"
    assert body["HostConfig"]["ReadonlyRootfs"]


def test_it_is_reached_at_a_port_of_its_own_and_looked_after_by_nobody_else() -> None:
    body = pattern().body(WANTED)

    assert body["HostConfig"]["PortBindings"] == {"8407/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18467"}]}
    assert body["Labels"]["com.docker.compose.oneoff"] == "True"
    assert body["Labels"]["clipnet-emulate.beside"] == "instance"


def test_the_environment_tells_the_release_or_nothing_of_it() -> None:
    other = replace(WANTED, environment={"APP_VERSION": "2", "RELEASE": None})

    env = pattern(Env=["APP_VERSION=1", "RELEASE=1"]).body(other)["Env"]

    assert env == ["APP_VERSION=2"]


def test_a_command_that_runs_once_takes_the_place_of_the_entry_point() -> None:
    once = replace(WANTED, command=("sh", "-c", "true"), published={}, is_once=True)

    body = pattern(Entrypoint=["serve"]).body(once)

    assert (body["Entrypoint"], body.get("Cmd")) == (["sh", "-c", "true"], None)
    assert body["Healthcheck"] == {"Test": ["NONE"]}
    assert body["Labels"]["clipnet-emulate.beside"] == "once"


def test_a_command_is_that_of_the_release_else_of_the_file_else_of_the_image() -> None:
    service = replace(scripted_service("api"), arguments=("--standby",))
    mine = replace(service, contained=Contained("mine:2", ("sh", "-c", "a && exec serve")))

    of_file = command_of({"command": "python -m ${WHAT} '$$x y'"}, {"WHAT": "api"}, service)

    assert of_file == ("python", "-m", "api", "$x y", "--standby")
    assert command_of({"command": ["a", "b c"]}, {}, service) == ("a", "b c", "--standby")
    assert command_of(SAID, {}, mine) == ("sh", "-c", "a && exec serve --standby")
    assert command_of({}, {}, service) is None
