"""Notification triggers as the Admin API shows them."""

import hashlib
from typing import Any

from fakes.cloudinary.state.triggers import Trigger
from fakes.kit.clock import iso_with_offset


def trigger_body(cloud: str, trigger: Trigger) -> dict[str, Any]:
    """One trigger."""
    return {
        "id": trigger.id,
        "product_environment_id": hashlib.sha256(cloud.encode()).hexdigest()[:34],
        "uri": trigger.uri,
        "uri_type": trigger.uri_type,
        "event_type": trigger.event_type,
        "created_at": iso_with_offset(trigger.created_at),
        "updated_at": iso_with_offset(trigger.updated_at),
    }
