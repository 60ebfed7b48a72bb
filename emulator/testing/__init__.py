"""For tests of programs that run against the stack: a pytest plugin, a stack in Docker, access to both."""

from emulator.testing.access import Clipnet
from emulator.testing.containers import ClipnetStack

__all__ = ["Clipnet", "ClipnetStack"]
