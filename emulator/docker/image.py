"""The images that a stack needs: our own, built from this very code when it is missing; others, fetched."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from emulator import VERSION
from emulator.compose import IN_CHECKOUT, PACKAGED, ComposeFile, read
from emulator.docker import compose
from emulator.docker.engine import Engine, find
from emulator.docker.errors import fetching_failed
from emulator.errors import ConfigurationRefused, PrerequisiteMissing
from emulator.interpolation import interpolate
from emulator.settings import Settings
from emulator.statefolder import writing

REPOSITORY = "clipnet-emulate"
SETTING = "EMULATE_IMAGE"
"""The variable of compose.yaml that names the image of our own services."""

BASE_SETTING = "PYTHON_IMAGE"
"""The argument of the Dockerfile, and the variable, that name what our image is built on."""

SOURCES_LABEL = "clipnet-emulate.sources"
"""On each image that was built here: the folder of its sources."""

_PACKAGES = ("clipnet", "emulator", "fakes", "seed")
_BESIDE = ("Dockerfile", "compose.yaml", "image", "pyproject.toml", "requirements.lock")
"""What lies beside the packages in a clone, and in the package `emulator` where that is installed."""

_NEVER = ("environments", "secrets")
"""What lies beside them too, and goes into no image."""

BUILD_WITHIN_S = 1800.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """All that goes into our image."""

    root: Path
    files: Mapping[str, Path]
    """Path inside the build -> file."""
    base: str = ""
    """The image to build on, if it is not the Dockerfile's own."""

    @property
    def image(self) -> str:
        """The image's name: another one for other contents."""
        digest = sha256(self.base.encode())
        for name, path in self.files.items():
            digest.update(name.encode() + b"\0" + sha256(path.read_bytes()).digest())
        return f"{REPOSITORY}:{VERSION}-{digest.hexdigest()[:12]}"


def sources(variables: Mapping[str, str]) -> Sources:
    """Find the sources: a clone's, or those that were installed; `variables` may name another base.

    Raises:
        PrerequisiteMissing: A part of them is not there.
    """
    beside = _beside()
    parts = {name: beside / name for name in _BESIDE} | {name: _folder_of(name) for name in _PACKAGES}
    packaged = {str(PACKAGED.with_name(name)) for name in (*_BESIDE, *_NEVER)}
    files: dict[str, Path] = {}
    for name, part in parts.items():
        if not part.exists():
            raise PrerequisiteMissing(
                f"the image cannot be built: there is no '{part}'", "install clipnet-emulate again"
            )
        skipped = packaged if name == "emulator" else set()
        files |= {f"{name}{path[len(str(part)) :]}": Path(path) for path in _files(str(part), skipped)}
    return Sources(Path(__file__).parents[2], files, variables.get(BASE_SETTING, ""))


def base_image(variables: Mapping[str, str]) -> str:
    """Return what our image is built on."""
    own = re.search(rf"^ARG {BASE_SETTING}=(\S+)", (_beside() / "Dockerfile").read_text(), re.MULTILINE)
    return variables.get(BASE_SETTING) or (own[1] if own else "")


def _beside() -> Path:
    """Return where the Dockerfile and the others lie."""
    return PACKAGED.parent if PACKAGED.is_file() else IN_CHECKOUT.parent


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) if locations else Path(package)


