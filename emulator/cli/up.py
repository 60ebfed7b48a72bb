"""`clipnet-emulate up`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from emulator.cli import output
from emulator.cli.logprinter import LogPrinter
from emulator.cli.options import Common, common_options, runtime_option

if TYPE_CHECKING:
    from emulator.launch import Started
    from emulator.record import ServiceRecord


@click.command()
@click.option(
    "-d", "--detach", is_flag=True, help="Return when all is healthy; the stack goes on in the background."
)
@click.option(
    "--seed",
    type=click.Choice(["small", "none"]),
    help="Data for a new database.  [default: small, where the stack is ClipNET's own]",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.1),
    metavar="S",
    help="Seconds until all must be healthy.  [default: 60]",
)
@runtime_option
@common_options
def command(
    common: Common, detach: bool, seed: str | None, timeout_s: float | None, runtime: str | None
) -> None:
    """Start the stack and wait until all of it is healthy."""
    from emulator import launch
    from emulator.plan import plan, refuse_other_runtime

    settings = common.settings(runtime=runtime)
    planned = plan(settings)
    refuse_other_runtime(planned, runtime)
    progress = output.ProgressLine(settings.stack)
    with launch.interruptible(), launch.Supervision() as link:
        planned = launch.with_images(planned, output.note)
        try:
            started = launch.up(planned, os.environ, timeout_s or settings.start_timeout_s, link, progress)
        finally:
            progress.clear()
        is_seeded = launch.seed_fresh(started, planned, seed, output.note)
        if seed is not None and not started.has_new_database:
            other = output.with_stack(f"clipnet-emulate seed {seed}")
            output.note(
                f"the database is there already and stays as it is; replace what it holds with: {other}"
            )
        if not started.was_up and detach:
            link.detach()
        _print(common, started, is_seeded=is_seeded)
        if not started.was_up and not detach:
            output.note("press Ctrl-C to stop the stack")
            shown = LogPrinter(tuple(launch.log_files(planned)), as_json=common.as_json)
            launch.attach(link, planned, shown)


def _print(common: Common, started: Started, *, is_seeded: bool) -> None:
    record = started.record
    if common.as_json:
        services = [
            {"name": s.name, "address": s.address, "ports": s.ports, "ready_after_s": s.ready_after_s}
            for s in record.services
        ]
        output.as_json(
            {
                "stack": record.stack,
                "was_up": started.was_up,
                "took_s": round(started.took_s, 3),
                "services": services,
            }
        )
        return
    how = "was up already" if started.was_up else f"is up after {started.took_s:.2f} s"
    output.line(f"stack {record.stack} {how}")
    output.table(
        ("service", "address", "ready after"), [row for service in record.services for row in _rows(service)]
    )
    if "WEB_URL" in record.env:
        output.line(f"open {record.env['WEB_URL']}{f' and {output.LOG_IN}' if is_seeded else ''}")


def _rows(service: ServiceRecord) -> list[tuple[str, str, str]]:
    """Return one row for a service, and one below it for each port if there are several."""
    took = "" if service.ready_after_s is None else f"{service.ready_after_s:.2f} s"
    if len(service.ports) < 2:
        return [(service.name, service.address or "", took)]
    several = [(f"  {name}", f"http://127.0.0.1:{port}", "") for name, port in service.ports.items()]
    return [(service.name, "", took), *several]
