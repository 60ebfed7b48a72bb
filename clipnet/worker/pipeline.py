"""A clip's way from its source to `ready`: which step is next, and what each does.

Every step may be run again at any time: a finished one is known by its row in `clip_steps` and its files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet import jobs, outbox, publishing
from clipnet.clock import Ids
from clipnet.db.models import BotChannel, BotEvent, Clip, Post
from clipnet.log import span, traceparent
from clipnet.settings import Settings
from clipnet.worker import records, score, source, tagging
from clipnet.worker.batcher import Batcher, Item, Outcome
from clipnet.worker.calls import Calls
from clipnet.worker.cloudinary import Storage
from clipnet.worker.errors import Aborted, Gone, Permanent, Transient, code_of, words_of
from clipnet.worker.options import Options
from clipnet.worker.polish import Order, polish
from clipnet.worker.probe import Media, from_summary, probe
from clipnet.worker.queue import Run
from clipnet.worker.records import ClipRow, Records
from clipnet.worker.runpod import Runpod
from clipnet.worker.traffic import Traffic
from clipnet.worker.transcript import NOTHING_SAID, Transcript, read_transcript, whisper_item
from clipnet.worker.vision import Eyes, Seen
from clipnet.worker.workplace import Workplace

PROGRESS: Final[Mapping[str, int]] = {
    "fetch": 1,
    "probe": 4,
    "polish": 5,
    "whisper": 65,
    "score": 80,
    "upload": 90,
}
"""How far a clip is when a step begins."""
_MOST_ROUNDS: Final = 12
_PROGRESS_EVERY_S: Final = 0.4
_FILES_LOST: Final[Mapping[str, Any]] = {"files_lost": True}
"""Result of a step without its files; `clip:process` has them made again and then repeats the step."""
_UNUSABLE: Final = ("decode", "invalid", "must provide", "unsupported", "not an audio")


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps work with."""

    settings: Settings
    options: Options
    records: Records
    sender: outbox.Sender
    calls: Calls
    runpod: Runpod
    eyes: Eyes
    storage: Storage
    workplace: Workplace
    traffic: Traffic
    ids: Ids


@dataclass(slots=True)
class Step:
    """A step under way; `detail` is what its row will show."""

    id: int
    detail: dict[str, Any] = field(default_factory=dict)
    state: str = "done"
    is_written: bool = False


