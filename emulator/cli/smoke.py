"""`clipnet-emulate smoke`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options

if TYPE_CHECKING:
    from emulator.smoke import Step


@click.command()
@click.option(
    "--video",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The video to send.  [default: one of the seed's]",
)
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML."
)
@click.option("--keep", is_flag=True, help="Leave the clips in the stack, to look at them.")
@click.option(
    "--timeout", "within_s", type=click.FloatRange(min=1), default=120, help="Seconds that a clip may take."
)
@common_options
def command(common: Common, video: Path | None, junit: Path | None, keep: bool, within_s: float) -> None:
    """Send a clip and a ClipBOT command through every part of the stack and check each at the part itself."""
    import asyncio
    import uuid

    from emulator.errors import CheckFailed
    from emulator.parts import running
    from emulator.smoke import junit as as_junit
    from emulator.smoke import smoke

    parts = running(common.settings())

    def shown(step: Step) -> None:
        if not common.as_json:
            mark = click.style("ok  ", fg="green") if step.ok else click.style("FAIL", fg="red")
            output.line(f"{mark} {step.name:<18} {step.ms:9.1f} ms  {step.detail}")

    if junit is not None:
        _write(junit, "")
    run = uuid.uuid4().hex[:10]
    report = asyncio.run(smoke(parts, run, video=video, keep=keep, within_s=within_s, on_step=shown))
    if junit is not None:
        _write(junit, as_junit(report, parts.stack))
    if common.as_json:
        output.as_json(report.public())
        click.get_current_context().exit(0 if report.ok else CheckFailed.exit_code)
    if not report.ok:
        failed = report.steps[-1]
        raise CheckFailed(
            f"smoke failed at '{failed.name}': {failed.detail}",
            "look closer with: clipnet-emulate logs, jobs, posts",
        )
    way = output.with_stack(f"clipnet-emulate trace {report.trace_id}")
    output.line(f"all {len(report.steps)} steps are well; its way: {way}")


def _write(path: Path, text: str) -> None:
    from emulator.errors import ConfigurationRefused

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationRefused(
            f"'{path}' cannot be written: {error.strerror}", "name another file with --junit"
        ) from error
