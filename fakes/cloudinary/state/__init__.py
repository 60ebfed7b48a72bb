"""What the Cloudinary fake remembers: accounts, assets, folders and chunked uploads under way."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fakes.cloudinary.background import Background
from fakes.cloudinary.blobs import Blobs
from fakes.cloudinary.state import accounts as accounts_module
from fakes.cloudinary.state import (
    backups,
    documents,
    entries,
    folders,
    messages,
    metadata,
    records,
    relations,
    remote,
    search,
    seeding,
    sessions,
    stored,
    tokens,
    transformations,
    usage,
)
from fakes.cloudinary.state.accounts import PRODUCTION, STAGING, Accounts, check_may_change, check_may_write
from fakes.cloudinary.state.assets import Assets, Outcome
from fakes.cloudinary.state.backups import Backup, Backups
from fakes.cloudinary.state.folders import Folder, Folders
from fakes.cloudinary.state.listing import Listing, Page, Window
from fakes.cloudinary.state.mappings import Mappings
from fakes.cloudinary.state.messages import Messages
from fakes.cloudinary.state.metadata import Metadata
from fakes.cloudinary.state.mistakes import Mistakes
from fakes.cloudinary.state.presets import Preset, Presets
from fakes.cloudinary.state.profiles import Profiles
from fakes.cloudinary.state.records import Account, Asset, Cloud, Derived, Key
from fakes.cloudinary.state.relations import Relations
from fakes.cloudinary.state.remote import RemoteMap
from fakes.cloudinary.state.search import Aggregate, Asking, FoundAssets, FoundFolders, Query, Search
from fakes.cloudinary.state.sessions import PART_MIN_BYTES, Range, Session, Sessions, parse_range
from fakes.cloudinary.state.stored import StoredBytes
from fakes.cloudinary.state.tokens import DeleteTokens
from fakes.cloudinary.state.transformations import Transformations
from fakes.cloudinary.state.triggers import Triggers
from fakes.cloudinary.state.uploads import Upload
from fakes.cloudinary.state.usage import Amounts, Calls, Usage
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit

__all__ = [
    "PART_MIN_BYTES",
    "PRODUCTION",
    "STAGING",
    "Account",
    "Aggregate",
    "Amounts",
    "Asking",
    "Asset",
    "Backup",
    "Cloud",
    "CloudinaryState",
    "Derived",
    "Folder",
    "FoundAssets",
    "FoundFolders",
    "Key",
    "Outcome",
    "Page",
    "Preset",
    "Query",
    "Range",
    "Session",
    "Upload",
    "Window",
    "check_may_change",
    "check_may_write",
    "parse_range",
]
SCHEMA = ";".join(
    module.SCHEMA
    for module in (
        records,
        documents,
        folders,
        metadata,
        usage,
        backups,
        relations,
        remote,
        sessions,
        stored,
        search,
        transformations,
        messages,
        tokens,
    )
)
_SEEDED = ("assets", "accounts", "clouds", "remote", *seeding.KINDS)


class CloudinaryState:
    """All that is remembered. The rows are in the kit's store, the bytes in `blobs`.

    Args:
        kit: Clock, ids and settings.
        blobs: Where bytes are kept.
        parts_dir: Where the parts of chunked uploads wait for the last one.
    """

    def __init__(self, kit: Kit, blobs: Blobs, parts_dir: Path) -> None:
        self._store = kit.open_store(SCHEMA)
        self._clock = kit.clock
        self._ids = kit.ids
        self.accounts = Accounts(self._store)
        self.usage = Usage(self._store, kit.clock)
        self.calls = Calls(kit.clock)
        self.mistakes = Mistakes(kit.clock)
        self.stored = StoredBytes(self._store, blobs)
        self.transformations = Transformations(self._store, self.stored)
        self.assets = Assets(self._store, self.stored, kit.clock, kit.ids, self.usage, self.transformations)
        self.backups = Backups(self._store, self.stored, kit.clock)
        self.relations = Relations(self._store, kit.clock)
        self.folders = Folders(self._store)
        self.listing = Listing(self._store)
        self.metadata = Metadata(self._store, kit.clock, kit.ids)
        self.search = Search(self._store)
        self.presets = Presets(self._store, kit.ids)
        self.profiles = Profiles(self._store)
        self.mappings = Mappings(self._store, kit.ids)
        self.triggers = Triggers(self._store, kit.clock, kit.ids)
        self.sessions = Sessions(self._store, kit.clock, parts_dir)
        self.remote = RemoteMap(self._store)
        self.messages = Messages(self._store, kit.clock, kit.ids)
        self.delete_tokens = DeleteTokens(self._store, kit.clock, kit.ids)
        self.background = Background()
        self.stored.collect()

    def populate(self) -> None:
        """Write the two accounts that are always there and their folders."""
        for account in (STAGING, PRODUCTION):
            self.accounts.add(account)
            self.folders.add(account.cloud, account.folder or "", 0.0)

    def load(self, document: Mapping[str, Any]) -> None:
        """Add the rows of a seed document.

        Args:
            document: `{"assets": [...], "accounts": [...], "clouds": [...], "remote": {...}}`. The fields of
                an asset are `entries.ASSET_FIELDS`; `named_bytes` are stored already. An account has
                `cloud`, `api_key`, `api_secret` and `folder`; a cloud has `name` and the settings of `Cloud`.
                `remote` says for addresses which local file, or which stored bytes by their SHA-256, stand
                for them. The lists of `seeding.KINDS` hold what the Admin API makes.

        Raises:
            ValueError: A field is unknown, missing or of the wrong kind.
        """
        entries.refuse_unknown("the document has", document, _SEEDED)
        for entry in entries.listed(document, "accounts"):
            self.accounts.add(accounts_module.from_seed(entry))
        for entry in entries.listed(document, "clouds"):
            cloud = accounts_module.cloud_of(entry)
            self._refuse_nobodys(cloud.name, "clouds[].name")
            self.accounts.set_cloud(cloud)
        for kind in seeding.KINDS:
            for entry in entries.listed(document, kind):
                seeding.load(self, kind, entry)
        assets = [
            self._with_metadata(_seeded(entry, number), entry.get("metadata"))
            for number, entry in enumerate(entries.listed(document, "assets"))
        ]
        for name in dict.fromkeys(asset.cloud for asset in assets):
            self._refuse_nobodys(name, "assets[].cloud")
        remote_files = document.get("remote", {})
        if not isinstance(remote_files, dict):
            raise ValueError("'remote' is not an object")
        addresses = {asset.sha256 for asset in assets} | self.remote.load(remote_files)
        self.assets.seed(assets)
        self.stored.seed(addresses)

    def check_may_store(self, account: Account, key: Key, asset_folder: str) -> None:
        """Refuse to store an asset outside of the account's folder, or over one that is there.

        Raises:
            ProviderError: It would be (403); recorded as a violation.
        """
        check_may_write(account, key.public_id, asset_folder)
        present = self.assets.find(key)
        if present is not None:
            check_may_change(account, present)

    def _refuse_nobodys(self, cloud: str, where: str) -> None:
        if self.accounts.of_cloud(cloud) is None:
            raise ValueError(f"{where} is '{cloud}', which no account names")

    def _with_metadata(self, asset: Asset, given: Mapping[str, Any] | None) -> Asset:
        if not given:
            return asset
        try:
            return replace(asset, metadata=self.metadata.of_upload(asset.cloud, json.dumps(given)))
        except ProviderError as error:
            raise ValueError(f"the metadata of '{asset.public_id}': {error.message}") from error

    def restore(self, versions: Mapping[str, Asset]) -> dict[str, Asset]:
        """Put backed up versions in the place of what is there now: all of them, or none.

        Raises:
            ProviderError: Another asset has the name of one by now (400).
        """
        with self._store.transaction():
            return {name: self.assets.restore(asset) for name, asset in versions.items()}

    def unique_display_name(self, cloud: str, folder: str, name: str) -> str:
        """The name, or with a suffix that no other asset of the folder is shown by."""
        unique = name
        while self.assets.has_display_name(cloud, folder, unique):
            unique = f"{name}_{self._ids.text(6)}"  # guess: the suffix; that there is one is documented
        return unique

    def close(self) -> None:
        """Keep what was only counted so far."""
        self.usage.write_down()

    def move_folder(self, cloud: str, source: str, target: str) -> None:
        """Give a folder another path, with all that is in it; in fixed folder mode public ids follow.

        Raises:
            ProviderError: It cannot be moved (400, 409).
        """
        with self._store.transaction():
            self.folders.move(cloud, source, target, self._clock.now())
            if self.accounts.cloud(cloud).folder_mode == "fixed":
                self.assets.move_ids(cloud, source, target)

    def summary(self) -> dict[str, Any]:
        """Counts, and the assets that were written last."""
        newest = self._store.all(
            "SELECT public_id, resource_type, bytes FROM assets ORDER BY rowid DESC LIMIT 10"
        )
        tables = ("accounts", "assets", "derived", "folders")
        return {table: self._store.count(table) for table in tables} | {
            "newest": [dict(row) for row in newest]
        }

    def reset(self) -> None:
        """End what is under way; remove parts of uploads, and bytes that the rows no longer name."""
        self.background.clear()
        self.sessions.sweep()
        self.usage.forget()
        self.calls.forget()
        self.mistakes.clear()
        self.stored.collect(everything=True)


def named_bytes(document: Mapping[str, Any]) -> dict[str, str]:
    """The SHA-256 of all bytes that a seed document names, and what of it does; amiss is passed over."""
    assets, remote_files = document.get("assets"), document.get("remote")
    named = [
        (entry.get("sha256"), entry.get("public_id"))
        for entry in (assets if isinstance(assets, list) else ())
        if isinstance(entry, Mapping)
    ]
    named += [(source, url) for url, source in remote_files.items()] if isinstance(remote_files, dict) else []
    return {
        sha256: str(name) for sha256, name in named if isinstance(sha256, str) and remote.is_address(sha256)
    }


def _seeded(entry: Mapping[str, Any], number: int) -> Asset:
    entries.check_asset(entry, f"assets[{number}]")
    created_at = datetime.fromisoformat(entry["created_at"]).timestamp()
    cloud, type_ = entry.get("cloud") or STAGING.cloud, entry.get("type") or "upload"
    public_id = entry["public_id"]
    identity = hashlib.sha256(f"{cloud}/{entry['resource_type']}/{type_}/{public_id}".encode()).hexdigest()
    folder, _, name = public_id.rpartition("/")
    duration_s = entry.get("duration")
    detail: dict[str, Any] = {"pages": 1 if entry["resource_type"] == "image" else 0}
    if duration_s:
        detail["bit_rate"] = round(entry["bytes"] * 8 / duration_s)
    return Asset(
        asset_id=identity[:32],
        cloud=cloud,
        resource_type=entry["resource_type"],
        type=type_,
        public_id=public_id,
        version=int(created_at),
        version_id=identity[32:],
        format=entry.get("format"),
        bytes=entry["bytes"],
        width=entry.get("width"),
        height=entry.get("height"),
        duration=duration_s,
        sha256=entry["sha256"],
        etag=entry["etag"],
        created_at=created_at,
        asset_folder=folder if entry.get("asset_folder") is None else entry["asset_folder"],
        display_name=entry.get("display_name") or name,
        original_filename=entry.get("original_filename"),
        tags=tuple(sorted(set(entry.get("tags") or ()))),
        context=dict(entry.get("context") or {}),
        detail=detail,
    )
