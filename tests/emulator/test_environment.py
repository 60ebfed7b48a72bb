from __future__ import annotations

from pathlib import Path

import pytest

from emulator.environment import host_env, inherited, inner_addresses, variables
from emulator.plan import plan
from emulator.profiles import TRUST
from emulator.settings import load
from emulator.statefolder import StateFolder


def test_every_port_gives_an_address_a_published_and_a_listening_port() -> None:
    found = variables("embedded", {"api": 9001, "my-mail": 9002}, StateFolder(Path("/s")), "/speech")

    assert {name: found[name] for name in ("API_ADDR", "API_PORT", "API_LISTEN", "MY_MAIL_ADDR")} == {
        "API_ADDR": "127.0.0.1:9001",
        "API_PORT": "9001",
        "API_LISTEN": "9001",
        "MY_MAIL_ADDR": "127.0.0.1:9002",
    }
    assert (found["LISTEN_HOST"], found["BLOBS_DIR"], found["SPEECH_DIR"]) == (
        "127.0.0.1",
        "/s/blobs",
        "/speech",
    )


def test_what_is_behind_the_edge_listens_beside_its_public_port() -> None:
    found = variables("embedded", {"api": 9001, "api-direct": 9007}, StateFolder(Path("/s")), "")

    assert {name: value for name, value in found.items() if "API" in name} == {
        "API_PORT": "9001",
        "API_ADDR": "127.0.0.1:9007",
        "API_LISTEN": "9007",
        "API_DIRECT_ADDR": "127.0.0.1:9007",
        "API_DIRECT_PORT": "9007",
        "API_DIRECT_LISTEN": "9007",
        "EDGE_API_ADDR": "127.0.0.1:9001",
        "EDGE_API_LISTEN": "9001",
    }


def test_a_program_in_the_apis_place_needs_to_know_of_no_edge(tmp_path: Path) -> None:
    planned = plan(load({}, tmp_path))

    by_name = {service.name: service for service in planned.topology.services}
    api, edge, fakes = (by_name[name] for name in ("api", "edge", "fakes"))
    assert (api.environment["PORT"], api.environment["API_URL"]) == ("8407", "http://127.0.0.1:8401")
    assert edge.environment["EDGE_ROUTES"] == "api=127.0.0.1:8407,web=127.0.0.1:8408"
    assert edge.environment["EDGE_ROUTES_FILE"] == str(planned.folder.tmp / "edge-routes.json")
    assert fakes.environment["FAKES_API_URL"] == "http://127.0.0.1:8401"


def test_containers_reach_each_other_by_name_and_processes_over_loopback(tmp_path: Path) -> None:
    found = {}
    for runtime in ("embedded", "docker"):
        planned = plan(load({}, tmp_path, runtime=runtime))
        found[runtime] = inner_addresses(runtime, planned.topology, {**planned.ports, "cloudinary": 9410})

    assert found["embedded"]["cloudinary"] == "127.0.0.1:9410"
    assert (found["docker"]["cloudinary"], found["docker"]["postgres"]) == ("fakes:8410", "postgres:5432")


def test_services_inherit_no_credentials() -> None:
    env = {
        "PATH": "/bin",
        "HOME": "/home/x",
        "AWS_ACCESS_KEY_ID": "x",
        "DATABASE_URL": "x",
        "HTTPS_PROXY": "x",
    }

    assert inherited(env) == {"PATH": "/bin", "HOME": "/home/x"}


def test_a_program_on_the_host_gets_loopback_addresses_only(tmp_path: Path) -> None:
    planned = plan(load({}, tmp_path))

    env = host_env(planned.topology, planned.ports, planned.folder)

    assert {name for name in env if name in ("HOST", "PORT", "LOG_FORMAT")} == set()
    assert env["DATABASE_URL"] == "postgresql://clipnet:clipnet@127.0.0.1:8402/clipnet"
    assert env["REDIS_URL"] == "redis://127.0.0.1:8403/0"
    assert env["RUNPOD_ENDPOINT_BASE_URL"] == "http://127.0.0.1:8411/v2"
    assert env["FAKES_X_URL"] == "http://127.0.0.1:8416"
    assert [value for value in env.values() if "fakes:" in value or "postgres:5432" in value] == []


def test_real_host_names_are_served_beside_the_stack_when_that_is_asked_for(tmp_path: Path) -> None:
    off, on = (plan(load({"CLIPNET_TLS": word} if word else {}, tmp_path)) for word in ("", "on"))

    fakes = on.topology.service("fakes").environment
    assert {name: value for name, value in fakes.items() if "TLS" in name or "HTTP" in name} == {
        "FAKES_TLS": "on",
        "FAKES_TLS_PORT": "8449",
        "FAKES_HTTP_PORT": "",
    }
    assert dict(on.env.items() - off.env.items()) == {
        "FAKES_TLS_ADDR": "127.0.0.1:8449",
        "FAKES_TLS_CA": f"{tmp_path}/.clipnet/default/fakes/tls/ca.pem",
    }
    assert (off.topology.service("fakes").environment["FAKES_TLS"], "tls" in off.ports) == ("off", False)


def test_on_the_host_nobody_is_told_whom_to_trust(tmp_path: Path) -> None:
    planned = plan(load({"CLIPNET_TLS": "on"}, tmp_path))

    api = planned.topology.service("api").environment
    assert {api[name] for name in TRUST} == {""}
    assert planned.env.keys() & set(TRUST) == set()


@pytest.mark.parametrize(("word", "expected"), [(None, "on"), ("on", "on"), ("off", "off")])
def test_in_docker_real_host_names_are_served_unless_that_is_turned_off(
    tmp_path: Path, word: str | None, expected: str
) -> None:
    env = {"CLIPNET_TLS": word} if word else {}

    planned = plan(load(env, tmp_path, runtime="docker"))

    assert planned.topology.service("fakes").environment["FAKES_TLS"] == expected
    assert "tls" not in planned.ports
