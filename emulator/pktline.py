"""Git's pkt-lines, as its hook `proc-receive` is spoken to: four hex digits of length, then the text.

Source: git-scm.com/docs/githooks#proc-receive, git-scm.com/docs/protocol-common.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

_FLUSH = b"0000"
_LONGEST = 65_515
"""Bytes of a text: with its line end and its length it is the longest that git takes."""


class Ended(Exception):
    """The other side hung up in the middle."""


def section(stream: BinaryIO) -> Iterator[str]:
    """Yield the lines up to the next flush, without their line ends.

    Raises:
        Ended: The stream ended before.
    """
    while True:
        head = stream.read(4)
        if len(head) < 4:
            raise Ended
        length = int(head, 16)
        if length < 4:
            return
        body = stream.read(length - 4)
        if len(body) < length - 4:
            raise Ended
        yield body.decode(errors="replace").rstrip("\n")


def write(stream: BinaryIO, *lines: str) -> None:
    """Write lines and a flush after them."""
    for line in lines:
        body = line.encode()[:_LONGEST] + b"\n"
        stream.write(f"{len(body) + 4:04x}".encode() + body)
    stream.write(_FLUSH)
    stream.flush()
