"""Whether a process outside is still heard. Pure: it is told when pings came and what time it is.

Source: the runpod package 1.12.0, runpod/serverless/modules/rp_ping.py.
"""

from collections import deque

INTERVAL_S = 10.0
"""What lies between two pings until they show it (the package's default)."""
MISSED = 3
"""So many intervals without a ping are the end."""
_LEAST_INTERVAL_S = 1.0
_GAPS = 2


class Heartbeat:
    """The pings of one process. Nobody tells their interval: it is learned from them.

    A process that has never pinged is not missed: without `RUNPOD_POD_ID` the package sends none.
    """

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._gaps_s: deque[float] = deque(maxlen=_GAPS)

    def beat(self, now_s: float) -> None:
        """A ping has come."""
        if self._last_s is not None:
            self._gaps_s.append(now_s - self._last_s)
        self._last_s = now_s

    @property
    def interval_s(self) -> float:
        """The longest of the latest gaps: a process that starts anew pings out of turn."""
        return max(*self._gaps_s, _LEAST_INTERVAL_S) if len(self._gaps_s) == _GAPS else INTERVAL_S

    def is_missing(self, now_s: float) -> bool:
        """Whether it should have been heard by now."""
        return self._last_s is not None and now_s - self._last_s > MISSED * self.interval_s
