"""Assets that belong together: each relation holds both ways."""

from fakes.cloudinary.state import cursors
from fakes.cloudinary.state.listing import Page, Window
from fakes.cloudinary.state.records import Asset, asset_of
from fakes.kit.clock import Clock
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE relations (
    asset_id TEXT NOT NULL, related_id TEXT NOT NULL, created_at REAL NOT NULL,
    PRIMARY KEY (asset_id, related_id)
);
CREATE INDEX relations_back ON relations (related_id)
"""


class Relations:
    """The relations between assets.

    Args:
        store: The fake's store.
        clock: Gives the time of creation.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def add(self, asset: Asset, other: Asset) -> bool:
        """Relate two assets; False when they are related already."""
        now_s = self._clock.now()
        ids = (asset.asset_id, other.asset_id, now_s, other.asset_id, asset.asset_id, now_s)
        return (
            self._store.execute("INSERT OR IGNORE INTO relations VALUES (?, ?, ?), (?, ?, ?)", ids).rowcount
            > 0
        )

    def remove(self, asset: Asset, other: Asset) -> bool:
        """End the relation of two assets; False when there is none."""
        ids = (asset.asset_id, other.asset_id, other.asset_id, asset.asset_id)
        where = "(asset_id = ? AND related_id = ?) OR (asset_id = ? AND related_id = ?)"
        return self._store.execute(f"DELETE FROM relations WHERE {where}", ids).rowcount > 0  # noqa: S608 - constant text

    def of(self, asset: Asset, window: Window) -> Page:
        """The assets related to one, by asset id."""
        after = cursors.after(window.cursor, "")
        rows = self._store.all(
            "SELECT assets.* FROM relations JOIN assets ON assets.asset_id = related_id"
            " WHERE relations.asset_id = ? AND related_id > ? ORDER BY related_id LIMIT ?",
            (asset.asset_id, after, window.limit + 1),
        )
        shown, cursor = cursors.cut(rows, window.limit, "asset_id")
        return Page(tuple(asset_of(row) for row in shown), cursor)
