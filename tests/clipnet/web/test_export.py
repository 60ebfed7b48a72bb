"""The frontend as files: a host that goes by their rules answers as `python -m clipnet.web` does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from clipnet.web.app import STATIC, WebSettings, create
from clipnet.web.export import NotOurs, export, routing
from tests.fakes.serving import served
from tests.fakes.vercel.conftest import STAGING, api_of, deployed, site

TOLD = WebSettings(
    "https://api.clipnet.test", "staging", "0.1.0+1f2e3d4", "127.0.0.1", 9000, "1f2e3d4" + 33 * "0"
)
SCRIPTS = [f"/static/{path.name}" for path in sorted(STATIC.iterdir()) if path.suffix != ".html"]
PATHS = [
    "/",
    "/clips/123",
    "/a/deep.link",
    "/config.json",
    "/static/nothing.js",
    "/static/",
    "/index.html",
    *SCRIPTS,
]
COMPARED = (
    "cache-control",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
)


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The export, deployed."""
    folder = tmp_path_factory.mktemp("web") / ".vercel" / "output"
    export(TOLD, folder)
    root = folder.parents[1]
    files = {str(path.relative_to(root)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with served("vercel") as fakes, api_of(fakes) as client:
        deployed(client, files, branch="develop")
        yield client


def compared_headers(status: int, headers: Mapping[str, str]) -> dict[str, str | None]:
    """What must not differ; the words of a page that is not found are the host's own."""
    told = {name: headers.get(name) for name in COMPARED}
    if status == 200:
        told["content-type"] = headers["content-type"].partition(";")[0]
    return told


@pytest.mark.parametrize("path", PATHS)
def test_a_host_of_the_files_answers_as_the_program_does(hosted: httpx.Client, path: str) -> None:
    program = TestClient(create(TOLD)).get(path)

    answer = site(hosted, STAGING, path)

    assert answer.status_code == program.status_code
    status = program.status_code
    assert compared_headers(status, answer.headers) == compared_headers(status, program.headers)
    if path == "/config.json":
        assert answer.json() == program.json()
    elif program.status_code == 200:
        assert answer.content == program.content


def test_the_rules_are_of_the_third_version_and_name_one_api(tmp_path: Path) -> None:
    export(TOLD, tmp_path / "output")

    rules = json.loads((tmp_path / "output" / "config.json").read_text())
    assert rules == routing(TOLD)
    assert rules["version"] == 3
    assert (
        "connect-src 'self' https://api.clipnet.test;"
        in rules["routes"][0]["headers"]["content-security-policy"]
    )


def test_an_export_replaces_an_earlier_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "output"
    target.mkdir()
    export(TOLD, target)
    (target / "static" / "stale.js").touch()

    export(TOLD, target)

    assert not (target / "static" / "stale.js").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


@pytest.mark.parametrize("name", ["thesis.txt", "static/a.js"])
def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, name: str) -> None:
    target = tmp_path / "output"
    (target / name).parent.mkdir(parents=True)
    (target / name).write_text("mine")

    with pytest.raises(NotOurs, match="holds something else; name a folder that is new, or empty"):
        export(TOLD, target)

    assert (target / name).read_text() == "mine"


def run(folder: Path, *arguments: str, **env: str) -> tuple[int, dict[str, str]]:
    """Run `python -m clipnet.web` in a folder: its exit code and its line."""
    done = subprocess.run(
        [sys.executable, "-m", "clipnet.web", *arguments],
        env={**os.environ, "PYTHONPATH": str(STATIC.parents[2]), **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=folder,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_the_program_builds_where_vercel_looks(tmp_path: Path) -> None:
    code, line = run(tmp_path, "build", API_URL="https://api.x", APP_ENV="staging", APP_VERSION="1.2.3+abc")

    built = tmp_path / ".vercel" / "output"
    assert (code, line["event"], line["version"]) == (0, "built", "1.2.3+abc")
    told = json.loads((built / "static" / "config.json").read_text())
    assert (told["api_url"], told["environment"], told["banner"]) == ("https://api.x", "staging", "STAGING")
    assert (built / "static" / "index.html").read_bytes() == (STATIC / "index.html").read_bytes()


def test_the_program_refuses_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file")

    assert run(tmp_path, "build", "mine")[0] == 1
    assert run(tmp_path, "bild") == (
        2,
        {
            "level": "error",
            "event": "bad arguments",
            "service": "web",
            "error": "'bild' is neither nothing, which serves, nor: build [DIR]",
        },
    )
    assert run(tmp_path, "build", "x", APP_ENV="prod")[1]["error"].startswith("APP_ENV is 'prod'")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
