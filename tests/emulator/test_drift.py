"""Drift between staging and production is named by setting, and no secret is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import compose
from emulator.drift import Verdict, compare
from emulator.environments import Entry, digest, file_of, read
from emulator.errors import CheckFailed, ConfigurationRefused
from emulator.plan import plan
from emulator.releases.record import builtin
from emulator.releases.store import Store
from emulator.settings import load

OTHER = Entry(None, "railway", digest("nobody knows"))


@pytest.fixture(scope="module")
def staging(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return plan(load({}, tmp_path_factory.mktemp("project"))).topology.service("worker").environment


@pytest.fixture(scope="module")
def production() -> Mapping[str, Entry]:
    return read(file_of("production"))


def drift(staging: Mapping[str, str], production: Mapping[str, Entry]) -> dict[str, tuple[Verdict, str]]:
    found = compare(staging, production).drift
    return {finding.setting.name: (finding.verdict, finding.detail) for finding in found}


def test_the_packaged_environments_have_not_drifted(
    staging: Mapping[str, str], production: Mapping[str, Entry]
) -> None:
    found = compare(staging, production)

    found.raise_if_drifted()
    assert found.drift == ()
    assert {one.setting.name for one in found.findings if one.setting.may_be_equal} >= {
        "APP_VERSION",
        "LOG_FORMAT",
        "MAX_UPLOAD_BYTES",
    }


@pytest.mark.parametrize(
    ("name", "entry", "verdict", "words"),
    [
        ("RUNPOD_NAMESPACE", None, Verdict.MISSING, "is missing in production"),
        ("NEW_FLAG", Entry("on"), Verdict.MISSING, "is missing in staging"),
        ("RUNPOD_NAMESPACE", Entry("staging"), Verdict.EQUAL, "must differ, and is 'staging' in both"),
        (
            "API_URL",
            Entry("http://127.0.0.1:9"),
            Verdict.MISSHAPEN,
            "is 'http://127.0.0.1:9' in production, which is no value of production",
        ),
        ("RUNPOD_NAMESPACE", Entry(), Verdict.UNPROVEN, "must differ, and production does not say it"),
        (
            "X_BOT_TOKEN",
            Entry(None, "railway"),
            Verdict.UNPROVEN,
            "has no digest in production, so nobody can tell whether it is shared",
        ),
        ("X_BOT_TOKEN", None, Verdict.MISSING, "is missing in production"),
    ],
)
def test_drift_is_named(
    staging: Mapping[str, str],
    production: Mapping[str, Entry],
    name: str,
    entry: Entry | None,
    verdict: Verdict,
    words: str,
) -> None:
    changed = {**production, name: entry}

    found = drift(staging, {key: value for key, value in changed.items() if value is not None})

    assert found == {name: (verdict, words)}


@pytest.mark.parametrize(
    ("name", "shared", "of"),
    [
        ("X_BOT_TOKEN", "x-staging-bot-token", "X_BOT_TOKEN"),
        ("SESSION_SECRET", "x-staging-bot-token", "X_BOT_TOKEN"),
        ("DATABASE_URL", "postgresql://admin:clipnet@db.example/prod", "DATABASE_URL"),
        ("CLOUDINARY_URL", "cloudinary://999:stagingSecret_AbC-123@prod", "CLOUDINARY_URL"),
    ],
)
def test_a_secret_that_is_shared_is_seen_by_its_digest(
    staging: Mapping[str, str], production: Mapping[str, Entry], name: str, shared: str, of: str
) -> None:
    found = drift(staging, {**production, name: Entry(None, "railway", digest(shared))})

    assert found == {name: (Verdict.SHARED, f"is a shared secret: production's is staging's {of}")}


def test_a_setting_that_staging_lost_is_missing_there(
    staging: Mapping[str, str], production: Mapping[str, Entry]
) -> None:
    less = {name: value for name, value in staging.items() if name != "TWITCH_URL"}
    found = compare(less, production)

    assert [one.detail for one in found.drift] == ["is missing in staging"]
    with pytest.raises(CheckFailed, match=r"drifted apart:\n  - TWITCH_URL is missing in staging"):
        found.raise_if_drifted()


def test_a_setting_of_ones_own_must_be_on_both_sides_and_is_a_secret_by_its_name(
    staging: Mapping[str, str], production: Mapping[str, Entry]
) -> None:
    own = {**staging, "PARTNER_API_KEY": "a", "PARTNER_NAME": "b"}

    assert {name: verdict for name, (verdict, _) in drift(own, production).items()} == {
        "PARTNER_API_KEY": Verdict.MISSING,
        "PARTNER_NAME": Verdict.MISSING,
    }
    told = {**production, "PARTNER_API_KEY": OTHER, "PARTNER_NAME": Entry("b")}
    assert drift(own, told) == {}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            "X_BOT_TOKEN=abc\n",
            "does not say X_BOT_TOKEN as it must: a secret's own value belongs into no file",
        ),
        ("PARTNER_TOKEN=abc\n", "does not say PARTNER_TOKEN as it must"),
        ("X_BOT_TOKEN=secret:railway@md5:00\n", "does not say X_BOT_TOKEN as it must"),
        ("# nothing\n", "names no setting"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_without_its_secret(
    tmp_path: Path, lines: str, words: str
) -> None:
    path = tmp_path / "production.env"
    path.write_text(lines)

    with pytest.raises(ConfigurationRefused) as caught:
        read(path)

    assert words in caught.value.what
    assert "abc" not in str(caught.value.record())


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match=r"cannot be read: No such file or directory"):
        read(tmp_path / "away.env")


def test_it_is_installed_beside_the_packaged_compose_file() -> None:
    project = tomllib.loads(compose.IN_CHECKOUT.with_name("pyproject.toml").read_text())

    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["environments"] == "emulator/environments"


def run(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run `clipnet-emulate config` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "emulator", "config", *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(compose.IN_CHECKOUT.parent)},
    )


def test_the_command_proves_that_nothing_drifted(tmp_path: Path) -> None:
    done = run(tmp_path, "diff", "staging", "production")

    assert (done.returncode, done.stderr) == (0, "")
    assert "X_BOT_TOKEN" in done.stdout
    assert "x-staging-bot-token" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith("may be equal: APP_VERSION, APP_COMMIT, LOG_FORMAT")


def test_a_release_that_was_deployed_is_no_drift(tmp_path: Path) -> None:
    store = Store(tmp_path / ".clipnet" / "default" / "releases")
    tree = store.folder("0.1.0+1f2e3d4") / "tree"
    for module in ("api", "worker", "web"):
        (tree / "clipnet" / module).mkdir(parents=True)
    store.add(replace(builtin(), version="0.1.0+1f2e3d4", commit="1f2e3d4" * 5, tree=tree))
    store.set_current(dict.fromkeys(("api", "worker", "web"), "0.1.0+1f2e3d4"))

    done = run(tmp_path, "diff", "staging", "production")

    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_names_drift_in_a_file_of_ones_own_and_fails(tmp_path: Path) -> None:
    made = run(tmp_path, "digest", given="x-staging-bot-token\n").stdout.strip()
    own = file_of("production").read_text().replace("RUNPOD_NAMESPACE=production", "RUNPOD_NAMESPACE=staging")
    lines = [line for line in own.splitlines() if not line.startswith(("X_BOT_TOKEN", "WEB_URL"))]
    (tmp_path / "own.env").write_text("\n".join([*lines, f"X_BOT_TOKEN=secret:railway@{made}"]))

    done = run(tmp_path, "diff", "production", "staging", "--production", "own.env", "--json")

    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert {row["name"]: row["verdict"] for row in found["settings"] if row["drift"]} == {
        "WEB_URL": "missing",
        "RUNPOD_NAMESPACE": "equal",
        "X_BOT_TOKEN": "shared",
    }
    assert found["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("diff", "staging", "staging"), "name both: config diff staging production"),
        (("diff", "staging", "prod"), "'prod' is not one of"),
        (("digest",), "write the secret to standard input"),
    ],
)
def test_wrong_usage_is_refused(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(tmp_path, *arguments)

    assert done.returncode == 2
    assert words in done.stderr
