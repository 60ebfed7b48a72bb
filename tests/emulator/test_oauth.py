"""`oauth`: what is told of grants, and what is done to them, at one provider or at all."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from emulator.cli import oauth as commands
from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.oauth import act, listed
from emulator.testing.access import FakeAccess
from fakes.kit.oauth.control import KINDS
from fakes.kit.oauth.orders import FAILURES
from tests.emulator.project import Project, programs
from tests.fakes.oauth_ways import WAYS
from tests.fakes.serving import Served, served


@pytest.fixture
def fakes() -> Iterator[Served]:
    with served("google", "x") as running:
        yield running


def log_in(url: str, name: str) -> dict[str, str]:
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        return WAYS[name].log_in(client)


def test_grants_of_all_providers_or_of_one_person_at_one_are_listed(fakes: Served) -> None:
    log_in(fakes.url("x"), "x")

    everywhere = listed(fakes.urls, None, None)
    at_youtube = listed(fakes.urls, "youtube", "streamer_sam")

    assert [(one["fake"], len(one["grants"])) for one in everywhere] == [("google", 0), ("x", 1)]
    assert [one["fake"] for one in at_youtube] == ["google"]


def test_all_providers_do_it_or_the_one_that_is_named(fakes: Served) -> None:
    for name in ("google", "x"):
        log_in(fakes.url(name), name)

    at_x = act(fakes.urls, "x", "expire", {"user": "streamer_sam"})
    everywhere = act(fakes.urls, None, "revoke", {})

    assert at_x == [{"fake": "x", "expired": 1}]
    assert everywhere == [{"fake": "google", "revoked": 1}, {"fake": "x", "revoked": 1}]


def test_who_and_what_is_not_there_is_refused(fakes: Served) -> None:
    with pytest.raises(ConfigurationRefused, match="there is no provider 'myspace'") as nowhere:
        listed(fakes.urls, "myspace", None)
    with pytest.raises(ConfigurationRefused, match="fake 'x' refused it: user 'nobody' is nobody here"):
        act(fakes.urls, "x", "expire", {"user": "nobody"})
    with pytest.raises(CheckFailed, match="fake 'x' does not answer"):
        listed({"x": "http://127.0.0.1:1"}, None, None)

    assert nowhere.value.hint == "providers: google, x"


def test_a_test_of_ones_own_does_the_same(fakes: Served) -> None:
    log_in(fakes.url("x"), "x")

    with httpx.Client(trust_env=False) as http:
        done = FakeAccess("x", fakes.url("x"), http).oauth("expire", user="streamer_sam", kind="all")

    assert done == {"fake": "x", "expired": 2}


def test_the_choices_of_the_command_are_those_of_the_fakes() -> None:
    assert tuple(KINDS) == commands.KINDS
    assert FAILURES == commands.FAILURES


@pytest.mark.slow
def test_the_commands_say_what_they_did(project: Project) -> None:
    stack = programs()
    stack["fakes"]["environment"] = {
        "FAKES_PORTS": "cloudinary=${CLOUDINARY_LISTEN:-1},x=${X_LISTEN:-1}",
        "FAKES_STATE_DIR": "${FAKES_STATE_DIR:-}",
    }
    stack["fakes"]["ports"].append("127.0.0.1:${X_PORT:-8416}:8416")
    stack["fakes"]["x-embedded"] |= {
        "command": ["python", "-m", "fakes"],
        "ports": {"cloudinary": 8410, "x": 8416},
        "probe": {"http": "http://${CLOUDINARY_ADDR:-x}/_fake/health"},
    }
    project.write(stack)
    project.json("up", "-d")
    log_in(f"http://127.0.0.1:{project.port_base + 16}", "x")

    text = project.run("oauth", "list").stdout
    told = [
        project.run("oauth", *words).stdout
        for words in (
            ("expire", "--user", "streamer_sam"),
            ("deny",),
            ("fail", "--as", "invalid_grant", "--times", "3"),
            ("revoke", "--provider", "x"),
            ("deny", "--always"),
        )
    ]
    orders = project.run("oauth", "list").stdout.splitlines()[-2:]
    cleared = project.json("oauth", "clear")
    wrong = project.run("oauth", "expire", "--token", "1")

    assert "x         streamer_sam  " in text
    assert told == [
        "x: 1 token expired\n",
        "x: the next consent is refused\n",
        "x: the next consent is refused; the next 3 requests for tokens are refused: invalid_grant\n",
        "x: 1 authorization revoked\n",
        "x: every consent is refused; the next 3 requests for tokens are refused: invalid_grant\n",
    ]
    assert orders == [
        "x: every consent is refused",
        "x: the next 3 requests for tokens are refused: invalid_grant",
    ]
    assert cleared == [{"fake": "x", "deny": None, "fail": None}]
    assert (wrong.returncode, "--token needs the --provider" in wrong.stderr) == (2, True)
