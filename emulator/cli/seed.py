"""`clipnet-emulate seed`."""

from __future__ import annotations

import os

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options


@click.command()
@click.argument("name", type=click.Choice(["small", "none", "large"]), default="small")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The integer that everything is made from."
)
@click.option(
    "--inside",
    is_flag=True,
    help="Seed the stack in whose network this container is, by the addresses in its environment.",
)
@common_options
def command(common: Common, name: str, seed: int, *, inside: bool) -> None:
    """Replace everything in the stack by a seed: users, clips, media, and what the fakes know of them."""
    import asyncio

    from emulator import parts
    from emulator.seeding import load

    settings = common.settings()
    found = (
        parts.inside(os.environ, settings.state_dir, settings.cache_dir)
        if inside
        else parts.running(settings)
    )
    report = asyncio.run(load(found, name, seed, output.note))
    if common.as_json:
        output.as_json(
            {
                "name": report.name,
                "seed": report.seed,
                "rows": dict(report.rows),
                "assets": report.assets,
                "ms": report.ms,
                "stages_ms": dict(report.stages_ms),
            }
        )
        return
    clips, users = report.rows.get("clips", 0), report.rows.get("users", 0)
    output.line(
        f"seed {name} is loaded: {users} users, {clips:,} clips, {report.assets} files ({report.ms:.0f} ms)"
    )
    if users:
        output.line(output.LOG_IN)
