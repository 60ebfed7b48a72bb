"""A body as it comes."""

import asyncio
import contextlib

from starlette.requests import Request

DRAIN_LIMIT_BYTES = 256 << 20


class Pieces:
    """The pieces of a body, one after the other.

    Args:
        request: The request; its body has not been read.
        idle_limit_s: How long a sender may pause before reading raises TimeoutError.
    """

    def __init__(self, request: Request, idle_limit_s: float) -> None:
        self.is_over = False
        self._stream = request.stream()
        self._idle_limit_s = idle_limit_s

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> bytes:
        try:
            async with asyncio.timeout(self._idle_limit_s):
                return await anext(self._stream)
        except BaseException:
            self.is_over = True
            raise

    async def drain(self) -> None:
        """Read on for a while without keeping anything, so that the sender hears why it is refused."""
        left_bytes = DRAIN_LIMIT_BYTES
        with contextlib.suppress(TimeoutError):
            async for piece in self:
                left_bytes -= len(piece)
                if left_bytes < 0:
                    return
