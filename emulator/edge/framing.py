"""How a body is marked out on a connection: as it is, or in chunks (RFC 9112, section 7.1)."""

from __future__ import annotations


class Framing:
    """Collects the parts of one body and gives what is to be sent of it."""

    def __init__(self, *, is_chunked: bool) -> None:
        self.is_chunked = is_chunked
        self.waiting_bytes = 0
        """Added and not taken."""
        self.total_bytes = 0
        self._parts: list[bytes] = []
        self._has_ended = False
        self._owes_end = False

    def add(self, part: bytes) -> None:
        """Add a part."""
        self._parts.append(part)
        self.waiting_bytes += len(part)
        self.total_bytes += len(part)

    def end(self) -> None:
        """Nothing more is added. Idempotent."""
        if not self._has_ended:
            self._has_ended = True
            self._owes_end = self.is_chunked

    def take(self) -> bytes:
        """Return the bytes for everything since the last time: one chunk for all parts."""
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self.waiting_bytes = 0
        if self.is_chunked and body:
            body = b"%x\r\n%b\r\n" % (len(body), body)
        if self._owes_end:
            self._owes_end = False
            body += b"0\r\n\r\n"
        return body
