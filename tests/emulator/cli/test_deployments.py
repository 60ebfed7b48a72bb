"""What deploy, rollback and promote ask the supervisor for, and what they print of it."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emulator.scripted import BAD, GOOD, Supervisor, deployment, done, started, supervised
from tests.emulator.stacks import run_cli
from tests.servers import DEADLINE_S

COMMAND = [sys.executable, "-c", "from emulator.cli import main; main()"]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with supervised(tmp_path / ".clipnet") as running:
        yield running


def test_a_deployment_is_asked_for_as_it_was_said(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: GOOD

    ended = run_cli(
        *("deploy", "--ref", "develop", "--source", "app", "--service", "web", "--service", "api"),
        *("--no-smoke", "--hold"),
        cwd=tmp_path,
    )

    assert ended.returncode == 0, ended.stderr
    actor = supervisor.asked[0]["actor"]
    assert actor
    assert supervisor.asked == [
        {
            "do": "deploy",
            "source": str(tmp_path / "app"),
            "ref": "develop",
            "services": ["web", "api"],
            "smoke": False,
            "hold": True,
            "actor": actor,
        }
    ]


def test_what_is_not_said_is_everything_that_is_checked_out(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: GOOD

    run_cli("deploy", cwd=tmp_path)

    asked = supervisor.asked[0]
    assert (asked["source"], asked["ref"], asked["services"]) == (
        str(tmp_path),
        "HEAD",
        ["api", "worker", "web"],
    )
    assert (asked["smoke"], asked["hold"]) == (True, False)


def test_each_step_is_one_plain_line_where_no_terminal_is(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: GOOD

    ended = run_cli("deploy", cwd=tmp_path)

    assert ended.stderr.splitlines() == [
        "deployment 4: deploy",
        "source         done        0.1 s  0.1.0+1f2e3d4: Mend the upload",
        "  | Collecting fastapi",
        "build          done        4.1 s",
        "compatibility  skipped     0.1 s  the same schema",
    ]
    assert ended.stdout == "release 0.1.0+1f2e3d4 serves: api, worker, web (deployment 4)\n"


def test_a_failure_names_step_reason_and_log(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: BAD

    ended = run_cli("deploy", cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (13, "")
    assert ended.stderr.splitlines() == [
        "deployment 4: deploy",
        "  | ok   api",
        "  | FAIL worker: no video",
        "smoke          failed      3.0 s  no video",
        "log: /logs/deploy-4.log",
        "error: deployment 4 failed at 'smoke': no video",
        "release 0.1.0 goes on serving",
        "hint: its log is /logs/deploy-4.log",
    ]


def test_json_is_one_object_at_the_end(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: GOOD

    ended = run_cli("deploy", "--json", cwd=tmp_path)

    assert json.loads(ended.stdout) == done()["done"]


def test_a_failure_as_json_carries_its_code(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: BAD

    ended = run_cli("deploy", "--json", cwd=tmp_path)

    assert json.loads(ended.stdout)["error"]["code"] == "DeploymentFailed"
    assert ended.returncode == 13


def test_one_that_waits_in_line_says_for_which(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: ({"queued": {"behind": 3}}, *GOOD)

    ended = run_cli("deploy", cwd=tmp_path)

    assert ended.stderr.splitlines()[0] == "deployment 3 is under way: this one is next"


def test_what_is_held_says_how_it_is_made_to_serve(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: (deployment(), done(state="held"))

    ended = run_cli("--stack", "default", "deploy", "--hold", cwd=tmp_path)

    assert ended.stdout == (
        "release 0.1.0+1f2e3d4 is made and held; let it serve with:"
        " clipnet-emulate --stack default promote 0.1.0+1f2e3d4\n"
    )


@pytest.mark.parametrize(("words", "to"), [((), None), (("--to", "0.1.0"), "0.1.0")])
def test_a_rollback_names_the_release_or_leaves_it_open(
    supervisor: Supervisor, tmp_path: Path, words: tuple[str, ...], to: str | None
) -> None:
    supervisor.script = lambda _request: (deployment(action="rollback"), done("0.1.0", action="rollback"))

    ended = run_cli("rollback", *words, cwd=tmp_path)

    assert (supervisor.asked[0]["do"], supervisor.asked[0]["to"]) == ("rollback", to)
    assert ended.stdout == "release 0.1.0 serves: api, worker, web (deployment 4)\n"


@pytest.mark.parametrize("words", [("rollback",), ("promote", "0.1.0")])
@pytest.mark.parametrize(("more", "smoke"), [((), True), (("--no-smoke",), False)])
def test_the_smoke_test_is_left_out_on_request_only(
    supervisor: Supervisor, tmp_path: Path, words: tuple[str, ...], more: tuple[str, ...], smoke: bool
) -> None:
    supervisor.script = lambda _request: (deployment(), done())

    run_cli(*words, *more, cwd=tmp_path)

    assert supervisor.asked[0]["smoke"] is smoke


def begun(tmp_path: Path, supervisor: Supervisor) -> subprocess.Popen[str]:
    """Start a deployment that stays in its build, and wait until it is there."""
    process = subprocess.Popen(
        [*COMMAND, "deploy"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while "at work" not in process.stderr.readline():
        assert process.poll() is None
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_cancels_and_says_what_serves(
    supervisor: Supervisor, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    supervisor.script = lambda _request: (deployment(), started("build"), {"line": "at work"})
    process = begun(tmp_path, supervisor)

    process.send_signal(number)
    _, said = process.communicate(timeout=DEADLINE_S)

    assert supervisor.taken_back.wait(DEADLINE_S)
    assert (process.returncode, said) == (code, "cancelled: what served before goes on serving\n")


def test_an_interrupt_that_comes_too_late_changes_nothing(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: (deployment(), started("stop"), {"line": "at work"})
    supervisor.after_cancel = (done(),)
    process = begun(tmp_path, supervisor)

    process.send_signal(signal.SIGINT)
    told, said = process.communicate(timeout=DEADLINE_S)

    assert (process.returncode, said) == (0, "it was too late to cancel: the new release serves already\n")
    assert told.startswith("release 0.1.0+1f2e3d4 serves")


def test_a_supervisor_that_ends_meanwhile_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.is_dying = True

    ended = run_cli("deploy", cwd=tmp_path)

    assert ended.returncode == 12
    assert "the supervisor of stack 'default' ended before it had answered" in ended.stderr


def test_without_a_stack_the_start_is_named(tmp_path: Path) -> None:
    ended = run_cli("deploy", cwd=tmp_path)

    assert ended.returncode == 3
    assert ended.stderr.splitlines() == [
        "error: stack 'default' is not running",
        "hint: start it with: clipnet-emulate up -d",
    ]


def test_on_a_terminal_the_line_of_a_step_is_rewritten(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: (
        deployment(),
        started("build"),
        {"line": "\x1b[32mCollecting fastapi\x1b[0m"},
    )
    screen, terminal = pty.openpty()
    process = subprocess.Popen([*COMMAND, "deploy"], cwd=tmp_path, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = ""
    deadline = time.monotonic() + DEADLINE_S
    while len(re.findall(r"\r\x1b\[Kbuild +\.\.\. +\d\.\d s  Collecting fastapi", shown)) < 2:
        assert time.monotonic() < deadline, shown
        if select.select([screen], [], [], 0.1)[0]:
            shown += os.read(screen, 4096).decode()

    process.send_signal(signal.SIGINT)
    process.wait(DEADLINE_S)

    while select.select([screen], [], [], 0)[0]:
        try:
            shown += os.read(screen, 4096).decode()
        except OSError:
            break
    os.close(screen)
    assert shown.rstrip().endswith("cancelled: what served before goes on serving")


def test_on_a_terminal_the_last_lines_follow_a_failure(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.script = lambda _request: BAD
    screen, terminal = pty.openpty()
    process = subprocess.Popen([*COMMAND, "deploy"], cwd=tmp_path, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = ""
    with_error = re.compile(r"smoke .*failed.*\r\n  \| ok   api\r\n  \| FAIL worker: no video\r\nlog: /logs")
    deadline = time.monotonic() + DEADLINE_S
    while not with_error.search(shown) and time.monotonic() < deadline:
        try:
            shown += os.read(screen, 4096).decode()
        except OSError:
            break
    process.wait(DEADLINE_S)
    os.close(screen)

    assert with_error.search(shown), shown


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    ended = run_cli("deploy", "--service", "postgres", cwd=tmp_path)

    assert (ended.returncode, "'postgres' is not one of 'api', 'worker', 'web'" in ended.stderr) == (2, True)
