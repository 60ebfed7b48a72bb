"""The folder `.clipnet/<stack>/releases/`: releases, deployments, and which release serves.

```
<version>/tree/          the files
<version>/build.log      what the build said
<version>/release.json   written last: a folder without it is half-made, and never taken for a release
deployments/<n>.json     one per deployment
current.json             service -> version that serves; nothing there: the installed package
site.json                whom the frontend's address leads to in place of the web service
lock                     held while a release is made
```
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from emulator.errors import ConfigurationRefused, StackBusy
from emulator.releases import files
from emulator.releases.record import (
    APPLICATION,
    Deployment,
    DeploymentState,
    Release,
    builtin,
    good_before,
    served,
)
from emulator.statefolder import damaged, read_json, replace_json, try_lock, writing

KEPT = 10
"""Releases that stay; what is needed stays in any case."""

_DEPLOYMENTS_KEPT = 500
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,99}")
_RECORD = "release.json"

T = TypeVar("T")


class Store:
    """The releases and deployments of one stack."""

    def __init__(self, path: Path) -> None:
        """Use `path`, which need not be there yet."""
        self.path = path

    def releases(self) -> tuple[Release, ...]:
        """Return what was made, the oldest first; not the installed package.

        Raises:
            StateFolderUnusable: A record is damaged; it is named.
        """
        found = [self._read(path) for path in self.path.glob(f"*+*/{_RECORD}")]
        return tuple(sorted(found, key=lambda release: (release.created_at, release.version)))

    def release(self, version: str) -> Release:
        """Return one release, or the installed package if that is its version.

        Raises:
            ConfigurationRefused: There is none of this version.
        """
        found = self.find(version)
        if found is None:
            known = [release.version for release in self.releases()][::-1]
            raise ConfigurationRefused(
                f"there is no release '{version}'", f"releases: {', '.join([*known, builtin().version])}"
            )
        return found

    def find(self, version: str) -> Release | None:
        """Return one release, None if there is none."""
        if version == builtin().version:
            return builtin()
        path = self.path / version / _RECORD
        return self._read(path) if _VERSION.fullmatch(version) and path.exists() else None

    def made_of(self, commit: str, folder: str) -> tuple[Release, ...]:
        """Return the releases of a commit and of a folder in it, the latest first."""
        return tuple(r for r in reversed(self.releases()) if (r.commit, r.folder) == (commit, folder))

    def folder(self, version: str) -> Path:
        """Return where a release lies.

        Raises:
            ConfigurationRefused: The version cannot be the name of a folder.
        """
        if _VERSION.fullmatch(version):
            return self.path / version
        raise ConfigurationRefused(
            f"'{version}' cannot be the version of a release",
            "use up to 100 letters, digits, '.', '_', '+' and '-', starting with a letter or a digit",
        )

    def add(self, release: Release) -> None:
        """Write down that a release is whole: its files are there, and stay as they are."""
        path = self.folder(release.version) / _RECORD
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_json(path, release.to_json())

    def adopt(self, release: Release) -> Release:
        """Copy a release of another stack, so that it outlives that one.

        Raises:
            ConfigurationRefused: One of this version is needed here, and has other files.
            StackBusy: A release is being made here.
            StateFolderUnusable: It cannot be written.
        """
        there = self.find(release.version)
        if release.is_builtin or (there is not None and there.digest == release.digest):
            return release if there is None else there
        if release.version in self.needed():
            raise ConfigurationRefused(
                f"release '{release.version}' is needed here, and differs from the one in '{release.tree}'",
                f"make the commit a release here: clipnet-emulate deploy --ref {release.commit[:7]}",
            )
        with self.making():
            folder = self.folder(release.version)
            self._clear(folder)
            with writing(folder):
                shutil.copytree(release.tree, folder / "tree", symlinks=True)
                if release.build_log is not None and release.build_log.exists():
                    shutil.copy(release.build_log, folder / "build.log")
            self.add(release)
        return self.release(release.version)

    def remove(self, version: str) -> None:
        """Take a release away.

        Raises:
            ConfigurationRefused: It serves, or there is none.
        """
        serves = [service for service, serving in self.current().items() if serving == version]
        if serves or self.release(version).is_builtin:
            what = f"serves {', '.join(serves)}" if serves else "is the installed package"
            raise ConfigurationRefused(f"release '{version}' cannot be removed: it {what}")
        self._clear(self.folder(version))

    def needed(self) -> frozenset[str]:
        """Return the versions that stay: serving, to be returned to, being deployed, or held last."""
        current, deployments = self.current(), self.deployments()
        good = (
            self._last_good(deployments, version, services)
            for service, version in current.items()
            for services in ((service,), APPLICATION)
        )
        under_way = {one.release for one in deployments if one.state is DeploymentState.RUNNING}
        held = [one.release for one in deployments if one.state is DeploymentState.HELD][-1:]
        return frozenset(
            {*current.values(), *(release.version for release in good if release)}
            | {version for version in (*under_way, *held) if version}
        )

    def surplus(self, keep: int = KEPT, before: str | None = None) -> tuple[Release, ...]:
        """Return the releases that `prune` would remove: all but the newest `keep` and what is needed.

        Args:
            keep: How many stay.
            before: Only what was made before this time (ISO 8601, UTC).
        """
        needed = self.needed()
        older = self.releases()[:-keep] if keep else self.releases()
        return tuple(
            release
            for release in older
            if release.version not in needed and (before is None or release.created_at < before)
        )

    def prune(self, keep: int = KEPT, before: str | None = None) -> tuple[str, ...]:
        """Remove what `surplus` names, and return its versions."""
        removed = tuple(release.version for release in self.surplus(keep, before))
        for version in removed:
            self.remove(version)
        return removed

    @contextmanager
    def making(self) -> Iterator[None]:
        """Hold the place where releases are made, and clear it of what is half-made.

        Raises:
            StackBusy: Somebody else makes one.
        """
        with writing(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        lock = try_lock(self.path / "lock")
        if lock is None:
            raise StackBusy(
                f"another release is being made in '{self.path}'", "try again when that deployment has ended"
            )
        try:
            for folder in self.path.glob("*+*/"):
                if not (folder / _RECORD).exists():
                    self._clear(folder)
            yield
        finally:
            os.close(lock)

    def discard(self, version: str) -> None:
        """Take away what is there of a version, whole or not, to make it anew; only while `making`."""
        self._clear(self.folder(version))

    def current(self) -> Mapping[str, str]:
        """Return service -> version that serves it; one not named runs the installed package."""
        path = self.path / "current.json"
        body = read_json(path)
        return {} if body is None else _checked(path, lambda: _texts(body["services"]))

    def set_current(self, services: Mapping[str, str]) -> None:
        """Write down what serves from now on."""
        path = self.path / "current.json"
        with writing(path):
            self.path.mkdir(parents=True, exist_ok=True)
            replace_json(path, {"services": dict(services)})

    def site(self) -> dict[str, Any] | None:
        """Return whom the frontend's address leads to in place of the web service, None for that."""
        return read_json(self.path / "site.json")

    def set_site(self, site: Mapping[str, Any] | None) -> None:
        """Write down whom the frontend's address leads to from now on."""
        path = self.path / "site.json"
        with writing(path):
            if site is None:
                path.unlink(missing_ok=True)
            else:
                self.path.mkdir(parents=True, exist_ok=True)
                replace_json(path, site)

    def deployments(self) -> tuple[Deployment, ...]:
        """Return all that is known of, the first one first."""
        return tuple(self._deployment(number) for number in self._numbers())

    def next_number(self) -> int:
        """Return the number of the deployment to come."""
        return max(self._numbers(), default=0) + 1

    def save(self, deployment: Deployment) -> None:
        """Write a deployment down as it is now; the oldest ones of very many go."""
        folder = self.path / "deployments"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            replace_json(folder / f"{deployment.number}.json", deployment.to_json())
            for number in self._numbers()[:-_DEPLOYMENTS_KEPT]:
                (folder / f"{number}.json").unlink(missing_ok=True)

    def last_good(self, before: str, services: tuple[str, ...] = APPLICATION) -> Release | None:
        """Return what served before a version and is still here; None if there is nothing before it.

        What was rolled back is passed over. In the end it is the installed package.
        """
        return self._last_good(self.deployments(), before, services)

    def _last_good(
        self, deployments: tuple[Deployment, ...], before: str, services: tuple[str, ...]
    ) -> Release | None:
        for version in good_before(before, served(deployments, services)):
            found = self.find(version)
            if found is not None:
                return found
        return None

    def _read(self, path: Path) -> Release:
        """Return a release with its files where they lie now: the state folder may have been moved."""
        body = read_json(path)
        release = _checked(path, lambda: Release.from_json(body or {}))
        if release.version != path.parent.name:
            raise damaged(path, f"it is the record of release '{release.version}'")
        log = path.parent / "build.log"
        return replace(release, tree=path.parent / "tree", build_log=log if log.exists() else None)

    def _deployment(self, number: int) -> Deployment:
        path = self.path / "deployments" / f"{number}.json"
        body = read_json(path)
        return _checked(path, lambda: Deployment.from_json(body or {}))

    def _numbers(self) -> list[int]:
        names = (path.stem for path in self.path.glob("deployments/*.json"))
        return sorted(int(name) for name in names if name.isdecimal())

    def _clear(self, folder: Path) -> None:
        """Remove a folder; what is left when that is interrupted is no release any more."""
        with writing(folder):
            (folder / _RECORD).unlink(missing_ok=True)
            files.remove(folder)


def _checked(path: Path, parse: Callable[[], T]) -> T:
    try:
        return parse()
    except KeyError as error:
        raise damaged(path, f"it has no {error}") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise damaged(path, str(error)) from error


def _texts(value: Any) -> dict[str, str]:
    wrong = [name for name, text in value.items() if not isinstance(text, str)]
    if wrong:
        raise ValueError(f"'{wrong[0]}' is {value[wrong[0]]!r}, which is no version")
    return dict(value)
