"""What the worker writes down: runs of jobs, steps of clips, states. Short transactions, no decisions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, TextClause, Uuid, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from clipnet.db.engine import create_sessions
from clipnet.db.models import Clip, ClipStep, ClipTag, Score, Segment
from clipnet.worker.errors import Gone
from clipnet.worker.tagging import Tag
from clipnet.worker.transcript import Transcript

_INTERRUPTED = "the worker was stopped while this ran"

_BEGIN_RUN = text(
    """
    WITH closed AS (
        UPDATE job_runs SET state = 'interrupted', finished_at = now(), error = :interrupted
        WHERE job_id = :job_id AND state = 'running'
    )
    INSERT INTO job_runs (job_id, name, clip_id, attempt, state, trace_id)
    VALUES (:job_id, :name, (SELECT id FROM clips WHERE id = :clip), :attempt, 'running', :trace_id)
    RETURNING id
    """
).bindparams(bindparam("clip", type_=Uuid()))
_END_RUN = text("UPDATE job_runs SET state = :state, finished_at = now(), error = :error WHERE id = :id")
_CLOSE_AND_INSERT = """
    closed AS (
        UPDATE clip_steps SET state = 'retrying', finished_at = now(), error = :interrupted
        WHERE clip_id = :clip AND step = :step AND state = 'running'
    )
    INSERT INTO clip_steps (clip_id, step, attempt, state)
    SELECT clip.id, :step, (
        SELECT coalesce(max(attempt), 0) + 1 FROM clip_steps WHERE clip_id = :clip AND step = :step
    ), 'running'
    FROM clip
    RETURNING id
    """
_STEP_TYPES = (bindparam("clip", type_=Uuid()), bindparam("step", type_=Text()))
_PROCESSED_CLIP = """
    WITH clip AS (
        UPDATE clips SET state = 'processing', step = :step, progress = :progress, error_code = NULL,
            error_detail = NULL, updated_at = now(), trace_id = coalesce(trace_id, :trace_id)
        WHERE id = :clip RETURNING id
    ),"""
_BEGIN_STEP = text(_PROCESSED_CLIP + _CLOSE_AND_INSERT).bindparams(
    *_STEP_TYPES, bindparam("trace_id", type_=Text())
)
_POST_CLIP = "WITH clip AS (SELECT id FROM clips WHERE id = :clip),"
_BEGIN_POST_STEP = text(_POST_CLIP + _CLOSE_AND_INSERT).bindparams(*_STEP_TYPES)


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A clip as the steps need it; `done` holds the result of each step that is done, by the step's name."""

    clip: Clip
    done: Mapping[str, Mapping[str, Any]]

    @property
    def id(self) -> str:
        """Its id as text."""
        return str(self.clip.id)


