"""Brings the database to what a release needs, if the release that still runs can go on with that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emulator.errors import CheckFailed
from emulator.releases import files, railway
from emulator.releases.compatibility import incompatible
from emulator.releases.ground import Ground
from emulator.releases.journal import Journal
from emulator.releases.record import Release
from emulator.releases.schema import catalog, scratch
from emulator.releases.service import in_shell, reference_module

_OURS = Path("clipnet/db/migrate.py")


async def prepare(ground: Ground, journal: Journal, release: Release, before: Mapping[str, str]) -> None:
    """Check that the schema suits both releases, and migrate.

    Raises:
        StepFailed: It does not, or the migration failed, which leaves the schema as it was.
    """
    if not commands_of(release):
        journal.skip("compatibility", "the release says nothing of migrations")
        journal.skip("migrate", "the release says nothing of migrations")
        return
    versions = {before["api"], before["worker"]} - {release.version}
    formers = [one for one in map(ground.store.find, sorted(versions)) if one and _is_known(ground, one)]
    others = [former for former in formers if not _are_same(former, release)]
    if not formers:
        journal.skip("compatibility", "nothing that serves says how its schema is made")
    elif not others:
        journal.skip("compatibility", "the migrations are those of what serves")
    else:
        async with journal.step("compatibility"):
            for former in others:
                await _check(ground, journal, release, former)
    async with journal.step("migrate") as step:
        url = ground.plan.env["DATABASE_URL"]
        old = await catalog(url)
        await _migrate(ground, journal, release, url)
        step.detail = "" if await catalog(url) != old else "nothing to do"


def commands_of(release: Release) -> tuple[tuple[str, ...], ...]:
    """Return what migrates for a release: its `preDeployCommand`, else what ours has."""
    if said := _said(release):
        return tuple(in_shell(command, release) for command in said)
    if (release.source / _OURS).exists():
        return (("python", "-m", "clipnet.db.migrate"),)
    return ()


def _is_known(ground: Ground, release: Release) -> bool:
    """Tell whether it can be said how the schema of a release is made."""
    is_ours = reference_module(ground.service("api")) is not None
    return bool(commands_of(release)) and (is_ours or not release.is_builtin)


def _are_same(one: Release, other: Release) -> bool:
    """Tell whether two releases come with the same files for the database, and no other command."""
    folders = [release.source / _OURS.parent for release in (one, other)]
    return (
        all(folder.is_dir() for folder in folders)
        and files.digest(folders[0]) == files.digest(folders[1])
        and _said(one) == _said(other) == ()
    )


def _said(release: Release) -> tuple[str, ...]:
    return () if release.is_builtin else railway.read(release.source, "staging").pre_deploy_commands


async def _check(ground: Ground, journal: Journal, release: Release, former: Release) -> None:
    """Compare the schema that a release makes of a former one's with what either was written for.

    Raises:
        CheckFailed: One of them could not go on.
    """
    url = ground.plan.env["DATABASE_URL"]
    async with scratch(url) as empty:
        await _migrate(ground, journal, former, empty)
        theirs = await catalog(empty)
        await _migrate(ground, journal, release, empty)
        after = await catalog(empty)
    if after != theirs:
        _refuse(
            f"release {former.version}, which serves, could not go on",
            incompatible(theirs, after),
            "change the schema in two steps: add first, and remove once no release needs it any more",
        )
        return
    async with scratch(url) as empty:
        await _migrate(ground, journal, release, empty)
        ours = await catalog(empty)
    _refuse(
        f"release {release.version} is older than the database and cannot work with it",
        incompatible(ours, await catalog(url)),
        "see what else there is: clipnet-emulate releases",
    )


def _refuse(what: str, problems: Sequence[str], hint: str) -> None:
    if problems:
        raise CheckFailed(what + ":\n" + "\n".join(f"  - {problem}" for problem in problems), hint)


async def _migrate(ground: Ground, journal: Journal, release: Release, database_url: str) -> None:
    api = ground.service("api")
    env = {**api.environment, "DATABASE_URL": database_url}
    for command in commands_of(release):
        once = replace(api, role=None, command=command, directory=None, environment=env)
        service = ground.released(once, release)
        service = replace(service, directory=service.directory or release.source)
        await ground.run_of(f"migrating for release {release.version}", service, journal)
