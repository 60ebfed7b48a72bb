"""Turns a service of the stack into the same service of a release."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

from emulator.errors import ConfigurationRefused
from emulator.releases import railway
from emulator.releases.railway import Railway
from emulator.releases.record import Release
from emulator.topology import MODULES, Probe, Service

_PYTHON = ("python", "python3")
_OF_RAILWAY = ("api", "worker")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z_0-9]*=")
_SHELL = re.compile(r"[;|&<>()\n]")


def of_release(service: Service, release: Release, checkout: Path | None = None) -> Service:
    """Return a service as a release runs it: its command, its folder, its environment.

    What its `railway.json` says (start command, health check, time to end) is for the reference API and
    worker only: a program in an override file says itself how it is run.

    Args:
        service: As the stack has it.
        release: The installed package changes nothing.
        checkout: The repository in which folders of override files lie; None for the release's own.

    Raises:
        ConfigurationRefused: The release does not have what the service runs, or its railway.json is wrong.
    """
    if release.is_builtin:
        return service
    directory = _directory(service, release, (checkout or release.repository).resolve())
    said = said_of(service, release)
    if said.start_command is not None:
        command = in_shell(said.start_command, release, directory)
    else:
        _refuse_absence(service, release)
        command = _command(service.command, release, directory)
    return replace(
        as_said(service, said),
        command=command,
        directory=directory,
        environment={**service.environment, **_environment(service, release)},
    )


def as_said(service: Service, said: Railway) -> Service:
    """Return a service that is asked where the platform is told to ask, and has the time to end it gives."""
    return replace(
        service,
        probe=_probe(service.probe, said.healthcheck_path),
        stop_within_s=max(service.stop_within_s, said.draining_s or 0.0),
    )


def reference_module(service: Service) -> str | None:
    """Return the module of the reference application that a service runs, None if it runs something else."""
    words = service.command
    is_module = len(words) > 2 and words[0] in _PYTHON and words[1] == "-m"
    return words[2] if is_module and words[2] in MODULES else None


def python_path(release: Release, inherited: str = "") -> str:
    """Return PYTHONPATH for programs of a release: its own files come before all others."""
    layouts = [release.source, release.source / "src"]
    own = [str(path) for path in layouts if path == release.source or path.is_dir()]
    return os.pathsep.join([*own, *([inherited] if inherited else [])])


def in_shell(command: str, release: Release, directory: Path | None = None) -> tuple[str, ...]:
    """Return how a shell runs a line with the release's own programs.

    A program gets signals itself, in the place of the shell, also at the end of `first && second`.
    """
    folders = [shlex.quote(str(folder)) for folder in _programs(release, directory or release.source)]
    path = f'PATH={":".join(folders)}:"$PATH"; export PATH; '
    return ("/bin/sh", "-c", path + replacing_the_shell(command))


def said_of(service: Service, release: Release) -> Railway:
    """Return what is said to the platform about a service, where the platform runs it at all."""
    if service.role not in _OF_RAILWAY or reference_module(service) is None:
        return Railway()
    return railway.read(release.source, service.environment.get("APP_ENV", "staging"), service.role)


def _probe(probe: Probe, path: str | None) -> Probe:
    """Return a probe that asks at another path, if it asks at any."""
    if path is None or probe.kind != "http":
        return probe
    return replace(probe, target=urljoin(probe.target, path))


def _environment(service: Service, release: Release) -> dict[str, str]:
    return {
        "PYTHONPATH": python_path(release, service.environment.get("PYTHONPATH", "")),
        "APP_VERSION": release.version,
        "APP_COMMIT": release.commit,
        "RELEASE": release.version,
    }


def _directory(service: Service, release: Release, checkout: Path) -> Path:
    """Return the release's folder, or what in it is the service's folder in the checkout."""
    if service.directory is None:
        return release.source
    directory = service.directory.resolve()
    if not directory.is_relative_to(checkout):
        return release.source
    found = release.tree / directory.relative_to(checkout)
    if not found.is_dir():
        raise ConfigurationRefused(
            f"release '{release.version}' has no folder '{directory.relative_to(checkout)}', "
            f"in which service '{service.name}' runs",
            "commit it, or correct x-embedded.directory in compose.override.yaml",
        )
    return found


def _refuse_absence(service: Service, release: Release) -> None:
    """Refuse to run the installed package where the release does not have that module."""
    module = reference_module(service)
    if module is None:
        return
    name = module.replace(".", "/")
    for folder in (release.source, release.source / "src"):
        if (folder / name).is_dir() or (folder / f"{name}.py").is_file():
            return
    raise ConfigurationRefused(
        f"release '{release.version}' of project '{release.project}' has no module '{module}', "
        f"which service '{service.name}' runs",
        "name what starts it: deploy.startCommand in railway.json, or x-embedded.command in an override file",
    )


def _command(command: tuple[str, ...], release: Release, directory: Path) -> tuple[str, ...]:
    program, *arguments = command
    if program in _PYTHON:
        return (program if release.python is None else str(release.python), *arguments)
    for folder in _programs(release, directory):
        if "/" not in program and os.access(folder / program, os.X_OK):
            return (str(folder / program), *arguments)
    return command


def _programs(release: Release, directory: Path) -> list[Path]:
    """Return where a release has programs of its own."""
    own = [] if release.python is None else [release.python.parent]
    return [*own, *dict.fromkeys((directory / "node_modules/.bin", release.source / "node_modules/.bin"))]


def replacing_the_shell(command: str) -> str:
    """Put `exec` before the last program of `a && b`, if that can be told."""
    before, joint, last = command.rpartition("&&")
    words = _words(before), _words(last)
    if words[0] is None or not words[1] or _SHELL.search(last):
        return command
    program = f"env {last.strip()}" if _ASSIGNMENT.match(last.strip()) else last.strip()
    return f"{before}{joint} exec {program}".strip()


def _words(text: str) -> list[str] | None:
    try:
        return shlex.split(text)
    except ValueError:
        return None
