"""Clips: create, list, read, change, delete, try again, history and transcript."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from clipnet import jobs, outbox, sources
from clipnet.api import assets, clip_view, idempotency, uploads
from clipnet.api.context import Context, Ctx
from clipnet.api.identity import LoggedIn
from clipnet.api.pages import cursor_after, parse_cursor
from clipnet.api.problems import Problem, documented, of_validation
from clipnet.api.wire import (
    ClipChange,
    ClipDetail,
    ClipOut,
    ClipPage,
    ClipState,
    NewClip,
    SegmentList,
    SegmentOut,
    StepOut,
    Timeline,
    UploadFields,
    duration_ms,
)
from clipnet.db.models import Clip, ClipStep, ClipTag, IdempotencyKey, Segment, User
from clipnet.log import current_span, traceparent

router = APIRouter(prefix="/v1/clips", tags=["clips"])

_MULTIPART: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The video."},
        "title": {"type": "string", "maxLength": 200},
        "description": {"type": "string", "maxLength": 5000},
        "start_s": {"type": "number", "minimum": 0},
        "end_s": {"type": "number", "minimum": 0},
        "publish_to": {"type": "string", "description": "Platforms, separated by commas."},
    },
}
_CREATE_BODY: Final[Mapping[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _MULTIPART},
            "application/json": {"schema": {"$ref": "#/components/schemas/NewClip"}},
        },
    }
}


@router.post(
    "",
    status_code=201,
    response_model=ClipOut,
    openapi_extra=dict(_CREATE_BODY),
    responses=documented(
        "body_unreadable",
        "not_logged_in",
        "too_large",
        "media_type_unsupported",
        "invalid_request",
        "source_refused",
        "idempotency_key_reused",
        "storage_full",
    ),
)
async def create_clip(
    request: Request, context: Ctx, user: LoggedIn, idempotency_key: idempotency.Key = None
) -> Response:
    """Make a clip of an uploaded file or of a video at an address; the worker starts at once."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        return await _create_from_upload(request, context, user, idempotency_key)
    if content_type == "application/json":
        return await _create_from_url(request, context, user, idempotency_key)
    raise Problem(
        "media_type_unsupported", "Send multipart/form-data with a file, or application/json with a url."
    )


@router.get(
    "", response_model=ClipPage, responses=documented("cursor_invalid", "not_logged_in", "invalid_request")
)
async def list_clips(
    context: Ctx,
    user: LoggedIn,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    state: ClipState | None = None,
    mine: Literal["0", "1"] = "0",
) -> ClipPage:
    """List clips, newest first; ask again with `next_cursor` for the next page."""
    wanted = select(Clip).order_by(Clip.created_at.desc(), Clip.id.desc()).limit(limit + 1)
    if cursor:
        wanted = wanted.where(tuple_(Clip.created_at, Clip.id) < tuple_(*parse_cursor(cursor)))
    if state is not None:
        wanted = wanted.where(Clip.state == state)
    if mine == "1":
        wanted = wanted.where(Clip.user_id == user.id)

    async with context.sessions() as session:
        found = (await session.scalars(wanted)).all()
        items = await clip_view.views(session, found[:limit], user)
    last = items[-1] if len(found) > limit else None
    return ClipPage(items=items, next_cursor=cursor_after(last.created_at, last.id) if last else None)


@router.get(
    "/{clip_id}",
    response_model=ClipDetail,
    responses=documented("not_logged_in", "not_found", "invalid_request"),
)
async def read_clip(clip_id: UUID, context: Ctx, user: LoggedIn) -> ClipDetail:
    """Read one clip with its transcript, scores, votes and posts."""
    async with context.sessions() as session:
        return await clip_view.detail(session, await clip_view.find_clip(session, clip_id), user)


