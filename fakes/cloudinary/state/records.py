"""The rows of the Cloudinary fake, and the tables they live in."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = """
CREATE TABLE accounts (
    api_key TEXT PRIMARY KEY, cloud TEXT NOT NULL, api_secret TEXT, folder TEXT,
    is_production INTEGER NOT NULL
);
CREATE INDEX accounts_by_cloud ON accounts (cloud);
CREATE TABLE clouds (name TEXT PRIMARY KEY, settings TEXT NOT NULL);
CREATE TABLE assets (
    asset_id TEXT PRIMARY KEY, cloud TEXT NOT NULL, resource_type TEXT NOT NULL, type TEXT NOT NULL,
    public_id TEXT NOT NULL, version INTEGER NOT NULL, version_id TEXT NOT NULL, format TEXT,
    bytes INTEGER NOT NULL, width INTEGER, height INTEGER, duration REAL, sha256 TEXT NOT NULL,
    etag TEXT NOT NULL, created_at REAL NOT NULL, asset_folder TEXT NOT NULL, display_name TEXT NOT NULL,
    original_filename TEXT, moderation_kind TEXT, moderation_status TEXT, tags TEXT NOT NULL,
    context TEXT NOT NULL, metadata TEXT NOT NULL, moderation TEXT NOT NULL, access_control TEXT NOT NULL,
    detail TEXT NOT NULL, extras TEXT NOT NULL
);
CREATE UNIQUE INDEX assets_by_public_id ON assets (cloud, resource_type, type, public_id);
CREATE INDEX assets_by_time ON assets (cloud, resource_type, type, created_at, asset_id);
CREATE INDEX assets_by_folder ON assets (cloud, asset_folder, created_at, asset_id);
CREATE INDEX assets_by_display_name ON assets (cloud, asset_folder, display_name);
CREATE INDEX assets_by_sha256 ON assets (sha256);
CREATE INDEX assets_by_moderation ON assets
    (cloud, resource_type, moderation_kind, moderation_status, created_at, asset_id);
CREATE TABLE asset_tags (
    asset_id TEXT NOT NULL, cloud TEXT NOT NULL, resource_type TEXT NOT NULL, tag TEXT NOT NULL,
    created_at REAL NOT NULL, PRIMARY KEY (asset_id, tag)
);
CREATE INDEX asset_tags_by_tag ON asset_tags (cloud, resource_type, tag, created_at, asset_id);
CREATE TABLE asset_context (
    asset_id TEXT NOT NULL, cloud TEXT NOT NULL, resource_type TEXT NOT NULL, name TEXT NOT NULL,
    value TEXT NOT NULL, created_at REAL NOT NULL, PRIMARY KEY (asset_id, name)
);
CREATE INDEX asset_context_by_name ON asset_context
    (cloud, resource_type, name, value, created_at, asset_id);
