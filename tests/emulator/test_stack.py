from __future__ import annotations

import json
import os
import signal
import sys

from emulator.processes import process
from tests.emulator.project import PROGRAM, Project, programs, wait_for

_COLUMNS = ["name", "state", "health", "address", "pid", "version", "restarts", "uptime_s", "memory_mb"]


def test_status_has_exactly_the_promised_fields(project: Project) -> None:
    project.json("up", "-d")

    found = project.json("status")

    assert list(found) == ["stack", "runtime", "services", "alerts"]
    assert (found["stack"], found["runtime"]) == ("default", "embedded")
    assert {tuple(row) for row in found["services"]} == {tuple(_COLUMNS)}
    api = next(row for row in found["services"] if row["name"] == "api")
    assert api["address"] == f"http://127.0.0.1:{project.port_base + 1}"
    assert api["memory_mb"] > 1


def test_status_of_a_stack_that_is_down(project: Project) -> None:
    found = project.json("status")

    assert {row["state"] for row in found["services"]} == {"stopped"}


def test_a_crash_is_counted(project: Project) -> None:
    project.json("up", "-d")

    project.tell_to_exit("web", 5)
    wait_for(
        lambda: (project.row("web")["restarts"], project.row("web")["state"]) == (1, "running"),
        "web runs again",
    )

    row = next(row for row in project.json("status")["services"] if row["name"] == "web")
    assert (row["state"], row["health"], row["restarts"]) == ("running", "healthy", 1)


def test_a_service_that_hangs_becomes_unhealthy(project: Project) -> None:
    project.json("up", "-d")
    pid = project.row("web")["pid"]

    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: project.row("web")["health"] == "unhealthy", "web is unhealthy")
    os.kill(pid, signal.SIGCONT)

    wait_for(lambda: project.row("web")["health"] == "healthy", "web is healthy")
    assert process(pid) is not None


def test_env_is_what_a_program_on_the_host_needs(project: Project) -> None:
    stack = programs()
    stack["api"]["environment"] |= {"API_URL": "http://127.0.0.1:${API_PORT:-1}", "PHRASE": "it's two words"}
    project.write(stack)
    project.json("up", "-d")

    found, dotenv, shell = project.json("env"), project.run("env", "--dotenv"), project.run("env")

    assert found == {
        "API_URL": f"http://127.0.0.1:{project.port_base + 1}",
        "PHRASE": "it's two words",
        "FAKES_CLOUDINARY_URL": f"http://127.0.0.1:{project.port_base + 10}",
    }
    assert f"API_URL={found['API_URL']}\n" in dotenv.stdout
    assert "export PHRASE='it'\"'\"'s two words'\n" in shell.stdout


def test_run_gives_the_environment_and_passes_the_exit_code_on(project: Project) -> None:
    project.json("up", "-d")

    done = project.run("run", "--", "sh", "-c", 'echo "$FAKES_CLOUDINARY_URL"; exit 7')

    assert (done.returncode, done.stdout) == (7, f"http://127.0.0.1:{project.port_base + 10}\n")


def test_run_passes_signals_on(project: Project) -> None:
    project.json("up", "-d")
    with project.started("run", "--", sys.executable, str(PROGRAM), "print:ready", "forever") as command:
        assert command.stdout is not None
        first = command.stdout.readline()

        command.send_signal(signal.SIGTERM)

        assert (first, command.wait(timeout=10)) == ("ready\n", -signal.SIGTERM)


def test_commands_that_need_a_stack_say_how_to_start_one(project: Project) -> None:
    done = project.run("env", "--stack", "qa1")

    assert done.returncode == 3
    assert done.stderr == (
        "error: stack 'qa1' is not running\nhint: start it with: clipnet-emulate up -d --stack qa1\n"
    )


def test_an_error_is_json_where_json_is_asked_for(project: Project) -> None:
    found = project.json("env")

    assert found["error"]["code"] == "StackNotRunning"
    assert found["error"]["exit_code"] == 3


def test_wait_returns_when_all_is_healthy(project: Project) -> None:
    with project.started("wait") as waiting:
        project.json("up", "-d")

        assert waiting.wait(timeout=20) == 0


def test_wait_gives_up_with_what_is_missing(project: Project) -> None:
    nothing = project.run("wait", "--timeout", "0.2")
    project.json("up", "-d")
    os.kill(project.row("web")["pid"], signal.SIGSTOP)
    wait_for(lambda: project.row("web")["health"] == "unhealthy", "web is unhealthy")

    ill = project.run("wait", "--timeout", "0.2")

    os.kill(project.row("web")["pid"], signal.SIGCONT)
    assert (nothing.returncode, ill.returncode) == (3, 9)
    assert "stack 'default' is not running, nor was it started within 0.2 s" in nothing.stderr
    assert "not healthy after 0.2 s: 'web' (running: " in ill.stderr


def test_logs_show_all_services_or_those_that_are_named(project: Project) -> None:
    project.json("up", "-d")

    every, one, wrong = (
        project.run("logs"),
        project.run("logs", "api", "--json"),
        project.run("logs", "nobody"),
    )

    assert "api        | hello from api\n" in every.stdout
    assert "supervisor | " in every.stdout
    assert [json.loads(line) for line in one.stdout.splitlines()] == [
        {"service": "api", "message": "hello from api"}
    ]
    assert (wrong.returncode, "there is no service 'nobody'" in wrong.stderr) == (4, True)


def test_logs_can_be_followed(project: Project) -> None:
    project.json("up", "-d")
    with project.started("logs", "-f", "web") as following:
        assert following.stdout is not None
        project.tell_to_exit("web", 3)

        assert following.stdout.readline() == "web | told to go\n"

        following.send_signal(signal.SIGINT)
        assert following.wait(timeout=10) == 130


def test_an_override_puts_another_program_in_the_place_of_the_api(project: Project) -> None:
    own = project.path / "my-api"
    own.mkdir()
    (own / "server.py").write_text(PROGRAM.read_text())
    embedded = {"command": ["python", "server.py", "print:mine", "serve"], "directory": "./my-api"}
    project.write({"api": {"x-embedded": embedded}}, "compose.override.yaml")

    project.json("up", "-d")

    assert project.run("logs", "api").stdout == "api | mine\n"


def test_a_wait_of_over_a_second_says_what_it_waits_for(project: Project) -> None:
    done = project.run("wait", "--timeout", "1.1")

    assert done.stderr.startswith("stack default is not running: waiting for its start\n")
