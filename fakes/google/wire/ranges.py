"""Content-Range of a resumable upload (RFC 9110, 14.4; YouTube: resumable upload protocol)."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a body belongs.

    Attributes:
        first: Place of its first byte.
        count: Its bytes; None when only the end of the body tells.
        total: Size of the whole file; None while unknown.
        is_query: Whether it only asks how far the upload is.
    """

    first: int
    count: int | None
    total: int | None
    is_query: bool = False

    @property
    def is_last(self) -> bool:
        """Whether the file is complete after it."""
        return self.count is None or (self.total is not None and self.first + self.count == self.total)


def span_of(content_range: str | None, content_length: int | None) -> Span:
    """Read the headers of a PUT; without a Content-Range the body is the whole file.

    Raises:
        ValueError: Not of the form, or the range is not as long as the body.
    """
    if content_range is None:
        return Span(0, content_length, content_length)
    match = _RANGE.fullmatch(content_range.strip())
    if match is None:
        raise ValueError(f"Invalid request. Failed to parse Content-Range header '{content_range}'.")
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return Span(0, 0, total, is_query=True)
    first, count = int(match[1]), int(match[2]) - int(match[1]) + 1
    if count < 1 or (total is not None and first + count > total):
        raise ValueError(f"Invalid request. The range '{content_range}' is not within the file.")
    if content_length is not None and content_length != count:
        text = f"Invalid request. There were {content_length} byte(s) in the request body."
        raise ValueError(f"{text} There should have been {count} byte(s) based on the Content-Range header.")
    return Span(first, count, total)


def stored_range(stored_bytes: int) -> dict[str, str]:
    """Headers that say how much is stored; none when nothing is."""
    return {"Range": f"bytes=0-{stored_bytes - 1}"} if stored_bytes else {}
