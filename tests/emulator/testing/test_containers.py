"""`ClipnetStack` before it speaks to an engine: what it refuses, and what it makes of a compose file."""

import sys
from pathlib import Path

import pytest

from emulator.errors import ConfigurationRefused, PrerequisiteMissing
from emulator.testing import ClipnetStack
from emulator.testing.composed import marked

OURS = {"owner": "us"}


def test_without_testcontainers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers", None)

    with pytest.raises(PrerequisiteMissing, match="the package 'testcontainers' is not installed") as caught:
        ClipnetStack().start()

    assert caught.value.hint == "install it with: pip install 'clipnet-emulate[testcontainers]'"
    assert caught.value.__notes__ == [f"hint: {caught.value.hint}"]


def test_a_seed_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationRefused, match="there is no seed 'huge'") as caught:
        ClipnetStack(seed="huge").start()

    assert caught.value.hint == "seeds: small, none, large"


def test_a_file_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match=f"there is no file '{tmp_path}/compose.ci.yaml'"):
        ClipnetStack(project=tmp_path, overrides=[Path("compose.ci.yaml")]).start()


def test_a_stack_that_was_not_started_is_stopped_without_a_word() -> None:
    ClipnetStack().stop()


def test_all_that_a_stack_makes_carries_the_labels_and_nothing_restarts_while_it_starts() -> None:
    config = {
        "name": "x",
        "services": {"api": {"restart": "always", "labels": {"theirs": "1"}}, "web": {}},
        "networks": {"stack": None, "company": {"external": True}},
        "volumes": {"data": {"name": "x_data"}},
    }

    both = {"theirs": "1", **OURS}
    assert marked(config, OURS, user=None) == {
        "name": "x",
        "services": {"api": {"restart": "no", "labels": both}, "web": {"restart": "no", "labels": OURS}},
        "networks": {"stack": {"labels": OURS}, "company": {"external": True}},
        "volumes": {"data": {"name": "x_data", "labels": OURS}},
    }


def test_only_those_that_share_files_with_the_host_become_its_user() -> None:
    services = marked({"services": {"api": {}, "worker": {}, "fakes": {}}}, OURS, user="1000:1000")[
        "services"
    ]

    assert {name: body.get("user") for name, body in services.items()} == {
        "api": "1000:1000",
        "worker": "1000:1000",
        "fakes": None,
    }
