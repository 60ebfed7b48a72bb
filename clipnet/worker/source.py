"""Gets a clip's source onto the disk: an upload that is there already, or an address of an allowed host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from clipnet.log import span, trace_headers
from clipnet.settings import Settings
from clipnet.sources import refusal
from clipnet.worker.calls import Calls, unreachable
from clipnet.worker.errors import Permanent, StepError, Transient

if TYPE_CHECKING:
    import httpx

_MOST_REDIRECTS: Final = 3
_BLOCK_BYTES: Final = 256 * 1024
_NO_VIDEO: Final = ("text/", "application/json", "application/xhtml")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source on the disk."""

    path: Path
    bytes: int


def uploaded(settings: Settings, source_path: str) -> Fetched:
    """Return an uploaded file; paths are relative to MEDIA_DIR and never lead out of it.

    Raises:
        Permanent: It is not there, or is empty.
    """
    root = settings.media_dir.resolve()
    path = (root / source_path).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        raise Permanent("source_missing", "the uploaded file is no longer there; upload it again")
    size = path.stat().st_size
    if size == 0:
        raise Permanent("source_empty", "the uploaded file is empty")
    return Fetched(path, size)


async def download(calls: Calls, settings: Settings, url: str, target: Path) -> Fetched:
    """Stream a file from an allowed host to `target`, which appears only when it is whole.

    Raises:
        Permanent: The host is not allowed, there is no video, or it is larger than MAX_UPLOAD_BYTES.
        Transient: The host did not answer, or broke off.
    """
    if (known := _known(target)) is not None:
        return known
    part = target.with_suffix(".part")
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            if (reason := refusal(url, settings)) is not None:
                raise Permanent("source_not_allowed", reason)
            onward = await _stream(calls, url, part, settings.max_upload_bytes)
            if onward is None:
                os.replace(part, target)
                return _known(target) or Fetched(target, 0)
            url = urljoin(url, onward)
        raise Permanent("source_redirects", f"the address redirects more than {_MOST_REDIRECTS} times")
    finally:
        part.unlink(missing_ok=True)


def _known(target: Path) -> Fetched | None:
    """Return what was fetched before; makes the folder for what was not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return Fetched(target, target.stat().st_size) if target.exists() else None


async def _stream(calls: Calls, url: str, part: Path, most_bytes: int) -> str | None:
    """Write the body to `part`; return where to go instead when it is a redirect."""
    import httpx

    timeout = httpx.Timeout(30.0, connect=5.0)
    try:
        with span("GET source", url=url.partition("?")[0]) as call:
            async with calls.client.stream("GET", url, headers=trace_headers(), timeout=timeout) as response:
                call.fields["status"] = response.status_code
                if response.has_redirect_location:
                    return response.headers["location"]
                if (error := _unusable(response, most_bytes)) is not None:
                    raise error
                call.fields["bytes"] = await _write(response, part, most_bytes)
    except httpx.HTTPError as error:
        raise unreachable("source", error) from error
    return None


async def _write(response: httpx.Response, part: Path, most_bytes: int) -> int:
    size = 0
    with part.open("wb") as file:
        async for block in response.aiter_bytes(_BLOCK_BYTES):
            size += len(block)
            if size > most_bytes:
                raise _too_large(most_bytes)
            file.write(block)
    if size == 0:
        raise Permanent("source_empty", "the address answers with an empty file")
    return size


def _unusable(response: httpx.Response, most_bytes: int) -> StepError | None:
    status = response.status_code
    if status == 429 or status >= 500:
        return Transient("source_unavailable", f"the source is not available now (HTTP {status})")
    if status != 200:
        return Permanent("source_missing", f"there is no video at the address (HTTP {status})")
    kind = response.headers.get("content-type", "").lower()
    if kind.startswith(_NO_VIDEO):
        return Permanent("not_a_video", f"the address leads to {kind.partition(';')[0]!r}, not to a video")
    length = response.headers.get("content-length", "")
    return _too_large(most_bytes) if length.isdigit() and int(length) > most_bytes else None


def _too_large(most_bytes: int) -> Permanent:
    return Permanent("source_too_large", f"the file is larger than the {most_bytes} bytes that are allowed")
