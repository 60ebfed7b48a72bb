"""What a seed document may set about the application and its creators' limits."""

import json
from collections.abc import Mapping
from typing import Any

from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
FAIL_REASONS = (
    *("file_format_check_failed", "duration_check_failed", "frame_rate_check_failed"),
    *("picture_size_check_failed", "internal", "video_pull_failed", "photo_pull_failed"),
    *("publish_cancelled", "auth_removed", "spam_risk_too_many_posts"),
    *("spam_risk_user_banned_from_posting", "spam_risk_text", "spam_risk"),
)
"""TikTok's words for why a post failed (TikTok: get post status)."""
DEFAULTS: Mapping[str, Any] = {
    "is_audited": True,
    "moderation_s": 0.0,
    "oauth_error_http_status": 200,
    "outcome": "",
    "pending_shares": 5,
    "posts_per_day": 15,
    "processing_s": 0.0,
    "webhook_url": "",
}


class Settings:
    """Each has a default; see `DEFAULTS` for names and kinds."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, document: Mapping[str, Any]) -> None:
        """Read those that a seed document names.

        Raises:
            ValueError: A value is of another kind than its default.
        """
        for key, default in DEFAULTS.items():
            if key not in document:
                continue
            value = document[key]
            kinds = (int, float) if isinstance(default, float) else (type(default),)
            if not isinstance(value, kinds) or (key == "outcome" and value not in (*FAIL_REASONS, "")):
                raise ValueError(f"'{key}' is {value!r}; it must be of the kind of {default!r}")
            self._store.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, json.dumps(value)))

    def get(self, key: str) -> Any:
        """The value that holds now."""
        row = self._store.one("SELECT value FROM settings WHERE key = ?", (key,))
        return json.loads(row["value"]) if row else DEFAULTS[key]
