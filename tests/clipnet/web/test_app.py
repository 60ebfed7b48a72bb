"""The frontend's server: files, configuration, safe headers, bad settings."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from clipnet.settings import Site
from clipnet.web.app import STATIC, BadSetting, WebSettings, create, load

SETTINGS = WebSettings("http://127.0.0.1:9001", "staging", "1.2.3", "127.0.0.1", 9000)


@pytest.fixture
def client() -> TestClient:
    return TestClient(create(SETTINGS))


def test_the_page_is_told_where_the_api_is(client: TestClient) -> None:
    assert client.get("/config.json").json() == {
        "api_url": "http://127.0.0.1:9001",
        "alias": None,
        "environment": "staging",
        "version": "1.2.3",
        "commit": None,
        "banner": "STAGING",
        "providers": ["google", "tiktok", "twitch", "discord", "x"],
    }


def test_the_page_is_told_the_second_pair_of_addresses_and_may_call_there() -> None:
    alias = Site("http://api.stage.localhost:8405", "http://stage.localhost:8405")
    client = TestClient(create(replace(SETTINGS, alias=alias)))

    answer = client.get("/config.json")

    assert answer.json()["alias"] == {"api_url": alias.api_url, "web_url": alias.web_url}
    policy = answer.headers["content-security-policy"]
    assert "connect-src 'self' http://127.0.0.1:9001 http://api.stage.localhost:8405;" in policy


@pytest.mark.parametrize(
    ("environment", "banner"), [("development", "DEVELOPMENT"), ("staging", "STAGING"), ("production", None)]
)
def test_only_production_has_no_banner(environment: str, banner: str | None) -> None:
    client = TestClient(create(replace(SETTINGS, environment=environment)))

    assert client.get("/config.json").json()["banner"] == banner


@pytest.mark.parametrize("path", ["/", "/clips/123"])
def test_every_page_address_gives_the_page(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, "<title>ClipNET</title>" in answer.text) == (200, True)


def test_every_file_that_the_page_names_is_there(client: TestClient) -> None:
    for path in STATIC.iterdir():
        assert client.get(f"/static/{path.name}").status_code == 200


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.js"])
def test_nothing_else_of_the_disk_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert "WebSettings" not in answer.text


def test_the_page_may_run_only_its_own_scripts_and_call_one_api(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]

    assert "default-src 'self'; connect-src 'self' http://127.0.0.1:9001;" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"PORT": "0"}, "PORT is '0'; write a number from 1 to 65535"),
        ({"STOP_GRACE_S": "soon"}, "STOP_GRACE_S is 'soon'; write a number of seconds below 1000"),
        ({"APP_ENV": "prod"}, "APP_ENV is 'prod'; it must be one of: development, staging, production"),
        ({"API_URL": "api:1"}, "API_URL is 'api:1'; write an address"),
        ({"WEB_ALIAS_URL": "http://a"}, "API_ALIAS_URL is ''; write an address"),
    ],
)
def test_a_bad_setting_is_refused_by_name(env: dict[str, str], words: str) -> None:
    with pytest.raises(BadSetting) as caught:
        load(env)

    assert words in str(caught.value)


def test_a_bad_setting_ends_the_program_with_code_2() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "clipnet.web"],
        env={**os.environ, "PORT": "none"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (ended.returncode, "PORT is 'none'" in ended.stdout, ended.stderr) == (2, True, "")
