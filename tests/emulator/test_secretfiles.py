import tomllib
from pathlib import Path

import pytest

from emulator import compose, secretfiles
from emulator.compose import ComposeFile
from emulator.environment import for_compose
from emulator.settings import load
from emulator.statefolder import StateFolder
from emulator.topology import parse

MOUNTED = {"SESSION_SECRET_FILE": "/run/secrets/session"}


@pytest.fixture
def session(tmp_path: Path) -> dict[str, Path]:
    """One secret whose file holds `s3cret$`."""
    path = tmp_path / "session"
    path.write_text("s3cret$\n")
    return {"session": path}


def test_a_program_on_the_host_gets_the_value(session: dict[str, Path]) -> None:
    offences: list[str] = []

    found = secretfiles.revealed({"PORT": "1", **MOUNTED}, session, offences)

    assert (found, offences) == ({"PORT": "1", "SESSION_SECRET": "s3cret$$"}, [])


def test_a_value_that_is_given_stays(session: dict[str, Path]) -> None:
    found = secretfiles.revealed({"SESSION_SECRET": "mine", **MOUNTED}, session, [])

    assert found == {"SESSION_SECRET": "mine"}


@pytest.mark.parametrize(
    "environment",
    [
        {"SESSION_SECRET_FILE": "/run/secrets/another"},
        {"SESSION_SECRET_FILE": "/etc/session"},
        {"SESSION": "/run/secrets/session"},
    ],
)
def test_what_names_no_secret_of_the_file_is_left_alone(
    environment: dict[str, str], session: dict[str, Path]
) -> None:
    assert secretfiles.revealed(environment, session, []) == environment


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    offences: list[str] = []

    secretfiles.revealed(MOUNTED, {"session": tmp_path / "away"}, offences)

    assert offences == [
        f"SESSION_SECRET_FILE is to come out of '{tmp_path}/away', "
        "which cannot be read: No such file or directory"
    ]


def test_files_lie_beside_the_compose_file_or_where_a_variable_says(tmp_path: Path) -> None:
    body = {
        "secrets": {
            "own": {"file": "./own"},
            "moved": {"file": "${SECRETS_DIR}/moved"},
            "far": {"external": True},
        }
    }
    file = ComposeFile((tmp_path / "compose.yaml",), body)

    assert secretfiles.files(file, {"SECRETS_DIR": "/elsewhere"}) == {
        "own": tmp_path / "own",
        "moved": Path("/elsewhere/moved"),
    }


@pytest.mark.parametrize("runtime", ["embedded", "docker"])
def test_the_packaged_stack_reveals_its_own_wherever_it_is_started(runtime: str, tmp_path: Path) -> None:
    found = parse(compose.read(load({}, tmp_path)), {}, runtime)

    api, postgres = found.service("api").environment, found.service("postgres").environment
    assert api["SESSION_SECRET"] == "staging-session-secret-of-the-emulator-only"
    assert len(api["TOKEN_KEY"]) == 44
    assert postgres["POSTGRES_PASSWORD"] == "clipnet"
    assert found.service("fakes").environment["BLOBS_KEY"] == "clipnet-staging:objects-staging-secret"
    assert [value for value in (*api.values(), *postgres.values()) if value.startswith("/run/secrets/")] == []


def test_they_are_installed_beside_the_packaged_compose_file() -> None:
    project = tomllib.loads(compose.IN_CHECKOUT.with_name("pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]

    assert (included["compose.yaml"], included["secrets"]) == ("emulator/compose.yaml", "emulator/secrets")


def test_compose_is_told_where_they_are(tmp_path: Path) -> None:
    told = for_compose({}, {}, StateFolder(tmp_path))["SECRETS_DIR"]

    assert sorted(path.name for path in Path(told).iterdir()) == [
        "objects_key",
        "postgres_password",
        "session_secret",
        "token_key",
    ]


@pytest.mark.parametrize(("given", "told"), [("/mine", "/mine"), ("", secretfiles.folder({}))])
def test_compose_takes_them_from_where_programs_on_the_host_do(tmp_path: Path, given: str, told: str) -> None:
    user = {"SECRETS_DIR": given}
    file = ComposeFile((tmp_path / "compose.yaml",), {"secrets": {"a": {"file": "${SECRETS_DIR}/a"}}})

    assert for_compose(user, {}, StateFolder(tmp_path))["SECRETS_DIR"] == told
    assert secretfiles.files(file, user) == {"a": Path(told) / "a"}
