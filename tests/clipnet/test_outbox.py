from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from clipnet import jobs, outbox
from clipnet.db.engine import Sessions, create_engine, create_sessions
from clipnet.db.models import OutboxRow
from clipnet.queue import JobQueue, connect

IDS = [f"0193c0de-0000-4000-8000-{number:012}" for number in range(20)]


class Recorder:
    """A sender that remembers, and fails on demand."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.sent: list[str] = []
        self._fails_at = fails_at

    async def add(self, job: jobs.Job) -> str:
        if len(self.sent) == self._fails_at:
            raise ConnectionError("redis is away")
        await asyncio.sleep(0)
        self.sent.append(job.id)
        return job.id


@pytest.fixture
async def sessions(clean: None, database_url: str) -> AsyncIterator[Sessions]:
    engine = create_engine(database_url, application="test")
    yield create_sessions(engine)
    await engine.dispose()


def job(identity: str) -> jobs.Job:
    return jobs.job("clip:process", jobs.ClipPayload(identity), subject=identity)


async def write(sessions: Sessions, *identities: str) -> list[str]:
    async with sessions.begin() as session:
        return [outbox.write(session, job(identity)).id for identity in identities]


async def unsent(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        wanted = select(OutboxRow.job_id).where(OutboxRow.sent_at.is_(None)).order_by(OutboxRow.id)
        return list(await session.scalars(wanted))


async def test_a_job_is_relayed_once(sessions: Sessions) -> None:
    (identity,) = await write(sessions, IDS[0])
    sender = Recorder()

    sent = [await outbox.relay(sessions, sender, [identity]) for _ in range(2)]

    assert (sent, sender.sent, await unsent(sessions)) == ([1, 0], [identity], [])


async def test_a_job_of_a_transaction_that_failed_was_never_there(sessions: Sessions) -> None:
    with pytest.raises(IntegrityError):
        await write(sessions, IDS[0], IDS[0])

    assert await outbox.sweep(sessions, Recorder(), older_than_s=-1) == 0


async def test_the_sweep_leaves_young_rows_to_their_writer(sessions: Sessions) -> None:
    written = await write(sessions, IDS[0])
    sender = Recorder()

    young = await outbox.sweep(sessions, sender)
    async with sessions.begin() as session:
        await session.execute(text("UPDATE outbox SET created_at = now() - interval '2 seconds'"))
    old = await outbox.sweep(sessions, sender)

    assert (young, old, sender.sent) == (0, 1, written)


async def test_two_sweeps_at_once_do_not_send_the_same(sessions: Sessions) -> None:
    written = await write(sessions, *IDS)
    one, two = Recorder(), Recorder()

    await asyncio.gather(
        outbox.sweep(sessions, one, older_than_s=-1, limit=10),
        outbox.sweep(sessions, two, older_than_s=-1, limit=10),
    )

    assert sorted(one.sent + two.sent) == sorted(written)


async def test_what_could_not_be_sent_stays(sessions: Sessions) -> None:
    written = await write(sessions, *IDS[:3])

    await outbox.relay(sessions, Recorder(fails_at=1), written)

    assert set(await unsent(sessions)) <= set(written)
    assert len(await unsent(sessions)) >= 2


async def test_other_deferred_work_is_not_a_job(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(OutboxRow(job_id="x", queue="assets", name="asset:destroy", payload={}, opts={}))

    assert await outbox.sweep(sessions, Recorder(), older_than_s=-1) == 0


async def test_a_job_sent_twice_is_one_job_in_bullmq(clean: None, redis_url: str) -> None:
    redis = connect(redis_url)
    queue = JobQueue(redis)

    added = [await queue.add(job(IDS[0])) for _ in range(2)]

    counts = await queue.counts()
    assert added == [f"{IDS[0]}-clip_process"] * 2
    assert counts["clipnet"] | {"prioritized": 0} == dict.fromkeys(counts["clipnet"], 0)
    assert counts["clipnet"]["prioritized"] == 1
    assert await queue.remove("clipnet", added[0])
    assert (await queue.counts())["clipnet"]["prioritized"] == 0
    await redis.aclose()
