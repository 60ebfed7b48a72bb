"""Seeded clips: rows of the database in every state a clip can be in, with their history.

Pure functions of a `Random`, the seed's present and the rendered media; nothing here reads a clock or a file.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from seed.media import Recipe, Rendered, SpokenWord, Variant, speeches, spoken
from seed.people import People, UserRow, new_id

Files = Mapping[tuple[str, Variant], Rendered]

FOLDER = "staging_clips"
STEPS = ("fetch", "probe", "polish", "whisper", "score", "upload")
"""The steps of a clip's history that are seeded, in order."""

SCORE_MODEL = "blip"
PLATFORMS = ("youtube", "tiktok", "discord", "x", "twitch")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the stack's files are reached.

    `delivery` is the origin of Cloudinary's delivery with the cloud's name, as browsers see it
    (`http://127.0.0.1:8410/staging`); `sources` is the same as the worker sees it.
    """

    delivery: str
    sources: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a seeded clip failed: step, code for programs, words for its owner, how often it was tried."""

    step: str
    code: str
    detail: str
    attempts: int = 1


FAILURES = (
    Failure("probe", "not_a_video", "the file is not a video: nothing in it can be decoded"),
    Failure("fetch", "source_unavailable", "the source is not available now (HTTP 503)", 3),
    Failure("fetch", "source_missing", "there is no video at the address (HTTP 404)"),
    Failure("probe", "no_video_stream", "the file holds sound but no picture"),
    Failure("polish", "ffmpeg_failed", "FFmpeg could not read the video to its end: it is damaged", 3),
    Failure("whisper", "gpu_failed", "the speech service gave up: out of memory", 3),
    Failure("score", "gpu_unreadable", "the scoring service sent an answer that cannot be read", 3),
    Failure("upload", "cloudinary_refused", "Cloudinary refuses our credentials: invalid signature"),
    Failure("polish", "ffmpeg_too_slow", "polishing took longer than its time limit", 3),
)


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A row of `clips`."""

    id: uuid.UUID
    user_id: uuid.UUID | None
    title: str
    description: str
    state: str
    step: str | None
    progress: int
    source_kind: str
    source_url: str | None
    source_path: str | None
    source_name: str | None
    source_bytes: int | None
    want_start_s: float | None
    want_end_s: float | None
    start_s: float | None
    end_s: float | None
    duration_s: float | None
    width: int | None
    height: int | None
    language: str | None
    transcript: str | None
    template: str | None
    score: float | None
    error_code: str | None
    error_detail: str | None
    video_public_id: str | None
    video_url: str | None
    poster_url: str | None
    publish_to: tuple[str, ...]
    attempt: int
    trace_id: str
    created_at: datetime
    updated_at: datetime
    ready_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A row of `clip_steps`."""

    id: int
    clip_id: uuid.UUID
    step: str
    attempt: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    detail: dict[str, Any]
    error: str | None


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A row of `segments`; times in seconds from the start of the finished video."""

    id: int
    clip_id: uuid.UUID
    position: int
    start_s: float
    end_s: float
    text: str
    words: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A row of `scores`: parts from 0 to 1, `total` from 0 to 100."""

    clip_id: uuid.UUID
    total: float
    motion: float
    speech: float
    visual: float
    relevance: float
    model: str
    captions: list[dict[str, Any]]
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TagRow:
    """A row of `clip_tags`."""

    clip_id: uuid.UUID
    tag: str
    source: str


