"""Control surface: `/_fake/blobs` takes the bytes that a seed document names before it is loaded."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fakes.cloudinary.blobs import Blobs, Incoming
from fakes.cloudinary.routes.control import answers_value_errors
from fakes.cloudinary.state import named_bytes
from fakes.cloudinary.state.remote import is_address
from fakes.cloudinary.state.stored import StoredBytes
from fakes.kit.bodies import bounded, json_object

_PATH = "/_fake/blobs"
_LIMIT_BYTES = 2 << 30


class BlobControl:
    """Says which bytes are missing and stores them, wherever they are kept.

    Args:
        blobs: Where bytes are kept.
        stored: Removes those that nobody names.
        folder: Where programs of this machine may put files themselves, or None.
    """

    def __init__(self, blobs: Blobs, stored: StoredBytes, folder: str | None) -> None:
        self._blobs = blobs
        self._stored = stored
        self._folder = folder

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(_PATH, answers_value_errors(self.missing), methods=["POST"]),
            Route(f"{_PATH}/{{sha256}}", answers_value_errors(self.store), methods=["PUT"]),
        ]

    async def missing(self, request: Request) -> Response:
        """Say which of the addresses have no bytes yet, and the folder that files may be put into."""
        wanted = json_object(await bounded(request).body()).get("sha256")
        if not isinstance(wanted, list) or not all(
            isinstance(one, str) and is_address(one) for one in wanted
        ):
            raise ValueError("'sha256' is no list of SHA-256 in hexadecimal digits")
        missing = await self._blobs.missing(wanted)
        return JSONResponse({"fake": "cloudinary", "missing": missing, "folder": self._folder})

    async def store(self, request: Request) -> Response:
        """Store the body under its address; nothing is stored if it is not what the address says."""
        sha256 = request.path_params["sha256"]
        incoming = self._blobs.incoming(_LIMIT_BYTES)
        try:
            await _receive(request, incoming)
            blob = incoming.finish()
            if blob.bytes > _LIMIT_BYTES:
                raise ValueError(f"the body has {blob.bytes} bytes; {_LIMIT_BYTES} are the most")
            if blob.sha256 != sha256:
                raise ValueError(f"the SHA-256 of the body is {blob.sha256}, not {sha256}")
            await self._blobs.keep(incoming, blob)
        finally:
            incoming.drop()
        return JSONResponse({"fake": "cloudinary", "sha256": sha256, "bytes": blob.bytes}, 201)

    async def refuse_missing(self, document: Mapping[str, Any]) -> None:
        """Refuse a seed document whose bytes are not stored.

        Raises:
            ValueError: Some are not; the text says what names them.
        """
        named = named_bytes(document)
        with self._stored.held(named):
            lost = [named[sha256] for sha256 in await self._blobs.missing(named)]
        if lost:
            raise ValueError(
                f"the bytes of {len(lost)} assets are not stored: {lost[:5]}; "
                f"put them with PUT {_PATH}/<their SHA-256>"
            )


async def _receive(request: Request, incoming: Incoming) -> None:
    async for block in request.stream():
        if len(block) > 1 << 16:
            await asyncio.to_thread(incoming.write, block)
        else:
            incoming.write(block)
