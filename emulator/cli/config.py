"""`clipnet-emulate config`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options, runtime_option


@click.group()
@common_options
def command(common: Common) -> None:
    """Check the stack's configuration."""


@command.command()
@runtime_option
@common_options
def check(common: Common, runtime: str | None) -> None:
    """Check compose.yaml, its override, .env and settings; refuse everything of production.

    Every start makes the same check. Starts nothing.
    """
    from emulator.plan import plan

    planned = plan(common.settings(runtime=runtime))
    files = [str(path) for path in planned.topology.paths]
    if common.as_json:
        output.as_json(
            {"ok": True, "stack": planned.settings.stack, "files": files, "ports": dict(planned.ports)}
        )
    else:
        output.line(f"stack {planned.settings.stack}: {' and '.join(files)} can be run, without production")


@command.command()
@click.argument("left", type=click.Choice(["staging", "production"]))
@click.argument("right", type=click.Choice(["staging", "production"]))
@click.option(
    "--production",
    "written",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What production is set to.  [default: the packaged environments/production.env]",
)
@common_options
def diff(common: Common, left: str, right: str, written: Path | None) -> None:
    """Prove that LEFT and RIGHT (staging, production) have the same settings and share no secret.

    Staging is this stack as compose.yaml plans it. Production is a file with names and references, and of
    each secret a digest instead of its value.
    """
    from emulator.drift import compare
    from emulator.environments import file_of, read
    from emulator.plan import plan
    from emulator.topology import resolve

    if left == right:
        raise click.UsageError("name both: config diff staging production")
    planned = plan(common.settings(runtime="embedded"))
    composed = resolve(planned.written, planned.variables)  # a release adds what is no setting
    worker, api = (composed.service(role).environment for role in ("worker", "api"))
    found = compare({**worker, **api}, read(written or file_of("production")))
    if common.as_json:
        output.as_json(found.to_json())
    else:
        rows = [(one.setting.name, one.verdict.value, one.detail) for one in found.findings]
        output.table(("setting", "verdict", "detail"), rows)
        same = [one.setting.name for one in found.findings if one.setting.may_be_equal]
        output.line(f"may be equal: {', '.join(same)}")
    found.raise_if_drifted()


@command.command()
@common_options
def digest(common: Common) -> None:
    """Print the digest of a secret on standard input, for the file that `config diff` compares with."""
    from emulator import environments

    secret = sys.stdin.read().strip()
    if not secret:
        raise click.UsageError("write the secret to standard input")
    made = f"scrypt:{environments.digest(secret)}"
    if common.as_json:
        output.as_json({"digest": made})
    else:
        output.line(made)
