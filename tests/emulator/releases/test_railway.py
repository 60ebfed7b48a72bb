"""What a project says to Railway, in both kinds of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import ConfigurationRefused
from emulator.releases.railway import Railway, read

WHOLE = {
    "$schema": "https://railway.com/railway.schema.json",
    "build": {"builder": "RAILPACK", "buildCommand": "make all", "watchPatterns": ["src/**"]},
    "deploy": {
        "startCommand": "python -m app",
        "preDeployCommand": ["python -m migrate", "python -m seed"],
        "healthcheckPath": "/health",
        "healthcheckTimeout": 100,
        "drainingSeconds": 30,
        "overlapSeconds": "60",
        "restartPolicyType": "ON_FAILURE",
        "someday": {"unknown": 1},
    },
    "environments": {
        "staging": {"deploy": {"startCommand": "python -m app --staging", "drainingSeconds": None}},
        "production": {"build": {"buildCommand": "make fast"}},
    },
}


def write(folder: Path, body: Any, name: str = "railway.json") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return path


def test_without_a_file_nothing_is_said(tmp_path: Path) -> None:
    assert read(tmp_path, "staging") == Railway()


def test_an_environment_is_laid_over_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path, WHOLE)

    assert read(tmp_path, "staging") == Railway(
        file=path,
        build_command="make all",
        start_command="python -m app --staging",
        pre_deploy_commands=("python -m migrate", "python -m seed"),
        healthcheck_path="/health",
        healthcheck_timeout_s=100.0,
        draining_s=None,
        overlap_s=60.0,
    )
    assert read(tmp_path, "production").build_command == "make fast"
    assert read(tmp_path, "development").draining_s == 30.0


def test_a_toml_file_says_the_same(tmp_path: Path) -> None:
    text = """
        [build]
        buildCommand = "make all"
        [deploy]
        preDeployCommand = "python -m migrate"
        drainingSeconds = 1.5
        [environments.staging.deploy]
        startCommand = "python -m app"
    """
    path = write(tmp_path, text, "railway.toml")
    write(tmp_path, WHOLE)

    assert read(tmp_path, "staging") == Railway(
        file=path,
        build_command="make all",
        start_command="python -m app",
        pre_deploy_commands=("python -m migrate",),
        draining_s=1.5,
    )


@pytest.mark.parametrize("name", ["worker/railway.json", "worker/railway.toml", "railway.worker.json"])
def test_the_file_of_a_service_comes_before_the_projects(tmp_path: Path, name: str) -> None:
    write(tmp_path, WHOLE)
    text = (
        '[deploy]\nstartCommand = "work"\n' if name.endswith("toml") else {"deploy": {"startCommand": "work"}}
    )
    write(tmp_path, text, name)

    commands = [read(tmp_path, "staging", service).start_command for service in ("worker", "api", None)]

    assert commands == ["work", "python -m app --staging", "python -m app --staging"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "'railway.json' cannot be read: Expecting"),
        ([], "the whole is [], which is no map"),
        ({"build": "make"}, 'build is "make", which is no map'),
        ({"environments": {"staging": []}}, "environments.staging is [], which is no map"),
        ({"build": {"buildCommand": 5}}, "build.buildCommand is 5, which is no command"),
        ({"deploy": {"startCommand": " "}}, 'deploy.startCommand is " ", which is no command'),
        ({"deploy": {"preDeployCommand": [1]}}, "deploy.preDeployCommand is [1], which is no command"),
        ({"deploy": {"healthcheckPath": "health"}}, 'is "health", which is no path that starts with'),
        ({"deploy": {"healthcheckPath": "//example.com/up"}}, 'is "//example.com/up", which is no path'),
        ({"deploy": {"healthcheckPath": "/a b"}}, 'is "/a b", which is no path'),
        ("[" * 100_000, "'railway.json' cannot be read: "),
        ({"deploy": {"healthcheckTimeout": "soon"}}, 'is "soon", which is no number of seconds'),
        ({"deploy": {"drainingSeconds": -1}}, "deploy.drainingSeconds is -1, which is no number of seconds"),
        ({"deploy": {"overlapSeconds": True}}, "deploy.overlapSeconds is true, which is no number"),
    ],
)
def test_what_is_of_a_wrong_type_is_refused_by_name(tmp_path: Path, body: Any, said: str) -> None:
    write(tmp_path, body)

    with pytest.raises(ConfigurationRefused) as refused:
        read(tmp_path, "staging")

    assert said in refused.value.what


def test_what_is_wrong_for_another_environment_does_no_harm(tmp_path: Path) -> None:
    write(tmp_path, {"environments": {"production": 5}})

    assert read(tmp_path, "staging").start_command is None
