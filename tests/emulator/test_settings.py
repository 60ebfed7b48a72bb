from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import ConfigurationRefused
from emulator.settings import load


def test_defaults(tmp_path: Path) -> None:
    settings = load({"HOME": "/home/someone"}, tmp_path)

    assert (settings.stack, settings.state_dir, settings.fsync, settings.port_base) == (
        "default",
        tmp_path / ".clipnet",
        True,
        None,
    )
    assert settings.cache_dir == Path("/home/someone/.cache/clipnet-emulate")


def test_a_flag_beats_the_environment_which_beats_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CLIPNET_STACK=from-file\nCLIPNET_FSYNC=off\nCLIPNET_PORT_BASE=9000\n")
    env = {"CLIPNET_STACK": "from-env", "CLIPNET_FSYNC": "on"}

    by_env, by_flag = load(env, tmp_path), load(env, tmp_path, stack="from-flag")

    assert (by_env.stack, by_flag.stack) == ("from-env", "from-flag")
    assert (by_env.fsync, by_env.port_base) == (True, 9000)


def test_an_unknown_name_is_an_error_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match="unknown setting CLIPNET_PORTBASE") as refused:
        load({"CLIPNET_PORTBASE": "1"}, tmp_path)

    assert refused.value.hint == "did you mean CLIPNET_PORT_BASE?"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CLIPNET_PORT_BASE", "80", "CLIPNET_PORT_BASE is '80', not a port from 1024 to 32668"),
        ("CLIPNET_PORT_BASE", "x", "CLIPNET_PORT_BASE is 'x', not a port"),
        ("CLIPNET_FSYNC", "maybe", "CLIPNET_FSYNC is 'maybe', not 'on' or 'off'"),
        ("CLIPNET_TLS", "1", "CLIPNET_TLS is '1', not 'on' or 'off'"),
        ("CLIPNET_START_TIMEOUT_S", "soon", "CLIPNET_START_TIMEOUT_S is 'soon', not a number of seconds"),
        ("CLIPNET_STACK", "Über", "'Über' cannot name a stack"),
        ("CLIPNET_STACK", "../x", "'../x' cannot name a stack"),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        load({name: value}, tmp_path)

    assert words in refused.value.what
