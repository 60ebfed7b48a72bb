"""`clipnet-emulate jobs`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options

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
            _age(job.age_s),
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
@click.argument("job_id", metavar="ID")
@common_options
def retry(common: Common, job_id: str) -> None:
    """Put a job that failed (or completed) back into its queue; a delayed one runs at once."""
    from emulator import jobs

    job = _with_redis(common, lambda redis, now_s: jobs.retry(redis, job_id, now_s))
    if common.as_json:
        output.as_json(job.public())
        return
    output.line(f"job {job.id} is {job.state}")


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


def _age(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} s"
