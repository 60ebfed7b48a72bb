"""Notification triggers as the Admin API shows them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from fakes.cloudinary.state.triggers import Trigger


def trigger_body(cloud: str, trigger: Trigger) -> dict[str, Any]:
    """One trigger."""
    return {
        "id": trigger.id,
        "product_environment_id": hashlib.sha256(cloud.encode()).hexdigest()[:34],
        "uri": trigger.uri,
        "uri_type": trigger.uri_type,
        "event_type": trigger.event_type,
        "created_at": _time(trigger.created_at),
        "updated_at": _time(trigger.updated_at),
    }


def _time(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")
