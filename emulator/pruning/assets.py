"""Videos and posters at Cloudinary: those of clips that go, and old ones whose clip is gone.

Asked and removed as any client does it, with the stack's own key; what is not named after a clip stays.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from emulator.errors import CheckFailed
from emulator.parts import Parts
from emulator.pruning.files import is_id
from emulator.pruning.item import Item

if TYPE_CHECKING:
    from httpx import AsyncClient

_KINDS = ("video", "image")
_AT_ONCE = 100
"""How many public ids one deletion may name (cloudinary.com/documentation/admin_api#delete_resources)."""


async def listed(http: AsyncClient, parts: Parts) -> list[Mapping[str, Any]]:
    """Return the assets of the stack's folder that are named after a clip.

    Raises:
        CheckFailed: Cloudinary does not answer as it should.
    """
    folder = parts.env["CLOUDINARY_FOLDER"]
    return [
        asset
        for kind in _KINDS
        async for asset in _of_kind(http, parts, kind, folder)
        if is_id(clip_of(asset))
    ]


def assets(
    found: Collection[Mapping[str, Any]], clips: Collection[str], known: Collection[str], before_s: float
) -> list[Item]:
    """Return the assets of these clips, and old ones of clips that the database does not know any more."""
    items = []
    for asset in found:
        clip, at_s = clip_of(asset), datetime.fromisoformat(asset["created_at"]).timestamp()
        name, size = f"{asset['resource_type']}/{asset['public_id']}", int(asset["bytes"])
        if clip in clips:
            items.append(Item("asset", name, at_s, size, of=clip))
        elif clip not in known and at_s < before_s:
            items.append(Item("asset", name, at_s, size, "its clip is gone"))
    return items


def clip_of(asset: Mapping[str, Any]) -> str:
    """Return the last part of an asset's public id, which is the clip's where one made it."""
    return str(asset["public_id"]).rpartition("/")[2]


async def remove(http: AsyncClient, parts: Parts, items: Collection[Item]) -> set[str]:
    """Remove assets; return the ids of the items that are gone.

    Raises:
        CheckFailed: Cloudinary does not answer as it should.
    """
    gone: set[str] = set()
    for kind in _KINDS:
        ids = [item.id.partition("/")[2] for item in items if item.id.startswith(f"{kind}/")]
        for start in range(0, len(ids), _AT_ONCE):
            body = await _asked(http, parts, "DELETE", kind, {"public_ids[]": ids[start : start + _AT_ONCE]})
            gone |= {f"{kind}/{name}" for name, what in body["deleted"].items() if what != "not_allowed"}
    return gone


async def _of_kind(
    http: AsyncClient, parts: Parts, kind: str, folder: str
) -> AsyncIterator[Mapping[str, Any]]:
    query: dict[str, Any] = {"prefix": f"{folder}/", "max_results": 500}
    while True:
        body = await _asked(http, parts, "GET", kind, query)
        for asset in body["resources"]:
            yield asset
        if "next_cursor" not in body:
            return
        query["next_cursor"] = body["next_cursor"]


async def _asked(
    http: AsyncClient, parts: Parts, method: str, kind: str, query: Mapping[str, Any]
) -> Mapping[str, Any]:
    from httpx import HTTPError

    url = urlsplit(parts.env["CLOUDINARY_URL"])
    prefix = parse_qs(url.query)["upload_prefix"][0]
    key = (unquote(url.username or ""), unquote(url.password or ""))
    path = f"{prefix}/v1_1/{url.hostname}/resources/{kind}/upload"
    try:
        answer = await http.request(method, path, params=query, auth=key)
        body: Mapping[str, Any] = answer.json()
    except (HTTPError, ValueError) as error:
        raise CheckFailed(f"Cloudinary does not answer: {error}", "see: clipnet-emulate status") from error
    if answer.status_code != 200:
        said = body.get("error", {}).get("message", body)
        raise CheckFailed(f"Cloudinary refuses to do that: {said}", "see: clipnet-emulate fault list")
    return body