@router.patch(
    "/{clip_id}",
    response_model=ClipDetail,
    responses=documented("body_unreadable", "not_logged_in", "not_owner", "not_found", "invalid_request"),
)
async def change_clip(clip_id: UUID, change: ClipChange, context: Ctx, user: LoggedIn) -> ClipDetail:
    """Change a clip's title, description or own tags."""
    async with context.sessions.begin() as session:
        clip = await clip_view.find_own_clip(session, clip_id, user)
        for name in ("title", "description"):
            value = getattr(change, name)
            if value is not None:
                setattr(clip, name, value)
        if change.tags is not None:
            await _replace_tags(session, clip_id, change.tags)
        clip.updated_at = context.clock.now()
        await session.flush()
        return await clip_view.detail(session, clip, user)


@router.delete(
    "/{clip_id}",
    status_code=204,
    responses=documented("not_logged_in", "not_owner", "not_found", "invalid_request"),
)
async def delete_clip(clip_id: UUID, context: Ctx, user: LoggedIn) -> Response:
    """Delete a clip, its video and its jobs; what was posted elsewhere stays there."""
    async with context.sessions.begin() as session:
        clip = await clip_view.find_own_clip(session, clip_id, user)
        removal = assets.write_removal(session, clip, context.settings.cloudinary.folder)
        job_id = jobs.job_id(str(clip_id), "clip:process", clip.attempt)
        await session.delete(clip)
    await context.queue.cancel(job_id)
    shutil.rmtree(upload_folder(context.settings.media_dir, clip_id), ignore_errors=True)
    await assets.remove(context, removal)
    return Response(status_code=204)


@router.post(
    "/{clip_id}/retry",
    status_code=202,
    response_model=ClipDetail,
    responses=documented("not_logged_in", "not_owner", "not_found", "clip_not_failed", "invalid_request"),
)
async def retry_clip(clip_id: UUID, context: Ctx, user: LoggedIn) -> ClipDetail:
    """Try a failed clip again from the start."""
    async with context.sessions.begin() as session:
        clip = await clip_view.find_own_clip(session, clip_id, user)
        if clip.state != "failed":
            raise Problem(
                "clip_not_failed", f"The clip is {clip.state}; only a failed one can be tried again."
            )
        clip.attempt += 1
        clip.state, clip.step, clip.progress = "queued", None, 0
        clip.error_code = clip.error_detail = None
        clip.updated_at = context.clock.now()
        job = outbox.write(session, process_job(clip))
        await session.flush()
        answer = await clip_view.detail(session, clip, user)
    await outbox.relay(context.sessions, context.queue, [job.id])
    return answer


@router.get(
    "/{clip_id}/timeline",
    response_model=Timeline,
    responses=documented("not_logged_in", "not_found", "invalid_request"),
)
async def read_timeline(clip_id: UUID, context: Ctx, user: LoggedIn) -> Timeline:
    """Read every step of a clip with its attempts, times and errors, also while it is being made."""
    async with context.sessions() as session:
        await clip_view.find_clip(session, clip_id)
        wanted = (
            select(ClipStep).where(ClipStep.clip_id == clip_id).order_by(ClipStep.started_at, ClipStep.id)
        )
        rows = (await session.scalars(wanted)).all()
    return Timeline(items=[_step(row) for row in rows])


@router.get(
    "/{clip_id}/segments",
    response_model=SegmentList,
    responses=documented("not_logged_in", "not_found", "invalid_request"),
)
async def read_segments(clip_id: UUID, context: Ctx, user: LoggedIn) -> SegmentList:
    """Read what is said in a clip, with the time of each word."""
    async with context.sessions() as session:
        await clip_view.find_clip(session, clip_id)
        wanted = select(Segment).where(Segment.clip_id == clip_id).order_by(Segment.position)
        return SegmentList(items=[SegmentOut.model_validate(row) for row in await session.scalars(wanted)])


def process_job(clip: Clip) -> jobs.Job:
    """Return the job that makes this clip, as a part of the present trace."""
    payload = jobs.ClipPayload(str(clip.id))
    return jobs.job(
        "clip:process", payload, subject=str(clip.id), attempt=clip.attempt, traceparent=traceparent()
    )


def upload_folder(media_dir: Path, clip_id: UUID) -> Path:
    """Return the folder that holds a clip's uploaded source; the API writes it, the worker reads it."""
    return media_dir / "uploads" / str(clip_id)


