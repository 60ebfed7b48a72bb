"""Tokens with which a browser may delete what it has just uploaded.

Source: cloudinary.com/documentation/delete_assets (delete tokens: good for ten minutes).
"""

from fakes.kit.clock import Clock
from fakes.kit.ids import Ids
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE delete_tokens (
    token TEXT PRIMARY KEY, cloud TEXT NOT NULL, asset_id TEXT NOT NULL, expires_at REAL NOT NULL
);
CREATE INDEX delete_tokens_by_expiry ON delete_tokens (expires_at)
"""
VALID_S = 600.0


class DeleteTokens:
    """The tokens that are still good.

    Args:
        store: The fake's store.
        clock: Says when they end.
        ids: Gives the tokens.
    """

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def issue(self, cloud: str, asset_id: str) -> str:
        """A new token for an asset; those that have ended are forgotten."""
        now_s = self._clock.now()
        self._store.execute("DELETE FROM delete_tokens WHERE expires_at <= ?", (now_s,))
        token = self._store.unused("delete_tokens", "token", lambda: self._ids.hex(128))
        row = (token, cloud, asset_id, now_s + VALID_S)
        self._store.execute("INSERT INTO delete_tokens VALUES (?, ?, ?, ?)", row)
        return token

    def redeem(self, cloud: str, token: str) -> str | None:
        """The asset id that a token is for, once; None when it is not good."""
        row = self._store.one(
            "SELECT asset_id, expires_at FROM delete_tokens WHERE token = ? AND cloud = ?", (token, cloud)
        )
        self._store.execute("DELETE FROM delete_tokens WHERE token = ? AND cloud = ?", (token, cloud))
        return str(row["asset_id"]) if row and row["expires_at"] > self._clock.now() else None
