"""Releases where Docker runs the stack: one image each, made by the release's own Dockerfile."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from emulator.docker import compose
from emulator.docker.engine import find
from emulator.docker.image import BASE_SETTING, BUILD_WITHIN_S, Progress
from emulator.docker.project import Project
from emulator.errors import ConfigurationRefused
from emulator.releases.record import Release
from emulator.releases.service import as_said, replacing_the_shell, said_of
from emulator.releases.store import Store
from emulator.statefolder import StateFolder, replace_json, writing
from emulator.topology import Contained, Service

if TYPE_CHECKING:
    from emulator.plan import Plan

RELEASE_NAMES = ("APP_VERSION", "APP_COMMIT", "RELEASE")
"""What the environment of a release's services says of it."""

_DOCKERFILE = "Dockerfile"
_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9_.-]")


def contained(service: Service, release: Release, stack: str, folder: StateFolder) -> Service:
    """Return a service as a release runs it in a container. What is inside of that is the Dockerfile's.

    Raises:
        ConfigurationRefused: The release's railway.json is wrong.
    """
    if release.is_builtin:
        return service
    said = said_of(service, release)
    command = ("/bin/sh", "-c", replacing_the_shell(said.start_command)) if said.start_command else None
    of_it = {"APP_VERSION": release.version, "APP_COMMIT": release.commit, "RELEASE": release.version}
    return replace(
        as_said(service, said),
        environment={**service.environment, **of_it},
        contained=Contained(image_of(Project(stack, folder.path), release), command),
    )


def image_of(project: Project, release: Release) -> str:
    """Return what the image of a release is called: another name for other contents."""
    version = _NOT_IN_A_TAG.sub("-", release.version)
    return f"{project.name}:{version}-{release.digest[:12]}"


@contextmanager
def ordered(
    project: Project, release: Release, variables: Mapping[str, str], folder: StateFolder
) -> Iterator[tuple[str, ...]]:
    """Lay out what the image of a release is built of; yield the arguments with which Compose does it.

    Files have the modes of a clone: with those of a release, the engine would take them for other ones than
    it has built before.

    Raises:
        ConfigurationRefused: The release has no Dockerfile.
    """
    if not (release.source / _DOCKERFILE).is_file():
        raise ConfigurationRefused(
            f"release '{release.version}' of project '{release.project}' has no Dockerfile, "
            "of which its containers could be made",
            "commit one, or deploy it to a stack without containers: clipnet-emulate up --runtime embedded",
        )
    labels = {**project.labels, "org.opencontainers.image.version": release.version}
    build = {
        "context": ".",
        "labels": {name: escaped(value) for name, value in labels.items()},
        "args": {name: variables[name] for name in (BASE_SETTING,) if name in variables},
    }
    body = {"services": {"release": {"image": image_of(project, release), "build": build}}}
    with writing(folder.tmp):
        laid_out = TemporaryDirectory(prefix="image-", dir=folder.tmp, ignore_cleanup_errors=True)
    with laid_out as path:
        file, context = Path(path, "release.json"), Path(path, "files")
        with writing(folder.tmp):
            shutil.copytree(release.source, context, symlinks=True)
            _as_cloned(context)
            replace_json(file, body)
        where = ("--project-name", project.name, "--project-directory", str(context), "--file", str(file))
        yield (*where, "--progress", "plain", "build", "release")


def ensure(plan: Plan, log: Path, progress: Progress) -> None:
    """Build the images of the releases that a stack is to start with, if they are missing.

    Raises:
        EmulatorError: One cannot be built.
    """
    wanted = {service.contained.image for service in plan.topology.services if service.contained}
    if not wanted:
        return
    engine = find(plan.settings.variables)
    project = Project(plan.settings.stack, plan.folder.path)
    for release in Store(plan.folder.data("releases")).releases():
        if (name := image_of(project, release)) in wanted and not engine.has_image(name):
            progress(f"building the image of release {release.version} (its log: {log})")
            doing = f"building the image '{name}'"
            with ordered(project, release, plan.settings.variables, plan.folder) as words:
                compose.call(engine, words, doing=doing, log=log, env={}, within_s=BUILD_WITHIN_S)


def _as_cloned(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def escaped(text: str) -> str:
    """Return a text so that Compose fills nothing in."""
    return text.replace("$", "$$")
