"""Loaded by each Python program of a Space: what would listen on all addresses listens on loopback.

At Hugging Face a Space has a machine of its own, so that most of them say `0.0.0.0`. This folder is put on
PYTHONPATH; Python imports this module by its name before the program begins.
"""

import socket
from typing import Any

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}


class _Socket(socket.socket):
    def bind(self, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] in _LOOPBACK:
            host = "::1" if self.family == socket.AF_INET6 else _LOOPBACK[address[0]]
            address = (host, *address[1:])
        super().bind(address)


socket.socket = _Socket  # type: ignore[misc]  # for all who ask the module from now on
