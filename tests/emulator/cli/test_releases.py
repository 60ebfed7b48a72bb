"""What releases there are, where they serve, how deployments went; and which one is promoted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import VERSION
from emulator.promotion import store_of
from emulator.releases.record import Action, Deployment, DeploymentState, Release, Step, StepState, builtin
from emulator.releases.store import Store
from emulator.statefolder import StateFolder
from tests.emulator.scripted import Supervisor, deployment, done, supervised
from tests.emulator.stacks import run_cli

OLD, NEW = "0.1.0+aaaaaaa", "0.1.0+bbbbbbb"


def store(tmp_path: Path, stack: str = "default") -> Store:
    folder = StateFolder(tmp_path / ".clipnet" / stack)
    folder.create()
    return store_of(folder)


def add(where: Store, version: str, at: str, subject: str = "Mend the upload") -> Release:
    release = replace(
        builtin(),
        version=version,
        commit=version.rpartition("+")[2] * 5,
        ref="develop",
        subject=subject,
        author="Anna",
        committed_at=at,
        created_at=at,
        repository=Path("/home/anna/clipnet"),
        tree=where.folder(version) / "tree",
    )
    release.tree.mkdir(parents=True)
    where.add(release)
    return release


def deployed(
    where: Store, number: int, version: str | None, state: DeploymentState, *steps: Step
) -> Deployment:
    one = Deployment(
        number,
        Action.DEPLOY,
        version,
        ("api", "worker", "web"),
        "anna",
        "2026-11-21T10:00:00Z",
        state=state,
        steps=steps,
    )
    where.save(one)
    return one


@pytest.fixture
def history(tmp_path: Path) -> Store:
    """Two releases: the older serves, the newer failed once and serves the web."""
    where = store(tmp_path)
    add(where, OLD, "2026-11-20T08:00:00Z")
    add(where, NEW, "2026-11-21T09:30:00Z", subject="Show the banner")
    deployed(where, 1, OLD, DeploymentState.LIVE)
    deployed(where, 2, NEW, DeploymentState.FAILED, Step("smoke", StepState.FAILED, 3.0, "no video"))
    where.set_current({"api": OLD, "worker": OLD, "web": NEW})
    return where


@pytest.mark.usefixtures("history")
def test_releases_are_listed_with_what_they_serve(tmp_path: Path) -> None:
    ended = run_cli("releases", cwd=tmp_path)

    assert [line.rstrip() for line in ended.stdout.splitlines()] == [
        "version        commit   made                 serves       subject",
        "0.1.0+bbbbbbb  bbbbbbb  2026-11-21 09:30:00  web          Show the banner",
        "0.1.0+aaaaaaa  aaaaaaa  2026-11-20 08:00:00  api, worker  Mend the upload",
        f"{VERSION.ljust(13)}                                             the installed package",
        "",
        "deployment  action  version        services          began                outcome          by",
        "1           deploy  0.1.0+aaaaaaa  api, worker, web  2026-11-21 10:00:00  live             anna",
        "2           deploy  0.1.0+bbbbbbb  api, worker, web  2026-11-21 10:00:00  failed at smoke  anna",
    ]


@pytest.mark.usefixtures("history")
def test_the_list_as_json_holds_the_whole_records(tmp_path: Path) -> None:
    told = json.loads(run_cli("releases", "--json", cwd=tmp_path).stdout)

    assert [(one["version"], one["serves"]) for one in told["releases"]] == [
        (NEW, ["web"]),
        (OLD, ["api", "worker"]),
        (VERSION, []),
    ]
    assert [one["state"] for one in told["deployments"]] == ["live", "failed"]


def test_without_any_release_the_installed_package_serves(tmp_path: Path) -> None:
    ended = run_cli("releases", cwd=tmp_path)

    assert ended.stdout.splitlines()[1].split() == [
        *(VERSION, "api,", "worker,", "web"),
        *("the", "installed", "package"),
    ]


@pytest.mark.usefixtures("history")
def test_one_release_is_shown_with_its_deployments(tmp_path: Path) -> None:
    shown = run_cli("releases", "show", NEW, cwd=tmp_path).stdout

    assert "commit     bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n" in shown
    assert "from       /home/anna/clipnet\n" in shown
    assert "serves     web\n" in shown
    assert shown.splitlines()[-1].split()[:2] == ["2", "deploy"]


@pytest.mark.usefixtures("history")
def test_an_unknown_release_is_refused_with_those_there_are(tmp_path: Path) -> None:
    ended = run_cli("releases", "show", "9.9.9", cwd=tmp_path)

    assert ended.returncode == 4
    assert ended.stderr.splitlines() == [
        "error: there is no release '9.9.9'",
        f"hint: releases: {NEW}, {OLD}, {VERSION}",
    ]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with supervised(tmp_path / ".clipnet") as running:
        running.script = lambda _request: (deployment(action="promote"), done(NEW, action="promote"))
        yield running


@pytest.mark.usefixtures("history")
def test_what_was_held_last_is_promoted(supervisor: Supervisor, tmp_path: Path) -> None:
    where = store(tmp_path)
    held = "0.1.0+ccccccc"
    add(where, held, "2026-11-21T10:00:00Z")
    deployed(where, 3, held, DeploymentState.HELD)
    deployed(where, 4, "0.1.0+ddddddd", DeploymentState.HELD)

    ended = run_cli("promote", cwd=tmp_path)

    assert (ended.returncode, ended.stderr) == (0, "deployment 4: promote\n")
    assert (supervisor.asked[0]["version"], supervisor.asked[0]["from"]) == (held, None)


def test_what_serves_in_another_stack_is_promoted(supervisor: Supervisor, tmp_path: Path) -> None:
    other = store(tmp_path, "qa")
    other.set_current(dict.fromkeys(("api", "worker", "web"), NEW))

    run_cli("promote", "--from", "qa", cwd=tmp_path)

    assert supervisor.asked[0]["version"] == NEW
    assert supervisor.asked[0]["from"] == str(tmp_path / ".clipnet" / "qa")


def test_a_release_is_promoted_by_its_name(supervisor: Supervisor, tmp_path: Path) -> None:
    run_cli("promote", OLD, cwd=tmp_path)

    assert (supervisor.asked[0]["do"], supervisor.asked[0]["version"]) == ("promote", OLD)


@pytest.mark.usefixtures("supervisor")
def test_promoting_nothing_is_refused_with_the_way_to_something(tmp_path: Path) -> None:
    ended = run_cli("promote", cwd=tmp_path)

    assert (ended.returncode, ended.stderr.splitlines()[0]) == (4, "error: no release is held here")
    assert "clipnet-emulate deploy --hold" in ended.stderr


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("default", "'default' is the stack that is promoted to"),
        ("nowhere", "there is no stack 'nowhere' in"),
        ("No Stack", "'No Stack' cannot name a stack"),
        ("qa", "the services of stack 'qa' are of different releases: api 0.1.0+aaaaaaa, worker"),
    ],
)
@pytest.mark.usefixtures("supervisor")
def test_another_stack_that_cannot_be_taken_from_is_refused(tmp_path: Path, other: str, why: str) -> None:
    store(tmp_path, "qa").set_current({"api": OLD, "worker": OLD, "web": NEW})

    ended = run_cli("promote", "--from", other, cwd=tmp_path)

    assert (ended.returncode, why in ended.stderr) == (4, True), ended.stderr
