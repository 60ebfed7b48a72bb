from __future__ import annotations

from pathlib import Path

from emulator.environment import host_env, inherited, variables
from emulator.plan import plan
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

    env = host_env(planned.topology, planned.ports)

    assert {name for name in env if name in ("HOST", "PORT", "LOG_FORMAT")} == set()
    assert env["DATABASE_URL"] == "postgresql://clipnet:clipnet@127.0.0.1:8402/clipnet"
    assert env["REDIS_URL"] == "redis://127.0.0.1:8403/0"
    assert env["RUNPOD_ENDPOINT_BASE_URL"] == "http://127.0.0.1:8411/v2"
    assert env["FAKES_X_URL"] == "http://127.0.0.1:8416"
    assert [value for value in env.values() if "fakes:" in value or "postgres:5432" in value] == []
