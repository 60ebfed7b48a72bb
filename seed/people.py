"""The people of a seeded stack: users, their API tokens and their accounts at the providers.

Five of them are the people that every fake knows (`STAGE`), so that a seeded user can log in with one click.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

Provider = Literal["google", "tiktok", "twitch", "discord", "x"]

DEMO_EMAIL = "demo@clipnet.test"
DEMO_PASSWORD = "clipnet-demo"
DEMO_PASSWORD_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$Y2xpcG5ldC1zdGFnaW5nIQ$sRj+/9TYmuJXI6fS446LP7KCVtC7iHSzqnwR2BIOP78"
)
"""Argon2id of `DEMO_PASSWORD`, so that loading a seed hashes nothing. Every seeded user has this password."""
DEMO_TOKEN = "clp_staging-demo-token-of-the-seed-0000000000000"


@dataclass(frozen=True, slots=True)
class Sealed:
    """Text that the loader encrypts with the stack's TOKEN_KEY before it becomes a `bytea` column.

    Fernet takes the time and a random IV into each token, so ciphertext cannot be part of a deterministic
    seed.
    """

    text: str


@dataclass(frozen=True, slots=True)
class StagePerson:
    """One of the five people with an account at every provider; `number` is what their ids derive from."""

    login: str
    display_name: str
    number: int


STAGE = (
    StagePerson("streamer_sam", "Streamer Sam", 1),
    StagePerson("clipper_cleo", "Clipper Cleo", 2),
    StagePerson("viewer_vic", "Viewer Vic", 3),
    StagePerson("mod_mia", "Mod Mia", 4),
    StagePerson("banned_ben", "Banned Ben", 5),
)
SAM, CLEO, VIC, MIA, BEN = STAGE

_PROVIDER_IDS: dict[Provider, Callable[[StagePerson], str]] = {
    "google": lambda one: f"10000000000000000000{one.number}",
    "tiktok": lambda one: f"-000staging{one.login.replace('_', ''):0>18}openid{one.number}",
    "twitch": lambda one: str(1_000_010 + one.number),
    "discord": lambda one: str(1_200_000_000_000_000_000 + one.number),
    "x": lambda one: str(1_200_000_000_000_000_000 + one.number),
}
_SCOPES: dict[Provider, tuple[str, ...]] = {
    "google": (
        "openid",
        "email",
        "profile",
        "https://www.googleapis.com/auth/youtube.upload",
        "https://www.googleapis.com/auth/youtube.readonly",
    ),
    "tiktok": ("user.info.basic", "video.upload", "video.publish"),
    "twitch": ("user:read:email", "user:read:chat", "user:write:chat", "channel:bot"),
    "discord": ("identify", "email"),
    "x": ("users.read", "tweet.read", "tweet.write", "media.write", "offline.access"),
}
_LINKS: tuple[tuple[StagePerson, Provider], ...] = (
    (SAM, "google"), (SAM, "tiktok"), (SAM, "twitch"), (SAM, "discord"), (SAM, "x"),
    (CLEO, "google"), (CLEO, "tiktok"), (CLEO, "twitch"),
    (VIC, "discord"), (MIA, "twitch"), (MIA, "discord"), (BEN, "tiktok"), (BEN, "x"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UserRow:
    """A row of `users`."""

    id: uuid.UUID
    email: str
    name: str
    password_hash: str | None
    role: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ApiTokenRow:
    """A row of `api_tokens`."""

    id: uuid.UUID
    user_id: uuid.UUID
    name: str
    token_sha256: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class OAuthAccountRow:
    """A row of `oauth_accounts`, its tokens still in plain text."""

    id: uuid.UUID
    user_id: uuid.UUID
    provider: Provider
    provider_user_id: str
    login: str
    display_name: str
    scopes: tuple[str, ...]
    access_token: Sealed
    refresh_token: Sealed | None
    expires_at: datetime | None
    state: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class People:
    """Everybody: the demo user first, then the five of the stage, then people who only watch."""

    users: tuple[UserRow, ...]
    tokens: tuple[ApiTokenRow, ...]
    accounts: tuple[OAuthAccountRow, ...]

    def user(self, person: StagePerson) -> UserRow:
        """Return the user of a person of the stage."""
        return self.users[person.number]


def new_id(random: Random) -> uuid.UUID:
    """Return the next id: a version 4 UUID drawn from `random`."""
    return uuid.UUID(int=random.getrandbits(128), version=4)


def provider_user_id(person: StagePerson, provider: Provider) -> str:
    """Return the id that a provider gave this person."""
    return _PROVIDER_IDS[provider](person)


def token_text(person: StagePerson, provider: Provider, kind: Literal["access", "refresh"]) -> str:
    """Return the seeded token of a person's account: the same in every stack."""
    return f"seeded-{provider}-{kind}-{person.login}"


def people(random: Random, base: datetime, names: tuple[str, ...]) -> People:
    """Return the users (one per name after the fixed six), with everything they own.

    `base` is the seed's present: all that is seeded happened before it.
    """
    joined = base - timedelta(days=60)
    fixed = [(DEMO_EMAIL, "Demo", "admin")]
    fixed += [(f"{one.login.split('_')[1]}@clipnet.test", one.display_name, "user") for one in STAGE]
    fixed += [(f"{name.lower().replace(' ', '.')}@clipnet.test", name, "user") for name in names]
    users = tuple(
        UserRow(new_id(random), email, name, DEMO_PASSWORD_HASH, role, joined + timedelta(hours=index * 7))
        for index, (email, name, role) in enumerate(fixed)
    )
    demo = users[0]
    token = ApiTokenRow(
        id=new_id(random),
        user_id=demo.id,
        name="seeded",
        token_sha256=hashlib.sha256(DEMO_TOKEN.encode()).hexdigest(),
        created_at=demo.created_at,
        expires_at=None,
        last_used_at=base - timedelta(hours=3),
    )
    accounts = tuple(_account(random, users[one.number], one, provider, base) for one, provider in _LINKS)
    return People(users, (token,), accounts)


def _account(
    random: Random, user: UserRow, person: StagePerson, provider: Provider, base: datetime
) -> OAuthAccountRow:
    linked = user.created_at + timedelta(minutes=random.randint(2, 600))
    return OAuthAccountRow(
        id=new_id(random),
        user_id=user.id,
        provider=provider,
        provider_user_id=provider_user_id(person, provider),
        login=person.login,
        display_name=person.display_name,
        scopes=_SCOPES[provider],
        access_token=Sealed(token_text(person, provider, "access")),
        refresh_token=Sealed(token_text(person, provider, "refresh")),
        expires_at=base + timedelta(days=3650),
        state="active",
        created_at=linked,
        updated_at=linked,
    )