@dataclass(frozen=True, slots=True)
class VoteRow:
    """A row of `votes`."""

    id: int
    clip_id: uuid.UUID
    voter: str
    value: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PostRow:
    """A row of `posts`."""

    id: uuid.UUID
    clip_id: uuid.UUID
    user_id: uuid.UUID | None
    platform: str
    target: str
    state: str
    external_id: str | None
    url: str | None
    error: str | None
    attempts: int
    idempotency_key: str
    created_at: datetime
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobRunRow:
    """A row of `job_runs`."""

    id: int
    job_id: str
    name: str
    clip_id: uuid.UUID | None
    attempt: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    trace_id: str | None


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that exists at Cloudinary: where, and which rendered file it is."""

    public_id: str
    resource_type: str
    file: Rendered
    created_at: datetime
    tags: tuple[str, ...]
    context: Mapping[str, str]


@dataclass(slots=True)
class ClipTables:
    """The rows of the tables that hang on clips, in the order in which they were made."""

    clips: list[ClipRow] = field(default_factory=list)
    steps: list[StepRow] = field(default_factory=list)
    segments: list[SegmentRow] = field(default_factory=list)
    scores: list[ScoreRow] = field(default_factory=list)
    tags: list[TagRow] = field(default_factory=list)
    votes: list[VoteRow] = field(default_factory=list)
    posts: list[PostRow] = field(default_factory=list)
    job_runs: list[JobRunRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a clip is before its rows are made: its owner, its picture, its state and when it began."""

    id: uuid.UUID
    owner: UserRow | None
    recipe: Recipe
    title: str
    created_at: datetime
    source_kind: str
    trace_id: str


JOB_OF_STEP = {
    "fetch": "clip:process",
    "probe": "clip:process",
    "polish": "ffmpeg:polish",
    "whisper": "whisper:batch",
    "score": "ml:score",
    "upload": "clip:process",
}
_STEP_S = {"fetch": 0.12, "probe": 0.02, "polish": 3.4, "whisper": 0.9, "score": 0.6, "upload": 0.3}
_MOTION = {"still": 0.04, "low": 0.31, "high": 0.78}


def source_public_id(recipe: Recipe) -> str:
    """Return where the uncut video of a recipe lies at Cloudinary."""
    return f"{FOLDER}/sources/{recipe.name}"


def source_url(recipe: Recipe, places: Places) -> str:
    """Return the address of the uncut video of a recipe, as the worker reaches it."""
    return f"{places.sources}/video/upload/v1/{source_public_id(recipe)}.mp4"


def draft(random: Random, owner: UserRow | None, recipe: Recipe, created_at: datetime, kind: str) -> Draft:
    """Return a new clip of this recipe."""
    return Draft(
        new_id(random), owner, recipe, recipe.title, created_at, kind, f"{random.getrandbits(128):032x}"
    )


def base_row(one: Draft, files: Files, places: Places) -> dict[str, Any]:
    """Return the columns of a clip that has just been asked for."""
    source = files[one.recipe.name, "source"]
    is_upload = one.source_kind == "upload"
    return {
        "id": one.id,
        "user_id": one.owner.id if one.owner else None,
        "title": one.title,
        "description": "",
        "state": "queued",
        "step": None,
        "progress": 0,
        "source_kind": one.source_kind,
        "source_url": None if is_upload else source_url(one.recipe, places),
        "source_path": f"uploads/{one.id}/source" if is_upload else None,
        "source_name": f"{one.recipe.name}.mp4" if is_upload else None,
        "source_bytes": source.bytes if is_upload else None,
        "publish_to": (),
        "attempt": 1,
        "trace_id": one.trace_id,
        "created_at": one.created_at,
        "updated_at": one.created_at,
    } | dict.fromkeys(
        (
            "want_start_s", "want_end_s", "start_s", "end_s", "duration_s", "width", "height", "language",
            "transcript", "template", "score", "error_code", "error_detail", "video_public_id", "video_url",
            "poster_url", "ready_at",
        )
    )  # fmt: skip


