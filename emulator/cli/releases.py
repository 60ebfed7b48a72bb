"""`clipnet-emulate releases`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options

if TYPE_CHECKING:
    from emulator.releases.record import Deployment
    from emulator.releases.store import Store

_HEAD = ("version", "commit", "made", "serves", "subject")
_DEPLOYMENTS = ("deployment", "action", "version", "services", "began", "outcome", "by")
_LONGEST = 60
_SHOWN = 10


@click.group(invoke_without_command=True)
@common_options
@click.pass_context
def command(ctx: click.Context, common: Common) -> None:
    """List releases and the last deployments, also of a stack that is down."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_releases)


@command.command("list")
@common_options
def list_releases(common: Common) -> None:
    """List releases, the newest first, and the last ten deployments."""
    from emulator.history import entries

    store = _store(common)
    found, deployments = entries(store), store.deployments()
    if common.as_json:
        output.as_json(
            {
                "releases": [one.public() for one in found],
                "deployments": [one.to_json() for one in deployments],
            }
        )
        return
    rows = [
        (
            one.release.version,
            one.release.commit[:7],
            _time(one.release.created_at),
            ", ".join(one.serves),
            output.shortened(one.release.subject, _LONGEST),
        )
        for one in found
    ]
    output.table(_HEAD, rows)
    if deployments:
        output.line()
        _print_deployments(deployments[-_SHOWN:])


@command.command()
@click.argument("version", metavar="VERSION")
@common_options
def show(common: Common, version: str) -> None:
    """Show one release: its commit, where it came from, what serves by it, and its deployments."""
    from emulator.history import entry

    found = entry(_store(common), version)
    if common.as_json:
        output.as_json(found.public())
        return
    release = found.release
    facts = {
        "version": release.version,
        "commit": release.commit,
        "ref": release.ref,
        "subject": release.subject,
        "author": release.author,
        "committed": _time(release.committed_at),
        "made": _time(release.created_at),
        "from": str(release.repository / release.folder),
        "files": str(release.source),
        "python": str(release.python or ""),
        "build log": str(release.build_log or ""),
        "serves": ", ".join(found.serves) or "nothing",
    }
    for name, value in facts.items():
        if value:
            output.line(f"{name.ljust(10)} {value}")
    if found.deployments:
        output.line()
        _print_deployments(found.deployments)


def _print_deployments(deployments: tuple[Deployment, ...]) -> None:
    from emulator.history import outcome

    rows = [
        (
            str(one.number),
            one.action.value,
            one.release or "",
            ", ".join(one.services),
            _time(one.started_at),
            outcome(one),
            one.actor,
        )
        for one in deployments
    ]
    output.table(_DEPLOYMENTS, rows)


def _store(common: Common) -> Store:
    from emulator.plan import folder_of
    from emulator.promotion import store_of

    return store_of(folder_of(common.settings()))


def _time(text: str) -> str:
    """Return a time of a record as a person reads it, in UTC."""
    return text.replace("T", " ").removesuffix("Z")
