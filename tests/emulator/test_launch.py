"""`up`, with real processes: what starts, what is left after an interrupt, what it says when it fails."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from emulator.processes import marked, process
from tests.emulator.project import Project, programs, service, wait_for, with_servers

NAMES = ["postgres", "redis", "fakes", "api", "worker", "web"]


def states(project: Project, stack: str) -> list[str]:
    return [row["state"] for row in project.json("status", "--stack", stack)["services"]]


def holds_signals(pid: int) -> bool:
    """Tell whether a process has blocked SIGINT."""
    status = Path(f"/proc/{pid}/status").read_text()
    blocked = next(line for line in status.splitlines() if line.startswith("SigBlk:"))
    return bool(int(blocked.split()[1], 16) & 1 << signal.SIGINT - 1)


def test_up_starts_everything_and_down_ends_it(project: Project) -> None:
    up = project.json("up", "-d")

    state = project.json("status")
    down = project.json("down")

    assert [row["name"] for row in up["services"]] == NAMES
    assert {
        row["name"]: (row["state"], row["health"], row["restarts"]) for row in state["services"]
    } == dict.fromkeys(NAMES, ("running", "healthy", 0))
    assert down["was_running"]


def test_up_is_idempotent(project: Project) -> None:
    project.json("up", "-d")
    before = [row["pid"] for row in project.json("status")["services"]]

    again = project.json("up", "-d")

    assert again["was_up"]
    assert [row["pid"] for row in project.json("status")["services"]] == before


def test_services_see_loopback_addresses_and_nothing_of_the_users_secrets(project: Project) -> None:
    project.extra_env["AWS_SECRET_ACCESS_KEY"] = "not for services"
    project.json("up", "-d")

    seen = {
        name: project.get("api", f"/env/{name}").decode()
        for name in ("PORT", "AWS_SECRET_ACCESS_KEY", "TMPDIR")
    }

    assert seen == {
        "PORT": str(project.port_base + 1),
        "AWS_SECRET_ACCESS_KEY": "",
        "TMPDIR": str(project.folder() / "tmp"),
    }


@pytest.mark.slow
def test_real_servers_start_from_nothing_and_keep_their_data(project: Project) -> None:
    project.write(with_servers())

    first = project.json("up", "-d")
    was_fresh = project.state()["was_fresh"]
    project.json("down")
    second = project.json("up", "-d")

    assert not first["was_up"]
    assert (was_fresh, project.state()["was_fresh"]) == (True, False)
    assert second["services"][0]["address"] == f"postgresql://127.0.0.1:{project.port_base + 2}"
    assert project.json("status")["services"][0]["version"].startswith("18.")


def test_two_stacks_run_side_by_side(project: Project) -> None:
    project.json("up", "-d")
    project.port_base += 20

    project.json("up", "-d", "--stack", "qa1")

    names = {
        stack: [row["state"] for row in project.json("status", "--stack", stack)["services"]]
        for stack in ("default", "qa1")
    }
    project.json("down", "--stack", "qa1")
    project.port_base -= 20
    assert names == {"default": ["running"] * 6, "qa1": ["running"] * 6}
    assert [row["state"] for row in project.json("status")["services"]] == ["running"] * 6


def test_a_named_stack_keeps_its_own_block_of_ports(project: Project) -> None:
    base, project.extra_env["CLIPNET_PORT_BASE"] = project.port_base, ""
    project.json("up", "-d", "--stack", "qa1")
    first = project.state("qa1")["ports"]
    project.json("down", "--stack", "qa1")

    project.json("up", "-d", "--stack", "qa1")

    assert project.state("qa1")["ports"] == first
    assert first["web"] != 8400
    assert max(first.values()) < 32768
    assert base


def test_a_taken_port_is_named_with_its_holder_and_nothing_is_started(project: Project) -> None:
    with socket.create_server(("127.0.0.1", project.port_base + 1)):
        done = project.run("up", "-d")

    assert done.returncode == 7
    assert f"port {project.port_base + 1} of service 'api' is taken by process {os.getpid()}" in done.stderr
    assert "CLIPNET_PORT_BASE" in done.stderr
    assert marked(project.folder()) == ()


def test_a_service_that_dies_at_start_is_quoted_and_nothing_is_left(project: Project) -> None:
    project.write(
        {**programs(), "api": service("api", "print:cannot find my database", "exit:3", needs=("postgres",))}
    )

    done = project.run("up", "-d")

    assert done.returncode == 9
    assert (
        "service 'api' ended with exit code 3 before it was ready, its last lines:\n  cannot find my database"
        in done.stderr
    )
    assert "clipnet-emulate logs api" in done.stderr
    assert marked(project.folder()) == ()


def test_a_service_that_never_answers_is_named_after_the_timeout(project: Project) -> None:
    project.write({**programs(), "api": service("api", "print:thinking", "forever")})

    done = project.run("up", "-d", "--timeout", "0.7")

    assert done.returncode == 9
    assert (
        "service 'api' was not ready after 0.7 s (last probe: connection refused); also not ready: worker"
        in done.stderr
    )
    assert "  thinking" in done.stderr


def test_a_broken_data_folder_says_so_and_nothing_is_left(project: Project) -> None:
    project.write(with_servers())
    (project.folder() / "postgres").mkdir(parents=True)

    done = project.run("up", "-d")

    assert done.returncode == 10
    assert "is no PostgreSQL data folder" in done.stderr
    assert "down --wipe" in done.stderr


def test_a_data_folder_of_another_postgres_says_which(project: Project) -> None:
    project.write(with_servers())
    (project.folder() / "postgres").mkdir(parents=True)
    (project.folder() / "postgres" / "PG_VERSION").write_text("16\n")

    done = project.run("up", "-d")

    assert done.returncode == 10
    assert "was made by PostgreSQL 16, the one here is 18." in done.stderr


@pytest.mark.slow
def test_a_damaged_cluster_is_quoted_with_the_way_out(project: Project) -> None:
    project.write(with_servers())
    project.json("up", "-d")
    project.json("down")
    (project.folder() / "postgres" / "global" / "pg_control").write_bytes(b"rubbish")

    done = project.run("up", "-d")

    assert done.returncode == 9
    assert "service 'postgres' ended with exit code" in done.stderr
    assert "FATAL" in done.stderr or "PANIC" in done.stderr
    assert "down --wipe" in done.stderr


def test_a_second_up_at_the_same_time_is_refused(project: Project) -> None:
    project.write({**programs(), "api": service("api", "forever")})
    with project.started("up", "-d") as first:
        wait_for(lambda: project.state().get("phase") == "starting", "the first up starts")

        second = project.run("up", "-d")

        first.send_signal(signal.SIGINT)
        first.wait(timeout=20)
    assert second.returncode == 8
    assert "another 'up' or 'down' of stack 'default' is at work" in second.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_starts_ends_everything(project: Project, number: signal.Signals) -> None:
    project.write({**programs(), "api": service("api", "child", "forever")})
    with project.started("up", "-d") as up:
        wait_for(lambda: project.row("api").get("state") == "starting", "the api starts")

        up.send_signal(number)

        assert up.wait(timeout=20) == 128 + number
    project.check_for_leaks()


@pytest.mark.parametrize("stage", ["begin", "lock", "fork", "supervisor", "postgres", "redis", "worker"])
def test_ctrl_c_at_any_stage_leaves_nothing(project: Project, stage: str) -> None:
    with project.started("up") as up:
        if stage == "lock":
            wait_for(lambda: (project.folder() / "lock").exists(), "the lock is there")
        elif stage == "fork":
            wait_for(lambda: holds_signals(up.pid) or project.state(), "it forks", ask_every_s=0)
        elif stage == "supervisor":
            wait_for(lambda: project.state(), "the supervisor wrote its state")
        elif stage != "begin":
            wait_for(lambda: project.row(stage).get("pid"), f"{stage} is started")

        up.send_signal(signal.SIGINT)

        code = up.wait(timeout=20)
    project.check_for_leaks()
    assert code == 130 or stage == "begin"


@pytest.mark.slow
def test_ctrl_c_while_the_database_is_made_leaves_nothing(project: Project) -> None:
    project.write(with_servers())
    project.cache = project.path / "own-cache"
    with project.started("up") as up:
        wait_for(lambda: list(project.cache.glob("*.tmp-*/cluster/PG_VERSION")), "initdb is at work")

        up.send_signal(signal.SIGINT)

        assert up.wait(timeout=20) == 130
    project.check_for_leaks()
    assert list(project.cache.iterdir()) == []
    assert not (project.folder() / "postgres").exists()


def test_ctrl_c_in_the_foreground_ends_everything(project: Project) -> None:
    with project.started("up") as up:
        assert up.stdout is not None
        table = list(iter(up.stdout.readline, "press Ctrl-C to stop the stack\n"))

        up.send_signal(signal.SIGINT)

        assert up.wait(timeout=20) == 130
    assert table[0].startswith("stack default is up after")
    assert project.state()["phase"] == "down"


def test_a_second_ctrl_c_does_not_wait_for_the_deaf(project: Project) -> None:
    project.write({**programs(), "api": service("api", "deaf", "child", "stray", "serve")})
    with project.started("up") as up:
        wait_for(lambda: project.state().get("phase") == "up", "the stack is up")
        up.send_signal(signal.SIGINT)
        wait_for(lambda: project.row("api")["state"] == "stopping", "it is asked to stop")

        up.send_signal(signal.SIGINT)

        assert up.wait(timeout=5) == 130


def test_the_death_of_the_foreground_command_ends_everything(project: Project) -> None:
    with project.started("up") as up:
        wait_for(lambda: project.state().get("phase") == "up", "the stack is up")

        up.kill()

    wait_for(lambda: project.state()["phase"] == "down", "the stack is down")
    wait_for(lambda: not marked(project.folder()), "no process is left")


def test_down_elsewhere_ends_the_foreground_command(project: Project) -> None:
    with project.started("up") as up:
        wait_for(lambda: project.state().get("phase") == "up", "the stack is up")

        project.json("down")

        assert up.wait(timeout=10) == 0


def test_after_the_supervisor_is_killed_up_starts_again(project: Project) -> None:
    project.write({**programs(), "web": service("web", "stray", "serve")})
    project.json("up", "-d")
    supervisor = project.state()["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    wait_for(lambda: process(supervisor) is None, "the supervisor is gone")
    stopped = {row["state"] for row in project.json("status")["services"]}
    strays = [entry.pid for entry in marked(project.folder())]

    again = project.json("up", "-d")

    assert stopped == {"stopped"}
    assert strays != []
    assert not again["was_up"]
    assert [pid for pid in strays if process(pid) is not None] == []


@pytest.mark.slow
def test_after_the_supervisor_is_killed_the_real_servers_start_again(project: Project) -> None:
    project.write(with_servers())
    project.json("up", "-d")
    known = {entry.pid for entry in marked(project.folder())}
    servers = {row["pid"] for row in project.state()["services"]}
    supervisor = project.state()["supervisor_pid"]
    os.kill(supervisor, signal.SIGKILL)
    wait_for(lambda: process(supervisor) is None, "the supervisor is gone")

    again = project.json("up", "-d")

    assert servers <= known
    assert [row["name"] for row in again["services"]] == NAMES


def give_up_on_web(project: Project, tmp_path: Path) -> Path:
    """Bring a stack up in which `web` then fails for good; return the file that makes it fail."""
    flag = tmp_path / "broken"
    project.write({**programs(), "web": service("web", f"fail-if:{flag}", "serve")})
    project.json("up", "-d")
    flag.touch()
    project.tell_to_exit("web", 1)
    wait_for(lambda: project.row("web")["state"] == "failed", "web is given up")
    return flag


def test_up_starts_again_what_was_given_up(project: Project, tmp_path: Path) -> None:
    give_up_on_web(project, tmp_path).unlink()

    project.json("up", "-d")

    assert project.row("web")["state"] == "running"


def test_up_does_not_wait_for_a_stack_that_is_stopped_meanwhile(project: Project, tmp_path: Path) -> None:
    give_up_on_web(project, tmp_path)

    with project.started("up", "-d", "--timeout", "60") as again:
        wait_for(lambda: project.row("web")["state"] != "failed", "web is wanted again")
        os.kill(project.state()["supervisor_pid"], signal.SIGKILL)
        said, _ = again.communicate(timeout=20)

    assert again.returncode == 12
    assert "error: stack 'default' was stopped while it started\n" in said


def test_a_folder_that_cannot_be_written_is_named(project: Project) -> None:
    (project.path / ".clipnet").write_text("in the way")

    done = project.run("up", "-d")

    (project.path / ".clipnet").unlink()
    assert done.returncode == 11
    assert f"'{project.folder()}' cannot be written: " in done.stderr


def test_the_state_folder_ignores_itself(project: Project) -> None:
    project.json("up", "-d")

    assert (project.path / ".clipnet" / ".gitignore").read_text() == "*\n"


def test_the_stack_stays_when_nobody_reads_the_table(project: Project) -> None:
    with project.started("up", "-d") as up:
        assert up.stdout is not None
        up.stdout.close()

        up.wait(timeout=20)

    assert project.state()["phase"] == "up"


def test_the_output_ends_with_the_command(project: Project) -> None:
    """The supervisor must not hold the pipe of `$(clipnet-emulate up -d)` open."""
    with project.started("up", "-d") as up:
        output, _ = up.communicate(timeout=20)

    assert "stack default is up" in output


@pytest.mark.parametrize("kept", ['"x"', "99999999", "null"])
def test_a_kept_port_that_is_none_is_named(project: Project, kept: str) -> None:
    folder = project.folder()
    folder.mkdir(parents=True)
    (folder / "ports.json").write_text(f'{{"api": {kept}}}')

    done = project.run("up", "-d")

    assert done.returncode == 11
    assert f"'{folder / 'ports.json'}' is damaged: 'api' is" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_damaged_record_does_not_keep_the_stack_from_being_stopped(project: Project) -> None:
    project.json("up", "-d")
    (project.folder() / "state.json").write_text("{}")

    again, down = project.run("up", "-d"), project.run("down")

    assert (again.returncode, down.returncode) == (11, 0)
    assert "is damaged: it has no 'services'" in again.stderr


def test_a_seed_for_a_database_that_is_there_is_not_passed_over_in_silence(project: Project) -> None:
    project.json("up", "-d", "--stack", "qa1")

    again = project.run("up", "-d", "--seed", "none", "--stack", "qa1")

    assert again.returncode == 0
    assert "stays as it is; replace what it holds with: clipnet-emulate --stack qa1 seed none" in again.stderr


def test_a_cache_that_cannot_be_written_is_told_from_the_state(project: Project) -> None:
    project.write(with_servers())
    project.extra_env["CLIPNET_CACHE_DIR"] = "/proc/none"

    done = project.run("up", "-d")

    assert done.returncode == 11
    assert "'/proc/none' cannot be written" in done.stderr
    assert "hint: choose a folder of yours with CLIPNET_CACHE_DIR" in done.stderr
