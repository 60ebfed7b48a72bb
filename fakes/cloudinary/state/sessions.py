"""Chunked uploads under way: parts on disk until the last one makes them a file.

Source: cloudinary.com/documentation/upload_images (chunked asset upload). They are not part of the stored
state: a client starts again after a restart.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from fakes.cloudinary import errors
from fakes.cloudinary.blobs import Blobs, Incoming
from fakes.cloudinary.naming import Name

PART_MIN_BYTES = 5 * 1024 * 1024
_BLOCK_BYTES = 1 << 20
_FINISHED_KEPT = 256
_OPEN_KEPT = 1024


@dataclass(frozen=True, slots=True)
class Range:
    """`Content-Range`: first and last byte, and the total or None when it is not said yet."""

    first: int
    last: int
    total: int | None

    @property
    def length(self) -> int:
        """Bytes in this part."""
        return self.last - self.first + 1

    @property
    def is_end(self) -> bool:
        """Whether this part ends the file."""
        return self.total is not None and self.last + 1 == self.total


@dataclass(slots=True)
class Session:
    """One chunked upload.

    Attributes:
        name: The final name, decided with the first part.
        asset_id: Set when it has become an asset.
        is_joining: All parts are there and are being put together.
    """

    name: Name
    parts: dict[int, tuple[Range, Incoming]] = field(default_factory=dict)
    total: int | None = None
    asset_id: str | None = None
    is_joining: bool = False

    @property
    def received_bytes(self) -> int:
        """Bytes received so far."""
        return sum(part.length for part, _ in self.parts.values())

    @property
    def is_whole(self) -> bool:
        """Whether all bytes are there."""
        return self.total is not None and self.received_bytes == self.total


def parse_range(text: str, size_bytes: int) -> Range:
    """Read `bytes a-b/total`, where total may be `*` or `-1`.

    Raises:
        ProviderError: It is not that, or not as long as the bytes that came with it (400).
    """
    match = re.fullmatch(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*|-1)", text.strip())
    if match is None:
        raise errors.invalid_content_range(text)
    total = None if match[3] in ("*", "-1") else int(match[3])
    part = Range(int(match[1]), int(match[2]), total)
    if part.length != size_bytes or (total is not None and part.last >= total):
        raise errors.invalid_content_range(text)
    if not part.is_end and part.length < PART_MIN_BYTES:
        raise errors.part_too_small()
    return part


class Sessions:
    """All chunked uploads under way, by cloud and upload id.

    Args:
        blobs: Where the whole file is written to.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._open: OrderedDict[tuple[str, str], Session] = OrderedDict()
        self._finished: OrderedDict[tuple[str, str], Session] = OrderedDict()

    def find(self, cloud: str, upload_id: str) -> Session | None:
        """The upload of this id, under way or finished."""
        return self._open.get((cloud, upload_id)) or self._finished.get((cloud, upload_id))

    def open(self, cloud: str, upload_id: str, name: Name) -> Session:
        """Start an upload; the oldest is given up when there are too many."""
        session = self._open[(cloud, upload_id)] = Session(name)
        if len(self._open) > _OPEN_KEPT:
            _drop(self._open.popitem(last=False)[1])
        return session

    def add(self, session: Session, part: Range, incoming: Incoming, limit_bytes: int) -> None:
        """Add a part; the same part once more changes nothing.

        Raises:
            ProviderError: It overlaps another part, contradicts the total, or is too much (400).
        """
        if (part.total or part.last + 1) > limit_bytes:
            raise errors.file_too_large(part.total or part.last + 1, limit_bytes)
        same = session.parts.get(part.first)
        if same is not None and same[0].length == part.length:
            incoming.drop()
            return
        overlaps = any(
            part.first <= other.last and other.first <= part.last for other, _ in session.parts.values()
        )
        total = part.total if part.total is not None else session.total
        contradicts = session.total is not None and total != session.total
        if overlaps or contradicts:
            raise errors.invalid_content_range(f"bytes {part.first}-{part.last}/{part.total or '*'}")
        session.total = total
        session.parts[part.first] = (part, incoming)

    def join(self, session: Session) -> Incoming:
        """Write all parts into one file. Blocks; call it in a thread."""
        whole = self._blobs.incoming()
        for _, (_, incoming) in sorted(session.parts.items()):
            _append(incoming.path, whole)
        return whole

    def finish(self, cloud: str, upload_id: str, asset_id: str) -> None:
        """Forget the parts; a repeat of the last part finds the asset."""
        session = self._open.pop((cloud, upload_id), None)
        if session is None:
            return
        _drop(session)
        session.parts.clear()
        session.asset_id = asset_id
        self._finished[(cloud, upload_id)] = session
        if len(self._finished) > _FINISHED_KEPT:
            self._finished.popitem(last=False)

    def forget(self, cloud: str, upload_id: str) -> None:
        """Give an upload up."""
        session = self._open.pop((cloud, upload_id), None)
        if session is not None:
            _drop(session)

    def clear(self) -> None:
        """Give all up."""
        for session in self._open.values():
            _drop(session)
        self._open.clear()
        self._finished.clear()


def _append(path: Path, whole: Incoming) -> None:
    with path.open("rb") as part:
        while block := part.read(_BLOCK_BYTES):
            whole.write(block)


def _drop(session: Session) -> None:
    for _, incoming in session.parts.values():
        incoming.drop()
