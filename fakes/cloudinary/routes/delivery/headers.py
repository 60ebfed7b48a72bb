"""Headers of delivery.

Source: two recorded answers of res.cloudinary.com, and
cloudinary.com/documentation/advanced_url_delivery_options.
"""

from collections.abc import Mapping
from typing import Any

from fakes.cloudinary.state import Asset, Derived
from fakes.cloudinary.transformation import Transformation
from fakes.kit.clock import iso

COMMON: Mapping[str, str] = {
    "Cache-Control": "public, no-transform, immutable, max-age=2592000",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Content-Length,Content-Disposition,Content-Range,Etag,Server-Timing,Vary,X-Cld-Error,X-Content-Type-Options"
    ),
    "Timing-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=604800",
}
OF_ERRORS: Mapping[str, str] = {**COMMON, "Cache-Control": "private, no-transform, max-age=0"}
_LISTED_SECONDS = 60
# Of the headers that an upload may ask for, those that Cloudinary delivers.
_OWN = frozenset({"x-robots-tag", "link"})


def of(asset: Asset, asked: Transformation, target: str | None) -> dict[str, str]:
    """The headers of a successful answer that do not depend on its bytes."""
    headers = dict(COMMON)
    if asked.is_automatic or (asked.last("quality_mode") or "").startswith("auto"):
        headers["Vary"] = "Accept"
    if asked.attachment is not None:
        headers["Content-Disposition"] = _disposition(asked.attachment, asset, target)
    for line in asset.extras.get("headers", ()):
        name, _, value = str(line).partition(":")
        if name.strip().lower() in _OWN and value.strip().isprintable():
            headers[name.strip()] = value.strip().encode("ascii", "replace").decode()
    return headers


def of_list() -> dict[str, str]:
    """The headers of a list of assets as JSON, which changes with its tag."""
    return {**COMMON, "Cache-Control": f"public, max-age={_LISTED_SECONDS}"}


def server_timing(asset: Asset, made: Derived | None, *, is_hit: bool, now_s: float) -> str:
    """The value of `Server-Timing`: what is delivered, and what it was made of."""
    kept = "hit" if is_hit else "miss"
    start = iso(now_s, micros=True)
    content: dict[str, Any] = _content("", made or asset, asset.duration) | _content(
        "o", asset, asset.duration
    )
    described = ",".join(
        f'{name}=\\"{value}\\"' if isinstance(value, str) else f"{name}={value}"
        for name, value in content.items()
    )
    parts = [f"cld-fastly;dur=0;cpu=0;start={start};desc={kept}", "rtt;dur=0"]
    parts.append(f'content-info;desc="{described}"')
    if not is_hit:
        parts.append(f"cloudinary;dur=0;start={start}")
    return ",".join(parts)


def _content(prefix: str, one: Asset | Derived, duration_s: float | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "width": one.width,
        "height": one.height,
        "bytes": one.bytes,
        "format": one.format,
    }
    if duration_s is not None:
        said["du"] = duration_s
    return {prefix + name: value for name, value in said.items() if value is not None}


def _disposition(name: str, asset: Asset, target: str | None) -> str:
    base = name or asset.public_id.rpartition("/")[2]
    ending = target or asset.format
    shown = f"{base}.{ending}" if ending and asset.resource_type != "raw" else base
    ascii_name = "".join(char if " " <= char <= "~" and char not in '"\\' else "_" for char in shown)
    return f'attachment; filename="{ascii_name}"'
