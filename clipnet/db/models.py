"""The tables. Change them together with a new migration in `clipnet/db/migrations/versions`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Base(DeclarativeBase):
    """All tables; `metadata` is what the migrations are compared with."""

    metadata = MetaData(naming_convention=_NAMES)
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - how SQLAlchemy wants it
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        float: Double(),
        datetime: DateTime(timezone=True),
        uuid.UUID: Uuid(),
        bytes: LargeBinary(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
    }


class User(Base):
    """Somebody who can log in; without a password hash only through a provider."""

    __tablename__ = "users"
    __table_args__ = (
        _one_of("role", "user", "admin"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="user", default="user")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiToken(Base):
    """A bearer token of a program; only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class OAuthAccount(Base):
    """A user's account at a provider; the tokens are encrypted (see clipnet/security.py)."""

    __tablename__ = "oauth_accounts"
    __table_args__ = (
        UniqueConstraint("provider", "provider_user_id"),
        _one_of("provider", "google", "tiktok", "twitch", "discord", "x"),
        _one_of("state", "active", "revoked"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str]
    provider_user_id: Mapped[str]
    login: Mapped[str]
    display_name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"), default=list)
    access_token: Mapped[bytes]
    refresh_token: Mapped[bytes | None]
    expires_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="active", default="active")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Clip(Base):
    """A clip from its source to its finished video.

    `attempt` counts the askings, from 1. `source_path` is relative to MEDIA_DIR. `want_*` is the segment that
    was asked for, `start_s` and `end_s` the one that was chosen; both in seconds of the source.
    """

    __tablename__ = "clips"
    __table_args__ = (
        _one_of("state", "queued", "processing", "ready", "failed"),
        _one_of("source_kind", "upload", "url", "bot"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        Index("ix_clips_created_at_id", "created_at", "id"),
        Index("ix_clips_state_created_at_id", "state", "created_at", "id"),
        Index("ix_clips_user_id_created_at_id", "user_id", "created_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    title: Mapped[str] = mapped_column(server_default="", default="")
    description: Mapped[str] = mapped_column(server_default="", default="")
    state: Mapped[str] = mapped_column(server_default="queued", default="queued")
    step: Mapped[str | None]
    progress: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    source_kind: Mapped[str]
    source_url: Mapped[str | None]
    source_path: Mapped[str | None]
    source_name: Mapped[str | None]
    source_bytes: Mapped[int | None] = mapped_column(BigInteger)
    want_start_s: Mapped[float | None]
    want_end_s: Mapped[float | None]
    start_s: Mapped[float | None]
    end_s: Mapped[float | None]
    duration_s: Mapped[float | None]
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    language: Mapped[str | None]
    transcript: Mapped[str | None]
    template: Mapped[str | None]
    score: Mapped[float | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    video_public_id: Mapped[str | None]
    video_url: Mapped[str | None]
    poster_url: Mapped[str | None]
    publish_to: Mapped[list[str]] = mapped_column(server_default=sql("'{}'"), default=list)
    attempt: Mapped[int] = mapped_column(Integer, server_default="1", default=1)
    trace_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    ready_at: Mapped[datetime | None]


class ClipStep(Base):
    """One attempt of one step of a clip: its history."""

    __tablename__ = "clip_steps"
    __table_args__ = (
        UniqueConstraint("clip_id", "step", "attempt"),
        _one_of("state", "running", "done", "failed", "retrying", "skipped"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    clip_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"))
    step: Mapped[str]
    attempt: Mapped[int] = mapped_column(Integer, server_default="1", default=1)
    state: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"), default=dict)
    error: Mapped[str | None]


class Segment(Base):
    """A stretch of speech; `words` is a list of {"word", "start", "end"}, times in seconds of the clip."""

    __tablename__ = "segments"
    __table_args__ = (UniqueConstraint("clip_id", "position"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    clip_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str]
    words: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"), default=list)


class Score(Base):
    """How good a clip is: parts from 0 to 1, `total` from 0 to 100."""

    __tablename__ = "scores"

    clip_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), primary_key=True)
    total: Mapped[float]
    motion: Mapped[float]
    speech: Mapped[float]
    visual: Mapped[float]
    relevance: Mapped[float]
    model: Mapped[str]
    captions: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"), default=list)
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"), default=dict)


class ClipTag(Base):
    """A word that a clip can be found by, and where it came from."""

    __tablename__ = "clip_tags"
    __table_args__ = (
        _one_of("source", "caption", "speech", "template", "user"),
        Index("ix_clip_tags_tag", "tag"),
    )

    clip_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]


class Vote(Base):
    """One voter's opinion of a clip; the voter is `user:<uuid>` or `twitch:<id>` and so on."""

    __tablename__ = "votes"
    __table_args__ = (UniqueConstraint("clip_id", "voter"), CheckConstraint("value IN (-1, 1)", name="value"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    clip_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"))
    voter: Mapped[str]
    value: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Post(Base):
    """A clip at a platform, once per target; `idempotency_key` keeps a repeated job from posting twice."""

    __tablename__ = "posts"
    __table_args__ = (
        UniqueConstraint("clip_id", "platform", "target"),
        _one_of("platform", "youtube", "tiktok", "twitch", "discord", "x"),
        _one_of("state", "queued", "posting", "posted", "failed", "delayed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    clip_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("clips.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    platform: Mapped[str]
    target: Mapped[str] = mapped_column(server_default="", default="")
    state: Mapped[str] = mapped_column(server_default="queued", default="queued")
    external_id: Mapped[str | None]
    url: Mapped[str | None]
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    posted_at: Mapped[datetime | None]


class BotChannel(Base):
    """A channel that ClipBOT listens to; `settings.media_url` is what `!clip` cuts from."""

    __tablename__ = "bot_channels"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        _one_of("platform", "twitch", "discord", "x"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    platform: Mapped[str]
    external_id: Mapped[str]
    name: Mapped[str]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"), default=dict)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BotEvent(Base):
    """Something a platform told ClipBOT, once per event id; `reply` says where to answer.

    `reply` is {"channel_id", "message_id"} for Twitch, {"channel_id", "application_id", "token"} for Discord
    (the interaction's token, good for 15 minutes; `is_private` if only the one who asked sees the answer) and
    {"post_id"} for X. What ClipBOT itself was heard to say is `ignored`, with {"channel_id", "reply_to"}.
    """

    __tablename__ = "bot_events"
    __table_args__ = (
        UniqueConstraint("platform", "event_id"),
        _one_of("platform", "twitch", "discord", "x"),
        _one_of("state", "received", "done", "ignored", "failed"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    platform: Mapped[str]
    event_id: Mapped[str]
    channel_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("bot_channels.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[str]
    command: Mapped[str | None]
    author_id: Mapped[str | None]
    author_name: Mapped[str | None]
    reply: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"), default=dict)
    payload: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"), default=dict)
    clip_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("clips.id", ondelete="SET NULL"), index=True)
    state: Mapped[str] = mapped_column(server_default="received", default="received")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class BotAnswer(Base):
    """A message of ClipBOT alone, by the job that sends it; one that shows a clip has a row in `posts`.

    Written before it is sent: `remembered` says since when an attempt is under way whose end is not known.
    """

    __tablename__ = "bot_answers"

    job_id: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bot_events.id", ondelete="CASCADE"), index=True)
    remembered: Mapped[str | None]
    external_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]


class JobRun(Base):
    """One run of one job by the worker; it outlives its clip, so `clip_id` is no foreign key."""

    __tablename__ = "job_runs"
    __table_args__ = (Index("ix_job_runs_job_id_attempt", "job_id", "attempt"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    job_id: Mapped[str]
    name: Mapped[str]
    clip_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    attempt: Mapped[int] = mapped_column(Integer)
    state: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]
    trace_id: Mapped[str | None]


class OutboxRow(Base):
    """A job to enqueue, written with what made it necessary; `sent_at` is set once Redis has it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_unsent", "id", postgresql_where=sql("sent_at IS NULL")),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(unique=True)
    queue: Mapped[str]
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    opts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The answer to a request that a client may repeat; `response` is null while the first is under way."""

    __tablename__ = "idempotency_keys"

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    status: Mapped[int | None] = mapped_column(Integer)
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
