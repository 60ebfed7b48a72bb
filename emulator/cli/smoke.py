"""`clipnet-emulate smoke`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options
from emulator.cli.runner import annotated

if TYPE_CHECKING:
    from emulator.smoke import Addresses, Report, Step


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
@click.option("--api-url", metavar="URL", help="Check this API instead of a stack, with --web-url.")
@click.option("--web-url", metavar="URL", help="Check this frontend instead of a stack, with --api-url.")
@click.option("--commit", metavar="SHA", help="The commit that the API must be made of, with --api-url.")
@click.option("--beside-api", metavar="URL", hidden=True, help="Ask the API here, not where everybody does.")
@click.option("--beside-web", metavar="URL", hidden=True, help="Ask the frontend here.")
@common_options
def command(
    common: Common,
    video: Path | None,
    junit: Path | None,
    keep: bool,
    within_s: float,
    api_url: str | None,
    web_url: str | None,
    commit: str | None,
    beside_api: str | None,
    beside_web: str | None,
) -> None:
    """Send a clip and a ClipBOT command through every part of the stack and check each at the part itself.

    With --api-url and --web-url, check what can be checked by addresses alone: the release, sign-up, upload,
    worker, delivery and the page. The clip is deleted again; the user smoke-...@clipnet.test stays.
    """
    import asyncio
    import uuid

    from emulator.parts import running
    from emulator.smoke import junit as as_junit
    from emulator.smoke import own_video, smoke, smoke_at

    settings = common.settings()
    addresses = _addresses(api_url, web_url, commit)

    def shown(step: Step) -> None:
        if not common.as_json:
            mark = click.style("ok  ", fg="green") if step.ok else click.style("FAIL", fg="red")
            output.line(f"{mark} {step.name:<18} {step.ms:9.1f} ms  {step.detail}")

    if junit is not None:
        _write(junit, "")
    run = uuid.uuid4().hex[:10]
    if addresses is None:
        parts = running(settings)
        beside = {name: url for name, url in (("api", beside_api), ("web", beside_web)) if url is not None}
        report = asyncio.run(
            smoke(parts, run, video=video, keep=keep, within_s=within_s, on_step=shown, beside=beside)
        )
    else:
        report = asyncio.run(
            smoke_at(
                addresses,
                run,
                video=lambda: video or own_video(settings.cache_dir),
                keep=keep,
                within_s=within_s,
                on_step=shown,
            )
        )
    if junit is not None:
        _write(junit, as_junit(report, settings.stack if addresses is None else addresses.api_url))
    with annotated("smoke"):
        _conclude(common, report, is_of_stack=addresses is None)


def _addresses(api_url: str | None, web_url: str | None, commit: str | None) -> Addresses | None:
    from emulator.isolation import refuse_names_of_production
    from emulator.profiles import CLOUDINARY_FOLDER
    from emulator.smoke import Addresses

    if api_url is None and web_url is None:
        if commit is not None:
            raise click.UsageError("--commit goes with --api-url and --web-url.")
        return None
    if not api_url or not web_url:
        raise click.UsageError("--api-url and --web-url go together; neither may be empty.")
    refuse_names_of_production({"--api-url": api_url, "--web-url": web_url})
    return Addresses(api_url.rstrip("/"), web_url.rstrip("/"), CLOUDINARY_FOLDER, commit)


def _conclude(common: Common, report: Report, *, is_of_stack: bool) -> None:
    from emulator.errors import CheckFailed

    if common.as_json:
        output.as_json(report.public())
        click.get_current_context().exit(0 if report.ok else CheckFailed.exit_code)
    if not report.ok:
        failed = report.steps[-1]
        hint = "look closer with: clipnet-emulate logs, jobs, posts" if is_of_stack else "read its logs"
        raise CheckFailed(f"smoke failed at '{failed.name}': {failed.detail}", hint)
    way = f"; its way: {output.with_stack(f'clipnet-emulate trace {report.trace_id}')}" if is_of_stack else ""
    output.line(f"all {len(report.steps)} steps are well{way}")


def _write(path: Path, text: str) -> None:
    from emulator.errors import ConfigurationRefused

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationRefused(
            f"'{path}' cannot be written: {error.strerror}", "name another file with --junit"
        ) from error
