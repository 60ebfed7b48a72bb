"""Makes a release of a commit: its files, an interpreter that has what they need, and what its build adds."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import StackBusy
from emulator.releases import files, project, railway, requirements, source
from emulator.releases.project import Project
from emulator.releases.record import Release, stamp
from emulator.releases.source import Commit
from emulator.releases.store import Store
from emulator.releases.workshop import Workshop, environment
from emulator.settings import STACK_MARKER
from emulator.statefolder import try_lock, writing

_NEW = "+new"
_DIGITS = (7, 12, 40)
_LOOK_EVERY_S = 0.2
_NOT_COMPILED = r"/(tests?|benchmarks|examples|docs|node_modules)/"


@dataclass(frozen=True, slots=True)
class Order:
    """What a build is asked for, besides the commit."""

    store: Store
    cache: Path
    """Where environments lie, for all stacks."""
    env: Mapping[str, str]
    """The user's environment."""
    environment: str
    """staging, and the like: which part of railway.json counts."""
    now_s: float
    told: Callable[[str], None]
    """Given each line when it comes."""
    installs: bool = True
    """False: only the files are wanted; what they need is installed elsewhere."""


async def build(commit: Commit, order: Order) -> Release:
    """Make a release, or return the one that was made of this commit before and is as it was then.

    What is left of a build that failed, was cancelled or killed is never taken for a release. Its log stays
    until the next one begins.

    Raises:
        BuildFailed: One of its commands failed.
        ConfigurationRefused: The commit cannot be a release; named is what is wrong with it.
        PrerequisiteMissing: A program that it needs is not installed.
        StackBusy: Another release is being made for this stack.
        StateFolderUnusable: The state folder or the cache cannot be written, or their disk is full.
    """
    with order.store.making():
        there = await _unchanged(commit, order.store)
        if there is not None:
            order.told(
                f"release {there.version} was made of commit {commit.sha[:7]} before, and is used again"
            )
            return there
        fresh = order.store.path / _NEW
        left_out = await source.export(commit, fresh / "tree")
        about = project.read(fresh / "tree" / commit.folder)
        version = _free_version(about, commit, order.store)
        folder = order.store.folder(version)
        with writing(folder):
            fresh.rename(folder)
        try:
            release = await _built(commit, about, version, order, left_out)
        except BaseException:
            files.remove(folder / "tree")
            raise
        order.store.add(release)
    return release


async def _unchanged(commit: Commit, store: Store) -> Release | None:
    """Return a release of this commit if nobody has changed a file of it, and its interpreter is there."""
    for release in store.made_of(commit.sha, commit.folder):
        is_there = release.tree.is_dir() and (release.python is None or os.access(release.python, os.X_OK))
        if is_there and await asyncio.to_thread(files.digest, release.tree) == release.digest:
            return release
    return None


def _free_version(about: Project, commit: Commit, store: Store) -> str:
    """Return a version that no other release has; one of this commit that nobody needs makes room."""
    needed = store.needed()
    names = [project.release_version(about.version, commit.sha[:digits]) for digits in _DIGITS]
    names += [f"{names[0]}.{number}" for number in range(2, 1000)]
    for version in names:
        taken = store.find(version)
        is_same = taken is not None and (taken.commit, taken.folder) == (commit.sha, commit.folder)
        if is_same and version not in needed:
            store.discard(version)
            return version
        if taken is None:
            return version
    raise StackBusy(f"there are too many releases of commit {commit.sha[:7]}", "remove some")


async def _built(
    commit: Commit, about: Project, version: str, order: Order, left_out: tuple[str, ...]
) -> Release:
    folder = order.store.folder(version)
    tree = folder / "tree"
    marker = {STACK_MARKER: str(order.store.path.parent)}
    env = {**environment(order.env), **marker, "APP_VERSION": version, "APP_COMMIT": commit.sha}
    shop = Workshop(folder / "build.log", env, order.told)
    shop.say(f"release {version} of commit {commit.sha[:7]}: {commit.subject}")
    for note in (*_changed(commit), *left_out):
        shop.say(f"note: {note}")
    digest = requirements.digest(about.requirements, commit.sha + commit.folder if about.has_options else "")
    python = await _installed(about, digest, tree / commit.folder, order, shop) if order.installs else None
    with writing(tree):
        await asyncio.to_thread(files.seal, tree)
    return Release(
        version=version,
        commit=commit.sha,
        ref=commit.ref,
        subject=commit.subject,
        author=commit.author,
        committed_at=commit.committed_at,
        project=about.name,
        repository=commit.repository,
        folder=commit.folder,
        tree=tree,
        python=python,
        environment=digest,
        digest=await asyncio.to_thread(files.digest, tree),
        build_log=shop.log,
        created_at=stamp(order.now_s),
    )


