"""Ids that carry their time: milliseconds since an epoch, then 22 bits of worker, process and counter."""

from fakes.kit.clock import Clock

_LOW_BITS = 22


class Snowflakes:
    """Makes ever larger ids.

    Args:
        clock: Gives the time in them.
        epoch_ms: Unix time in milliseconds that counts as zero.
        worker: Number of the machine, five bits, above five bits of process (0) and twelve of counter.
    """

    def __init__(self, clock: Clock, epoch_ms: int, worker: int = 1) -> None:
        self._clock = clock
        self._epoch_ms = epoch_ms
        self._worker = worker
        self._last = 0

    def next(self) -> str:
        """A new id as decimal text."""
        self._last = max(self._last + 1, self.at(self._clock.now()))
        return str(self._last)

    def at(self, unix_s: float) -> int:
        """The first id of a moment."""
        ms = round(unix_s * 1000) - self._epoch_ms
        return ms << _LOW_BITS | self._worker << (_LOW_BITS - 5)