class Pipeline:
    """The handlers of `clip:process`, `ffmpeg:polish`, `whisper:batch` and `ml:score`."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._records = tools.records
        self.batcher: Batcher | None = None

    async def process(self, run: Run) -> Mapping[str, Any]:
        """Bring a clip to `ready`; each longer step is a child job, after which this runs again."""
        clip_id = _clip_of(run)
        row = await self._records.clip(clip_id)
        for _ in range(_MOST_ROUNDS):
            if row.clip.state == "ready":
                return {"ready": True}
            self._tools.traffic.started(clip_id)
            following = next_step(row.done, has_files=self._has_files(clip_id))
            if following == "source":
                await self._source(run, row)
                following = "ffmpeg:polish"
            if following == "upload":
                await self._finish(run, row)
                return {"ready": True}
            await run.after(cast(jobs.JobName, following), jobs.ClipPayload(clip_id), clip_id)
            row = await self._records.clip(clip_id)
        raise Transient("no_progress", "the steps of this clip do not come to an end")

    async def polish(self, run: Run) -> Mapping[str, Any]:
        """Make the clip's files."""
        clip_id = _clip_of(run)
        row = await self._records.clip(clip_id)
        if "polish" in row.done and self._has_files(clip_id):
            return row.done["polish"]
        path = await self._source_path(row)
        media = from_summary(row.done.get("probe", {})) or await probe(path)
        async with self._step(run, "polish") as step:
            progress = _Progress(self._records, clip_id, step)
            order = Order(
                source=path,
                media=media,
                want_start_s=row.clip.want_start_s,
                want_end_s=row.clip.want_end_s,
                max_height=self._tools.options.polish_max_height,
                time_limit_s=jobs.POLICIES["ffmpeg:polish"].timeout_s,
            )
            with span("ffmpeg polish", clip=clip_id) as work:
                outcome = await polish(order, self._tools.workplace.polished(clip_id), progress.tell)
                work.fields.update(outcome.summary())
            await progress.settle()
            step.detail = outcome.summary()
            await self._done(
                step,
                clip_id,
                start_s=outcome.segment.start_s,
                end_s=outcome.segment.end_s,
                duration_s=round(outcome.segment.length_s, 3),
                width=outcome.frame.width,
                height=outcome.frame.height,
                progress=PROGRESS["whisper"],
            )
        self._tools.traffic.polished(clip_id)
        return step.detail

    async def transcribe(self, run: Run) -> Mapping[str, Any]:
        """Have the clip's speech written down, together with other clips that are ready for it."""
        clip_id = _clip_of(run)
        row = await self._records.clip(clip_id)
        if "whisper" in row.done:
            self._tools.traffic.submitted(clip_id)
            return row.done["whisper"]
        if not self._has_files(clip_id):
            return _FILES_LOST
        async with self._step(run, "whisper") as step:
            transcript = await self._heard(clip_id, step)
            step.detail |= {"language": transcript.language, "segments": len(transcript.segments)}
            step.detail |= {"words": transcript.words, "confidence": transcript.confidence}
            async with self._records.sessions.begin() as session:
                await records.save_transcript(session, clip_id, transcript)
                await records.end_step(session, step.id, step.state, step.detail)
                step.is_written = True
        return step.detail

    async def score(self, run: Run) -> Mapping[str, Any]:
        """Look at the clip, rate it, and choose title, template and tags."""
        clip_id = _clip_of(run)
        row = await self._records.clip(clip_id)
        if "score" in row.done:
            return row.done["score"]
        if not self._has_files(clip_id):
            return _FILES_LOST
        async with self._step(run, "score") as step:
            clip = row.clip
            said = clip.transcript or ""
            length_s = clip.duration_s or 0.0
            polished = self._tools.workplace.polished(clip_id)
            seen = await self._tools.eyes.look(polished, length_s, said, tagging.labels())
            confidence = float(row.done.get("whisper", {}).get("confidence", 0.0))
            rated = rate(clip, seen, confidence)
            captions = [caption.caption for caption in seen.captions]
            template = tagging.choose_template(said, captions)
            step.detail = {"total": rated.total, "model": seen.model, "template": template.name}
            async with self._records.sessions.begin() as session:
                await records.change_clip(
                    session,
                    clip_id,
                    score=rated.total,
                    template=template.name,
                    title=tagging.choose_title(clip.title, said, captions, clip.source_name),
                    progress=PROGRESS["upload"],
                )
                values = {**asdict(rated), "total": rated.total, "model": seen.model}
                values |= {
                    "captions": [asdict(caption) for caption in seen.captions],
                    "detail": dict(seen.detail),
                }
                await records.save_score(session, clip_id, values)
                await records.save_tags(session, clip_id, tagging.choose_tags(template, said, captions))
                await records.end_step(session, step.id, "done", step.detail)
                step.is_written = True
        return step.detail

    async def failed(self, run: Run, error: BaseException) -> None:
        """Write that a clip failed and tell the channel that asked for it. Idempotent."""
        clip_id = _clip_of(run)
        written: list[jobs.Job] = []
        async with self._records.sessions.begin() as session:
            clip = await self._records.fail_clip(session, clip_id, code_of(error), words_of(error))
            if clip is not None:
                written = await self._tell_channel(session, clip, f"the clip failed: {words_of(error)}")
        self._tools.workplace.clear(clip_id)
        self._tools.traffic.ended(clip_id)
        await self._relay(written)

    async def is_open(self, run: Run) -> bool:
        """Tell whether a clip is neither ready nor failed."""
        try:
            row = await self._records.clip(_clip_of(run))
        except Gone:
            return False
        return row.clip.state in ("queued", "processing")

    async def call_whisper(self, items: Sequence[Item]) -> Sequence[Outcome]:
        """Make one GPU call of several items; return an outcome for each."""
        limit_s = jobs.POLICIES["whisper:batch"].timeout_s
        with span("whisper batch", items=len(items)):
            try:
                async with asyncio.timeout(limit_s):
                    answer = await self._tools.runpod.run(
                        self._tools.settings.runpod.whisper, {"items": list(items)}
                    )
            except TimeoutError as error:
                raise Transient("timed_out", f"whisper:batch took longer than {limit_s} s") from error
        return outcomes_of(items, answer)

    async def _heard(self, clip_id: str, step: Step) -> Transcript:
        sound = self._tools.workplace.polished(clip_id).speech
        try:
            raw = await asyncio.to_thread(sound.read_bytes)
        except FileNotFoundError:
            self._tools.traffic.submitted(clip_id)
            step.detail = {"reason": "the clip has no sound"}
            return NOTHING_SAID
        assert self.batcher is not None
        self._tools.traffic.submitted(clip_id)
        item = await self.batcher.submit(whisper_item(clip_id, raw))
        step.detail = {"batch": item.get("batch")}
        try:
            return read_transcript(item)
        except ValueError as error:
            raise Transient("gpu_unreadable", f"Whisper's answer cannot be read: {error}") from error

    async def _source(self, run: Run, row: ClipRow) -> None:
        """Fetch and probe, each unless it is done already."""
        path: Path | None = None
        if "fetch" not in row.done or not self._is_fetched(row):
            async with self._step(run, "fetch") as step:
                fetched = await self._fetched(row)
                path = fetched.path
                step.detail = {"bytes": fetched.bytes, "kind": row.clip.source_kind}
                await self._done(step, row.id, source_bytes=fetched.bytes)
        if "probe" not in row.done:
            async with self._step(run, "probe") as step:
                media: Media = await probe(path or await self._source_path(row))
                step.detail = media.summary()

    async def _fetched(self, row: ClipRow) -> source.Fetched:
        clip, tools = row.clip, self._tools
        if clip.source_path:
            return source.uploaded(tools.settings, clip.source_path)
        if clip.source_url:
            return await source.download(
                tools.calls, tools.settings, clip.source_url, tools.workplace.source(row.id)
            )
        raise Permanent("source_missing", "the clip has no source: neither a file nor an address")

    async def _source_path(self, row: ClipRow) -> Path:
        return (await self._fetched(row)).path

    def _is_fetched(self, row: ClipRow) -> bool:
        return bool(row.clip.source_path) or self._tools.workplace.source(row.id).exists()

    def _has_files(self, clip_id: str) -> bool:
        return self._tools.workplace.polished(clip_id).is_complete()

    async def _finish(self, run: Run, row: ClipRow) -> None:
        """Upload, then make the clip ready and ask for its posts in the same transaction."""
        clip_id = row.id
        async with self._step(run, "upload") as step:
            polished = self._tools.workplace.polished(clip_id)
            template = row.clip.template or tagging.DEFAULT.name
            stored = await self._tools.storage.store(clip_id, polished.video, polished.poster, (template,))
            step.detail = {"public_id": stored.public_id, "bytes": stored.bytes}
            async with self._records.sessions.begin() as session:
                await records.change_clip(
                    session,
                    clip_id,
                    state="ready",
                    step=None,
                    progress=100,
                    error_code=None,
                    error_detail=None,
                    video_public_id=stored.public_id,
                    video_url=stored.video_url,
                    poster_url=stored.poster_url,
                    ready_at=func.now(),
                )
                await records.end_step(session, step.id, "done", step.detail)
                clip = (await session.scalars(select(Clip).where(Clip.id == row.clip.id))).one()
                written = await self._ask_for_posts(session, clip)
                step.is_written = True
        self._tools.workplace.clear(clip_id)
        self._tools.traffic.ended(clip_id)
        await self._relay(written)

    async def _ask_for_posts(self, session: AsyncSession, clip: Clip) -> list[jobs.Job]:
        _, written = await publishing.request_posts(session, clip, clip.publish_to, self._tools.ids)
        return [*written, *await self._answer_channel(session, clip)]

    async def _answer_channel(self, session: AsyncSession, clip: Clip) -> list[jobs.Job]:
        """Ask for the message that shows a clip where ClipBOT was told to make it."""
        found = await _event_of(session, clip)
        if found is None:
            return []
        event, channel = found
        post = await session.scalar(
            select(Post).where(
                Post.clip_id == clip.id, Post.platform == event.platform, Post.target == channel
            )
        )
        if post is None:
            post = Post(
                id=self._tools.ids.uuid(),
                clip_id=clip.id,
                user_id=clip.user_id,
                platform=event.platform,
                target=channel,
                state="queued",
                attempts=0,
                idempotency_key=jobs.job_id(str(event.id), "clipbot:post"),
            )
            session.add(post)
        payload = jobs.BotPayload(event=str(event.id), clip=str(clip.id), post=str(post.id))
        job = jobs.job("clipbot:post", payload, subject=str(event.id), traceparent=traceparent())
        return [outbox.write(session, job)]

    async def _tell_channel(self, session: AsyncSession, clip: Clip, text: str) -> list[jobs.Job]:
        found = await _event_of(session, clip)
        if found is None:
            return []
        event, _ = found
        payload = jobs.BotPayload(event=str(event.id), clip=str(clip.id), text=text)
        job = jobs.job(
            "clipbot:notify",
            payload,
            subject=f"{event.id}-failed",
            attempt=clip.attempt,
            traceparent=traceparent(),
        )
        return [outbox.write(session, job)]

    async def _relay(self, written: Sequence[jobs.Job]) -> None:
        await outbox.relay(self._records.sessions, self._tools.sender, [job.id for job in written])

    @asynccontextmanager
    async def _step(self, run: Run, name: str) -> AsyncIterator[Step]:
        """Write a step's row at its beginning and its end, whatever that is."""
        clip_id = _clip_of(run)
        step = Step(await self._records.begin_step(clip_id, name, PROGRESS[name], run.trace_id))
        try:
            yield step
        except Gone:
            raise
        except (Exception, asyncio.CancelledError) as error:
            final = run.is_last or isinstance(error, Permanent)
            words = words_of(error) if isinstance(error, Exception) else str(Aborted("while this ran"))
            state = "failed" if final and isinstance(error, Exception) else "retrying"
            await asyncio.shield(self._records.end_step(step.id, state, step.detail, words))
            raise
        if not step.is_written:
            await self._records.end_step(step.id, step.state, step.detail)

    async def _done(self, step: Step, clip_id: str, **changes: Any) -> None:
        """Write a step's end and what it changes of its clip in one transaction."""
        async with self._records.sessions.begin() as session:
            await records.change_clip(session, clip_id, **changes)
            await records.end_step(session, step.id, step.state, step.detail)
        step.is_written = True