class Records:
    """Writes to the database; what is no longer there raises `Gone`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.sessions = create_sessions(engine)
        self._at_once = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def clip(self, clip_id: str) -> ClipRow:
        """Return a clip with the results of its finished steps.

        Raises:
            Gone: There is no such clip.
        """
        rows = (
            select(ClipStep.step, ClipStep.detail, ClipStep.attempt)
            .where(ClipStep.clip_id == Clip.id, ClipStep.state == "done")
            .order_by(ClipStep.attempt)
            .correlate(Clip)
            .subquery()
        )
        done = select(func.jsonb_object_agg(rows.c.step, rows.c.detail)).scalar_subquery()
        async with AsyncSession(self._at_once, expire_on_commit=False) as session:
            found = (await session.execute(select(Clip, done).where(Clip.id == _uuid(clip_id)))).first()
        if found is None:
            raise Gone(f"clip {clip_id}")
        return ClipRow(found[0], found[1] or {})

    async def begin_run(
        self, job_id: str, name: str, clip_id: str | None, attempt: int, trace_id: str | None
    ) -> int:
        """Write that a run of a job begins; return its row's id. A clip that is gone is left out.

        A run of the same job that never ended (its worker was killed) is closed.
        """
        values = {"job_id": job_id, "name": name, "attempt": attempt, "trace_id": trace_id}
        clip = _uuid(clip_id) if clip_id else None
        return await self._one(_BEGIN_RUN, **values, clip=clip, interrupted=_INTERRUPTED)

    async def end_run(self, run_id: int, state: str, error: str | None = None) -> None:
        """Write how a run ended: `completed`, `waiting`, `retrying`, `delayed`, `failed` or `stopped`."""
        async with self._at_once.connect() as connection:
            await connection.execute(_END_RUN, {"id": run_id, "state": state, "error": error})

    async def begin_step(
        self, clip_id: str, step: str, progress: int | None, trace_id: str | None = None
    ) -> int:
        """Write that a step begins; return its row's id. `progress` is the clip's, or None for posts.

        A run of the step that never ended (its worker was killed) is closed.

        Raises:
            Gone: There is no such clip.
        """
        values = {"clip": _uuid(clip_id), "step": step, "interrupted": _INTERRUPTED}
        if progress is None:
            return await self._one(_BEGIN_POST_STEP, **values)
        return await self._one(_BEGIN_STEP, **values, progress=progress, trace_id=trace_id)

    async def _one(self, statement: TextClause, **values: Any) -> int:
        async with self._at_once.connect() as connection:
            found = (await connection.execute(statement, values)).scalar_one_or_none()
        if found is None:
            raise Gone(f"clip {values.get('clip')}")
        return int(found)

    async def step_progress(
        self, clip_id: str, step_id: int, progress: int, detail: Mapping[str, Any]
    ) -> None:
        """Write how far a step is."""
        async with self.sessions.begin() as session:
            await session.execute(update(ClipStep).where(ClipStep.id == step_id).values(detail=dict(detail)))
            await session.execute(
                update(Clip).where(Clip.id == _uuid(clip_id)).values(progress=progress, updated_at=func.now())
            )

    async def end_step(
        self, step_id: int, state: str, detail: Mapping[str, Any], error: str | None = None
    ) -> None:
        """Write how a step ended: `done`, `skipped`, `retrying` or `failed`."""
        async with self.sessions.begin() as session:
            await end_step(session, step_id, state, detail, error)

    async def fail_clip(self, session: AsyncSession, clip_id: str, code: str, words: str) -> Clip | None:
        """Write that a clip failed, with the reason; return it if that is news."""
        found: Clip | None = (
            await session.scalars(
                update(Clip)
                .where(Clip.id == _uuid(clip_id), Clip.state.in_(("queued", "processing")))
                .values(state="failed", error_code=code, error_detail=words, updated_at=func.now())
                .returning(Clip)
            )
        ).one_or_none()
        if found is not None:
            last = select(func.max(ClipStep.id)).where(ClipStep.clip_id == found.id).scalar_subquery()
            await session.execute(
                update(ClipStep)
                .where(ClipStep.id == last, ClipStep.state.in_(("running", "retrying")))
                .values(state="failed", finished_at=func.now(), error=words)
            )
        return found


async def end_step(
    session: AsyncSession, step_id: int, state: str, detail: Mapping[str, Any], error: str | None = None
) -> None:
    """Write how a step ended within a transaction of the caller."""
    await session.execute(
        update(ClipStep)
        .where(ClipStep.id == step_id)
        .values(state=state, finished_at=func.now(), detail=dict(detail), error=error)
    )


async def save_transcript(session: AsyncSession, clip_id: str, transcript: Transcript) -> None:
    """Replace a clip's transcript and segments."""
    identity = _uuid(clip_id)
    await _change_clip(session, identity, transcript=transcript.text, language=transcript.language)
    await session.execute(delete(Segment).where(Segment.clip_id == identity))
    rows = [
        {
            "clip_id": identity,
            "position": position,
            "start_s": one.start_s,
            "end_s": one.end_s,
            "text": one.text,
            "words": [
                {"word": word.word, "start_s": word.start_s, "end_s": word.end_s} for word in one.words
            ],
        }
        for position, one in enumerate(transcript.segments)
    ]
    if rows:
        await session.execute(insert(Segment), rows)


async def save_score(session: AsyncSession, clip_id: str, values: Mapping[str, Any]) -> None:
    """Replace a clip's row in `scores`."""
    row = upsert(Score).values(clip_id=_uuid(clip_id), **values)
    await session.execute(row.on_conflict_do_update(index_elements=["clip_id"], set_=dict(values)))


async def save_tags(session: AsyncSession, clip_id: str, tags: Sequence[Tag]) -> None:
    """Replace the tags that a clip got from us; those of its owner stay."""
    identity = _uuid(clip_id)
    await session.execute(delete(ClipTag).where(ClipTag.clip_id == identity, ClipTag.source != "user"))
    if tags:
        rows = [{"clip_id": identity, "tag": tag.tag, "source": tag.source} for tag in tags]
        await session.execute(upsert(ClipTag).values(rows).on_conflict_do_nothing())


async def change_clip(session: AsyncSession, clip_id: str, **values: Any) -> None:
    """Change a clip.

    Raises:
        Gone: There is no such clip; the transaction must not be committed.
    """
    await _change_clip(session, _uuid(clip_id), **values)


async def _change_clip(session: AsyncSession, identity: uuid.UUID, **values: Any) -> None:
    changed = await session.execute(
        update(Clip).where(Clip.id == identity).values(**values, updated_at=func.now()).returning(Clip.id)
    )
    if changed.scalar_one_or_none() is None:
        raise Gone(f"clip {identity}")


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Gone(f"{text!r} is no id") from error