CREATE INDEX asset_context_by_time ON asset_context (cloud, resource_type, name, created_at, asset_id);
CREATE TABLE derived (
    id TEXT PRIMARY KEY, asset_id TEXT NOT NULL, version INTEGER NOT NULL, transformation TEXT NOT NULL,
    format TEXT NOT NULL, bytes INTEGER NOT NULL, width INTEGER, height INTEGER, sha256 TEXT NOT NULL,
    etag TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE UNIQUE INDEX derived_by_key ON derived (asset_id, version, transformation, format);
CREATE INDEX derived_by_asset ON derived (asset_id, created_at, id);
CREATE INDEX derived_by_sha256 ON derived (sha256)
"""

LAST = "\U0010ffff"
"""Behind whatever may follow the start of a text."""
_JSON: Mapping[str, type] = {
    "tags": tuple,
    "context": dict,
    "metadata": dict,
    "moderation": tuple,
    "access_control": tuple,
    "detail": dict,
    "extras": dict,
}
"""Columns of `assets` that hold JSON, and what they are in memory."""


@dataclass(frozen=True, slots=True)
class Account:
    """A key of a cloud.

    Attributes:
        api_secret: None for a key that nobody here can sign with.
        folder: The only folder that the key may write below, or None for all.
        is_production: A tripwire: touching it is a violation.
    """

    cloud: str
    api_key: str
    api_secret: str | None
    folder: str | None
    is_production: bool


@dataclass(frozen=True, slots=True)
class Cloud:
    """What holds for all keys of a cloud.

    Attributes:
        folder_mode: `dynamic` or `fixed`.
        signature_algorithm: `sha1` or `sha256`: how answers and notifications are signed.
        is_strict: New derived assets need a signature or an allowed transformation.
        token_key: Hexadecimal key of delivery tokens, or None.
        oauth_tokens: Bearer tokens that the APIs accept.
        restricted_types: Delivery types that only signed URLs deliver.
        is_private_cdn: Delivery paths without a cloud are of this one.
        is_backed_up: Every upload is backed up, not only those that ask for it.
        caches_errors: Delivery repeats an error for a while, as the CDN does.
        search_lag_s: How old an asset or a folder must be to be found by a search, as an index lags behind.
        hourly_calls: Calls of the Admin API per hour before it answers 420; None tells a limit but has none.
    """

    name: str
    folder_mode: str = "dynamic"
    signature_algorithm: str = "sha1"
    is_strict: bool = False
    token_key: str | None = None
    oauth_tokens: tuple[str, ...] = ()
    restricted_types: tuple[str, ...] = ("list",)
    is_private_cdn: bool = False
    is_backed_up: bool = False
    caches_errors: bool = False
    search_lag_s: int = 0
    hourly_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """What names one asset."""

    cloud: str
    resource_type: str
    type: str
    public_id: str


@dataclass(frozen=True, slots=True)
class Asset:
    """A stored original. Sizes in bytes and pixels, `duration` in seconds, `created_at` in unix seconds.

    Attributes:
        moderation_kind: Of the newest entry of `moderation`, for listings; so is `moderation_status`.
        metadata: Structured metadata by the external id of its field.
        moderation: Entries as the answers show them: `kind`, `status`, `updated_at`...
        access_control: Rules as they were given.
        detail: What the file itself says (`audio`, `video`, `pages`, `colors`...).
        extras: What else was said of it (`face_coordinates`, `quality_override`, `info`, `last_updated`...).
    """

    asset_id: str
    cloud: str
    resource_type: str
    type: str
    public_id: str
    version: int
    version_id: str
    format: str | None
    bytes: int
    width: int | None
    height: int | None
    duration: float | None
    sha256: str
    etag: str
    created_at: float
    asset_folder: str
    display_name: str
    original_filename: str | None
    moderation_kind: str | None = None
    moderation_status: str | None = None
    tags: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    moderation: tuple[Mapping[str, Any], ...] = ()
    access_control: tuple[Mapping[str, Any], ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Its name."""
        return Key(self.cloud, self.resource_type, self.type, self.public_id)

    def row(self) -> tuple[Any, ...]:
        """As a row of `assets`."""
        return tuple(
            json.dumps(getattr(self, name)) if name in _JSON else getattr(self, name)
            for name in self.__slots__
        )


@dataclass(frozen=True, slots=True)
class Derived:
    """The stored result of a transformation in one format."""

    id: str
    asset_id: str
    version: int
    transformation: str
    format: str
    bytes: int
    width: int | None
    height: int | None
    sha256: str
    etag: str
    created_at: float

    def row(self) -> tuple[Any, ...]:
        """As a row of `derived`."""
        return tuple(getattr(self, name) for name in self.__slots__)


def asset_of(row: sqlite3.Row) -> Asset:
    """An asset from its row."""
    return asset_from(dict(zip(row.keys(), row, strict=True)))


def asset_from(values: Mapping[str, Any]) -> Asset:
    """An asset from the columns of its row, by name."""
    return Asset(
        **{name: _JSON[name](json.loads(value)) if name in _JSON else value for name, value in values.items()}
    )


def derived_of(row: sqlite3.Row) -> Derived:
    """A derived asset from its row."""
    return Derived(*row)