def next_step(done: Mapping[str, Any], *, has_files: bool) -> str:
    """Return what a clip needs next: `source`, the job of a step, or `upload`. Pure.

    The polished files are needed until the end: where they are lost, polishing comes first again.
    """
    if "polish" not in done or not has_files:
        return "source"
    if "whisper" not in done:
        return "whisper:batch"
    return "upload" if "score" in done else "ml:score"


def rate(clip: Clip, seen: Seen, confidence: float) -> score.Parts:
    """Return the parts of a clip's score."""
    said = clip.transcript or ""
    captions = [caption.caption for caption in seen.captions]
    return score.score(
        motion=seen.motion,
        speech=score.speech_part(len(said.split()), clip.duration_s or 0.0, confidence),
        visual=seen.visual,
        relevance=score.relevance_part(captions, f"{clip.title} {said}", seen.similarity),
    )


def outcomes_of(items: Sequence[Item], answer: Mapping[str, Any]) -> list[Outcome]:
    """Return each item's part of a batch's answer, or its error. Pure."""
    rows = answer.get("results")
    found = {row.get("id"): row for row in rows if isinstance(row, dict)} if isinstance(rows, list) else {}
    return [_outcome(found.get(item["id"]), len(items)) for item in items]


def _outcome(row: Mapping[str, Any] | None, batch: int) -> Outcome:
    if row is None:
        return Transient("gpu_unreadable", "Whisper's answer leaves this clip out")
    reason = row.get("error")
    if not reason:
        return {**row, "batch": batch}
    words = f"Whisper could not read the clip's sound: {str(reason)[:300]}"
    if any(sign in str(reason).lower() for sign in _UNUSABLE):
        return Permanent("speech_unreadable", words)
    return Transient("whisper_failed", words)


