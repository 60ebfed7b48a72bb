"""The stack's repository: made once, kept, found by git; what cannot be is refused."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.emulator.stacks import run_cli


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_one_command_to_run_next_is_told(tmp_path: Path) -> None:
    done = run_cli("remote", cwd=tmp_path)

    path = tmp_path / ".clipnet" / "default" / "repository.git"
    assert done.stdout.splitlines() == [
        f"a push to {path} deploys: develop, v*",
        f"next: git remote add emulate {path}",
    ]
    assert git(path, "rev-parse", "--is-bare-repository") == "true"
    assert git(path, "symbolic-ref", "HEAD") == "refs/heads/develop"


def test_it_is_made_again_without_losing_anything(tmp_path: Path) -> None:
    run_cli("remote", "--branch", "staging", "--branch", "release/*", cwd=tmp_path)
    path = tmp_path / ".clipnet" / "default" / "repository.git"
    tree = git(path, "hash-object", "-t", "tree", "-w", "--stdin")
    commit = git(path, "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", "-m", "x", tree)
    git(path, "update-ref", "refs/heads/staging", commit)

    told = json.loads(run_cli("remote", "--json", cwd=tmp_path).stdout)

    assert told["branches"] == ["staging", "release/*"]
    assert git(path, "rev-parse", "staging") == commit
    assert git(path, "config", "--get-all", "clipnet.deploy").splitlines() == ["staging", "release/*"]


def test_another_stack_has_another_repository(tmp_path: Path) -> None:
    told = json.loads(run_cli("--stack", "qa", "remote", "--json", cwd=tmp_path).stdout)

    assert told["path"] == str(tmp_path / ".clipnet" / "qa" / "repository.git")
    assert "clipnet-emulate --stack qa remote" in Path(told["path"], "hooks", "proc-receive").read_text()


@pytest.mark.parametrize(("words", "name"), [(("--add",), "emulate"), (("--add", "staging"), "staging")])
def test_it_is_added_to_the_repository_in_the_working_folder(
    tmp_path: Path, words: tuple[str, ...], name: str
) -> None:
    git(tmp_path, "init", "-q")

    first = run_cli("remote", *words, cwd=tmp_path)
    second = run_cli("remote", *words, cwd=tmp_path)

    assert first.stdout.splitlines()[1:] == [f"remote '{name}' is added", f"next: git push {name} develop"]
    assert second.stdout.splitlines()[1] == f"remote '{name}' was there already"
    assert git(tmp_path, "remote", "get-url", name).endswith("/repository.git")


def test_a_remote_that_leads_elsewhere_is_left(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "emulate", "https://elsewhere.test/app.git")

    done = run_cli("remote", "--add", cwd=tmp_path)

    assert done.returncode == 4
    assert (
        "the remote 'emulate' is there already and leads to 'https://elsewhere.test/app.git'" in done.stderr
    )
    assert "hint: let it lead here with: git remote set-url emulate /" in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--branch", "a b"), "'a b' cannot be the pattern of a branch"),
        (("--branch", "-x"), "'-x' cannot be the pattern of a branch"),
        (("--branch", "a..b"), "'a..b' cannot be the pattern of a branch"),
        (("--add",), "is in no git repository"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    done = run_cli("remote", *words, cwd=tmp_path)

    assert (done.returncode, why in done.stderr) == (4, True), done.stderr


def test_a_name_that_git_refuses_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    done = run_cli("remote", "--add", "no name", cwd=tmp_path)

    assert (done.returncode, "'no name' cannot name a remote" in done.stderr) == (4, True), done.stderr


def test_something_else_in_its_place_is_left(tmp_path: Path) -> None:
    (tmp_path / ".clipnet" / "default" / "repository.git").mkdir(parents=True)

    done = run_cli("remote", cwd=tmp_path)

    assert (done.returncode, "is there and is no bare repository" in done.stderr) == (4, True)


def test_without_git_its_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    done = run_cli("remote", cwd=tmp_path)

    assert (done.returncode, "error: git is not installed" in done.stderr) == (6, True)


def test_a_git_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.28.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    done = run_cli("remote", cwd=tmp_path)

    assert (done.returncode, "is git version 2.28.1: its pushes cannot be answered" in done.stderr) == (
        6,
        True,
    )
