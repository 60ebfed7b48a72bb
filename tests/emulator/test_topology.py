from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator import compose
from emulator.compose import ComposeFile
from emulator.errors import ConfigurationRefused
from emulator.settings import load
from emulator.topology import Topology, duration_s, parse, resolve, start_order
from fakes import FAKES
from fakes.realhosts import fake_of_host
from tests.emulator.project import MARKS, programs, service


def file(services: Mapping[str, Any]) -> ComposeFile:
    return ComposeFile((Path("compose.yaml"),), {"x-clipnet": MARKS, "services": services})


def refused(services: Mapping[str, Any]) -> str:
    with pytest.raises(ConfigurationRefused) as error:
        parse(file(services), {})
    return error.value.what


@pytest.fixture
def packaged(tmp_path: Path) -> Topology:
    return parse(compose.read(load({}, tmp_path)), {})


def test_the_packaged_stack_is_one_of_each(packaged: Topology) -> None:
    roles = {service.name: service.role for service in packaged.services}

    of_a_role = {name: name for name in ("postgres", "redis", "fakes", "api", "worker", "web")}
    assert roles == {**of_a_role, "edge": None}
    assert {port.name: port.default for port in packaged.ports} == {
        "postgres": 8402,
        "redis": 8403,
        "cloudinary": 8410,
        "runpod": 8411,
        "google": 8412,
        "tiktok": 8413,
        "twitch": 8414,
        "discord": 8415,
        "x": 8416,
        "vercel": 8417,
        "railway": 8418,
        "huggingface": 8419,
        "api": 8401,
        "web": 8400,
        "edge": 8405,
        "edge-control": 8406,
        "api-direct": 8407,
        "web-direct": 8408,
    }


def test_api_and_worker_get_the_same_environment(packaged: Topology) -> None:
    api, worker = (dict(packaged.service(role).environment) for role in ("api", "worker"))

    assert {name for name in api if name not in worker} == {"HOST", "PORT"}
    assert worker.items() <= api.items()


def test_variables_are_filled_in(packaged: Topology) -> None:
    api = resolve(packaged, {"POSTGRES_ADDR": "127.0.0.1:9999"}).service("api")

    assert api.environment["DATABASE_URL"] == "postgresql://clipnet:clipnet@127.0.0.1:9999/clipnet"
    assert api.environment["REDIS_URL"] == "redis://redis:6379/0"
    assert api.probe.target == "http://api:8407/ready"


def test_the_start_goes_in_waves(packaged: Topology) -> None:
    waves = [[service.name for service in wave] for wave in start_order(packaged.services)]

    assert waves == [["postgres", "redis", "fakes", "edge", "web"], ["api", "worker"]]


def test_a_circle_is_spelled_out() -> None:
    stack = programs()
    stack["postgres"]["depends_on"] = ["worker"]

    assert refused(stack) == "services need each other in a circle: postgres -> worker -> api -> postgres"


def test_all_offences_are_in_one_message() -> None:
    stack = programs()
    del stack["web"]
    stack["api2"] = service(None, "serve", role="api", probe={"tcp": "x"})
    stack["worker"]["deploy"] = {"replicas": 2}
    stack["redis"]["ports"] = ["0.0.0.0:8403:8403"]
    stack["fakes"]["x-embedded"]["probe"] = {"telepathy": "x"}
    stack["odd"] = {"image": "odd"}

    what = refused(stack)

    for words in (
        "exactly one web is needed, there are 0",
        "exactly one api is needed, there are 2: api, api2",
        "service 'worker' asks for 2 replicas: exactly one is allowed",
        "service 'redis' publishes port 8403 beyond loopback",
        "service 'fakes' needs x-embedded.probe with one of: http, tcp, postgres, redis, redis_key",
        "service 'odd' does not say how it runs without Docker",
    ):
        assert words in what


def test_what_compose_would_not_take_is_named() -> None:
    stack = programs()
    stack["api"] |= {"enviroment": {"A": "b"}, "environment": {"LIST": ["a"], "SPELL": True}, "x-mine": 1}
    stack["web"]["ports"] = ["127.0.0.1:8401:8400"]

    what = refused(stack)

    assert "service 'api' has an unknown key 'enviroment': did you mean 'environment'?" in what
    assert "service 'api' has LIST in its environment, which is neither text nor number" in what
    assert "ports 'api' and 'web' are both published as 8401" in what
    assert ("SPELL" in what, "x-mine" in what) == (False, False)


@pytest.mark.parametrize(
    "second",
    [
        {"image": "postgres:16", "x-embedded": {"command": ["python"], "probe": {"tcp": "x"}}},
        {"x-embedded": {"server": "redis", "probe": {"tcp": "x"}}},
        {"x-embedded": {"command": ["python", "-m", "clipnet.worker"], "probe": {"tcp": "x"}}},
        {"command": "python -m clipnet.api", "x-embedded": {"command": ["sh"], "probe": {"tcp": "x"}}},
    ],
)
def test_a_second_one_cannot_hide_behind_another_name(second: dict[str, Any]) -> None:
    assert "there are 2" in refused({**programs(), "another": second})


def test_services_of_docker_alone_are_left_out() -> None:
    stack = {
        **programs(),
        "objects": {"image": "rclone/rclone", "x-embedded": False},
        "extra": {"profiles": ["x"]},
    }

    names = {service.name for service in parse(file(stack), {}).services}

    assert names == set(programs())


def test_a_file_that_is_no_stack_of_ours_is_refused() -> None:
    with pytest.raises(ConfigurationRefused, match="is not a stack of ours"):
        parse(ComposeFile((Path("compose.yaml"),), {"services": {"a": {}}}), {})


def test_an_env_file_and_a_name_alone_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "api.env").write_text("FROM_FILE=a$b\nBOTH=file\n")
    stack = copy.deepcopy(programs())
    stack["api"] |= {
        "env_file": "api.env",
        "environment": {**stack["api"]["environment"], "BOTH": "map", "GIVEN": None},
    }
    found = parse(
        ComposeFile((tmp_path / "compose.yaml",), {"x-clipnet": MARKS, "services": stack}), {"GIVEN": "yes"}
    )

    environment = resolve(found, {}).service("api").environment

    assert {name: environment[name] for name in ("FROM_FILE", "BOTH", "GIVEN")} == {
        "FROM_FILE": "a$b",
        "BOTH": "map",
        "GIVEN": "yes",
    }


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1m30s", 90), ("500ms", 0.5), ("1h", 3600), ("1.5s", 1.5)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "soon"])
def test_bad_durations(text: str) -> None:
    with pytest.raises(ConfigurationRefused, match="is not a duration"):
        duration_s(text)


def test_the_fakes_have_the_real_host_names_that_they_declare_as_aliases() -> None:
    body = yaml.safe_load((Path(__file__).parents[2] / "compose.yaml").read_text())

    aliases = body["services"]["fakes"]["networks"]["stack"]["aliases"]

    assert sorted(aliases) == sorted(fake_of_host(FAKES))


def test_in_docker_a_foreign_image_waits_for_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "compose.override.yaml").write_text(
        "x-clipnet: {}\nservices: {api: {image: my-api, command: serve}}\n"
    )
    found = compose.read(load({}, tmp_path))

    early = {
        runtime: {one.name for one in parse(found, {}, runtime).services if one.starts_early}
        for runtime in ("embedded", "docker")
    }

    assert early == {
        "embedded": {"fakes", "edge", "api", "worker", "web"},
        "docker": {"fakes", "edge", "worker", "web"},
    }
