"""What compose.yaml takes from its containers, read off what runs: nobody has more than they need."""

import json
from typing import Any

import pytest
from docker import DockerClient

from tests.docker.projects import LABEL, ComposeProject
from tests.engine import CHECKOUT

MIB = 1024 * 1024
SERVICES = {
    "postgres": ("postgres", 1024),
    "redis": ("redis", 512),
    "objects": ("", 512),
    "fakes": ("clipnet", 2048),
    "edge": ("clipnet", 256),
    "api": ("clipnet", 1024),
    "worker": ("clipnet", 3072),
    "web": ("clipnet", 256),
}
"""Service -> its user (none: the image's own, without the powers of root), and its memory in MiB."""

SECRETS = {
    name: (CHECKOUT / "secrets" / name).read_text().strip() for name in ("session_secret", "token_key")
}
SECRETS["objects_key"] = (CHECKOUT / "secrets/objects_key").read_text().strip().partition(":")[2]

MOUNTED = {
    "postgres": ["postgres_password"],
    "objects": ["objects_key"],
    "fakes": ["objects_key"],
    "api": ["session_secret", "token_key"],
    "worker": ["session_secret", "token_key"],
}

Container = dict[str, Any]


@pytest.fixture(scope="module")
def containers(composed: ComposeProject, docker_engine: DockerClient) -> dict[str, Container]:
    """What `docker inspect` says of each container of the plain stack, by service."""
    mine = docker_engine.containers.list(all=True, filters={"label": f"{LABEL}={composed.name}"})
    return {container.labels["com.docker.compose.service"]: container.attrs for container in mine}


def test_the_stack_is_exactly_eight_containers(containers: dict[str, Container]) -> None:
    assert sorted(containers) == sorted(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_has_privileges(containers: dict[str, Container], service: str) -> None:
    host = containers[service]["HostConfig"]

    assert (host["Privileged"], host["CapDrop"], host["SecurityOpt"]) == (
        False,
        ["ALL"],
        ["no-new-privileges:true"],
    )
    assert host["CapAdd"] is None
    assert (host["PidMode"], host["IpcMode"], host["UsernsMode"], host["Devices"]) == (
        "",
        "private",
        "",
        None,
    )


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_is_root_but_who_serves_objects(containers: dict[str, Container], service: str) -> None:
    assert containers[service]["Config"]["User"] == SERVICES[service][0]


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_can_be_written_but_volumes_and_memory(
    containers: dict[str, Container], service: str
) -> None:
    container = containers[service]

    assert container["HostConfig"]["ReadonlyRootfs"] is True
    assert "/tmp" in container["HostConfig"]["Tmpfs"]
    assert {mount["Destination"] for mount in container["Mounts"] if mount["RW"]} <= {
        "/data",
        "/var/lib/postgresql",
        "/var/lib/clipnet/fakes",
        *(["/run/clipnet/ca"] if service == "fakes" else []),
        "/var/lib/clipnet/media",
        *(["/run/clipnet/ca"] if service == "fakes" else []),
    }


@pytest.mark.parametrize("service", SERVICES)
def test_what_comes_in_a_file_is_nowhere_in_the_configuration(
    containers: dict[str, Container], service: str
) -> None:
    config = containers[service]["Config"]
    told = json.dumps([config["Env"], config["Cmd"], config["Entrypoint"], config["Healthcheck"]])

    assert [name for name, value in SECRETS.items() if value in told] == []
    assert "POSTGRES_PASSWORD=" not in told


@pytest.mark.parametrize("service", SERVICES)
def test_everybody_has_the_secrets_of_their_own_alone(composed: ComposeProject, service: str) -> None:
    done = composed.execute(service, "sh", "-c", "cd /run/secrets && cat * >/dev/null && echo *")

    assert done.stdout.split() == MOUNTED.get(service, [])


@pytest.mark.parametrize("service", SERVICES)
def test_memory_processes_and_logs_are_bounded(containers: dict[str, Container], service: str) -> None:
    host = containers[service]["HostConfig"]

    assert (host["Memory"] // MIB, host["PidsLimit"]) == (SERVICES[service][1], 512)
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}}


@pytest.mark.parametrize("service", SERVICES)
def test_what_ends_is_started_again_below_an_init(containers: dict[str, Container], service: str) -> None:
    host = containers[service]["HostConfig"]

    assert (host["RestartPolicy"]["Name"], host["Init"]) == ("unless-stopped", True)


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_published_on_loopback_alone(
    containers: dict[str, Container], composed: ComposeProject, service: str
) -> None:
    bindings = containers[service]["HostConfig"]["PortBindings"] or {}
    published = [binding for bound in bindings.values() for binding in bound]

    assert {binding["HostIp"] for binding in published} <= {"127.0.0.1"}
    assert {int(binding["HostPort"]) for binding in published} <= set(composed.ports.values())
    assert bool(published) == (service != "worker")


def test_the_networks_end_at_this_machine(composed: ComposeProject, docker_engine: DockerClient) -> None:
    networks = docker_engine.networks.list(filters={"label": f"{LABEL}={composed.name}"})
    found = {network.name: network.attrs for network in networks}

    assert sorted(found) == [f"{composed.name}_published", f"{composed.name}_stack"]
    assert found[f"{composed.name}_stack"]["Internal"] is True
    assert found[f"{composed.name}_published"]["Options"] == {
        "com.docker.network.bridge.enable_ip_masquerade": "false"
    }


def test_compose_finds_nothing_to_say_about_the_file(composed: ComposeProject) -> None:
    done = composed.run("config", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
