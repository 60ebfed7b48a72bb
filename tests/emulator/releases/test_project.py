"""What projects say about themselves, and whether what they need is installed here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.errors import ConfigurationRefused
from emulator.releases import requirements
from emulator.releases.project import Project, read, refuse_other_python, release_version


def write(folder: Path, **texts: str) -> None:
    names = {"pyproject": "pyproject.toml", "requirements": "requirements.txt", "package": "package.json"}
    for name, text in texts.items():
        (folder / names.get(name, name)).write_text(text)


def pyproject(**values: object) -> str:
    return "[project]\n" + "".join(
        f"{name.replace('_', '-')} = {json.dumps(v)}\n" for name, v in values.items()
    )


def test_a_python_project_is_read(tmp_path: Path) -> None:
    about = pyproject(name="clipnet", version="1.2", dependencies=["httpx>=0.28"], requires_python=">=3.11")
    write(tmp_path, pyproject=about, requirements="# pinned\nredis==7.1 ; python_version > '3'\n\nalembic\n")

    assert read(tmp_path) == Project(
        name="clipnet",
        version="1.2",
        is_python=True,
        requirements=("httpx>=0.28", "redis==7.1 ; python_version > '3'", "alembic"),
        requires_python=">=3.11",
    )


def test_a_node_project_is_read(tmp_path: Path) -> None:
    write(tmp_path, package='{"name": "web", "version": "3.0.0", "dependencies": {"ws": "8"}}')
    (tmp_path / "package-lock.json").write_text("{}")

    assert read(tmp_path) == Project(name="web", version="3.0.0", is_python=False, has_lock=True)


def test_a_folder_that_says_nothing_is_python_of_no_version(tmp_path: Path) -> None:
    assert read(tmp_path) == Project(name=tmp_path.name, version="0.0.0", is_python=True)


@pytest.mark.parametrize(
    "text",
    [
        "-e .\n",
        "./vendor/tiny\n",
        "-r more.txt\n",
        "a==1 \\\n  --hash=sha256:00\n",
        "x @ https://h/${V}.whl\n",
    ],
)
def test_what_only_pip_understands_is_left_to_it(tmp_path: Path, text: str) -> None:
    write(tmp_path, pyproject=pyproject(dependencies=["httpx"]), requirements=f"redis\n{text}")

    found = read(tmp_path)

    assert (found.has_options, found.requirements) == (True, ("httpx",))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"pyproject": "["}, "'pyproject.toml' cannot be read"),
        ({"pyproject": "project = 1"}, "project is no table"),
        ({"pyproject": pyproject(dependencies="httpx")}, "project.dependencies is no list of texts"),
        ({"pyproject": pyproject(dynamic=["dependencies"])}, "does not say under [project] what the project"),
        ({"pyproject": "[tool.poetry]\nname = 'x'"}, "does not say under [project] what the project"),
        ({"pyproject": pyproject(version="../1")}, 'gives the version "../1", which cannot name a release'),
        ({"pyproject": pyproject(version="1/2")}, "cannot name a release"),
        ({"pyproject": pyproject(version="1 2")}, "cannot name a release"),
        ({"pyproject": pyproject(version="1" * 65)}, "cannot name a release"),
        ({"package": '{"version": 5}'}, "'package.json' gives the version 5"),
        ({"package": "[]"}, "'package.json' holds no map"),
        ({"package": "{"}, "'package.json' cannot be read"),
        ({"package": "[" * 100_000}, "'package.json' cannot be read"),
        ({"package": '{"dependencies": {"ws": "8"}}'}, "there is no package-lock.json"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path, texts: dict[str, str], said: str) -> None:
    write(tmp_path, **texts)

    with pytest.raises(ConfigurationRefused) as refused:
        read(tmp_path)

    assert said in refused.value.what


def test_a_requirements_file_speaks_for_a_tool_that_nobody_else_understands(tmp_path: Path) -> None:
    write(tmp_path, pyproject="[tool.poetry]\nname = 'x'", requirements="httpx\n")

    assert read(tmp_path).requirements == ("httpx",)


@pytest.mark.parametrize(("version", "expected"), [("0.1.0", "0.1.0+abc"), ("1+local", "1+local.abc")])
def test_a_release_is_named_for_project_and_commit(version: str, expected: str) -> None:
    assert release_version(version, "abc") == expected


@pytest.mark.parametrize(
    ("wanted", "said"),
    [(">=4", "needs Python >=4, this is 3."), ("<3", "needs Python <3"), ("soon", "which means nothing")],
)
def test_a_project_for_another_python_is_refused(wanted: str, said: str) -> None:
    with pytest.raises(ConfigurationRefused, match=said):
        refuse_other_python(Project("x", "1", is_python=True, requires_python=wanted))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ()),
        (["httpx>=0.28,<1", "PyYAML"], ()),
        (["sqlalchemy[asyncio]>=2"], ()),
        (["httpx>=99"], ("httpx>=99",)),
        (["httpx[socks]"], ("httpx[socks]",)),
        (["no-such-package-of-anybody"], ("no-such-package-of-anybody",)),
        (["no-such-package-of-anybody; sys_platform == 'win32'"], ()),
        (["httpx @ file:///tmp/httpx"], ("httpx @ file:///tmp/httpx",)),
    ],
)
def test_what_is_not_installed_here_is_named(texts: list[str], expected: tuple[str, ...]) -> None:
    assert requirements.unmet(texts) == expected


def test_a_requirement_that_means_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationRefused, match="'a b c' is no requirement"):
        requirements.unmet(["a b c"])


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (["a>=1", "b"], ["b", "a>=1"], True),
        (["a>=1,<2"], ["A <2, >=1"], True),
        (["a_b"], ["A-B"], True),
        (["a; python_version > '3'"], ["a"], True),
        (["a", "b; sys_platform == 'win32'"], ["a"], True),
        (["a", "a"], ["a"], True),
        (["a>=1"], ["a>=2"], False),
        (["a"], ["a[x]"], False),
        (["a"], [], False),
    ],
)
def test_environments_are_told_apart_by_what_they_need_here(
    one: list[str], other: list[str], is_same: bool
) -> None:
    assert (requirements.digest(one) == requirements.digest(other)) is is_same


def test_what_else_decides_tells_environments_apart() -> None:
    assert requirements.digest(["a"], "x") != requirements.digest(["a"], "y")
