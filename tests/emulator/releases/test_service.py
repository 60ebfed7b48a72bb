"""Services of the stack as a release runs them; some are really started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.errors import ConfigurationRefused
from emulator.releases.record import Release, builtin
from emulator.releases.service import in_shell, of_release
from emulator.topology import Probe, Service
from tests.emulator.releases.repositories import ENV

SHA = "1f2e3d4" + "0" * 33
API = ("python", "-m", "clipnet.api")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


@pytest.fixture
def release(tmp_path: Path, checkout: Path) -> Release:
    tree = tmp_path / "tree"
    (tree / "clipnet" / "api").mkdir(parents=True)
    show = "import json, os, sys, clipnet\n"
    show += "print(json.dumps([clipnet.__file__, sys.argv[1:], dict(os.environ)]))\n"
    (tree / "clipnet" / "__init__.py").write_text("")
    (tree / "clipnet" / "api" / "__init__.py").write_text("")
    (tree / "clipnet" / "api" / "__main__.py").write_text(show)
    return replace(
        builtin(),
        version="0.1.0+1f2e3d4",
        commit=SHA,
        project="clipnet",
        repository=checkout,
        tree=tree,
        python=Path(sys.executable),
    )


def service(
    command: tuple[str, ...] = API, directory: Path | None = None, role: str = "api", **environment: str
) -> Service:
    return Service(
        name=role,
        role=role,
        server=None,
        command=command,
        directory=directory,
        environment=environment,
        ports=(),
        needs=(),
        probe=Probe("http", "http://127.0.0.1:1/ready"),
        starts_early=True,
        stop_within_s=10.0,
    )


def says(release: Release, start_command: str, name: str = "railway.json") -> Release:
    """Have a release say how it is started, in staging."""
    said = {"environments": {"staging": {"deploy": {"startCommand": start_command}}}}
    (release.tree / name).write_text(json.dumps(said))
    return release


def started(service: Service) -> tuple[str, list[str], dict[str, str]]:
    """Run a service as the embedded runtime does; return its package, its arguments and its environment."""
    done = subprocess.run(
        service.command,
        cwd=service.directory,
        env={**ENV, **service.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    package, arguments, env = json.loads(done.stdout)
    return package, arguments, env


def test_the_installed_package_runs_as_it_did() -> None:
    assert of_release(service(), builtin()) == service()


def test_a_service_runs_with_the_releases_interpreter_folder_and_environment(release: Release) -> None:
    made = of_release(service(PORT="8401", APP_VERSION="0.1.0", PYTHONPATH="/mine"), release)

    assert made == replace(
        service(),
        command=(sys.executable, "-m", "clipnet.api"),
        directory=release.tree,
        environment={
            "PORT": "8401",
            "PYTHONPATH": f"{release.tree}:/mine",
            "APP_VERSION": "0.1.0+1f2e3d4",
            "APP_COMMIT": SHA,
            "RELEASE": "0.1.0+1f2e3d4",
        },
    )


def test_a_process_of_a_release_imports_its_own_files(release: Release) -> None:
    package, _, env = started(of_release(service(), release))

    assert package == str(release.tree / "clipnet" / "__init__.py")
    assert env["APP_COMMIT"] == SHA


def test_it_does_so_from_any_folder(release: Release, tmp_path: Path) -> None:
    made = replace(of_release(service(), release), directory=tmp_path)

    assert started(made)[0] == str(release.tree / "clipnet" / "__init__.py")


def test_a_start_command_takes_the_place_of_the_reference_command(release: Release) -> None:
    says(release, 'python -m clipnet.api "$GREETING" $RELEASE')
    made = of_release(service(GREETING="two words"), release)

    package, arguments, env = started(made)

    assert package == str(release.tree / "clipnet" / "__init__.py")
    assert arguments == ["two words", "0.1.0+1f2e3d4"]
    assert env["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_a_health_check_and_a_time_to_end_are_those_that_are_said(release: Release) -> None:
    said = {"deploy": {"healthcheckPath": "/health?deep=1", "drainingSeconds": 45}}
    (release.tree / "railway.json").write_text(json.dumps(said))

    made = of_release(service(), release)
    own = of_release(service(("node", "server.js")), release)

    assert (made.probe, made.stop_within_s) == (Probe("http", "http://127.0.0.1:1/health?deep=1"), 45.0)
    assert (own.probe, own.stop_within_s) == (Probe("http", "http://127.0.0.1:1/ready"), 10.0)


def test_a_worker_is_probed_as_before_and_never_given_less_time(release: Release) -> None:
    said = {"deploy": {"healthcheckPath": "/health", "drainingSeconds": 0}}
    (release.tree / "railway.json").write_text(json.dumps(said))
    (release.tree / "clipnet" / "worker.py").write_text("")
    probe = Probe("redis_key", "redis://127.0.0.1:1/0 clipnet:worker:lease")
    worker = replace(service(("python", "-m", "clipnet.worker"), role="worker"), probe=probe)

    made = of_release(worker, release)

    assert (made.probe, made.stop_within_s) == (probe, 10.0)


def test_a_start_command_of_another_environment_or_service_does_not_count(release: Release) -> None:
    says(release, "npm start")
    says(release, "npm run worker", "railway.worker.json")
    (release.tree / "clipnet" / "worker.py").write_text("")

    production = of_release(service(APP_ENV="production"), release)
    worker = of_release(service(("python", "-m", "clipnet.worker"), role="worker"), release)

    assert production.command == (sys.executable, "-m", "clipnet.api")
    assert worker.command[-1].endswith("; exec npm run worker")


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("uvicorn app:app", "exec uvicorn app:app"),
        ("migrate && uvicorn app:app", "migrate && exec uvicorn app:app"),
        ("A=1 uvicorn app:app", "exec env A=1 uvicorn app:app"),
        ("a && B=1 c 'd e'", "a && exec env B=1 c 'd e'"),
        ("sh -c 'a && b'", "sh -c 'a && b'"),
        ("a | b", "a | b"),
        ("a; b", "a; b"),
        ("a > log", "a > log"),
        ("a 'unclosed", "a 'unclosed"),
    ],
)
def test_signals_reach_the_program_and_not_the_shell(release: Release, command: str, expected: str) -> None:
    shell, flag, text = of_release(service(), says(release, command)).command

    assert (shell, flag) == ("/bin/sh", "-c")
    assert text.endswith(f"export PATH; {expected}")


def test_a_program_behind_another_one_in_the_shell_is_asked_to_end_itself(release: Release) -> None:
    lines = ["import signal, sys", "signal.signal(15, lambda *_: sys.exit(7))", "print('ready', flush=True)"]
    (release.tree / "serve.py").write_text("\n".join([*lines, "signal.pause()", ""]))
    command = in_shell("true && python serve.py", release)

    with subprocess.Popen(command, cwd=release.tree, env=ENV, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        code = process.wait(20)

    assert code == 7


def test_a_program_of_an_override_file_is_started_as_that_says(release: Release, checkout: Path) -> None:
    own = service(("node", "server.js"), checkout)

    made = of_release(own, says(release, "npm start"))

    assert (made.command, made.directory) == (("node", "server.js"), release.tree)


def test_a_start_command_is_not_for_the_frontend(release: Release) -> None:
    (release.tree / "clipnet" / "web.py").write_text("")
    web = service(("python", "-m", "clipnet.web"), role="web")

    assert of_release(web, says(release, "npm start")).command == (sys.executable, "-m", "clipnet.web")


def test_a_folder_of_the_checkout_is_that_folder_of_the_release(release: Release, checkout: Path) -> None:
    (checkout / "my-api").mkdir()
    (release.tree / "my-api").mkdir()

    made = of_release(service(("node", "server.js"), checkout / "my-api"), release)

    assert made.directory == release.tree / "my-api"


def test_a_bare_repository_is_told_which_checkout_folders_belong_to(
    release: Release, checkout: Path, tmp_path: Path
) -> None:
    (checkout / "my-api").mkdir()
    (release.tree / "my-api").mkdir()
    pushed = replace(release, repository=tmp_path / "bare.git")
    own = service(("node", "server.js"), checkout / "my-api")

    folders = [of_release(own, pushed).directory, of_release(own, pushed, checkout=checkout).directory]

    assert folders == [release.tree, release.tree / "my-api"]


def test_a_project_in_a_folder_runs_there(release: Release) -> None:
    (release.tree / "services" / "api" / "src").mkdir(parents=True)
    inner = replace(release, folder="services/api")

    made = of_release(service(("python", "main.py")), inner)

    assert made.directory == release.tree / "services" / "api"
    assert made.environment["PYTHONPATH"] == f"{made.directory}:{made.directory}/src"


def test_a_folder_that_the_release_does_not_have_is_refused(release: Release, checkout: Path) -> None:
    with pytest.raises(ConfigurationRefused, match="has no folder 'my-api', in which service 'api' runs"):
        of_release(service(("node", "server.js"), checkout / "my-api"), release)


def test_the_installed_package_never_runs_under_the_name_of_a_release(release: Release) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        of_release(service(("python", "-m", "clipnet.worker"), role="worker"), release)

    assert "has no module 'clipnet.worker', which service 'worker' runs" in refused.value.what
    assert "deploy.startCommand in railway.json" in refused.value.hint


@pytest.mark.parametrize("folder", ["bin", "tree/node_modules/.bin"])
def test_programs_of_the_release_come_before_those_of_the_machine(
    release: Release, tmp_path: Path, folder: str
) -> None:
    program = tmp_path / folder / "serve"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    own = replace(release, python=tmp_path / "bin" / "python")

    made = of_release(service(("serve", "--port", "1")), own)

    assert made.command == (str(program), "--port", "1")


def test_a_release_of_another_language_leaves_the_interpreter_open(release: Release) -> None:
    made = of_release(service(("python", "x.py")), replace(release, python=None))

    assert made.command == ("python", "x.py")
