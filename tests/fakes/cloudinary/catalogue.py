"""Assets that were never uploaded, in a store that only this test has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes.cloudinary.blobs.folder import FolderBlobs
from fakes.cloudinary.state import Asking, CloudinaryState, FoundAssets, FoundFolders, Query
from fakes.cloudinary.state.records import Asset
from fakes.kit.clock import ManualClock
from fakes.kit.ids import Ids
from fakes.kit.journal import Journal
from fakes.kit.kit import FakeSettings, Kit
from fakes.kit.store import Store
from fakes.kit.webhooks import Webhooks

NOW_S = 1_795_240_800.0  # 2026-11-21T06:00:00Z
DAY_S = 86_400.0


def asset(public_id: str, **changes: Any) -> Asset:
    """A picture of 400 x 300 and 1,000 bytes, made now."""
    asset_id = hashlib.sha256(public_id.encode()).hexdigest()[:32]
    fields: dict[str, Any] = {
        "asset_id": asset_id,
        "cloud": "demo",
        "resource_type": "image",
        "type": "upload",
        "public_id": public_id,
        "version": 1,
        "version_id": asset_id,
        "format": "png",
        "bytes": 1000,
        "width": 400,
        "height": 300,
        "duration": None,
        "sha256": "0" * 64,
        "etag": asset_id[::-1],
        "created_at": NOW_S,
        "asset_folder": public_id.rpartition("/")[0],
        "display_name": public_id.rpartition("/")[2],
        "original_filename": None,
    }
    return Asset(**fields | changes)


@dataclass(frozen=True, slots=True)
class Library:
    """Rows, and what searches and lists them."""

    store: Store
    state: CloudinaryState
    clock: ManualClock

    def search(self, expression: str = "", *, is_fixed: bool = False, **query: Any) -> FoundAssets:
        asking = Asking("demo", self.clock.now(), is_fixed)
        return self.state.search.assets(Query(expression, **query), asking)

    def search_folders(self, expression: str = "", **query: Any) -> FoundFolders:
        return self.state.search.folders(Query(expression, **query), Asking("demo", self.clock.now()))

    def names(self, expression: str = "", **query: Any) -> str:
        """Public ids of what is found, without their folders."""
        found = self.search(expression, **query)
        return " ".join(one.public_id.rpartition("/")[2] for one in found.assets)


@contextmanager
def library(folder: Path, *assets: Asset) -> Iterator[Library]:
    """A library with these assets; its rows live in memory."""
    clock = ManualClock(NOW_S)
    settings = FakeSettings({"cloudinary": "http://127.0.0.1:1"})
    kit = Kit("cloudinary", settings, clock, Ids(1), Journal(), Webhooks(clock, frozenset()))
    state = CloudinaryState(kit, FolderBlobs(folder / "blobs"), folder / "parts")
    try:
        state.assets.seed(assets)
        yield Library(kit.store, state, clock)
    finally:
        kit.store.close()


def steps(store: Store, call: Callable[[], object]) -> int:
    """How many steps SQLite's machine takes for a call, to the nearest thousand for each statement."""
    with store.limited(1 << 40) as counted:
        call()
    return counted.taken
