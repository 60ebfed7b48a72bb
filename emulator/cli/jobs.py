"""`clipnet-emulate jobs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from emulator.cli import output
from emulator.cli.options import Age, Common, common_options

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
_HEAD = ("id", "name", "state", "age", "attempts", "error")
_LONGEST = 60


@click.group(invoke_without_command=True)
@common_options
@click.pass_context
def command(ctx: click.Context, common: Common) -> None:
    """Look into the queues; without a word: list all jobs."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_jobs)


@command.command("list")
@click.option(
    "--state", "states", multiple=True, metavar="STATE", help="Only jobs in this state; may be repeated."
)
@common_options
def list_jobs(common: Common, states: tuple[str, ...]) -> None:
    """List jobs: those that move first, then the failed and the completed."""
    from emulator import jobs
    from emulator.errors import ConfigurationRefused

    for state in states:
        if state not in jobs.STATES:
            raise ConfigurationRefused(
                f"there is no job state '{state}'", f"states: {', '.join(jobs.STATES)}"
            )
    found = _with_redis(common, lambda redis, now_s: jobs.listed(redis, now_s, states or tuple(jobs.STATES)))
    if common.as_json:
        output.as_json([job.public() for job in found])
        return
    rows = [
        (
            job.id,
            job.name,
            job.state,
            output.age(job.age_s),
            f"{job.attempts}/{job.max_attempts}",
            output.shortened(job.error, _LONGEST),
        )
        for job in found
    ]
    output.table(_HEAD, rows)


@command.command()
@click.argument("job_id", metavar="ID")
@common_options
def show(common: Common, job_id: str) -> None:
    """Show one job with its payload and its errors."""
    from emulator import jobs

    job = _with_redis(common, lambda redis, now_s: jobs.find(redis, job_id, now_s))
    if common.as_json:
        output.as_json(job.public())
        return
    for name, value in job.public().items():
        if name != "stacktrace" and value is not None:
            output.line(f"{name.ljust(13)} {value}")
    for trace in job.stacktrace:
        output.line(trace)


@command.command()
@click.argument("job_id", metavar="ID", required=False)
@click.option(
    "--state",
    type=click.Choice(["failed", "completed", "delayed"]),
    help="All that are in this state, instead of one.",
)
@click.option("--name", metavar="TYPE", help="Of those only the ones of this type, as in: clip:process")
@common_options
def retry(common: Common, job_id: str | None, state: str | None, name: str | None) -> None:
    """Put a job that failed (or completed) back into its queue; a delayed one runs at once.

    Many at once with --state, as in: clipnet-emulate jobs retry --state failed --name post:youtube
    """
    from emulator import jobs

    if (job_id is None) == (state is None):
        raise click.UsageError("Say either the ID of one job, or --state for many.")
    if state is None:
        if name is not None:
            raise click.UsageError("--name goes with --state.")
        one = str(job_id)
        job = _with_redis(common, lambda redis, now_s: jobs.retry(redis, one, now_s))
        if common.as_json:
            output.as_json(job.public())
        else:
            output.line(f"job {job.id} is back in the queue")
        return
    many = state
    back = _with_redis(common, lambda redis, now_s: jobs.retry_all(redis, many, name, now_s))
    if common.as_json:
        output.as_json([job.public() for job in back])
        return
    for job in back:
        output.line(f"job {job.id} is back in the queue")
    output.line(_counted(len(back), "back in the queue"))


@command.command("clear-stuck")
@click.option(
    "--older-than",
    "older_than_s",
    type=Age(),
    default="0s",
    metavar="AGE",
    help="Only jobs that were begun, or added, so long ago: a number with s, min, h, d or w.",
)
@click.option("--dry-run", "is_dry", is_flag=True, help="List them, and put nothing back.")
@common_options
def clear_stuck(common: Common, older_than_s: float, *, is_dry: bool) -> None:
    """Put jobs back into their queue that would wait for ever; none is lost.

    Active ones that no worker holds, delayed ones that nobody wakes, and those that wait for jobs which have
    ended. What a living worker is at is left alone.
    """
    from emulator import stuckjobs

    async def cleared(redis: Redis, now_s: float) -> list[stuckjobs.Stuck]:
        found = await stuckjobs.find(redis, now_s, older_than_s)
        return found if is_dry else await stuckjobs.put_back(redis, found)

    found = _with_redis(common, cleared)
    if common.as_json:
        output.as_json({"dry_run": is_dry, "jobs": [one.public() for one in found]})
        return
    if found:
        rows = [
            (one.job.id, one.job.name, one.job.state, output.age(one.job.age_s), one.why) for one in found
        ]
        output.table(("id", "name", "state", "age", "why"), rows)
    output.line(_counted(len(found), "stuck" if is_dry else "back in the queue"))


@command.command()
@common_options
def clear(common: Common) -> None:
    """Forget the jobs that completed or failed."""
    from emulator import jobs

    removed = _with_redis(common, lambda redis, _now_s: jobs.clear(redis))
    if common.as_json:
        output.as_json({"removed": removed})
        return
    output.line(f"{removed} jobs are forgotten")


def _counted(count: int, what: str) -> str:
    return f"{count} job is {what}" if count == 1 else f"{count or 'no'} jobs are {what}"


def _with_redis(common: Common, ask: Callable[[Redis, float], Awaitable[T]]) -> T:
    import asyncio
    import time

    from emulator.jobs import connect
    from emulator.parts import running

    parts = running(common.settings())

    async def connected() -> T:
        async with connect(parts.redis_url) as client:
            return await ask(client, time.time())

    return asyncio.run(connected())
