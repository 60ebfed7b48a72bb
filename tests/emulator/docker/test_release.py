"""Releases in containers: how their images are called and built, and what their services get."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.docker.project import Project
from emulator.docker.release import contained, image_of, ordered
from emulator.errors import ConfigurationRefused
from emulator.releases.record import Release, builtin
from emulator.statefolder import StateFolder
from emulator.topology import Contained, Probe
from tests.emulator.runtimes.scripted import scripted_service


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "qa1")
    folder.create()
    return folder


@pytest.fixture
def release(tmp_path: Path) -> Release:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "Dockerfile").write_text("FROM scratch\n")
    (tree / "Dockerfile").chmod(0o444)
    return replace(
        builtin(), version="0.2.0+1f2e3d4", commit="1f2e3d4" * 5, tree=tree, digest="abcdef0123456789"
    )


def test_an_image_is_called_after_its_stack_its_version_and_its_contents(release: Release) -> None:
    project = Project("qa1", Path("/home/cleo/.clipnet/qa1"))

    assert image_of(project, release) == f"{project.name}:0.2.0-1f2e3d4-abcdef012345"


def test_a_service_of_a_release_says_so_and_runs_what_railway_is_told(
    folder: StateFolder, release: Release
) -> None:
    deploy = {"startCommand": "python -m clipnet.api", "healthcheckPath": "/live", "drainingSeconds": 60}
    (release.tree / "railway.json").write_text(json.dumps({"deploy": deploy}))
    api = replace(
        scripted_service("api"),
        role="api",
        command=("python", "-m", "clipnet.api"),
        probe=Probe("http", "http://127.0.0.1:8407/ready"),
    )

    service = contained(api, release, "qa1", folder)

    image = image_of(Project("qa1", folder.path), release)
    assert service.contained == Contained(image, ("/bin/sh", "-c", "exec python -m clipnet.api"))
    assert (service.probe.target, service.stop_within_s) == ("http://127.0.0.1:8407/live", 60)
    assert {name: service.environment[name] for name in ("APP_VERSION", "APP_COMMIT", "RELEASE")} == {
        "APP_VERSION": release.version,
        "APP_COMMIT": release.commit,
        "RELEASE": release.version,
    }
    assert contained(api, builtin(), "qa1", folder) is api


def test_it_is_built_of_files_with_the_modes_of_a_clone(folder: StateFolder, release: Release) -> None:
    project = Project("qa$1", folder.path)

    with ordered(project, release, {"PYTHON_IMAGE": "python:3.14"}, folder) as words:
        body = json.loads(Path(words[words.index("--file") + 1]).read_text())["services"]["release"]
        context = Path(words[words.index("--project-directory") + 1])
        mode = (context / "Dockerfile").stat().st_mode & 0o777

    assert (mode, context.exists()) == (0o644, False)
    assert body["image"] == image_of(project, release)
    assert body["build"]["args"] == {"PYTHON_IMAGE": "python:3.14"}
    assert body["build"]["labels"]["clipnet-emulate.stack"] == "qa$$1"
    assert list(folder.tmp.iterdir()) == []


def test_a_release_without_a_dockerfile_is_refused(folder: StateFolder, release: Release) -> None:
    (release.tree / "Dockerfile").unlink()

    with (
        pytest.raises(ConfigurationRefused, match=r"release '0\.2\.0\+1f2e3d4' of .* has no Dockerfile"),
        ordered(Project("qa1", folder.path), release, {}, folder),
    ):
        pass
