"""Sends a clip through a system that runs: a stack of this machine, or whatever is behind addresses."""

from emulator.smoke.public import Addresses, own_video, smoke_at
from emulator.smoke.report import Report, Step, junit
from emulator.smoke.stack import smoke

__all__ = ["Addresses", "Report", "Step", "junit", "own_video", "smoke", "smoke_at"]