async def _create_from_upload(request: Request, context: Context, user: User, key: str | None) -> Response:
    clip_id = context.ids.uuid()
    folder = upload_folder(context.settings.media_dir, clip_id)
    async with uploads.received(request, folder, context.settings.max_upload_bytes) as upload:
        fields = _parse_fields(upload.fields)
        clip = Clip(
            id=clip_id,
            source_kind="upload",
            source_path=str(upload.path.relative_to(context.settings.media_dir)),
            source_name=upload.name,
            source_bytes=upload.size_bytes,
            **_common(fields),
        )
        content = {**upload.fields, "sha256": upload.sha256, "name": upload.name}
        answer = await _store(context, user, clip, key, content)
    if answer.headers.get("idempotency-replayed"):
        shutil.rmtree(folder, ignore_errors=True)
    return answer


async def _create_from_url(request: Request, context: Context, user: User, key: str | None) -> Response:
    raw = await request.body()
    try:
        wanted = NewClip.model_validate_json(raw)
    except ValidationError as error:
        raise of_validation(error.errors(include_url=False, include_input=False)) from error
    refusal = sources.refusal(wanted.url, context.settings)
    if refusal is not None:
        raise Problem("source_refused", f"{refusal[:1].upper()}{refusal[1:]}.")
    clip = Clip(id=context.ids.uuid(), source_kind="url", source_url=wanted.url, **_common(wanted))
    return await _store(context, user, clip, key, wanted.model_dump(mode="json"))


async def _store(
    context: Context, user: User, clip: Clip, key: str | None, content: Mapping[str, Any]
) -> JSONResponse:
    """Store the clip and its job in one transaction, or give the answer that this key had before."""
    span = current_span()
    clip.user_id = user.id
    clip.trace_id = span.trace_id if span else None
    clip.created_at = clip.updated_at = context.clock.now()
    async with context.sessions.begin() as session:
        claimed = None
        if key is not None:
            scope = f"{user.id}:POST /v1/clips"
            sha256 = idempotency.request_sha256(content)
            claimed = await idempotency.claim(session, scope, key, sha256, clip.created_at)
            if isinstance(claimed, dict):
                return JSONResponse(
                    claimed, 201, {"Idempotency-Replayed": "true", **_location(claimed["id"])}
                )
        session.add(clip)
        job = outbox.write(session, process_job(clip))
        await session.flush()
        body = clip_view.new(clip, user).model_dump(mode="json")
        if isinstance(claimed, IdempotencyKey):
            claimed.status, claimed.response = 201, body
    await outbox.relay(context.sessions, context.queue, [job.id])
    return JSONResponse(body, 201, _location(body["id"]))


async def _replace_tags(session: AsyncSession, clip_id: UUID, tags: list[str]) -> None:
    await session.execute(delete(ClipTag).where(ClipTag.clip_id == clip_id, ClipTag.source == "user"))
    rows = [{"clip_id": clip_id, "tag": tag, "source": "user"} for tag in dict.fromkeys(tags)]
    if rows:
        await session.execute(insert(ClipTag).values(rows).on_conflict_do_nothing())


def _parse_fields(fields: Mapping[str, str]) -> UploadFields:
    try:
        return UploadFields.model_validate(dict(fields))
    except ValidationError as error:
        raise of_validation(error.errors(include_url=False, include_input=False)) from error


def _common(wanted: NewClip | UploadFields) -> dict[str, Any]:
    return {
        "title": wanted.title,
        "description": wanted.description,
        "want_start_s": wanted.start_s,
        "want_end_s": wanted.end_s,
        "publish_to": list(wanted.publish_to),
        "state": "queued",
        "progress": 0,
        "attempt": 1,
    }


def _location(clip_id: str) -> dict[str, str]:
    return {"Location": f"/v1/clips/{clip_id}"}


def _step(row: ClipStep) -> StepOut:
    return StepOut.model_validate(
        {
            "step": row.step,
            "attempt": row.attempt,
            "state": row.state,
            "started_at": row.started_at,
            "finished_at": row.finished_at,
            "duration_ms": duration_ms(row.started_at, row.finished_at),
            "detail": row.detail,
            "error": row.error,
        }
    )
