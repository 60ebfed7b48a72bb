"""The JSON of the API, both ways. Models only: nothing here asks the database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

Platform = Literal["youtube", "tiktok", "twitch", "discord", "x"]
ProviderName = Literal["google", "tiktok", "twitch", "discord", "x"]
ClipState = Literal["queued", "processing", "ready", "failed"]
PLACEHOLDER_DOMAIN: Final = "users.invalid"
"""The domain of the addresses that stand for users whose provider tells none (RFC 2606 keeps it free)."""
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=200)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[\w][\w\- ]*$", max_length=40)
]


class _In(BaseModel):
    """Of a request: a field that we do not know is an error, and so is text that PostgreSQL cannot store."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _storable(cls, value: object) -> object:
        if isinstance(value, str) and "\0" in value:
            raise ValueError("the text must not hold the character NUL")
        return value


class _Out(BaseModel):
    """Of an answer: made from rows."""

    model_config = ConfigDict(from_attributes=True)


class SignUp(_In):
    """A new user."""

    email: str
    password: Password
    name: Name

    @field_validator("email")
    @classmethod
    def _email(cls, value: str) -> str:
        return parse_email(value)


class LogIn(_In):
    """Email and password."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254)]
    password: Annotated[str, StringConstraints(max_length=200)]


class ProfileChange(_In):
    """What a user may change; a new password ends all other sessions."""

    name: Name | None = None
    password: Password | None = None


class NewToken(_In):
    """A token's name, to recognise it by."""

    name: Name


class NewClip(_In):
    """A clip from an address; the segment is chosen by what is seen and heard where none is asked for."""

    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
    title: Title = ""
    description: Description = ""
    start_s: Seconds | None = None
    end_s: Seconds | None = None
    publish_to: list[Platform] = []

    @field_validator("publish_to")
    @classmethod
    def _once(cls, value: list[Platform]) -> list[Platform]:
        return list(dict.fromkeys(value))

    @model_validator(mode="after")
    def _segment(self) -> NewClip:
        check_segment(self.start_s, self.end_s)
        return self


class UploadFields(_In):
    """The fields beside the file of an upload."""

    title: Title = ""
    description: Description = ""
    start_s: Seconds | None = None
    end_s: Seconds | None = None
    publish_to: list[Platform] = []

    @field_validator("start_s", "end_s", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("publish_to", mode="before")
    @classmethod
    def _comma_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return list(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))

    @model_validator(mode="after")
    def _segment(self) -> UploadFields:
        check_segment(self.start_s, self.end_s)
        return self


class ClipChange(_In):
    """What an owner may change; `tags` replaces the tags that people gave."""

    title: Title | None = None
    description: Description | None = None
    tags: Annotated[list[Tag], Field(max_length=20)] | None = None


class Publish(_In):
    """Where to post a clip."""

    platforms: Annotated[list[Platform], Field(min_length=1, max_length=5)]


class VoteBody(_In):
    """Up or down."""

    value: Literal[1, -1]


class UserOut(_Out):
    """A user; `email` is null for one who came through a provider that tells none."""

    id: UUID
    email: str | None
    name: str
    role: Literal["user", "admin"]
    has_password: bool
    created_at: datetime


class Me(BaseModel):
    """Who is asking."""

    user: UserOut


class SignedUp(BaseModel):
    """The new user, who is logged in by the cookie of this answer; `token` is always null."""

    user: UserOut
    token: None = None


class TokenOut(_Out):
    """A token without its secret."""

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class TokenMade(BaseModel):
    """A new token: `token` is shown only now."""

    id: UUID
    name: str
    token: str
    created_at: datetime
    expires_at: datetime | None


class TokenList(BaseModel):
    """All of a user's tokens, newest first."""

    items: list[TokenOut]


class AccountOut(_Out):
    """An account at a provider; `revoked` means that it must be linked again."""

    provider: ProviderName
    login: str
    display_name: str
    scopes: list[str]
    state: Literal["active", "revoked"]
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class AccountList(BaseModel):
    """All of a user's linked accounts."""

    items: list[AccountOut]


class Owner(BaseModel):
    """Whose clip it is."""

    id: UUID
    name: str


class ScoresOut(_Out):
    """How good a clip is: parts from 0 to 1, total from 0 to 100."""

    total: float
    motion: float
    speech: float
    visual: float
    relevance: float
    model: str
    captions: list[Any]
    detail: dict[str, Any]


