"""Stores finished clips through Cloudinary's official SDK, which blocks: it is called in a thread.

Source: cloudinary.com/documentation/upload_videos and .../django_image_and_video_upload (chunked uploads).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from clipnet.log import span, trace_headers
from clipnet.settings import CloudinarySettings
from clipnet.worker.calls import both
from clipnet.worker.errors import Permanent, StepError, Transient

LARGE_BYTES: Final = 20_000_000
"""From this size on a file travels in chunks of as much."""
_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a clip can be seen; addresses as browsers use them."""

    public_id: str
    video_url: str
    poster_url: str
    bytes: int


class Storage:
    """Uploads below the folder of the settings, overwriting what an earlier attempt left there."""

    def __init__(self, settings: CloudinarySettings) -> None:
        self._folder = settings.folder
        self._options = sdk_options(settings.url.reveal())

    async def store(self, name: str, video: Path, poster: Path, tags: tuple[str, ...]) -> Stored:
        """Upload a clip and its poster under `<folder>/<name>`, both at once. Idempotent.

        Raises:
            Permanent: Cloudinary refuses our credentials or the file.
            Transient: It could not be reached, or is overloaded.
        """
        public_id = f"{self._folder}/{name}"
        stored, pictured = await both(
            self._upload(video, public_id, "video", tags), self._upload(poster, public_id, "image", tags)
        )
        return Stored(
            public_id,
            self._address(public_id, "video", stored["version"], "mp4"),
            self._address(public_id, "image", pictured["version"], "jpg"),
            int(stored.get("bytes", 0)),
        )

    async def _upload(self, path: Path, public_id: str, kind: str, tags: tuple[str, ...]) -> dict[str, Any]:
        with span("POST cloudinary", public_id=public_id, resource_type=kind):
            options = {
                **self._options,
                "public_id": public_id,
                "resource_type": kind,
                "asset_folder": self._folder,
                "overwrite": True,
                "invalidate": True,
                "tags": ["clipnet", *tags],
                "timeout": _TIMEOUT_S,
                "extra_headers": trace_headers(),
            }
            return await asyncio.to_thread(_send, path, options)

    def reachable(self, video_url: str) -> str:
        """Return a clip's address as this process reaches it: at the API's own host where that is set.

        Browsers may see the delivery host by another name than programs inside the stack do.
        """
        inside = str(self._options.get("upload_prefix", ""))
        if not inside:
            return video_url
        return inside.rstrip("/") + urlsplit(video_url).path

    def _address(self, public_id: str, kind: str, version: Any, extension: str) -> str:
        from cloudinary.utils import cloudinary_url

        address, _ = cloudinary_url(
            public_id, resource_type=kind, version=version, format=extension, **self._options
        )
        return str(address)


def sdk_options(url: str) -> dict[str, Any]:
    """Return the SDK's options of a CLOUDINARY_URL, to be handed to each call: nothing global is set."""
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if "secure" not in options and "cname" not in options:
        options["secure"] = True
    return options | {
        "cloud_name": parts.hostname or "",
        "api_key": unquote(parts.username or ""),
        "api_secret": unquote(parts.password or ""),
    }


def _send(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    from cloudinary import exceptions, uploader

    try:
        if path.stat().st_size > LARGE_BYTES:
            answer = uploader.upload_large(str(path), chunk_size=LARGE_BYTES, **options)
        else:
            answer = uploader.upload(str(path), **options)
    except exceptions.Error as error:
        raise _failure(error) from error
    if not isinstance(answer, dict) or "version" not in answer:
        raise _unreadable()
    return answer


def _unreadable() -> Transient:
    return Transient("cloudinary_unreadable", "Cloudinary sent an answer that cannot be read")


def _failure(error: Exception) -> StepError:
    from cloudinary import exceptions

    said = str(error)[:300]
    if said.startswith("Error parsing server response"):
        return _unreadable()
    if isinstance(error, exceptions.AuthorizationRequired | exceptions.NotAllowed):
        return Permanent("cloudinary_refused", f"Cloudinary refuses our credentials: {said}")
    if isinstance(error, exceptions.BadRequest | exceptions.NotFound | exceptions.AlreadyExists):
        return Permanent("upload_refused", f"Cloudinary refused the upload: {said}")
    return Transient("cloudinary_unavailable", f"Cloudinary could not store the clip: {said}")
