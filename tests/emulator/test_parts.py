from pathlib import Path

import pytest

from emulator.errors import ConfigurationRefused
from emulator.parts import inside

ENV = {
    "DATABASE_URL": "postgresql://clipnet:clipnet@postgres:5432/clipnet",
    "REDIS_URL": "redis://redis:6379/0",
    "CLOUDINARY_URL": "cloudinary://1:s@staging?upload_prefix=http://fakes:8410&cname=127.0.0.1:8410",
    "TOKEN_KEY": "a-key",
    "MEDIA_DIR": "/media",
    "FAKES_CLOUDINARY_URL": "http://fakes:8410",
    "FAKES_X_URL": "http://fakes:8416",
}


def test_a_container_finds_its_stack_in_its_environment(tmp_path: Path) -> None:
    found = inside(ENV, tmp_path / "state", tmp_path / "cache")

    assert found.fakes == {"cloudinary": "http://fakes:8410", "x": "http://fakes:8416"}
    assert (found.database_url, found.media_dir) == (ENV["DATABASE_URL"], Path("/media"))


@pytest.mark.parametrize("name", ["TOKEN_KEY", "DATABASE_URL", "CLOUDINARY_URL"])
def test_a_secret_may_come_in_a_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{ENV[name]}\n")
    env = {each: value for each, value in ENV.items() if each != name}

    found = inside({**env, f"{name}_FILE": str(tmp_path / "secret")}, tmp_path, tmp_path)

    assert found.env[name] == ENV[name]


def test_a_file_of_a_secret_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    away = tmp_path / "away"

    with pytest.raises(ConfigurationRefused) as error:
        inside({**ENV, "TOKEN_KEY": "", "TOKEN_KEY_FILE": str(away)}, tmp_path, tmp_path)

    assert error.value.what == (
        f"TOKEN_KEY_FILE names '{away}', which cannot be read: No such file or directory"
    )


def test_everything_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused) as error:
        inside({"REDIS_URL": ENV["REDIS_URL"]}, tmp_path, tmp_path)

    assert error.value.what == (
        "the environment does not name "
        "DATABASE_URL, CLOUDINARY_URL, TOKEN_KEY, MEDIA_DIR, FAKES_CLOUDINARY_URL"
    )


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "FAKES_X_URL"])
def test_nothing_beyond_a_stack_is_ever_replaced(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused) as error:
        inside({**ENV, name: "scheme://user:pass@db.clipnet.example:1/x"}, tmp_path, tmp_path)

    assert error.value.what == f"{name} names 'db.clipnet.example', which is no service of a stack"