def add_ready(
    tables: ClipTables, one: Draft, random: Random, files: Files, places: Places, publish_to: tuple[str, ...]
) -> None:
    """Add a finished clip: its video, what was heard and seen, its score, its tags and its history."""
    recipe, video = one.recipe, files[one.recipe.name, "polished"]
    ready_at = _add_history(tables, one, STEPS, random)
    words = spoken(recipe)
    score = _score(one, recipe, words, random)
    version = int(ready_at.timestamp())
    public_id = f"{FOLDER}/{one.id}"
    row = base_row(one, files, places) | {
        "state": "ready",
        "progress": 100,
        "start_s": 0.0,
        "end_s": recipe.duration_s,
        "duration_s": recipe.duration_s,
        "width": video.width,
        "height": video.height,
        "language": speeches()[recipe.speech].language if recipe.speech else None,
        "transcript": " ".join(word.word for word in words) or None,
        "template": recipe.topic,
        "score": score.total,
        "video_public_id": public_id,
        "video_url": f"{places.delivery}/video/upload/v{version}/{public_id}.mp4",
        "poster_url": f"{places.delivery}/image/upload/v{version}/{public_id}.jpg",
        "publish_to": publish_to,
        "updated_at": ready_at,
        "ready_at": ready_at,
    }
    tables.clips.append(ClipRow(**row))
    tables.scores.append(score)
    _add_segments(tables, one.id, words)
    tags = {recipe.topic: "template", recipe.name: "caption"}
    tags |= {word: "speech" for word in _keywords(words)[:3] if word not in tags}
    tables.tags += [TagRow(one.id, tag, source) for tag, source in sorted(tags.items())]


def add_failed(
    tables: ClipTables, one: Draft, failure: Failure, random: Random, files: Files, places: Places
) -> None:
    """Add a clip that failed for good in one step."""
    done = STEPS[: STEPS.index(failure.step)]
    failed_at = _add_history(tables, one, done, random)
    for attempt in range(1, failure.attempts + 1):
        started, failed_at = failed_at, failed_at + timedelta(seconds=round(random.uniform(0.2, 4), 3))
        state = "failed" if attempt == failure.attempts else "retrying"
        _add_step(tables, one, failure.step, attempt, state, started, failed_at, failure.detail)
    row = base_row(one, files, places) | {
        "state": "failed",
        "step": failure.step,
        "progress": 100 * len(done) // len(STEPS),
        "error_code": failure.code,
        "error_detail": failure.detail,
        "updated_at": failed_at,
    }
    tables.clips.append(ClipRow(**row))


def add_standing(
    tables: ClipTables, one: Draft, step: str | None, random: Random, files: Files, places: Places
) -> None:
    """Add a clip that stands still where a real one would be moving.

    There is no job for it in Redis, so it never moves and nothing may wait for it; its description says so,
    and the history of a clip in process has `{"seeded": true}` at the step that it stands in. `step` is
    `None` for a clip in the queue.
    """
    row = base_row(one, files, places) | {"description": "Seeded: stands still in this state, it has no job."}
    if step is not None:
        done = STEPS[: STEPS.index(step)]
        started = _add_history(tables, one, done, random)
        number = len(tables.steps) + 1
        tables.steps.append(
            StepRow(number, one.id, step, 1, "running", started, None, {"seeded": True}, None)
        )
        progress = 100 * len(done) // len(STEPS) + 7
        row |= {"state": "processing", "step": step, "progress": progress, "updated_at": started}
    tables.clips.append(ClipRow(**row))


def add_votes(tables: ClipTables, clip: ClipRow, voters: Sequence[str], random: Random) -> None:
    """Add one vote of each voter, four of five in favour."""
    for voter in voters:
        at = (clip.ready_at or clip.created_at) + timedelta(minutes=random.randint(1, 600))
        value = 1 if random.random() < 0.8 else -1
        tables.votes.append(VoteRow(len(tables.votes) + 1, clip.id, voter, value, at, at))


def post_key(post: uuid.UUID, job_name: str) -> str:
    """Return the idempotency key of a post: the id of the job that makes it."""
    return f"{post}-{job_name.replace(':', '_')}"


