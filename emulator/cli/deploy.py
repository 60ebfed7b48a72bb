"""`clipnet-emulate deploy`."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli.deployed import ask
from emulator.cli.options import Common, common_options, no_smoke_option, services_option


@click.command()
@click.option(
    "--ref", default="HEAD", metavar="REF", help="The branch, tag or commit.  [default: what is checked out]"
)
@click.option(
    "--source",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The git repository, or a folder in one.  [default: the working folder]",
)
@services_option
@no_smoke_option
@click.option(
    "--hold", is_flag=True, help="Make the release and look whether it starts, but let it not serve."
)
@common_options
def command(
    common: Common, ref: str, source: Path, services: tuple[str, ...], *, no_smoke: bool, hold: bool
) -> None:
    """Make a release of a commit, and let it serve.

    It is built, started beside what serves, checked, and only then given the requests and the jobs. If a step
    fails, what served before goes on serving. Only what is committed is deployed.
    """
    ask(
        common,
        {
            "do": "deploy",
            "source": str(source.resolve()),
            "ref": ref,
            "services": list(services),
            "smoke": not no_smoke,
            "hold": hold,
        },
    )
