"""Pushes with the real git: what is deployed, what is told, and that a refused branch does not move."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from emulator import remote
from emulator.statefolder import StateFolder
from tests.emulator.scripted import GOOD, Supervisor, deployment, failed, started, step, supervised
from tests.servers import DEADLINE_S, wait_until

ZEROS = "0" * 40


@dataclass
class Project:
    """A git repository of somebody, with the stack's as a remote."""

    path: Path
    bare: Path
    env: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *words],
            cwd=self.path,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def commit(self, text: str = "a change") -> str:
        (self.path / "file.txt").write_text(f"{text} {time.monotonic_ns()}\n")
        self.git("add", ".")
        self.git("commit", "-qm", text)
        return self.git("rev-parse", "HEAD").stdout.strip()

    def push(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.git("push", "emulate", *words, check=False)

    def there(self, ref: str = "refs/heads/develop") -> str:
        """Return what a ref of the stack's repository is."""
        return self.git(
            "-C", str(self.bare), "rev-parse", "--verify", "--quiet", ref, check=False
        ).stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}
    (tmp_path / "gitconfig").write_text("[user]\n\tname = Anna\n\temail = anna@clipnet.test\n")
    made = remote.make(StateFolder(tmp_path / ".clipnet" / "default"), (), env, sys.executable)
    path = tmp_path / "app"
    path.mkdir()
    found = Project(path, made.path, env)
    found.git("init", "-q", "-b", "develop")
    found.commit("the first")
    remote.add(made, path, remote.NAME, env)
    return found


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with supervised(tmp_path / ".clipnet") as running:
        running.script = lambda _request: GOOD
        yield running


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what the remote said, as the pusher reads it."""
    lines = (line for line in done.stderr.splitlines() if line.startswith("remote: "))
    return [line.removeprefix("remote: ").rstrip() for line in lines]


def test_the_first_push_deploys_and_moves_the_branch(supervisor: Supervisor, project: Project) -> None:
    done = project.push("develop")

    head = project.git("rev-parse", "HEAD").stdout.strip()
    assert done.returncode == 0, done.stderr
    assert project.there() == head
    [asked] = supervisor.asked
    assert {name: asked[name] for name in ("do", "source", "ref", "smoke", "hold")} == {
        "do": "deploy",
        "source": str(project.bare),
        "ref": head,
        "smoke": True,
        "hold": False,
    }
    assert told(done) == [
        f"-----> deploying develop ({head[:7]}) to stack default",
        "       deployment 4, its log: /logs/deploy-4.log",
        "-----> source",
        "       done after 0.1 s: 0.1.0+1f2e3d4: Mend the upload",
        "-----> build",
        "       Collecting fastapi",
        "       done after 4.1 s",
        "       compatibility skipped after 0.1 s: the same schema",
        "-----> release 0.1.0+1f2e3d4 serves",
    ]


def test_the_commit_is_there_for_the_supervisor_before_the_branch_moves(
    supervisor: Supervisor, project: Project
) -> None:
    seen: list[tuple[str, str]] = []

    def look(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        env = {"PATH": os.environ["PATH"]}
        kind = subprocess.run(
            ["git", "-C", request["source"], "cat-file", "-t", f"{request['ref']}:file.txt"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        seen.append((kind.stdout.strip(), project.there()))
        return GOOD

    supervisor.script = look

    project.push("develop")

    assert seen == [("blob", "")]


def test_a_failed_deployment_fails_the_push_and_the_branch_stays(
    supervisor: Supervisor, project: Project
) -> None:
    project.push("develop")
    before = project.there()
    project.commit()
    supervisor.script = lambda _request: (
        deployment(),
        started("smoke"),
        {"line": "FAIL worker: no video"},
        step("smoke", "failed", 3.0, "no video"),
        failed(),
    )

    done = project.push("develop")

    assert done.returncode == 1
    assert project.there() == before
    assert (
        " ! [remote rejected] develop -> develop"
        " (deployment 4 failed at 'smoke': no video; release 0.1.0 goes on serving)"
    ) in done.stderr
    assert told(done)[-5:] == [
        "       FAIL worker: no video",
        " !     smoke failed after 3.0 s: no video",
        " !     deployment 4 failed at 'smoke': no video",
        " !     release 0.1.0 goes on serving",
        " !     its log is /logs/deploy-4.log",
    ]


def test_a_reason_that_is_too_long_for_git_is_cut(supervisor: Supervisor, project: Project) -> None:
    said = "x" * 70_000
    supervisor.script = lambda _request: (
        deployment(),
        {"error": {"code": "BuildFailed", "what": said, "hint": "", "exit_code": 1}},
    )

    done = project.push("develop")

    assert f" ! [remote rejected] develop -> develop ({'x' * 1000} ...)" in done.stderr


def test_what_failed_can_be_pushed_again(supervisor: Supervisor, project: Project) -> None:
    supervisor.script = lambda _request: (deployment(), failed())
    project.push("develop")
    supervisor.script = lambda _request: GOOD

    done = project.push("develop")

    assert (done.returncode, len(supervisor.asked)) == (0, 2)


def test_nothing_that_is_told_moves_a_cursor(supervisor: Supervisor, project: Project) -> None:
    supervisor.script = lambda _request: (
        deployment(),
        started("build"),
        {"line": "\x1b[32mCollecting\x1b[0m fast\rapi\x07\nand more"},
        *GOOD[-1:],
    )

    done = project.push("develop")

    assert told(done)[3:6] == ["       Collecting fast", "       api", "       and more"]
    assert not re.search("[\x1b\r\x07]", "\n".join(told(done)))


def test_without_a_stack_the_push_is_refused_with_its_start(project: Project) -> None:
    done = project.push("develop")

    assert done.returncode == 1
    assert (
        "! [remote rejected] develop -> develop"
        " (stack 'default' is not running: start it with: clipnet-emulate up -d)"
    ) in done.stderr
    assert project.there() == ""


@pytest.mark.parametrize(
    ("ref", "word"),
    [
        ("develop:feature/banner", "feature/banner deploys nothing; branches that do: develop, v*"),
        ("v1.0.0", "tags/v1.0.0 deploys nothing: only branches do (develop, v*)"),
    ],
)
def test_other_branches_and_tags_deploy_nothing_and_say_so(project: Project, ref: str, word: str) -> None:
    project.git("tag", "v1.0.0")

    done = project.push(ref)

    assert done.returncode == 0, done.stderr
    assert told(done) == [f"       {word}"]
    target = "refs/heads/feature/banner" if ":" in ref else "refs/tags/v1.0.0"
    assert project.there(target) == project.git("rev-parse", "HEAD").stdout.strip()


def test_a_version_branch_is_deployed(supervisor: Supervisor, project: Project) -> None:
    done = project.push("develop:v2.1")

    assert (done.returncode, len(supervisor.asked)) == (0, 1)
    assert project.there("refs/heads/v2.1")


def test_several_branches_that_deploy_are_refused_and_others_go_through(
    supervisor: Supervisor, project: Project
) -> None:
    done = project.push("develop", "develop:v2", "develop:feature")

    assert done.returncode == 1
    reason = "2 branches of this push would be deployed: push one at a time"
    assert f"! [remote rejected] develop -> develop ({reason})" in done.stderr
    assert f"! [remote rejected] develop -> v2 ({reason})" in done.stderr
    assert supervisor.asked == []
    assert (project.there(), project.there("refs/heads/v2")) == ("", "")
    assert project.there("refs/heads/feature")


def test_one_that_deploys_goes_with_others_that_do_not(supervisor: Supervisor, project: Project) -> None:
    done = project.push("develop", "develop:feature")

    assert (done.returncode, len(supervisor.asked)) == (0, 1)
    assert project.there() == project.there("refs/heads/feature") != ""


def test_a_forced_push_deploys_what_it_says(supervisor: Supervisor, project: Project) -> None:
    project.push("develop")
    project.git("commit", "-q", "--amend", "-m", "the first, otherwise")
    refused = project.push("develop")

    done = project.push("--force", "develop")

    assert (refused.returncode, "non-fast-forward" in refused.stderr) == (1, True)
    assert (done.returncode, len(supervisor.asked)) == (0, 2)
    assert project.there() == project.git("rev-parse", "HEAD").stdout.strip()


def test_a_removed_branch_deploys_nothing(supervisor: Supervisor, project: Project) -> None:
    project.push("develop:v2")

    done = project.push("--delete", "v2")

    assert (done.returncode, len(supervisor.asked)) == (0, 1)
    assert told(done) == ["       v2 is removed here; what serves goes on serving"]
    assert project.there("refs/heads/v2") == ""


def test_of_two_pushes_at_once_the_later_one_is_judged_by_the_earlier(
    supervisor: Supervisor, project: Project, tmp_path: Path
) -> None:
    go = threading.Event()

    def wait(_request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        go.wait(DEADLINE_S)
        return GOOD

    supervisor.script = wait
    shutil.copytree(project.path, tmp_path / "other")
    other = Project(tmp_path / "other", project.bare, project.env)
    other.commit("another way")
    first: list[subprocess.CompletedProcess[str]] = []
    second: list[subprocess.CompletedProcess[str]] = []
    threads = [
        threading.Thread(target=lambda: first.append(project.push("develop"))),
        threading.Thread(target=lambda: second.append(other.push("develop"))),
    ]
    threads[0].start()
    wait_until(lambda: len(supervisor.asked) == 1, lambda: "the first push is deployed")
    threads[1].start()
    wait_until(lambda: len(list(project.bare.glob("objects/*/*"))) >= 6, lambda: "the second push has come")
    go.set()
    for thread in threads:
        thread.join(DEADLINE_S)

    assert first[0].returncode == 0
    assert second[0].returncode == 1
    assert "(it has moved meanwhile: fetch it, and push again)" in second[0].stderr
    assert len(supervisor.asked) == 1


@pytest.mark.parametrize("whom", ["all", "pusher"])
def test_a_pusher_that_leaves_cancels_the_deployment(
    supervisor: Supervisor, project: Project, whom: str
) -> None:
    supervisor.script = lambda _request: (deployment(), started("build"), {"line": "at work"})
    process = subprocess.Popen(
        ["git", "push", "emulate", "develop"],
        cwd=project.path,
        env=project.env,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    while "at work" not in process.stderr.readline():
        assert process.poll() is None

    if whom == "all":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.kill()
    process.stderr.close()
    process.wait(DEADLINE_S)

    assert supervisor.taken_back.wait(DEADLINE_S)
    assert project.there() == ""


def test_a_long_step_says_that_it_goes_on(
    supervisor: Supervisor, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emulator import pushes

    said: list[str] = []
    monkeypatch.setattr(pushes, "_QUIET_S", 0.0)
    reading, writing = os.pipe()
    pusher = pushes.Pusher(sys.stderr, reading)
    monkeypatch.setattr(pusher, "say", lambda text, *_: said.append(text))
    pusher.show(started("build"))

    pusher.tick()
    pusher.show(step("build"))
    pusher.tick()

    os.close(writing)
    os.close(reading)
    assert said == ["build", "build: 0 s so far", "done after 0.1 s"]


def test_a_python_that_is_gone_is_named_with_the_way_out(project: Project) -> None:
    remote.make(StateFolder(project.bare.parent), (), project.env, "/venv/that/moved/bin/python")

    done = project.push("develop")

    assert done.returncode == 1
    assert told(done)[:1] == [
        "the Python that deploys, /venv/that/moved/bin/python, is not there any more;"
        " make the remote anew with: clipnet-emulate remote"
    ]
    assert project.there() == ""


def test_a_package_that_is_gone_is_named_with_the_way_out(project: Project, tmp_path: Path) -> None:
    hook = project.bare / "hooks" / "proc-receive"
    root = str(Path(remote.__file__).parents[1])
    bare_python = tmp_path / "python"
    bare_python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    bare_python.chmod(0o755)
    hook.write_text(
        hook.read_text().replace(sys.executable, str(bare_python)).replace(root, str(tmp_path / "gone"))
    )

    done = project.push("develop")

    assert done.returncode == 1
    assert told(done)[0].startswith("what deploys cannot be found any more (No module named 'emulator")
    assert told(done)[0].endswith("; make the remote anew with: clipnet-emulate remote")