class Votes(BaseModel):
    """Votes for and against; `mine` is null where the user has none."""

    up: int = 0
    down: int = 0
    mine: Literal[1, -1] | None = None


class PostOut(_Out):
    """A clip at a platform."""

    id: UUID
    platform: Platform
    target: str
    state: Literal["queued", "posting", "posted", "failed", "delayed"]
    external_id: str | None
    url: str | None
    error: str | None
    attempts: int
    created_at: datetime
    posted_at: datetime | None

    @model_validator(mode="after")
    def _hide_upload(self) -> Self:
        """Hide what a post remembers of an upload under way: it opens the upload to who has it."""
        if self.state != "posted":
            self.external_id = None
        return self


class PostList(BaseModel):
    """A clip's posts."""

    posts: list[PostOut]


class PostItems(BaseModel):
    """A clip's posts, oldest first."""

    items: list[PostOut]


class SegmentOut(_Out):
    """A stretch of speech with its words."""

    position: int
    start_s: float
    end_s: float
    text: str
    words: list[Any]


class SegmentList(BaseModel):
    """What is said in a clip, in order."""

    items: list[SegmentOut]


class StepOut(BaseModel):
    """One attempt of one step of a clip."""

    step: str
    attempt: int
    state: Literal["running", "done", "failed", "retrying", "skipped"]
    started_at: datetime
    finished_at: datetime | None
    duration_ms: float | None
    detail: dict[str, Any]
    error: str | None


class Timeline(BaseModel):
    """A clip's history, oldest first."""

    items: list[StepOut]


class ClipOut(_Out):
    """A clip; while it is being made, `step` and `progress` (0 to 100) say how far it has come.

    `error_detail` says in words why it failed. `attempt` counts how often it was asked for.
    """

    id: UUID
    owner: Owner | None
    title: str
    description: str
    state: ClipState
    step: str | None
    progress: int
    attempt: int
    error_code: str | None
    error_detail: str | None
    source_kind: Literal["upload", "url", "bot"]
    source_url: str | None
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
    video_public_id: str | None
    video_url: str | None
    poster_url: str | None
    publish_to: list[Platform]
    trace_id: str | None
    created_at: datetime
    updated_at: datetime
    ready_at: datetime | None
    tags: list[str]
    scores: ScoresOut | None
    votes: Votes
    posts: list[PostOut]


class ClipDetail(ClipOut):
    """A clip with what is said in it."""

    segments: list[SegmentOut]


class ClipPage(BaseModel):
    """Clips, newest first; `next_cursor` is null on the last page."""

    items: list[ClipOut]
    next_cursor: str | None


class Health(BaseModel):
    """That the process answers, and what it is; `banner` is text to show everywhere outside of production."""

    status: Literal["ok"]
    environment: str
    version: str
    banner: str | None
    commit: str | None = None


class Ready(BaseModel):
    """Whether each part that the API needs answers."""

    status: Literal["ok"]
    checks: dict[str, str]


class Version(BaseModel):
    """What runs here."""

    version: str
    commit: str | None
    environment: str


def parse_email(value: str) -> str:
    """Return an address in lower case.

    Raises:
        ValueError: It is not of the form name@domain.tld.
    """
    email = value.strip().lower()
    if len(email) > 254 or not _EMAIL.fullmatch(email) or email.endswith(f"@{PLACEHOLDER_DOMAIN}"):
        raise ValueError("this is not an email address")
    return email


def check_segment(start_s: float | None, end_s: float | None) -> None:
    """Check that a segment ends after it starts.

    Raises:
        ValueError: It does not.
    """
    if end_s is not None and end_s <= (start_s or 0.0):
        raise ValueError("end_s must be later than start_s")


def shown_email(email: str) -> str | None:
    """Return the address to show, which is none for a placeholder."""
    return None if email.endswith(f"@{PLACEHOLDER_DOMAIN}") else email


def duration_ms(started_at: datetime, finished_at: datetime | None) -> float | None:
    """Return how long a step took."""
    return None if finished_at is None else round((finished_at - started_at).total_seconds() * 1000, 3)


def in_order(tags: Sequence[str]) -> list[str]:
    """Return tags in the order that they are shown in, each once."""
    return sorted(set(tags))
