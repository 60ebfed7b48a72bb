from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import ProductionRefused
from emulator.isolation import offences, refuse_production
from emulator.plan import plan
from emulator.settings import load
from emulator.topology import Topology
from tests.emulator.project import Project, programs

PORTS = {"postgres": 8402, "redis": 8403}


@pytest.fixture
def topology(tmp_path: Path) -> Topology:
    return plan(load({}, tmp_path)).topology


def with_api(topology: Topology, **environment: str) -> Topology:
    api = topology.service("api")
    changed = replace(api, environment={**api.environment, **environment})
    return replace(topology, services=tuple(changed if s is api else s for s in topology.services))


def test_development_is_not_production(topology: Topology) -> None:
    assert offences(with_api(topology, APP_ENV="development"), PORTS, {}) == ()


def test_the_packaged_stack_holds_nothing_of_production(topology: Topology) -> None:
    assert offences(topology, PORTS, {}) == ()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("APP_ENV", "production", "is a value of production: 'production'"),
        ("CLOUDINARY_FOLDER", "prod_clips", "is or holds production's Cloudinary folder"),
        ("CLOUDINARY_FOLDER", "my_clips", "is no value of staging: 'my_clips'"),
        ("RUNPOD_NAMESPACE", "production", "is a value of production: 'production'"),
        ("BLOBS_URL", "s3://key:secret@store.example/clips", "is a value of production"),
        ("RUNPOD_API_KEY", "rpa_production_123", "is or holds a production RunPod key"),
        ("RUNPOD_API_KEY", "rpa_AB12CD34", "is a value of production"),
        ("RUNPOD_API_KEY", "whatever", "is no value of staging"),
        ("RUNPOD_CLIP_ENDPOINT", "production-clip", "is or holds production's RunPod endpoint"),
        ("RUNPOD_ENDPOINT_BASE_URL", "https://api.runpod.ai/v2", "names the production host 'api.runpod.ai'"),
        ("CLOUDINARY_URL", "cloudinary://1:secret@prod", "is a value of production"),
        (
            "CLOUDINARY_URL",
            "cloudinary://999888777666555:x@staging",
            "is or holds production's Cloudinary key",
        ),
        ("TWITCH_CLIENT_ID", "twitchproductionclient00000000", "is or holds production's Twitch client"),
        ("DISCORD_CLIENT_ID", "1100000000000000999", "is or holds production's Discord application"),
        ("GOOGLE_CLIENT_SECRET", "GOCSPX-abc", "is a value of production"),
        ("API_URL", "https://api.clipnet.ai", "names the production host 'api.clipnet.ai'"),
        ("MY_CDN", "res.cloudinary.com", "names the production host 'res.cloudinary.com'"),
        ("MY_URLS", "http://127.0.0.1:1,https://x.com/a", "names the production host 'x.com'"),
        (
            "DATABASE_URL",
            "postgresql+asyncpg://u:secret@db.example.test/clipnet",
            "names a postgres at 'db.example.test:default port', this stack's is 127.0.0.1:8402",
        ),
        (
            "MY_DATABASE",
            "postgres://u:secret@127.0.0.1:5432/other",
            "names a postgres at '127.0.0.1:5432', this stack's is 127.0.0.1:8402",
        ),
        (
            "CACHE",
            "rediss://:secret@cache.test:6380",
            "names a redis at 'cache.test:6380', this stack's is 127.0.0.1:8403",
        ),
        (
            "HOOK_URL",
            "https://hooks.example.test/x",
            "leaves this machine: 'hooks.example.test' is not 127.0.0.1",
        ),
    ],
)
def test_a_value_of_production_is_refused_without_showing_secrets(
    topology: Topology, name: str, value: str, why: str
) -> None:
    found = offences(with_api(topology, **{name: value}), PORTS, {})

    assert [str(offence) for offence in found] == [f"service 'api': {name} {why}"]
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MY_KEY", "sk_test_1"),
        ("MAIL_FROM", "bot@clipnet.test"),
        ("NOTE", "see max.com"),
        ("SIZE", "1.5"),
        ("HOOK_URL", "http://api.stage.localhost:1/x"),
    ],
)
def test_other_values_are_fine(topology: Topology, name: str, value: str) -> None:
    assert offences(with_api(topology, **{name: value}), PORTS, {}) == ()


def test_dotenv_is_looked_at_as_well(topology: Topology) -> None:
    dotenv = {
        "RUNPOD_API_KEY": "rpa_production_1",
        "DATABASE_URL": "postgres://u:p@db.test/x",
        "OTHER": "fine",
    }

    found = [str(offence) for offence in offences(topology, PORTS, dotenv)]

    assert found == [
        ".env: RUNPOD_API_KEY is or holds a production RunPod key",
        ".env: DATABASE_URL names a database or queue on 'db.test'",
    ]


def test_all_offences_are_in_one_message(topology: Topology) -> None:
    wrong = with_api(topology, APP_ENV="production", CLOUDINARY_FOLDER="prod_clips")

    with pytest.raises(ProductionRefused) as refused:
        refuse_production(replace(wrong, runpod_namespace="production"), PORTS, {})

    assert refused.value.what.count("\n  - ") == 3


def test_every_start_refuses_production(project: Project) -> None:
    stack = programs()
    stack["api"]["environment"] |= {"RUNPOD_API_KEY": "rpa_production_1", "APP_ENV": "production"}
    project.write(stack)

    done = {words: project.run(*words) for words in (("up", "-d"), ("config", "check"))}

    assert {one.returncode for one in done.values()} == {5}
    for one in done.values():
        assert "service 'api': RUNPOD_API_KEY" in one.stderr
        assert "service 'api': APP_ENV" in one.stderr
        assert "rpa_production_1" not in one.stderr
    assert not project.folder().exists()
