"""A multipart/related body of two parts, metadata and media, read while it arrives (RFC 2387)."""

import re

_HEAD_LIMIT_BYTES = 1_048_576
_BLANK = re.compile(rb"\r?\n\r?\n")
_TYPE = re.compile(rb"(?im)^content-type:[ \t]*([^\r\n]+)")


class RelatedBody:
    """Separates the parts; the media passes through and is never whole in memory.

    Args:
        boundary: As in the Content-Type of the request.

    Attributes:
        metadata: Body of the first part, known when `media_type` is.
        media_type: Content-Type of the second part; None until its headers have come.
    """

    def __init__(self, boundary: str) -> None:
        self._mark = b"--" + boundary.encode()
        self._held = b""
        self.metadata = b""
        self.media_type: str | None = None

    def feed(self, piece: bytes) -> bytes:
        """Take the next bytes; returns media that is surely not the end of the body.

        Raises:
            ValueError: The head of the body is too long.
        """
        self._held += piece
        if self.media_type is None and not self._read_head():
            if len(self._held) > _HEAD_LIMIT_BYTES:
                raise ValueError("the metadata part is too long")
            return b""
        kept = len(self._mark) + 16
        media, self._held = self._held[:-kept], self._held[-kept:]
        return media

    def finish(self) -> bytes:
        """The last bytes of the media.

        Raises:
            ValueError: A part or the closing boundary is missing.
        """
        end = self._held.rfind(self._mark + b"--")
        if self.media_type is None or end < 0:
            raise ValueError("the body does not have two parts and a closing boundary")
        media = self._held[:end]
        return media[:-2] if media.endswith(b"\r\n") else media.removesuffix(b"\n")

    def _read_head(self) -> bool:
        begin = self._held.find(self._mark)
        first = _BLANK.search(self._held, max(begin, 0))
        if begin < 0 or first is None:
            return False
        second = self._held.find(b"\n" + self._mark, first.end())
        blank = _BLANK.search(self._held, second + 1) if second >= 0 else None
        if blank is None:
            return False
        self.metadata = self._held[first.end() : second]
        found = _TYPE.search(self._held, second, blank.end())
        self.media_type = found[1].decode("latin-1").strip() if found else "application/octet-stream"
        self._held = self._held[blank.end() :]
        return True
