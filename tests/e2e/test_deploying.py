"""Deployments, failed ones and rollbacks of a real stack, with clients that post clips all the while."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from clipnet.db.migrate import HEAD
from emulator.errors import Relayed
from emulator.inspection import inspect
from emulator.processes import marked
from emulator.releases.store import Store
from emulator.statefolder import StateFolder
from emulator.steering import connect
from emulator.testing.access import Clipnet
from emulator.testing.own import OwnStack, own_stack
from tests.e2e.deploying import Load, Repository, asked, everywhere, load, versions
from tests.e2e.kills import Sent, check_that_nothing_is_lost_or_posted_twice, received

pytestmark = pytest.mark.embedded("starts a stack of its own, as processes")

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def own() -> Iterator[OwnStack]:
    with own_stack(PROJECT, os.environ) as started:
        yield started


@pytest.fixture(scope="module")
def stack(own: OwnStack) -> Iterator[Clipnet]:
    with Clipnet(own.parts) as access:
        yield access


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "clipnet")


def deploy(stack: Clipnet, repository: Repository, **more: object) -> str:
    """Deploy `develop` and return its version; without the smoke test unless that is wanted."""
    wish = {"do": "deploy", "source": str(repository.path), "ref": "develop", "actor": "anna", "smoke": False}
    return str(asked(stack, **{**wish, **more})[-1]["done"]["release"])


def rollback(stack: Clipnet, to: str | None = None, **more: object) -> str:
    """Roll back and return the version that serves then."""
    wish = {"do": "rollback", "to": to, "actor": "anna", "smoke": False}
    return str(asked(stack, **{**wish, **more})[-1]["done"]["release"])


def break_worker(repository: Repository) -> None:
    """Commit a worker that starts well and fails at every clip."""
    case = 'case "clip:process":\n'
    raises = f'case "clip:process" if run.payload:\n{" " * 16}raise RuntimeError("broken")\n{" " * 12}'
    repository.change("clipnet/worker/program.py", case, raises + case)
    repository.commit("Break the worker")


def processes_of(stack: Clipnet, module: str) -> list[str]:
    return [p.command for p in marked(stack.parts.state_dir) if f"-m {module}" in p.command]


def assert_nothing_lost(stack: Clipnet, seen: Load, before: tuple[tuple[str, str], ...]) -> None:
    """Every request was answered well; every clip is ready, and each platform received it once."""
    assert seen.troubles == []
    assert len(seen.clips) > 2
    assert min(seen.answers.values()) > 2
    check_that_nothing_is_lost_or_posted_twice(stack, Sent(tuple(seen.clips), before, ("youtube",)))


def test_a_deployment_a_failed_one_and_a_rollback_lose_nothing(
    stack: Clipnet, repository: Repository
) -> None:
    before, posted = versions(stack)["api"], received(stack)
    with load(stack) as seen:
        first = deploy(stack, repository, smoke=True)
        assert versions(stack) == everywhere(first)

        break_worker(repository)
        with pytest.raises(Relayed, match=r"failed at 'smoke': smoke failed at 'worker': .*broken"):
            deploy(stack, repository, smoke=True)
        assert versions(stack) == everywhere(first)

        assert rollback(stack, smoke=True) == before
        assert versions(stack) == everywhere(before)

    assert_nothing_lost(stack, seen, posted)
    for module in ("clipnet.api", "clipnet.worker", "clipnet.web"):
        assert len(processes_of(stack, module)) == 1


def test_a_release_that_does_not_start_changes_nothing(stack: Clipnet, repository: Repository) -> None:
    before = versions(stack)
    repository.change(
        "clipnet/api/__main__.py", "def main() -> int:\n", 'def main() -> int:\n    sys.exit("no")\n'
    )
    repository.commit("Break the API")

    with pytest.raises(Relayed) as failed:
        deploy(stack, repository)

    assert failed.value.exit_code == 14
    assert "failed at 'start': service 'api' ended with exit code 1 before it was ready" in failed.value.what
    assert "\n  no\n" in failed.value.what
    assert failed.value.what.endswith(f"release {before['api']} goes on serving")
    log = Path(failed.value.hint.removeprefix("its log is "))
    assert "== start: failed" in log.read_text()
    assert versions(stack) == before
    assert len(processes_of(stack, "clipnet.worker")) == 1


@pytest.mark.parametrize(
    ("path", "said", "where"),
    [
        ("clipnet/web/app.py", "told.version", "web says at /config.json"),
        (
            "clipnet/worker/program.py",
            "settings.version, settings",
            "worker says at 'clipnet:worker:standby'",
        ),
    ],
)
def test_a_release_that_says_it_is_another_one_is_refused(
    stack: Clipnet, repository: Repository, path: str, said: str, where: str
) -> None:
    before = versions(stack)
    repository.change(path, said, re.sub(r"\w+\.version", '"9.9.9"', said))
    repository.commit("Tell another version")

    with pytest.raises(Relayed, match=where + r" that it is 9\.9\.9, not 0\.1\.0\+"):
        deploy(stack, repository)

    assert versions(stack) == before


def migration(number: str, before: str, upgrade: str) -> str:
    return (
        f'from alembic import op\n\nrevision = "{number}"\ndown_revision = "{before}"\n\n\n'
        f"def upgrade() -> None:\n    op.execute({upgrade!r})\n"
    )


def migrate(repository: Repository, upgrade: str) -> None:
    """Commit a migration after the newest one that the project has."""
    head = HEAD
    following = f"{int(head) + 1:04}"
    repository.change("clipnet/db/migrate.py", f'"{head}")', f'"{head}", "{following}")')
    path = repository.path / f"clipnet/db/migrations/versions/{following}_change.py"
    path.write_text(migration(following, head, upgrade))
    repository.commit("Change the schema")


def columns(stack: Clipnet, table: str) -> set[str]:
    rows = stack.database.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1", table
    )
    return {row["column_name"] for row in rows}


def test_a_migration_that_breaks_what_serves_is_refused_before_it_runs(
    stack: Clipnet, repository: Repository
) -> None:
    before = versions(stack)
    migrate(repository, "ALTER TABLE clips DROP COLUMN title")

    with pytest.raises(Relayed, match="failed at 'compatibility'") as failed:
        deploy(stack, repository)

    assert "could not go on" in failed.value.what
    assert "title" in failed.value.what
    assert "title" in columns(stack, "clips")
    assert versions(stack) == before


def test_a_migration_that_fails_leaves_the_schema_as_it_was(stack: Clipnet, repository: Repository) -> None:
    before = versions(stack)
    refuses = "IF EXISTS (SELECT FROM users) THEN RAISE 'there are users'; END IF"
    migrate(repository, f"DO $$ BEGIN ALTER TABLE users ADD COLUMN nickname text; {refuses}; END $$")

    with pytest.raises(Relayed, match="failed at 'migrate'") as failed:
        deploy(stack, repository)

    assert "there are users" in failed.value.what
    assert "nickname" not in columns(stack, "users")
    assert versions(stack) == before


def test_a_migration_that_adds_is_made_and_stays_through_a_rollback(
    stack: Clipnet, repository: Repository
) -> None:
    before = versions(stack)["api"]
    migrate(repository, "ALTER TABLE users ADD COLUMN nickname text")

    after = deploy(stack, repository)
    assert "nickname" in columns(stack, "users")
    assert versions(stack) == everywhere(after)

    assert rollback(stack) == before
    assert "nickname" in columns(stack, "users")
    assert versions(stack) == everywhere(before)
    stack.sign_up("after-rollback@clipnet.test")


def test_a_deployment_is_no_second_stack_and_who_hangs_up_cancels_it(
    own: OwnStack, stack: Clipnet, repository: Repository
) -> None:
    before = versions(stack)
    request = {"do": "deploy", "source": str(repository.path), "ref": "develop", "smoke": True}

    with connect(StateFolder(stack.parts.state_dir)) as steering:
        for message in steering.ask(request):
            if message.get("step") == "smoke":
                failed = [check.name for check in inspect(own.settings).checks if not check.ok]
                assert failed == ["one version"]  # the worker has been handed over, the API not yet
                break

    stack.wait_for(lambda: last_deployment(stack)["state"] == "cancelled", "the deployment to be cancelled")
    assert versions(stack) == before
    for module in ("clipnet.api", "clipnet.worker", "clipnet.web", "emulator smoke"):
        assert len(processes_of(stack, module)) == (module != "emulator smoke")


def last_deployment(stack: Clipnet) -> dict[str, Any]:
    store = Store(stack.parts.state_dir / "releases")
    return store.deployments()[-1].to_json()


def test_deployments_wait_for_each_other(stack: Clipnet, repository: Repository) -> None:
    with ThreadPoolExecutor(2) as pool:
        wish = {"do": "deploy", "source": str(repository.path), "ref": "develop", "smoke": False}
        both = [pool.submit(asked, stack, **wish) for _ in range(2)]
        answers = [one.result() for one in both]

    numbers = sorted(messages[-1]["done"]["number"] for messages in answers)
    assert [
        number for messages in answers for m in messages if "queued" in m for number in m["queued"].values()
    ] == [numbers[0]]
    times = [(m[-1]["done"]["started_at"], m[-1]["done"]["ended_at"]) for m in answers]
    assert sorted(times)[0][1] <= sorted(times)[1][0]


def test_what_is_held_serves_once_it_is_promoted(stack: Clipnet, repository: Repository) -> None:
    before = versions(stack)
    repository.commit("Something new")

    held = deploy(stack, repository, hold=True)
    assert versions(stack) == before
    assert last_deployment(stack)["state"] == "held"

    asked(stack, do="promote", version=held, smoke=False)
    assert versions(stack) == everywhere(held)


def test_one_service_alone_can_be_deployed(stack: Clipnet, repository: Repository) -> None:
    before = versions(stack)
    repository.commit("Only the worker")

    version = deploy(stack, repository, services=["worker"])

    assert versions(stack) == {**before, "worker": version}
    rollback(stack, before["worker"])


def test_a_release_that_is_not_there_cannot_be_rolled_back_to(stack: Clipnet) -> None:
    with pytest.raises(Relayed, match=r"failed at 'release': there is no release '9\.9\.9'"):
        rollback(stack, "9.9.9")
