"""Parts of files, read block by block."""

import asyncio
import os
from pathlib import Path

from fakes.cloudinary.blobs import Span

_BLOCK_BYTES = 1 << 20


class FileReader:
    """A part of a file of this machine, which may be removed meanwhile.

    Raises:
        FileNotFoundError: It is not there.
    """

    def __init__(self, path: Path, span: Span) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        self._position = span.first
        self._end = span.last + 1
        self._is_small = span.bytes <= _BLOCK_BYTES

    async def read(self) -> bytes:
        """The next block; nothing at the end."""
        size = min(_BLOCK_BYTES, self._end - self._position)
        if self._is_small:
            block = os.pread(self._descriptor, size, self._position)  # mostly cached: a thread costs more
        else:
            block = await asyncio.to_thread(os.pread, self._descriptor, size, self._position)
        self._position += len(block)
        return block

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class BytesReader:
    """A part of bytes that are in memory."""

    def __init__(self, content: bytes, span: Span) -> None:
        self._left = content[span.first : span.last + 1]

    async def read(self) -> bytes:
        """All of them; then nothing."""
        block, self._left = self._left, b""
        return block

    def close(self) -> None:
        """Nothing is open."""
