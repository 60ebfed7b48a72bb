"""Releases that are really built: of real repositories, with real environments."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import BuildFailed, ConfigurationRefused, EmulatorError, PrerequisiteMissing
from emulator.processes import all_processes, is_alive, tree
from emulator.releases import files
from emulator.releases.build import Order, build
from emulator.releases.record import APPLICATION, Action, Deployment, DeploymentState, Release
from emulator.releases.source import resolve
from emulator.releases.store import Store
from emulator.releases.workshop import Workshop
from emulator.settings import STACK_MARKER
from emulator.statefolder import try_lock
from tests.emulator.releases.repositories import ENV, repository, running


class Bench:
    """A repository, and what it takes to build it."""

    def __init__(self, tmp_path: Path, cache: Path, wheels: Path) -> None:
        self.repo = repository(tmp_path / "project")
        self.said: list[str] = []
        offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
        self.order = Order(
            store=Store(tmp_path / "releases"),
            cache=cache,
            env={**ENV, **offline, "SECRET_OF_MINE": "x"},
            environment="staging",
            now_s=1_767_225_600.0,
            told=self.said.append,
        )

    @property
    def store(self) -> Store:
        return self.order.store

    async def build(self, ref: str = "develop", folder: str = "") -> Release:
        return await build(await resolve(self.repo.path / folder, ref, self.order.env), self.order)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny package."""
    folder = tmp_path_factory.mktemp("wheels")
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        about = "tiny-1.0.dist-info"
        wheel.writestr("tiny.py", "NAME = 'tiny'\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return folder


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def bench(tmp_path: Path, shared_cache: Path, wheels: Path) -> Bench:
    return Bench(tmp_path, shared_cache, wheels)


def ran(release: Release, code: str) -> str:
    assert release.python is not None
    done = subprocess.run([release.python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def commands(bench: Bench) -> list[str]:
    return [line.removeprefix("$ ") for line in bench.said if line.startswith("$ ")]


PLAIN = {
    "pyproject.toml": '[project]\nname = "clipnet"\nversion = "1.2"\ndependencies = ["httpx"]\n',
    "a.py": "A = 1\n",
}
TINY = {
    "pyproject.toml": '[project]\nname = "clipnet"\nversion = "1.2"\ndependencies = ["tiny"]\n',
    "a.py": "A = 1\n",
}


async def test_a_project_whose_needs_are_installed_is_run_by_this_interpreter(bench: Bench) -> None:
    sha = bench.repo.commit(PLAIN, "First")

    release = await bench.build()

    assert (release.version, release.commit, release.ref) == (f"1.2+{sha[:7]}", sha, "develop")
    assert (release.project, release.subject, release.created_at) == (
        "clipnet",
        "First",
        "2026-01-01T00:00:00Z",
    )
    assert release.python == Path(sys.executable)
    assert (release.source / "a.py").read_text() == "A = 1\n"
    assert (release.source / "a.py").stat().st_mode & 0o222 == 0
    assert list((release.source / "__pycache__").glob("a.*.pyc"))
    assert bench.store.release(release.version) == release


async def test_all_that_is_told_is_in_the_log(bench: Bench) -> None:
    railway = {"build": {"buildCommand": "echo one; echo two >&2; printf three"}}
    bench.repo.commit({**PLAIN, "railway.json": json.dumps(railway)})

    release = await bench.build()

    assert release.build_log is not None
    assert release.build_log.read_text().splitlines() == bench.said
    start = bench.said.index("$ echo one; echo two >&2; printf three")
    assert bench.said[start + 1 : start + 4] == ["one", "two", "three"]


async def test_what_is_not_committed_or_not_taken_is_noted(bench: Bench) -> None:
    bench.repo.commit({**PLAIN, "film.mp4": "version https://git-lfs.github.com/spec/v1\n"})
    bench.repo.write({"a.py": "A = 2\n"})

    await bench.build()

    notes = [line for line in bench.said if line.startswith("note: ")]
    assert notes == [
        "note: 'a.py': not committed as it is, so not deployed; what is deployed is the commit",
        "note: 'film.mp4' lies in LFS and was not taken: only its pointer is there",
    ]


async def test_other_needs_get_an_environment_of_their_own(bench: Bench) -> None:
    bench.repo.commit(TINY)

    release = await bench.build()

    assert release.python is not None
    assert release.python.is_relative_to(bench.order.cache)
    code = "import tiny, importlib.util; print(tiny.NAME, importlib.util.find_spec('httpx'))"
    assert ran(release, code).split() == ["tiny", "None"]


async def test_environments_are_shared_and_half_made_ones_made_anew(bench: Bench) -> None:
    bench.order = replace(bench.order, cache=bench.store.path.parent / "cache")
    bench.repo.commit(TINY)
    first = await bench.build()
    assert first.python is not None
    home = first.python.parents[1]
    bench.repo.commit({**TINY, "a.py": "A = 2\n"})
    second = await bench.build()
    shared = commands(bench).count("python -m venv")

    (home / "whole").unlink()
    (home / "lib").rename(home / "broken")
    bench.repo.commit({**TINY, "a.py": "A = 3\n"})
    third = await bench.build()

    assert first.python == second.python == third.python
    assert (shared, commands(bench).count("python -m venv")) == (1, 2)
    assert not (home / "broken").exists()


async def test_an_environment_that_another_stack_makes_is_waited_for(bench: Bench) -> None:
    bench.repo.commit(TINY)
    first = await bench.build()
    assert first.python is not None
    lock = try_lock(first.python.parents[1].with_suffix(".lock"))
    assert lock is not None
    bench.repo.commit({**TINY, "a.py": "A = 2\n"})

    waits = asyncio.create_task(bench.build())
    async with asyncio.timeout(20):
        while not any("waiting for it" in line for line in bench.said):  # noqa: ASYNC110 - only told
            await asyncio.sleep(0.01)
    os.close(lock)

    assert (await waits).python == first.python


async def test_what_pip_alone_understands_is_installed_by_it(bench: Bench, wheels: Path) -> None:
    wheel = "vendor/tiny-1.0-py3-none-any.whl"
    (bench.repo.path / "vendor").mkdir()
    shutil.copy(wheels / "tiny-1.0-py3-none-any.whl", bench.repo.path / wheel)
    bench.repo.commit({"requirements.txt": f"--no-index\n./{wheel}\n"})

    release = await bench.build()

    assert ran(release, "import tiny; print(tiny.NAME)") == "tiny\n"


async def test_an_environment_that_cannot_be_made_fails_with_its_last_lines(bench: Bench) -> None:
    bench.repo.commit({"requirements.txt": "no-such-package-of-anybody==1\n"})

    with pytest.raises(BuildFailed) as failed:
        await bench.build()

    assert "'pip install' ended with exit code 1, its last lines:" in failed.value.what
    assert "No matching distribution found for no-such-package-of-anybody==1" in failed.value.what
    assert "build.log" in failed.value.hint
    assert bench.store.releases() == ()


async def test_a_command_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "log", ENV, lambda line: None)

    with pytest.raises(
        BuildFailed, match=r"'brew' cannot be started: .* No such file or directory: '/no/brew'"
    ):
        await shop.run("brew", ("/no/brew",), tmp_path)


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "log", ENV, lambda line: None, within_s=0.2)
    before = running()

    with pytest.raises(BuildFailed, match=r"'sleeping' did not end within 0\.2 s"):
        await shop.run("sleeping", ("sleep", "300"), tmp_path)

    assert running() <= before


async def test_the_same_commit_is_made_once(bench: Bench) -> None:
    bench.repo.commit(PLAIN)
    first = await bench.build()
    bench.repo.git("branch", "v1")
    bench.said.clear()

    second = await bench.build("v1")

    assert second == first
    assert bench.said == [
        f"release {first.version} was made of commit {first.commit[:7]} before, and is used again"
    ]


async def test_a_release_that_somebody_changed_is_made_anew(bench: Bench) -> None:
    bench.repo.commit(PLAIN)
    first = await bench.build()
    (first.source / "a.py").chmod(0o644)
    (first.source / "a.py").write_text("A = 'mine'\n")

    second = await bench.build()

    assert second.version == first.version
    assert (second.source / "a.py").read_text() == "A = 1\n"


async def test_a_changed_release_that_serves_is_left_alone(bench: Bench) -> None:
    bench.repo.commit(PLAIN)
    first = await bench.build()
    bench.store.set_current({"api": first.version})
    (first.source / "a.py").chmod(0o644)
    (first.source / "a.py").write_text("A = 'mine'\n")

    second = await bench.build()

    assert second.version == f"1.2+{first.commit[:12]}"
    assert (first.source / "a.py").read_text() == "A = 'mine'\n"
    assert (second.source / "a.py").read_text() == "A = 1\n"


async def test_a_changed_release_that_is_held_is_left_alone(bench: Bench) -> None:
    bench.repo.commit(PLAIN)
    first = await bench.build()
    held = Deployment(1, Action.DEPLOY, first.version, APPLICATION, "anna", first.created_at)
    bench.store.save(replace(held, state=DeploymentState.HELD))
    (first.source / "a.py").chmod(0o644)
    (first.source / "a.py").write_text("A = 'mine'\n")

    second = await bench.build()

    assert second.version == f"1.2+{first.commit[:12]}"
    assert (first.source / "a.py").exists()


async def test_two_projects_of_one_commit_are_two_releases(bench: Bench) -> None:
    sha = bench.repo.commit({"one/a.py": "", "two/a.py": ""})

    one, two = await bench.build(folder="one"), await bench.build(folder="two")

    assert (one.version, two.version) == (f"0.0.0+{sha[:7]}", f"0.0.0+{sha[:12]}")
    assert (one.source, two.source) == (one.tree / "one", two.tree / "two")
    assert await bench.build(folder="one") == one


async def test_a_build_command_makes_files_of_the_release(bench: Bench) -> None:
    railway = {
        "build": {"buildCommand": 'python -c "import sys; print(sys.executable)" > made.txt; env > env.txt'}
    }
    bench.repo.commit({**TINY, "railway.json": json.dumps(railway)})

    release = await bench.build()

    assert (release.source / "made.txt").read_text().strip() == str(release.python)
    seen = dict(line.split("=", 1) for line in (release.source / "env.txt").read_text().splitlines())
    assert (seen["APP_VERSION"], seen["APP_COMMIT"]) == (release.version, release.commit)
    assert seen[STACK_MARKER] == str(bench.store.path.parent)
    assert "SECRET_OF_MINE" not in seen
    assert await bench.build() == release


async def test_each_service_has_a_build_command_of_its_own_or_the_projects(bench: Bench) -> None:
    own = {"build": {"buildCommand": "echo worker"}}
    project = {"build": {"buildCommand": "echo project"}}
    bench.repo.commit({"railway.json": json.dumps(project), "worker/railway.json": json.dumps(own)})

    await bench.build()

    assert [command for command in commands(bench) if "echo" in command] == ["echo project", "echo worker"]


async def test_a_failed_build_leaves_no_release_and_its_log(bench: Bench) -> None:
    sha = bench.repo.commit({"railway.json": '{"build": {"buildCommand": "echo so far; exit 3"}}'})

    with pytest.raises(BuildFailed) as failed:
        await bench.build()

    log = bench.store.path / f"0.0.0+{sha[:7]}" / "build.log"
    assert failed.value.what == "'echo so far; exit 3' ended with exit code 3, its last lines:\n  so far"
    assert failed.value.hint == f"read all of it in '{log}'"
    assert "so far" in log.read_text()
    assert [path.name for path in log.parent.iterdir()] == ["build.log"]
    assert bench.store.releases() == ()


async def test_a_cancelled_build_leaves_no_process_and_no_release(bench: Bench) -> None:
    bench.repo.commit({"railway.json": '{"build": {"buildCommand": "echo begun; sleep 300 & sleep 300"}}'})
    before = running()
    work = asyncio.create_task(bench.build())
    async with asyncio.timeout(20):
        while "begun" not in bench.said:  # noqa: ASYNC110 - only told
            await asyncio.sleep(0.01)

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert running() <= before
    assert bench.store.releases() == ()


_BUILD = """
import asyncio, os, sys
from pathlib import Path
from emulator.releases.build import Order, build
from emulator.releases.source import resolve
from emulator.releases.store import Store
from emulator.releases.workshop import Workshop

async def main(source, releases):
    store = Store(Path(releases))
    told = lambda line: print(line, flush=True)
    order = Order(store, Path(releases).parent / "cache", os.environ, "staging", 0.0, told)
    await build(await resolve(Path(source), "HEAD", os.environ), order)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_build_that_is_killed_leaves_no_process_and_holds_nobody_up(bench: Bench) -> None:
    bench.repo.commit({"railway.json": json.dumps({"build": {"buildCommand": "echo begun; exec sleep 300"}})})
    argv = [sys.executable, "-c", _BUILD, str(bench.repo.path), str(bench.store.path)]
    killed = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ})  # noqa: ASYNC220 - to kill it
    with killed:
        assert killed.stdout is not None
        line = next(line for line in killed.stdout if line == "begun\n")
        children = tree(killed.pid, all_processes())[1:]
        killed.kill()
    bench.repo.commit({"railway.json": "{}"})

    release = await bench.build()

    assert line
    assert len(children) == 1
    assert not any(is_alive(child.pid, child.started) for child in children)
    assert [found.version for found in bench.store.releases()] == [release.version]


async def test_after_a_build_that_was_broken_off_the_next_one_is_whole(bench: Bench) -> None:
    bench.repo.commit(PLAIN)
    first = await bench.build()
    (bench.store.path / first.version / "release.json").unlink()
    files.remove(first.tree / "__pycache__")

    second = await bench.build()

    assert second == first


async def test_a_commit_that_cannot_be_a_release_leaves_nothing(bench: Bench) -> None:
    bench.repo.commit({"pyproject.toml": '[project]\nname = "x"\nversion = "../up"\n'})

    with pytest.raises(ConfigurationRefused, match="cannot name a release"):
        await bench.build()

    assert bench.store.releases() == ()


async def test_a_package_lock_is_installed(bench: Bench) -> None:
    package = {"name": "web", "version": "3.0.0", "dependencies": {"leaf": "file:leaf"}}
    lock = {
        "name": "web",
        "version": "3.0.0",
        "lockfileVersion": 3,
        "packages": {
            "": package,
            "leaf": {"name": "leaf", "version": "1.0.0"},
            "node_modules/leaf": {"resolved": "leaf", "link": True},
        },
    }
    leaf = {
        "leaf/package.json": '{"name": "leaf", "version": "1.0.0"}',
        "leaf/index.js": "module.exports = 1\n",
    }
    bench.repo.commit({"package.json": json.dumps(package), "package-lock.json": json.dumps(lock), **leaf})

    release = await bench.build()

    assert (release.version, release.python) == (f"3.0.0+{release.commit[:7]}", None)
    assert (release.source / "node_modules" / "leaf" / "index.js").read_text() == "module.exports = 1\n"


async def test_npm_that_is_not_installed_is_named(bench: Bench, tmp_path: Path) -> None:
    bench.repo.commit({"package.json": "{}", "package-lock.json": "{}"})
    (tmp_path / "bin").mkdir()
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "bin" / "git").symlink_to(git)
    bench.order = replace(bench.order, env={"PATH": str(tmp_path / "bin")})

    with pytest.raises(PrerequisiteMissing, match="needs 'npm', which is not installed"):
        await bench.build()


async def test_one_stack_makes_one_release_at_a_time(bench: Bench, tmp_path: Path) -> None:
    bench.repo.commit(PLAIN)

    with bench.store.making(), pytest.raises(EmulatorError, match="another release is being made"):
        await bench.build()
