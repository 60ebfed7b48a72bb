"""What a project says about itself: name, version, and what it needs to run."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.errors import ConfigurationRefused

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}")
_CONTINUED = re.compile(r"\\\n")
_COMMENT = re.compile(r"(^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Project:
    """One project, as its own files describe it."""

    name: str
    version: str
    is_python: bool
    requirements: tuple[str, ...] = ()
    """Those of pyproject.toml, and of requirements.txt if it says nothing else."""
    has_options: bool = False
    """True: requirements.txt says more than names and versions, and only pip can read it."""
    requires_python: str = ""
    has_lock: bool = False
    """True: there is a package-lock.json."""


def read(folder: Path) -> Project:
    """Read a project's files.

    Raises:
        ConfigurationRefused: One of them cannot be read, does not say what the project needs, or gives it a
            version that cannot name a release.
    """
    package = _package(folder / "package.json")
    pyproject = folder / "pyproject.toml"
    about = _pyproject(pyproject)
    listed = folder / "requirements.txt"
    lines = list(_lines(listed)) if listed.is_file() else []
    has_options = any(_has_options(line) for line in lines)
    if not listed.is_file():
        _refuse_what_only_a_tool_knows(pyproject, about)
    version = about.get("version") or package.get("version") or "0.0.0"
    return Project(
        name=str(about.get("name") or package.get("name") or folder.name),
        version=_version(version, pyproject if about.get("version") else folder / "package.json"),
        is_python=pyproject.is_file() or listed.is_file() or not package,
        requirements=(*_strings(pyproject, about, "dependencies"), *(() if has_options else lines)),
        has_options=has_options,
        requires_python=str(about.get("requires-python", "")),
        has_lock=_has_lock(folder, package),
    )


def release_version(version: str, digits: str) -> str:
    """Return the version of a release: the project's, and the first digits of its commit."""
    return f"{version}{'.' if '+' in version else '+'}{digits}"


def refuse_other_python(project: Project) -> None:
    """Refuse a project that cannot run on the Python that runs this.

    Raises:
        ConfigurationRefused: It says so in `requires-python`.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    here = ".".join(str(part) for part in sys.version_info[:3])
    try:
        fits = SpecifierSet(project.requires_python).contains(here, prereleases=True)
    except InvalidSpecifier as error:
        raise ConfigurationRefused(
            f"'pyproject.toml' has requires-python '{project.requires_python}', which means nothing",
            "correct it, and commit",
        ) from error
    if not fits:
        raise ConfigurationRefused(
            f"project '{project.name}' needs Python {project.requires_python}, this is {here}",
            "install clipnet-emulate for that Python",
        )


def _pyproject(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        body = tomllib.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error
    about = body.get("project", {"dynamic": ["dependencies"]} if "poetry" in body.get("tool", {}) else {})
    if not isinstance(about, Mapping):
        raise ConfigurationRefused(f"in '{path.name}', project is no table", "correct it, and commit")
    return about


def _package(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        body = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(body, Mapping):
        raise ConfigurationRefused(f"'{path.name}' holds no map", "correct it, and commit")
    return body


def _unreadable(path: Path, error: Exception) -> ConfigurationRefused:
    return ConfigurationRefused(f"'{path.name}' cannot be read: {error}", "correct it, and commit")


def _refuse_what_only_a_tool_knows(path: Path, about: Mapping[str, Any]) -> None:
    if "dependencies" in about.get("dynamic", ()):
        raise ConfigurationRefused(
            f"'{path.name}' does not say under [project] what the project depends on",
            "list it there as dependencies, or commit a requirements.txt",
        )


def _strings(path: Path, about: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = about.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ConfigurationRefused(
            f"in '{path.name}', project.{key} is no list of texts", "correct it, and commit"
        )
    return tuple(found)


def _version(version: object, path: Path) -> str:
    if isinstance(version, str) and _VERSION.fullmatch(version):
        return version
    shown = json.dumps(version, default=str)[:80]
    raise ConfigurationRefused(
        f"'{path.name}' gives the version {shown}, which cannot name a release",
        "use up to 64 letters, digits, '.', '_', '+' and '-', starting with a letter or a digit",
    )


def _has_lock(folder: Path, package: Mapping[str, Any]) -> bool:
    if (folder / "package-lock.json").is_file():
        return True
    if package.get("dependencies"):
        raise ConfigurationRefused(
            "'package.json' names dependencies, and there is no package-lock.json that says which versions",
            "make one with: npm install; and commit it",
        )
    return False


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a requirements.txt that mean something, joined where they go on.

    Source: pip.pypa.io/en/stable/reference/requirements-file-format.
    """
    try:
        text = path.read_text()
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error
    for line in _CONTINUED.sub("", text).splitlines():
        meant = _COMMENT.sub("", line).strip()
        if meant:
            yield meant


def _has_options(line: str) -> bool:
    """Tell whether a line is more than a requirement: an option, a hash, a path, a variable."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(line)
    except InvalidRequirement:
        return True
    return "${" in line