async def _installed(about: Project, digest: str, folder: Path, order: Order, shop: Workshop) -> Path | None:
    """Install what a project needs and build it; return its interpreter, None if it is not of Python."""
    python = await _python(about, digest, folder, order.cache, shop) if about.is_python else None
    if about.has_lock:
        npm = shop.program("npm", "installing what package-lock.json lists")
        await shop.run("npm ci", (npm, "ci", "--no-audit", "--no-fund"), folder)
    for command in _build_commands(folder, order.environment):
        await shop.run(command, ("sh", "-c", command), folder, _first_on_path(python, shop.env))
    if python is not None:
        await _compile(python, folder, shop)
    return python


def _changed(commit: Commit) -> tuple[str, ...]:
    if not commit.changed:
        return ()
    named = ", ".join(f"'{name}'" for name in commit.changed[:5])
    more = f" and {len(commit.changed) - 5} more" if len(commit.changed) > 5 else ""
    return (f"{named}{more}: not committed as it is, so not deployed; what is deployed is the commit",)


def _build_commands(folder: Path, name: str) -> tuple[str, ...]:
    """Return the build commands of the project and of its services, each once."""
    said = (railway.read(folder, name, service).build_command for service in (None, "api", "worker"))
    return tuple(dict.fromkeys(command for command in said if command is not None))


def _first_on_path(python: Path | None, env: Mapping[str, str]) -> dict[str, str]:
    return {} if python is None else {"PATH": f"{python.parent}{os.pathsep}{env.get('PATH', os.defpath)}"}


async def _compile(python: Path, folder: Path, shop: Workshop) -> None:
    """Compile what is imported, so that not every start does it: a release cannot be written to later."""
    argv = (str(python), "-Im", "compileall", "-q", "-x", _NOT_COMPILED, ".")
    await shop.run("python -m compileall", ("sh", "-c", '"$@" >/dev/null 2>&1 || true', "sh", *argv), folder)


async def _python(about: Project, digest: str, folder: Path, cache: Path, shop: Workshop) -> Path:
    """Return an interpreter that has what the project needs: this one, or one that is made for it."""
    project.refuse_other_python(about)
    unmet = requirements.unmet(about.requirements)
    if not unmet and not about.has_options:
        shop.say("everything that it needs is installed beside clipnet-emulate")
        return Path(sys.executable)
    shop.say(f"an environment of its own is needed for: {', '.join(unmet) or 'options in requirements.txt'}")
    home = cache / f"python-{digest[:16]}"
    async with _locked(home.with_suffix(".lock"), shop):
        python, whole = home / "bin" / "python", home / "whole"
        if whole.exists() and os.access(python, os.X_OK):
            shop.say(f"it was made before: '{home}'")
            return python
        with writing(home, "CLIPNET_CACHE_DIR"):
            files.remove(home)
            home.mkdir()
            (home / "wanted.txt").write_text("".join(f"{text}\n" for text in about.requirements))
        await shop.run("python -m venv", (sys.executable, "-Im", "venv", str(home)), folder)
        wanted = ["requirements.txt"] if about.has_options else []
        lists = [word for name in (str(home / "wanted.txt"), *wanted) for word in ("-r", name)]
        pip = (str(python), "-Im", "pip", "install", "--no-input", "--disable-pip-version-check")
        await shop.run("pip install", (*pip, "--progress-bar=off", *lists), folder)
        with writing(home, "CLIPNET_CACHE_DIR"):
            whole.touch()
    return python


@asynccontextmanager
async def _locked(path: Path, shop: Workshop) -> AsyncIterator[None]:
    """Hold a lock that all stacks share; wait for it as long as a command may take."""
    with writing(path.parent, "CLIPNET_CACHE_DIR"):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = try_lock(path)
    if lock is None:
        shop.say("another stack is making the same environment; waiting for it")
    try:
        async with asyncio.timeout(shop.within_s):
            while lock is None:
                await asyncio.sleep(_LOOK_EVERY_S)
                lock = try_lock(path)
    except TimeoutError:
        raise StackBusy(
            f"another stack has been making '{path.stem}' for {shop.within_s:.0f} s", "see what it is doing"
        ) from None
    try:
        yield
    finally:
        os.close(lock)
