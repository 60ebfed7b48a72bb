"""Which images a stack needs, and when ours is another one. tests/docker/test_image.py builds them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator import VERSION
from emulator.compose import ComposeFile, read
from emulator.docker.image import Sources, built_by_user, named, refuse_shared_name, sources
from emulator.errors import ConfigurationRefused
from emulator.settings import load
from tests.engine import CHECKOUT

_OURS = {"image": "${EMULATE_IMAGE:-clipnet-emulate:1}", "build": "."}
_STACK = {
    "redis": {"image": "redis:8"},
    "api": _OURS,
    "worker": _OURS,
    "tool": {"image": "tool:1", "profiles": ["tools"]},
}


@pytest.fixture
def tree(tmp_path: Path) -> dict[str, Path]:
    files = {name: tmp_path / name for name in ("Dockerfile", "api.py")}
    for path in files.values():
        path.write_text(path.name)
    return files


def stack(folder: Path, override: dict[str, Any]) -> ComposeFile:
    (folder / "compose.yaml").write_text(
        yaml.safe_dump({"x-clipnet": {}, "services": _STACK}, sort_keys=False)
    )
    (folder / "compose.override.yaml").write_text(yaml.safe_dump({"services": override}))
    return read(load({}, folder))


def test_the_image_is_named_for_the_contents_of_its_sources(tree: dict[str, Path]) -> None:
    before = Sources(Path("/a"), tree).image
    tree["api.py"].touch()
    touched = Sources(Path("/b"), tree).image
    tree["api.py"].write_text("other")
    changed = Sources(Path("/a"), tree).image
    renamed = Sources(Path("/a"), {"Dockerfile": tree["Dockerfile"], "apis.py": tree["api.py"]}).image
    rebased = Sources(Path("/a"), tree, "python:3.14").image

    assert before.startswith(f"clipnet-emulate:{VERSION}-")
    assert touched == before
    assert len({before, changed, renamed, rebased}) == 4


def test_the_sources_are_all_that_the_dockerfile_copies_and_nothing_compiled() -> None:
    found = sources({})

    assert {name.split("/")[0] for name in found.files} == {
        *("clipnet", "emulator", "fakes", "seed"),
        *("Dockerfile", "compose.yaml", "image", "pyproject.toml", "requirements.lock"),
    }
    assert "fakes/cloudinary/__init__.py" in found.files
    assert [name for name in found.files if "__pycache__" in name or name.endswith(".pyc")] == []


def test_every_service_that_runs_needs_its_image(tmp_path: Path) -> None:
    found = named(stack(tmp_path, {"redis": {"image": "redis:7"}}), {"EMULATE_IMAGE": "ours:1"})

    assert found == {"redis": "redis:7", "api": "ours:1", "worker": "ours:1"}


@pytest.mark.parametrize("build", [".", "./mine", {"context": "."}])
def test_what_the_override_builds_is_the_users(tmp_path: Path, build: object) -> None:
    file = stack(tmp_path, {"api": {"build": build}, "redis": {"build": "./redis"}})

    assert built_by_user(file) == ("redis", "api")
    assert named(file, {}) == {"worker": "clipnet-emulate:1"}


def test_an_image_that_the_override_names_is_not_built(tmp_path: Path) -> None:
    file = stack(tmp_path, {"api": {"image": "my-api"}, "worker": {"image": "my-worker", "build": "./w"}})

    assert built_by_user(file) == ("worker",)
    assert named(file, {}) == {"redis": "redis:8", "api": "my-api"}


def test_a_build_without_an_image_name_would_replace_ours(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        refuse_shared_name(stack(tmp_path, {"api": {"build": "."}}))

    assert refused.value.what.startswith(
        "service 'api' has a build of its own, which would take the name of our"
    )
    assert refused.value.hint == "name its image beside its build, as in: image: my-api"
    refuse_shared_name(stack(tmp_path, {"api": {"build": ".", "image": "my-api"}}))


def test_a_service_of_the_users_own_file_is_built_where_it_does_not_name_our_image(tmp_path: Path) -> None:
    file = ComposeFile((tmp_path,), {"services": {**_STACK, "api": {"build": "."}}})

    assert built_by_user(file) == ("api",)


def test_what_is_installed_is_the_same_sources_as_the_clone(tmp_path: Path) -> None:
    """Lays the packages out as the wheel does, by what pyproject.toml says of it."""
    wheel = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    for source, target in {**{name: name for name in wheel["packages"]}, **wheel["force-include"]}.items():
        copy = shutil.copytree if (CHECKOUT / source).is_dir() else shutil.copyfile
        copy(CHECKOUT / source, tmp_path / target)
    program = "from emulator.docker.image import sources; found = sources({}); print(found.root, found.image)"

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == [str(tmp_path), sources({}).image]
