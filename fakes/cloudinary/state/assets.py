"""Assets: stored, replaced, renamed, tagged and deleted, each in one atomic step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.cloudinary import errors, naming
from fakes.cloudinary.blobs import Blob
from fakes.cloudinary.media import Probe
from fakes.cloudinary.naming import Name
from fakes.cloudinary.state.folders import Folders
from fakes.cloudinary.state.records import Asset, Derived, Key, asset_of, derived_of
from fakes.cloudinary.state.search.words import Words
from fakes.cloudinary.state.stored import StoredBytes
from fakes.cloudinary.state.transformations import Transformations
from fakes.cloudinary.state.usage import Usage
from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

# Of which asset fields the time of the last change is told, beside that of the asset as a whole.
_STAMPED = ("tags", "context", "metadata", "access_control", "public_id")
_BY_KEY = "cloud = ? AND resource_type = ? AND type = ? AND public_id = ?"
_ASSET_SLOTS = ", ".join("?" * len(Asset.__slots__))
_DERIVED_SLOTS = ", ".join("?" * len(Derived.__slots__))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received and looked at, ready to become an asset; its fields are those of `Asset`."""

    key: Key
    name: Name
    blob: Blob
    probe: Probe
    original_filename: str | None
    tags: tuple[str, ...]
    context: Mapping[str, str]
    overwrite: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)
    moderation: tuple[Mapping[str, Any], ...] = ()
    access_control: tuple[Mapping[str, Any], ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an upload.

    Attributes:
        is_existing: Nothing was stored, because `overwrite` was off.
        is_overwritten: Another asset was replaced.
    """

    asset: Asset
    is_existing: bool = False
    is_overwritten: bool = False


def as_asset(upload: Upload) -> Asset:
    """What an upload would be as an asset; it has no ids and no version yet."""
    key, blob, probe = upload.key, upload.blob, upload.probe
    newest = upload.moderation[-1] if upload.moderation else {}
    return Asset(
        asset_id="",
        cloud=key.cloud,
        resource_type=key.resource_type,
        type=key.type,
        public_id=key.public_id,
        version=0,
        version_id="",
        format=probe.format,
        bytes=blob.bytes,
        width=probe.width_px,
        height=probe.height_px,
        duration=probe.duration_s,
        sha256=blob.sha256,
        etag=blob.md5,
        created_at=0.0,
        asset_folder=upload.name.asset_folder,
        display_name=upload.name.display_name,
        original_filename=upload.original_filename,
        tags=tuple(sorted(set(upload.tags))),
        context=upload.context,
        metadata=upload.metadata,
        moderation=upload.moderation,
        moderation_kind=newest.get("kind"),
        moderation_status=newest.get("status"),
        access_control=upload.access_control,
        detail=probe.detail,
        extras=upload.extras,
    )


class Assets:
    """The assets of all clouds.

    Args:
        store: The fake's store.
        stored: Keeps account of the bytes that the rows name.
        clock: Gives versions and times of creation.
        ids: Gives asset and version ids.
        usage: Counts what is made.
        transformations: Is told what derived assets are made by.
    """

    def __init__(
        self,
        store: Store,
        stored: StoredBytes,
        clock: Clock,
        ids: Ids,
        usage: Usage,
        transformations: Transformations,
    ) -> None:
        self.stored = stored
        self._store = store
        self._clock = clock
        self._ids = ids
        self._usage = usage
        self._transformations = transformations
        self._folders = Folders(store)
        self._words = Words(store)

    def find(self, key: Key) -> Asset | None:
        """The asset of this name, or None."""
        where = (key.cloud, key.resource_type, key.type, key.public_id)
        row = self._store.one(f"SELECT * FROM assets WHERE {_BY_KEY}", where)  # noqa: S608 - constant text
        return asset_of(row) if row else None

    def get(self, key: Key) -> Asset:
        """The asset of this name.

        Raises:
            ProviderError: There is none (404).
        """
        asset = self.find(key)
        if asset is None:
            raise errors.not_found(key.public_id)
        return asset

    def find_by_id(self, cloud: str, asset_id: str) -> Asset | None:
        """The asset with this id, or None."""
        row = self._store.one("SELECT * FROM assets WHERE asset_id = ? AND cloud = ?", (asset_id, cloud))
        return asset_of(row) if row else None

    def by_id(self, cloud: str, asset_id: str) -> Asset:
        """The asset with this id.

        Raises:
            ProviderError: There is none (404).
        """
        asset = self.find_by_id(cloud, asset_id)
        if asset is None:
            raise errors.not_found(asset_id)
        return asset

    def has_display_name(self, cloud: str, folder: str, name: str) -> bool:
        """Whether an asset of a folder is shown by this name."""
        where = "cloud = ? AND asset_folder = ? AND display_name = ?"
        return self._store.one(f"SELECT 1 FROM assets WHERE {where}", (cloud, folder, name)) is not None  # noqa: S608 - constant text

    def store(self, upload: Upload) -> Outcome:
        """Make a file whose bytes are `kept` an asset."""
        existing = self.find(upload.key)
        if existing is not None and not upload.overwrite:
            return Outcome(existing, is_existing=True)
        version = int(self._clock.now())
        if existing is not None:
            version = max(version, existing.version + 1)
        asset = replace(
            as_asset(upload),
            asset_id=existing.asset_id if existing else self._new_id(upload.key),
            version=version,
            version_id=self._ids.hex(32),
            created_at=float(version),
        )
        with self._store.transaction():
            if existing is not None:
                self.drop_derived(existing.asset_id)
                self.stored.loosen([existing.sha256])
            self._write(asset)
        return Outcome(asset, is_overwritten=existing is not None)

    def seed(self, assets: Sequence[Asset]) -> None:
        """Add assets whose bytes are in place already."""
        with self._store.transaction():
            self._store.execute_many(
                f"INSERT OR REPLACE INTO assets VALUES ({_ASSET_SLOTS})",  # noqa: S608 - placeholders
                [asset.row() for asset in assets],
            )
            rows = [
                (asset.asset_id, asset.cloud, asset.resource_type, tag, asset.created_at)
                for asset in assets
                for tag in asset.tags
            ]
            self._store.execute_many("INSERT OR REPLACE INTO asset_tags VALUES (?, ?, ?, ?, ?)", rows)
            pairs = [
                (asset.asset_id, asset.cloud, asset.resource_type, name, value, asset.created_at)
                for asset in assets
                for name, value in asset.context.items()
            ]
            self._store.execute_many("INSERT OR REPLACE INTO asset_context VALUES (?, ?, ?, ?, ?, ?)", pairs)
            for asset in assets:
                self._words.drop(asset.asset_id)
            self._words.write(assets)
            folders = {(asset.cloud, asset.asset_folder): asset.created_at for asset in assets}
            for (cloud, path), created_at in folders.items():
                self._folders.add(cloud, path, created_at)

    def delete(self, key: Key) -> int | None:
        """Delete an asset; returns how many derived assets went with it, or None when there was no asset."""
        asset = self.find(key)
        if asset is None:
            return None
        with self._store.transaction():
            count = self.drop_derived(asset.asset_id)
            self._drop_labels(asset.asset_id)
            self._store.execute("DELETE FROM assets WHERE asset_id = ?", (asset.asset_id,))
            ids = (asset.asset_id, asset.asset_id)
            self._store.execute("DELETE FROM relations WHERE asset_id = ? OR related_id = ?", ids)
            self.stored.loosen([asset.sha256])
        return count

    def restore(self, asset: Asset) -> Asset:
        """Put a backed up version in the place of what is there now, if anything.

        Raises:
            ProviderError: Another asset has its name by now (400).
        """
        holder = self.find(asset.key)
        if holder is not None and holder.asset_id != asset.asset_id:
            raise errors.already_exists(asset.public_id)
        now = self.find_by_id(asset.cloud, asset.asset_id)
        restored = replace(asset, version=max(asset.version, now.version + 1)) if now else asset
        with self._store.transaction():
            self.drop_derived(asset.asset_id)
            self.stored.loosen([now.sha256] if now else [])
            self._write(restored)
        return restored

    def rename(self, source: Key, target: Key, *, overwrite: bool) -> Asset:
        """Give an asset another public id or type; it keeps its asset id and its place.

        Raises:
            ProviderError: There is no such asset (404), or the target exists (400).
        """
        asset = self.get(source)
        if self.find(target) is not None:
            if not overwrite:
                raise errors.already_exists(target.public_id)
            self.delete(target)
        renamed = replace(asset, public_id=target.public_id, type=target.type)
        if asset.display_name == source.public_id.rpartition("/")[2]:
            renamed = replace(renamed, display_name=target.public_id.rpartition("/")[2])
        renamed = self._stamped(asset, renamed)
        with self._store.transaction():
            self._write(renamed)
            self._store.execute(
                "UPDATE backups SET type = ?, public_id = ? WHERE asset_id = ?",
                (renamed.type, renamed.public_id, renamed.asset_id),
            )
        return renamed

    def change(self, asset: Asset, **fields: Any) -> Asset:
        """Set fields of an asset (tags, context, folder...)."""
        if "tags" in fields:
            fields["tags"] = tuple(sorted(set(fields["tags"])))
        if fields.get("moderation"):
            newest = fields["moderation"][-1]
            fields |= {"moderation_kind": newest["kind"], "moderation_status": newest["status"]}
        changed = self._stamped(asset, replace(asset, **fields))
        with self._store.transaction():
            self._write(changed)
        return changed

    def move_ids(self, cloud: str, source: str, target: str) -> None:
        """Give all assets whose public ids begin with a path another beginning.

        Raises:
            ProviderError: An id would be too long (400), or there are such ids already (409).
        """
        below = "SELECT asset_id FROM assets WHERE cloud = ? AND public_id BETWEEN ? AND ?"
        if self._store.one(below, (cloud, f"{target}/", f"{target}/\U0010ffff")):
            raise errors.folder_exists(target)
        for row in self._store.all(below, (cloud, f"{source}/", f"{source}/\U0010ffff")):
            asset = self.by_id(cloud, row["asset_id"])
            self.change(asset, public_id=naming.check(target + asset.public_id[len(source) :]))

    def derived(self, asset: Asset, transformation: str, format_name: str) -> Derived | None:
        """The stored result of a transformation of the asset's present version, or None."""
        row = self._store.one(
            "SELECT * FROM derived WHERE asset_id = ? AND version = ? AND transformation = ? AND format = ?",
            (asset.asset_id, asset.version, transformation, format_name),
        )
        return derived_of(row) if row else None

    def all_derived(
        self, asset: Asset, *, after: tuple[float, str] = (0.0, ""), limit: int = 500
    ) -> list[Derived]:
        """Stored results of an asset, oldest first.

        Args:
            asset: The original.
            after: Time of creation and id of the one before the first.
            limit: How many at most.
        """
        rows = self._store.all(
            "SELECT * FROM derived WHERE asset_id = ? AND (created_at, id) > (?, ?)"
            " ORDER BY created_at, id LIMIT ?",
            (asset.asset_id, *after, limit),
        )
        return [derived_of(row) for row in rows]

    def store_derived(
        self,
        asset: Asset,
        transformation: str,
        format_name: str,
        blob: Blob,
        size_px: tuple[int | None, int | None],
    ) -> Derived:
        """Note the result of a transformation, whose bytes are `kept`."""
        width_px, height_px = size_px
        result = Derived(
            self._ids.hex(32),
            asset.asset_id,
            asset.version,
            transformation,
            format_name,
            blob.bytes,
            width_px,
            height_px,
            blob.sha256,
            blob.md5,
            self._clock.now(),
        )
        while self._store.one("SELECT 1 FROM derived WHERE id = ?", (result.id,)):
            result = replace(result, id=self._ids.hex(32))
        with self._store.transaction():
            self._store.execute(
                f"INSERT OR REPLACE INTO derived VALUES ({_DERIVED_SLOTS})",  # noqa: S608 - placeholders
                result.row(),
            )
            self._transformations.note_use(asset, transformation, format_name)
        self._usage.transformed(asset.cloud)
        return result

    def of_derived(self, cloud: str, derived_id: str) -> Asset | None:
        """The asset that a derived asset was made of, or None."""
        sql = "SELECT assets.* FROM assets JOIN derived USING (asset_id) WHERE derived.id = ? AND cloud = ?"
        row = self._store.one(sql, (derived_id, cloud))
        return asset_of(row) if row else None

    def delete_derived(self, cloud: str, derived_id: str) -> bool:
        """Delete one derived asset; False when there is none in this cloud."""
        sql = (
            "DELETE FROM derived WHERE id = ? AND asset_id IN (SELECT asset_id FROM assets WHERE cloud = ?"
            " AND asset_id = derived.asset_id)"
        )
        with self._store.transaction():
            gone = self._store.all(f"{sql} RETURNING sha256", (derived_id, cloud))
            self.stored.loosen(row["sha256"] for row in gone)
        return bool(gone)

    def drop_derived(self, asset_id: str, transformations: Sequence[tuple[str, str | None]] = ()) -> int:
        """Delete derived assets of an asset; returns how many there were.

        Args:
            asset_id: Whose.
            transformations: Only those of these transformations, each in one format or in all; all if empty.
        """
        sql = "DELETE FROM derived WHERE asset_id = ?"
        wanted: list[tuple[str | None, ...]] = [(asset_id,)]
        if transformations:
            sql += " AND transformation = ? AND ifnull(?, format) = format"
            wanted = [(asset_id, *one) for one in transformations]
        with self._store.transaction():
            gone = [row for one in wanted for row in self._store.all(f"{sql} RETURNING sha256", one)]
            self.stored.loosen(row["sha256"] for row in gone)
        return len(gone)

    def _stamped(self, before: Asset, after: Asset) -> Asset:
        """The asset with the times of its changes."""
        now_s = self._clock.now()
        changed = [name for name in _STAMPED if getattr(before, name) != getattr(after, name)]
        stamps = {f"{name}_updated_at": now_s for name in changed} | {"updated_at": now_s}
        known = after.extras.get("last_updated", {})
        return replace(after, extras={**after.extras, "last_updated": {**known, **stamps}})

    def _write(self, asset: Asset) -> None:
        self._store.execute(f"INSERT OR REPLACE INTO assets VALUES ({_ASSET_SLOTS})", asset.row())  # noqa: S608 - placeholders
        self._drop_labels(asset.asset_id)
        whose, at = (asset.asset_id, asset.cloud, asset.resource_type), asset.created_at
        for tag in asset.tags:
            self._store.execute("INSERT INTO asset_tags VALUES (?, ?, ?, ?, ?)", (*whose, tag, at))
        for pair in asset.context.items():
            self._store.execute("INSERT INTO asset_context VALUES (?, ?, ?, ?, ?, ?)", (*whose, *pair, at))
        self._words.write([asset])
        self._folders.add(asset.cloud, asset.asset_folder, asset.created_at)

    def _drop_labels(self, asset_id: str) -> None:
        self._store.execute("DELETE FROM asset_tags WHERE asset_id = ?", (asset_id,))
        self._store.execute("DELETE FROM asset_context WHERE asset_id = ?", (asset_id,))
        self._words.drop(asset_id)

    def _new_id(self, key: Key) -> str:
        """The id of a new asset; one that is uploaded again after its deletion has that of its backups."""
        where = (key.cloud, key.resource_type, key.type, key.public_id)
        kept = self._store.one(f"SELECT asset_id FROM backups WHERE {_BY_KEY} LIMIT 1", where)  # noqa: S608 - constant text
        if kept is not None and self.find_by_id(key.cloud, kept["asset_id"]) is None:
            return str(kept["asset_id"])
        return self._store.unused("assets", "asset_id", lambda: self._ids.hex(32))
