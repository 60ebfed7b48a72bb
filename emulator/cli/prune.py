"""`clipnet-emulate prune`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from emulator.cli import output
from emulator.cli.options import Age, Common, common_options

if TYPE_CHECKING:
    from emulator.pruning import Item, Pruning

_LONGEST = 60
_HEAD = ("kind", "age", "size", "id", "what")


@click.command()
@click.option(
    "--older-than",
    "older_than_s",
    type=Age(),
    required=True,
    metavar="AGE",
    help="What has not been touched for so long: a number with s, min, h, d or w, as in 14d.",
)
@click.option("--dry-run", "is_dry", is_flag=True, help="List what would go, and remove nothing.")
@common_options
def command(common: Common, older_than_s: float, *, is_dry: bool) -> None:
    """Remove old clips with everything of them, and old jobs, releases and logs.

    Of a clip go its rows, uploads, assets at Cloudinary, finished jobs and posts at the platforms. What is
    under way stays, and so does a clip that a channel cuts from. What a seed brought comes back with: reset
    """
    import asyncio
    import time

    from emulator.parts import running
    from emulator.pruning import prune

    now_s = time.time()
    found = asyncio.run(prune(running(common.settings()), older_than_s, now_s, is_dry=is_dry))
    if common.as_json:
        output.as_json({"dry_run": is_dry, **found.public()})
        return
    if found.items:
        output.table(_HEAD, [_row(item, now_s) for item in found.items])
    _print_totals(found, is_dry=is_dry)


def _row(item: Item, now_s: float) -> tuple[str, ...]:
    size = output.size(item.bytes) if item.bytes else ""
    what = output.shortened(item.what, _LONGEST)
    return (item.kind, output.age(max(0.0, now_s - item.at_s)), size, item.id, what)


def _print_totals(found: Pruning, *, is_dry: bool) -> None:
    from emulator.pruning import totals

    counted = [_counted(kind, **total) for kind, total in totals(found.items).items()]
    listed = ", ".join(counted) or "nothing is that old"
    if not counted:
        output.line(listed)
    elif is_dry:
        output.line(f"would remove {listed}; do it by leaving out --dry-run")
    else:
        output.line(f"removed {listed}")
    if found.kept:
        kept = ", ".join(f"{item.kind} {item.id}" for item in found.kept)
        output.line(f"kept, as it changed meanwhile or could not be removed: {kept}")


def _counted(kind: str, count: int, bytes: int) -> str:
    from emulator.pruning import KINDS

    one, many = KINDS[kind]
    size = f" ({output.size(bytes)})" if bytes else ""
    return f"{count:,} {one if count == 1 else many}{size}"
