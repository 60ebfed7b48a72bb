"""A TCP proxy for tests that counts what goes through it, and can be slow."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_BLOCK_BYTES = 16 << 10


@dataclass(slots=True)
class Proxy:
    """Forwards connections to a port of this machine.

    Attributes:
        target: The port; may be changed.
        bytes_per_s: How much goes through each direction of a connection; None for no limit.
        from_target_bytes: How many bytes came back so far.
    """

    listener: socket.socket
    target: int
    bytes_per_s: float | None = None
    from_target_bytes: int = 0
    open: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self.listener.getsockname()[1]
        return port

    def accept(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self.open += [client, server]
            threading.Thread(target=self._forward, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._forward, args=(server, client, True), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        try:
            while block := source.recv(_BLOCK_BYTES):
                self.from_target_bytes += len(block) if is_answer else 0
                if self.bytes_per_s is not None:
                    time.sleep(len(block) / self.bytes_per_s)
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for one in (source, target):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()  # what it has not read yet makes the other end hear of it


@contextmanager
def proxy(target: int, bytes_per_s: float | None = None) -> Iterator[Proxy]:
    """Forward a free port to `target`."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        running = Proxy(listener, target, bytes_per_s)
        threading.Thread(target=running.accept, daemon=True).start()
        try:
            yield running
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for one in running.open:
                one.close()
