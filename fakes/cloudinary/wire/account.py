"""What a cloud is and uses, as the Admin API tells it.

Source: cloudinary.com/documentation/admin_api (usage, config).
"""

from datetime import UTC, datetime
from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.media import IMAGE_LIMIT_PX
from fakes.cloudinary.state import Amounts, Cloud
from fakes.kit.clock import iso

IMAGE_LIMIT_BYTES = 10_485_760
VIDEO_LIMIT_BYTES = 2 << 30
_GIGABYTE = 1 << 30
_TRANSFORMATIONS_PER_CREDIT = 1000
_CREDITS = 25.0


def day_of(text: str) -> datetime:
    """A day as the path of `usage` names it: `21-11-2026` or `2026-11-21`.

    Raises:
        ProviderError: It is no day (400).
    """
    for form in ("%d-%m-%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise errors.invalid_parameter("date", text)


def usage_body(used: Amounts, now_s: float, day: datetime | None = None) -> dict[str, Any]:
    """What a cloud uses; with the limits of the plan unless a day was asked for."""
    credits_used = {
        "transformations": used.transformations / _TRANSFORMATIONS_PER_CREDIT,
        "bandwidth": used.bandwidth_bytes / _GIGABYTE,
        "storage": used.storage_bytes / _GIGABYTE,
    }
    total = round(sum(credits_used.values()), 2)
    limits = {"limit": _CREDITS, "used_percent": round(total / _CREDITS * 100, 2)} if day is None else {}
    requested = (day or datetime.fromtimestamp(now_s, UTC)).strftime("%Y-%m-%dT00:00:00Z")
    updated = datetime.fromtimestamp(now_s, UTC).date().isoformat()

    def spent(name: str, amount: int) -> dict[str, Any]:
        return {"usage": amount, "credits_usage": round(credits_used[name], 2)}

    return {
        "plan": "Free",
        "last_updated": updated,
        "date_requested": requested,
        "transformations": spent("transformations", used.transformations),
        "objects": {"usage": used.resources + used.derived_resources},
        "bandwidth": spent("bandwidth", used.bandwidth_bytes),
        "storage": spent("storage", used.storage_bytes),
        "credits": {"usage": total, **limits},
        "requests": used.requests,
        "resources": used.resources,
        "derived_resources": used.derived_resources,
        "media_limits": {
            "image_max_size_bytes": IMAGE_LIMIT_BYTES,
            "video_max_size_bytes": VIDEO_LIMIT_BYTES,
            "raw_max_size_bytes": VIDEO_LIMIT_BYTES,
            "image_max_px": IMAGE_LIMIT_PX,
            "asset_max_total_px": 2 * IMAGE_LIMIT_PX,
        },
    }


def config_body(cloud: Cloud, *, has_settings: bool) -> dict[str, Any]:
    """The name of a cloud; with its folder mode when settings are asked for."""
    body: dict[str, Any] = {"cloud_name": cloud.name, "created_at": iso(0.0)}
    return body | ({"settings": {"folder_mode": cloud.folder_mode}} if has_settings else {})