async def _event_of(session: AsyncSession, clip: Clip) -> tuple[BotEvent, str] | None:
    """Return the event that a clip answers, and its channel's id at the platform."""
    if clip.source_kind != "bot":
        return None
    found = (
        await session.execute(
            select(BotEvent, BotChannel.external_id)
            .outerjoin(BotChannel, BotChannel.id == BotEvent.channel_id)
            .where(BotEvent.clip_id == clip.id)
            .order_by(BotEvent.received_at)
            .limit(1)
        )
    ).first()
    if found is None:
        return None
    event, channel = found
    return event, channel or str(event.reply.get("channel_id") or "")


def _clip_of(run: Run) -> str:
    clip = run.payload.clip
    if not clip:
        raise Permanent("no_clip", f"job {run.job_id!r} names no clip")
    return clip


class _Progress:
    """Writes how far FFmpeg is, now and then; called from within the loop."""

    def __init__(self, keep: Records, clip_id: str, step: Step) -> None:
        self._records = keep
        self._clip_id = clip_id
        self._step = step
        self._last = time.monotonic()
        self._writing: asyncio.Task[None] | None = None

    def tell(self, share: float) -> None:
        """Take note of the share that is done, 0 to 1."""
        now = time.monotonic()
        if now - self._last < _PROGRESS_EVERY_S or (self._writing and not self._writing.done()):
            return
        self._last = now
        reach = PROGRESS["whisper"] - PROGRESS["polish"]
        progress = PROGRESS["polish"] + int(reach * share)
        detail = {"progress": round(100 * share)}
        self._writing = asyncio.create_task(
            self._records.step_progress(self._clip_id, self._step.id, progress, detail)
        )

    async def settle(self) -> None:
        """Wait for a note that is being written."""
        if self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
