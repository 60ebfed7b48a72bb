"""Releases and deployments as they are kept on disk."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from emulator import VERSION
from emulator.errors import ConfigurationRefused, StackBusy, StateFolderUnusable
from emulator.releases import files
from emulator.releases.record import (
    APPLICATION,
    Action,
    Deployment,
    DeploymentState,
    Release,
    Step,
    StepState,
    builtin,
    stamp,
)
from emulator.releases.store import Store

A, B, C = "0.1.0+aaaaaaa", "0.1.0+bbbbbbb", "0.2.0+ccccccc"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "releases")


def release(store: Store, version: str = A, created_at: str = "2026-01-01T00:00:00Z") -> Release:
    tree = store.folder(version) / "tree"
    return Release(
        version=version,
        commit=version.rpartition("+")[2] * 5,
        ref="develop",
        subject="a change",
        author="Anna",
        committed_at="2026-01-01T00:00:00Z",
        project="clipnet",
        repository=Path("/home/anna/clipnet"),
        folder="",
        tree=tree,
        python=Path("/usr/bin/python3"),
        environment="e",
        digest="d",
        build_log=None,
        created_at=created_at,
    )


def made(store: Store, version: str = A, created_at: str = "2026-01-01T00:00:00Z") -> Release:
    """Put a release with one file into the store."""
    new = release(store, version, created_at)
    new.tree.mkdir(parents=True)
    (new.tree / "a.txt").write_text(version)
    files.seal(new.tree)
    store.add(new)
    return new


def deployed(
    store: Store,
    version: str,
    action: Action = Action.DEPLOY,
    state: DeploymentState = DeploymentState.LIVE,
    services: Sequence[str] = ("api", "worker", "web"),
) -> Deployment:
    deployment = Deployment(
        number=store.next_number(),
        action=action,
        release=version,
        services=tuple(services),
        actor="anna",
        started_at="2026-01-01T00:00:00Z",
        state=state,
    )
    store.save(deployment)
    return deployment


def test_an_empty_store_has_nothing_and_the_installed_package_serves(store: Store) -> None:
    assert (store.releases(), store.deployments(), store.current()) == ((), (), {})
    assert store.next_number() == 1
    assert store.release(VERSION) == builtin()
    assert store.last_good(VERSION) is None


def test_a_release_comes_back_as_it_was_added(store: Store) -> None:
    added = made(store)

    assert store.release(A) == added
    assert store.made_of(added.commit, "") == (added,)
    assert store.made_of(added.commit, "api") == ()


def test_releases_come_in_the_order_of_their_making(store: Store) -> None:
    made(store, B, "2026-01-02T00:00:00Z")
    made(store, A, "2026-01-03T00:00:00Z")
    made(store, C, "2026-01-01T00:00:00Z")

    assert [release.version for release in store.releases()] == [C, B, A]


def test_a_moved_state_folder_keeps_its_releases(store: Store, tmp_path: Path) -> None:
    made(store)
    store.path.rename(tmp_path / "moved")

    found = Store(tmp_path / "moved").release(A)

    assert (found.tree / "a.txt").read_text() == A


def test_an_unknown_release_is_refused_with_those_there_are(store: Store) -> None:
    made(store, A, "2026-01-01T00:00:00Z")
    made(store, B, "2026-01-02T00:00:00Z")

    with pytest.raises(ConfigurationRefused) as refused:
        store.release("9.9")

    assert refused.value.what == "there is no release '9.9'"
    assert refused.value.hint == f"releases: {B}, {A}, {VERSION}"


@pytest.mark.parametrize("version", ["../x", "", ".hidden", "a/b", "a b", "x" * 101, "a\n"])
def test_a_version_that_is_no_safe_name_is_refused(store: Store, version: str) -> None:
    with pytest.raises(ConfigurationRefused, match="cannot be the version of a release"):
        store.folder(version)
    assert store.find(version) is None


def test_a_half_made_release_is_none_and_is_cleared_away(store: Store) -> None:
    half = release(store).tree
    half.mkdir(parents=True)
    made(store, B)

    found = store.releases()
    with store.making():
        left = sorted(path.name for path in store.path.glob("*+*"))

    assert [release.version for release in found] == [B]
    assert left == [B]


def _make(
    path: Path, entered: multiprocessing.synchronize.Event, leave: multiprocessing.synchronize.Event
) -> None:
    with Store(path).making():
        entered.set()
        leave.wait(20)


def test_only_one_makes_releases_at_a_time(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    entered, leave = context.Event(), context.Event()
    other = context.Process(target=_make, args=(store.path, entered, leave))
    other.start()
    assert entered.wait(20)

    with pytest.raises(StackBusy, match="another release is being made"), store.making():
        pass
    leave.set()
    other.join(20)

    with store.making():
        pass


def test_what_serves_is_kept_and_replaced(store: Store) -> None:
    store.set_current({"api": A, "worker": A})
    store.set_current({"api": B})

    assert store.current() == {"api": B}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("current.json", "{", "Expecting property name"),
        ("current.json", "[]", "it holds no map"),
        ("current.json", "{}", "it has no 'services'"),
        ("current.json", '{"services": {"api": 1}}', "'api' is 1, which is no version"),
        ("current.json", '{"services": []}', "no attribute"),
        (f"{A}/release.json", '{"version": "x"}', "it has no"),
        (f"{A}/release.json", "nonsense", "Expecting value"),
        (
            "deployments/1.json",
            '{"number": 1, "action": "explode", "state": "live"}',
            "'explode' is not a valid",
        ),
        ("deployments/1.json", "{}", "it has no 'number'"),
    ],
)
def test_a_damaged_file_is_named(store: Store, name: str, text: str, why: str) -> None:
    path = store.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

    with pytest.raises(StateFolderUnusable) as refused:
        (store.current(), store.releases(), store.deployments())

    assert str(path) in refused.value.what
    assert why in refused.value.what


def test_a_record_in_another_folder_is_damaged(store: Store) -> None:
    made(store)
    (store.path / A).rename(store.path / B)

    with pytest.raises(StateFolderUnusable, match=r"it is the record of release '0\.1\.0\+aaaaaaa'"):
        store.releases()


def test_a_deployment_comes_back_as_it_was_saved(store: Store) -> None:
    deployment = deployed(store, A)
    step = Step("build", StepState.STARTED)
    deployment = replace(
        deployment,
        state=DeploymentState.FAILED,
        before={"api": B},
        ended_at=stamp(0),
        error={"code": "BuildFailed", "exit_code": 13, "what": "no", "hint": ""},
    ).with_step(step)
    store.save(deployment.with_step(replace(step, state=StepState.DONE, took_s=1.5)))

    (found,) = store.deployments()

    assert found == replace(deployment, steps=(Step("build", StepState.DONE, 1.5),))
    assert json.dumps(found.to_json())
    assert store.next_number() == 2


def test_deployments_are_numbered_on_over_gaps_and_past_ten(store: Store) -> None:
    for _ in range(11):
        deployed(store, A)
    (store.path / "deployments" / "3.json").unlink()

    assert [deployment.number for deployment in store.deployments()] == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert store.next_number() == 12


FAILED, LIVE = DeploymentState.FAILED, DeploymentState.LIVE
DEPLOY, ROLLBACK = Action.DEPLOY, Action.ROLLBACK


@pytest.mark.parametrize(
    ("history", "before", "expected"),
    [
        ([(A, DEPLOY, LIVE)], A, VERSION),
        ([(A, DEPLOY, LIVE), (B, DEPLOY, LIVE)], B, A),
        ([(A, DEPLOY, LIVE), (B, DEPLOY, FAILED), (C, DEPLOY, LIVE)], C, A),
        ([(A, DEPLOY, LIVE), (B, DEPLOY, LIVE), (A, ROLLBACK, LIVE)], A, VERSION),
        ([(A, DEPLOY, LIVE), (B, DEPLOY, LIVE), (A, ROLLBACK, LIVE), (C, DEPLOY, LIVE)], C, A),
        ([(A, DEPLOY, LIVE), (B, DEPLOY, LIVE), (A, DEPLOY, LIVE)], A, B),
        ([(A, DEPLOY, LIVE), (A, DEPLOY, LIVE)], A, VERSION),
        ([(A, DEPLOY, LIVE), (B, DEPLOY, LIVE), (A, ROLLBACK, FAILED)], B, A),
        ([(A, DEPLOY, LIVE)], C, A),
        ([], A, VERSION),
        ([("0.1.0+removed", DEPLOY, LIVE), (B, DEPLOY, LIVE)], B, VERSION),
        ([(A, DEPLOY, LIVE), (VERSION, ROLLBACK, LIVE)], VERSION, None),
    ],
)
def test_the_last_good_release_before_another(
    store: Store, history: list[tuple[str, Action, DeploymentState]], before: str, expected: str | None
) -> None:
    for version in (A, B, C):
        made(store, version)
    for version, action, state in history:
        deployed(store, version, action, state)

    found = store.last_good(before)

    assert (found.version if found else None) == expected


def test_the_last_good_release_of_one_service_is_its_own(store: Store) -> None:
    for version in (A, B):
        made(store, version)
    deployed(store, A)
    deployed(store, B, services=["api"])

    found = [store.last_good(version, services) for version, services in ((B, ("api",)), (A, ("web",)))]

    assert [release.version if release else None for release in found] == [A, VERSION]


def many(store: Store) -> list[str]:
    versions = [f"0.1.0+{number:07}" for number in range(13)]
    for number, version in enumerate(versions):
        made(store, version, f"2026-01-{number + 1:02}T00:00:00Z")
    return versions


def test_the_newest_releases_and_what_serves_are_kept(store: Store) -> None:
    versions = many(store)
    store.set_current({"api": versions[1]})

    named = [release.version for release in store.surplus()]
    removed = store.prune()

    assert named == list(removed) == [versions[0], versions[2]]
    assert [release.version for release in store.releases()] == [versions[1], *versions[3:]]
    assert not (store.path / versions[0]).exists()


def test_what_a_rollback_would_return_to_and_what_is_held_stay(store: Store) -> None:
    versions = many(store)
    first, second, held, *_ = versions
    for number, version, state in ((1, first, "live"), (2, versions[-1], "live"), (3, held, "held")):
        one = Deployment(number, Action.DEPLOY, version, APPLICATION, "anna", "2026-01-01T00:00:00Z")
        store.save(replace(one, state=DeploymentState(state)))
    store.set_current(dict.fromkeys(APPLICATION, versions[-1]))

    removed = store.prune(keep=1)

    assert second in removed
    assert {first, held, versions[-1]}.isdisjoint(removed)


def test_pruning_can_be_bounded_by_age(store: Store) -> None:
    versions = many(store)

    assert store.prune(keep=1, before="2026-01-02T00:00:00Z") == (versions[0],)
    assert store.prune(keep=0) == tuple(versions[1:])
    assert store.releases() == ()


def test_what_serves_and_the_installed_package_are_not_removed(store: Store) -> None:
    made(store)
    store.set_current({"api": A, "web": A})

    with pytest.raises(ConfigurationRefused, match="cannot be removed: it serves api, web"):
        store.remove(A)
    with pytest.raises(ConfigurationRefused, match="it is the installed package"):
        store.remove(VERSION)


def test_a_release_of_another_stack_is_adopted_once(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    theirs = replace(made(other), digest="d")
    (other.path / A / "build.log").write_text("built\n")

    adopted = store.adopt(other.release(A))
    other.remove(A)
    again = store.adopt(adopted)

    assert adopted == again == store.release(A)
    assert (adopted.tree / "a.txt").read_text() == A
    assert adopted.build_log is not None
    assert adopted.build_log.read_text() == "built\n"
    assert adopted.tree != theirs.tree


def test_a_release_that_serves_is_not_replaced_by_one_of_another_stack(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    made(store)
    store.set_current({"api": A})
    made(other)
    other.add(replace(other.release(A), digest="another"))

    with pytest.raises(ConfigurationRefused) as refused:
        store.adopt(other.release(A))

    assert refused.value.what.startswith(f"release '{A}' is needed here, and differs from the one in '")
    assert refused.value.hint.endswith(": clipnet-emulate deploy --ref aaaaaaa")
    assert (store.release(A).tree / "a.txt").read_text() == A


def test_the_installed_package_needs_no_adoption(store: Store) -> None:
    assert store.adopt(builtin()) == builtin()
    assert not store.path.exists()