def _files(path: str, skipped: Container[str]) -> Iterator[str]:
    """Yield the files below a path (or itself), always in the same order, without what Python compiled."""
    if not os.path.isdir(path):
        yield path
        return
    for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
        if entry.path in skipped or entry.name == "__pycache__" or entry.name.endswith(".pyc"):
            continue
        yield from _files(entry.path, ())


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds our image at an engine."""

    engine: Engine
    cache: Path
    log: Path
    progress: Progress

    def ensure(self, found: Sources) -> str:
        """Return the name of the image of these sources; build it first if it is missing.

        Raises:
            EmulatorError: It cannot be built.
        """
        name = found.image
        if not self.engine.has_image(name):
            self.progress(f"building the image '{name}', the first time only (its log: {self.log})")
            with self._context(found) as context:
                self._build(found.root, context, name)
            self._remove_earlier(found.root, name)
        return name

    @contextmanager
    def _context(self, found: Sources) -> Iterator[Path]:
        """Lay the sources out in a folder, readable for all, as long as the block lasts."""
        with writing(self.cache, setting="CLIPNET_CACHE_DIR"):
            self.cache.mkdir(parents=True, exist_ok=True)
            folder = TemporaryDirectory(prefix="image-", dir=self.cache, ignore_cleanup_errors=True)
        with folder as path:
            with writing(self.cache, setting="CLIPNET_CACHE_DIR"):
                _lay_out(found.files, Path(path))
            yield Path(path)

    def _build(self, root: Path, context: Path, name: str) -> None:
        label = {SOURCES_LABEL: str(root).replace("$", "$$")}
        labels = context / "labels.yaml"
        labels.write_text(json.dumps({"services": {"fakes": {"build": {"labels": label}}}}))
        files = ("--file", str(context / "compose.yaml"), "--file", str(labels))
        compose.call(
            self.engine,
            ("--project-directory", str(context), *files, "--progress", "plain", "build", "fakes"),
            doing=f"building the image '{name}'",
            log=self.log,
            env={SETTING: name, "APP_VERSION": VERSION},
            within_s=BUILD_WITHIN_S,
        )

    def _remove_earlier(self, root: Path, name: str) -> None:
        """Remove the images of what the same folder held before, but for those that a container uses."""
        from docker.errors import APIError

        with closing(self.engine.client()) as client:
            built = client.images.list(filters={"label": f"{SOURCES_LABEL}={root}"})
            for tag in [tag for image in built for tag in image.tags]:
                if tag.startswith(f"{REPOSITORY}:") and tag != name:
                    with suppress(APIError):
                        client.images.remove(tag)


def _lay_out(files: Mapping[str, Path], folder: Path) -> None:
    for name, path in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o644)
    for directory in folder.rglob("**/"):
        directory.chmod(0o755)


def ensure_own(
    engine: Engine, variables: Mapping[str, str], cache: Path, log: Path, progress: Progress
) -> str:
    """Return the name of our image, built if it is missing; one that the user names in EMULATE_IMAGE is kept.

    Raises:
        EmulatorError: It cannot be built.
    """
    return variables.get(SETTING) or Builder(engine, cache, log, progress).ensure(sources(variables))


def named(file: ComposeFile, variables: Mapping[str, str]) -> dict[str, str]:
    """Return service -> image of all services but those that the user has built."""
    built = built_by_user(file)
    return {
        str(name): interpolate(str(body["image"]), variables)
        for name, body in file.body["services"].items()
        if body.get("image") and not body.get("profiles") and name not in built
    }


def built_by_user(file: ComposeFile) -> tuple[str, ...]:
    """Return the services that Compose builds from a folder of the user's.

    Our own say `build: .`, which stays there when the override only names another image.
    """
    overridden: Mapping[str, Any] = file.override.get("services") or {}

    def is_users(name: str, body: Mapping[str, Any]) -> bool:
        over = overridden.get(name) or {}
        return bool(over.get("build")) or (SETTING not in str(body.get("image")) and "image" not in over)

    return tuple(
        str(name)
        for name, body in file.body["services"].items()
        if body.get("build") and not body.get("profiles") and is_users(name, body)
    )


def refuse_shared_name(file: ComposeFile) -> None:
    """Raise if Compose would put what the user builds in the place of our image.

    Raises:
        ConfigurationRefused: A service has a build of its own, but no image name of its own.
    """
    for name in built_by_user(file):
        if SETTING in str(file.body["services"][name].get("image")):
            raise ConfigurationRefused(
                f"service '{name}' has a build of its own, which would take the name of our image",
                f"name its image beside its build, as in: image: my-{name}",
            )


def fetch_missing(engine: Engine, images: Iterable[str], progress: Progress) -> None:
    """Fetch the images that are not here.

    Raises:
        PrerequisiteMissing: One cannot be fetched.
        StartFailed: The disk is full.
    """
    for name in dict.fromkeys(images):
        if not engine.has_image(name):
            progress(f"fetching the image '{name}'")
            said = _fetch(engine, name)
            if said:
                raise fetching_failed(name, said)


def _fetch(engine: Engine, name: str) -> str:
    """Fetch an image; return why that failed, empty if it did not."""
    from docker.errors import APIError, DockerException
    from docker.utils import parse_repository_tag

    repository, tag = parse_repository_tag(name)
    try:
        with closing(engine.client()) as client:
            for step in client.api.pull(repository, tag=tag or "latest", stream=True, decode=True):
                if "error" in step:
                    return str(step["error"])
    except APIError as error:
        return str(error.explanation or error)
    except DockerException as error:
        return str(error)
    return ""


def _needs_ours(file: ComposeFile) -> bool:
    """Tell whether any service runs our image: all of them may be the user's own."""
    built = built_by_user(file)
    return any(
        SETTING in str(body.get("image")) and name not in built
        for name, body in file.body["services"].items()
        if not body.get("profiles")
    )


def ensure_all(settings: Settings, log: Path, progress: Progress) -> Settings:
    """Build and fetch the images of a stack; return the settings with the name of ours in them.

    What the user builds is built each time: that takes no longer than it must, as Compose keeps what it can.

    Raises:
        EmulatorError: There is no engine, or an image cannot be had.
    """
    engine = find(settings.variables)
    file = read(settings)
    refuse_shared_name(file)
    ready = settings
    if _needs_ours(file):
        name = ensure_own(engine, settings.variables, settings.cache_dir, log, progress)
        ready = replace(settings, variables={**settings.variables, SETTING: name})
    built = built_by_user(file)
    if built:
        progress(f"building {', '.join(built)} (log: {log})")
        files = [word for path in file.paths for word in ("--file", str(path))]
        where = ("--project-directory", str(file.paths[-1].parent), *files)
        compose.call(
            engine,
            (*where, "--progress", "plain", "build", *built),
            doing=f"building {', '.join(built)}",
            log=log,
            env=ready.variables,
            within_s=BUILD_WITHIN_S,
        )
    fetch_missing(engine, named(file, ready.variables).values(), progress)
    return ready
