"""Playlists and manifests as they are delivered: with the addresses of the asset as it is named now."""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial

from fakes.cloudinary import formats, wire
from fakes.cloudinary.blobs import Readable, Reader, Span
from fakes.cloudinary.blobs.readers import BytesReader
from fakes.cloudinary.render import streaming
from fakes.cloudinary.routes.files import ServedFile
from fakes.cloudinary.signatures import delivery_signature
from fakes.cloudinary.state import Account, Asset, Derived


async def served(
    blobs: Readable, asset: Asset, made: Derived, headers: Mapping[str, str], signed_by: Account | None
) -> ServedFile:
    """A kept playlist, ready to be answered with.

    Args:
        blobs: Where it is kept.
        asset: The video.
        made: The playlist.
        headers: What the answer says besides.
        signed_by: Whose secret signs the addresses in it; None when they can do without.

    Raises:
        FileNotFoundError: It is not kept any more.
    """
    async with blobs.local(made.sha256) as path:
        kept = await asyncio.to_thread(path.read_text)
    body = streaming.addressed(kept, partial(_address, asset, signed_by)).encode()
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    media_type = formats.media_type(made.format)

    async def opened(span: Span) -> Reader:
        return BytesReader(body, span)

    return ServedFile(opened, len(body), media_type, etag, made.created_at, headers)


def _address(asset: Asset, signed_by: Account | None, transformation: str, format_name: str) -> str:
    """A path on the same host."""
    plain = wire.delivery_url("", asset, transformation=transformation, format_name=format_name)
    if signed_by is None:
        return plain
    head, version, name = plain.rpartition(f"/v{asset.version}/")
    signed = f"{transformation}/{name}" if transformation else name
    signature = delivery_signature(signed, signed_by.api_secret or "")
    place = f"/{asset.cloud}/{asset.resource_type}/{asset.type}"
    return f"{place}/s--{signature}--{head.removeprefix(place)}{version}{name}"