def add_post(tables: ClipTables, clip: ClipRow, post: PostRow, name: str) -> None:
    """Add a post and the run of the job that made it."""
    tables.posts.append(post)
    ended = post.posted_at or (clip.ready_at or clip.created_at) + timedelta(seconds=4)
    state = "completed" if post.state == "posted" else "failed"
    job_id = post_key(post.id, name)
    run = len(tables.job_runs) + 1
    began = ended - timedelta(seconds=0.4)
    tables.job_runs.append(
        JobRunRow(run, job_id, name, clip.id, post.attempts, state, began, ended, post.error, clip.trace_id)
    )


def _add_history(tables: ClipTables, one: Draft, steps: Sequence[str], random: Random) -> datetime:
    """Add finished steps one after the other and return when the last one ended."""
    at = one.created_at + timedelta(seconds=round(random.uniform(0.01, 0.4), 3))
    for step in steps:
        end = at + timedelta(seconds=round(_STEP_S[step] * random.uniform(0.7, 1.6), 3))
        _add_step(tables, one, step, 1, "done", at, end, None)
        at = end
    return at


def _add_step(
    tables: ClipTables,
    one: Draft,
    step: str,
    attempt: int,
    state: str,
    started: datetime,
    ended: datetime,
    error: str | None,
) -> None:
    tables.steps.append(
        StepRow(len(tables.steps) + 1, one.id, step, attempt, state, started, ended, {}, error)
    )
    name = JOB_OF_STEP[step]
    job_id = f"{one.id}-{name.replace(':', '_')}"
    job_state = "completed" if state == "done" else state
    run = len(tables.job_runs) + 1
    tables.job_runs.append(
        JobRunRow(run, job_id, name, one.id, attempt, job_state, started, ended, error, one.trace_id)
    )


def _score(one: Draft, recipe: Recipe, words: Sequence[SpokenWord], random: Random) -> ScoreRow:
    motion = _MOTION[recipe.motion]
    speech = round(min(1.0, len(words) / recipe.duration_s / 3), 3)
    visual = round(random.uniform(0.45, 0.95), 3)
    relevance = round(random.uniform(0.3, 0.9), 3)
    total = round(100 * (0.25 * motion + 0.3 * speech + 0.2 * visual + 0.25 * relevance), 1)
    seconds = [round(recipe.duration_s * part, 2) for part in (0.1, 0.5, 0.9)]
    captions = [{"at_s": at, "caption": f"{recipe.name}, {recipe.topic}", "score": 0.9} for at in seconds]
    return ScoreRow(one.id, total, motion, speech, visual, relevance, SCORE_MODEL, captions, {"seeded": True})


def _add_segments(tables: ClipTables, clip: uuid.UUID, words: Sequence[SpokenWord]) -> None:
    for position, sentence in enumerate(_sentences(words)):
        timed = [{"word": word.word, "start_s": word.start, "end_s": word.end} for word in sentence]
        text = " ".join(word.word for word in sentence)
        tables.segments.append(
            SegmentRow(
                len(tables.segments) + 1, clip, position, sentence[0].start, sentence[-1].end, text, timed
            )
        )


def _sentences(words: Sequence[SpokenWord]) -> Iterator[list[SpokenWord]]:
    sentence: list[SpokenWord] = []
    for word in words:
        sentence.append(word)
        if word.word[-1] in ".!?":
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _keywords(words: Sequence[SpokenWord]) -> list[str]:
    """Return the longest different words, longest first: what a clip is probably about."""
    plain = {word.word.strip(".,!?").lower() for word in words}
    return sorted((word for word in plain if len(word) > 4), key=lambda word: (-len(word), word))


def voters(people: People, viewers: Sequence[str]) -> tuple[str, ...]:
    """Return everybody who may vote: users, and viewers of a Twitch channel by their number."""
    users = [f"user:{user.id}" for user in people.users]
    return (*users, *(f"twitch:{2_000_000 + index}" for index in range(len(viewers))))
