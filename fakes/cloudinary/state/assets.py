"""Assets: stored, replaced, renamed, tagged and deleted, each in one atomic step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fakes.cloudinary import errors, naming
from fakes.cloudinary.blobs import Blob
from fakes.cloudinary.state.folders import Folders
from fakes.cloudinary.state.records import LAST, Asset, Derived, Key, asset_of, derived_of
from fakes.cloudinary.state.search.words import Words
from fakes.cloudinary.state.stored import StoredBytes
from fakes.cloudinary.state.transformations import Transformations
from fakes.cloudinary.state.uploads import Upload
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
class Outcome:
    """What became of an upload.

    Attributes:
        is_existing: Nothing was stored, because `overwrite` was off.
        is_overwritten: Another asset was replaced.
    """

    asset: Asset
    is_existing: bool = False
    is_overwritten: bool = False


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
            upload.draft,
            asset_id=existing.asset_id if existing else self._new_id(upload.key),
            version=version,
            version_id=self._ids.hex(32),
            created_at=float(version),
        )
        with self._store.transaction():
            if existing is not None:
                self.drop_derived(existing.asset_id)
                self.stored.loosen([existing.sha256])
            self._write([asset])
        return Outcome(asset, is_overwritten=existing is not None)

    def seed(self, assets: Sequence[Asset]) -> None:
        """Add assets whose bytes are in place already."""
        with self._store.transaction():
            self._write(assets)

    def delete(self, key: Key) -> int | None:
        """Delete an asset; returns how many derived assets went with it, or None when there was no asset."""
        asset = self.find(key)
        if asset is None:
            return None
        with self._store.transaction():
            count = self.drop_derived(asset.asset_id)
            self._drop_labels([asset.asset_id])
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
            self._write([restored])
        return restored

    def rename(self, source: Key, target: Key, *, overwrite: bool, asset_folder: str | None = None) -> Asset:
        """Give an asset another public id or type; it keeps its asset id.

        Args:
            source: Its name so far.
            target: Its name from now on.
            overwrite: Delete what has that name.
            asset_folder: Where it is placed from now on; None leaves it where it is.

        Raises:
            ProviderError: There is no such asset (404), or the target exists (400).
        """
        asset, present = self.get(source), self.find(target)
        if present is not None and not overwrite:
            raise errors.already_exists(target.public_id)
        with self._store.transaction():
            if present is not None and present.asset_id != asset.asset_id:
                self.delete(target)
            folder = asset.asset_folder if asset_folder is None else asset_folder
            return self._renamed(replace(asset, asset_folder=folder), target)

    def change(self, asset: Asset, **fields: Any) -> Asset:
        """Set fields of an asset (tags, context, folder...)."""
        if "tags" in fields:
            fields["tags"] = tuple(sorted(set(fields["tags"])))
        if fields.get("moderation"):
            newest = fields["moderation"][-1]
            fields |= {"moderation_kind": newest["kind"], "moderation_status": newest["status"]}
        changed = self._stamped(asset, replace(asset, **fields))
        with self._store.transaction():
            self._write([changed])
        return changed

    def move_ids(self, cloud: str, source: str, target: str) -> None:
        """Give all assets whose public ids begin with a path another beginning.

        Raises:
            ProviderError: An id would be too long (400), or there are such ids already (409).
        """
        below = "SELECT * FROM assets WHERE cloud = ? AND public_id BETWEEN ? AND ?"
        if self._store.one(below, (cloud, f"{target}/", f"{target}/{LAST}")):
            raise errors.folder_exists(target)
        with self._store.transaction():
            for row in self._store.all(below, (cloud, f"{source}/", f"{source}/{LAST}")):
                asset = asset_of(row)
                public_id = naming.check(target + asset.public_id[len(source) :])
                self._renamed(asset, replace(asset.key, public_id=public_id))

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
            self._store.unused("derived", "id", lambda: self._ids.hex(32)),
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

    def _renamed(self, asset: Asset, target: Key) -> Asset:
        """The asset under another name, which its backups then have, too."""
        old, new = (key.public_id.rpartition("/")[2] for key in (asset.key, target))
        shown = new if asset.display_name == old else asset.display_name
        renamed = replace(asset, public_id=target.public_id, type=target.type, display_name=shown)
        renamed = self._stamped(asset, renamed)
        self._write([renamed])
        self._store.execute(
            "UPDATE backups SET type = ?, public_id = ? WHERE asset_id = ?",
            (renamed.type, renamed.public_id, renamed.asset_id),
        )
        return renamed

    def _stamped(self, before: Asset, after: Asset) -> Asset:
        """The asset with the times of its changes."""
        now_s = self._clock.now()
        changed = [name for name in _STAMPED if getattr(before, name) != getattr(after, name)]
        stamps = {f"{name}_updated_at": now_s for name in changed} | {"updated_at": now_s}
        known = after.extras.get("last_updated", {})
        return replace(after, extras={**after.extras, "last_updated": {**known, **stamps}})

    def _write(self, assets: Sequence[Asset]) -> None:
        """Add assets, or put them in the place of those with their ids."""
        self._store.execute_many(
            f"INSERT OR REPLACE INTO assets VALUES ({_ASSET_SLOTS})",  # noqa: S608 - placeholders
            [asset.row() for asset in assets],
        )
        self._drop_labels([asset.asset_id for asset in assets])
        tags, context = [], []
        for asset in assets:
            whose = (asset.asset_id, asset.cloud, asset.resource_type)
            tags += [(*whose, tag, asset.created_at) for tag in asset.tags]
            context += [(*whose, *pair, asset.created_at) for pair in asset.context.items()]
        self._store.execute_many("INSERT INTO asset_tags VALUES (?, ?, ?, ?, ?)", tags)
        self._store.execute_many("INSERT INTO asset_context VALUES (?, ?, ?, ?, ?, ?)", context)
        self._words.write(assets)
        folders = {(asset.cloud, asset.asset_folder): asset.created_at for asset in assets}
        for (cloud, path), created_at in folders.items():
            self._folders.add(cloud, path, created_at)

    def _drop_labels(self, asset_ids: Sequence[str]) -> None:
        ids = [(one,) for one in asset_ids]
        self._store.execute_many("DELETE FROM asset_tags WHERE asset_id = ?", ids)
        self._store.execute_many("DELETE FROM asset_context WHERE asset_id = ?", ids)
        self._words.drop(asset_ids)

    def _new_id(self, key: Key) -> str:
        """The id of a new asset; one that is uploaded again after its deletion has that of its backups."""
        where = (key.cloud, key.resource_type, key.type, key.public_id)
        kept = self._store.one(f"SELECT asset_id FROM backups WHERE {_BY_KEY} LIMIT 1", where)  # noqa: S608 - constant text
        if kept is not None and self.find_by_id(key.cloud, kept["asset_id"]) is None:
            return str(kept["asset_id"])
        return self._store.unused("assets", "asset_id", lambda: self._ids.hex(32))
