"""Counts requests in fixed windows of time, for rate limits. It knows nobody's limits."""

from dataclasses import dataclass

from fakes.kit.clock import Clock

_SWEEP_AT = 1000


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a limit stands after a request.

    Attributes:
        reset_s: When the window ends, in Unix seconds.
        is_over: Whether this request was one too many.
    """

    limit: int
    remaining: int
    reset_s: float
    is_over: bool


class Windows:
    """Fixed windows, each of which begins with its first request.

    Args:
        clock: Windows end by this clock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, key: str, limit: int, window_s: float, points: int = 1) -> Taken:
        """Count a request against the window of `key`; a refused one is not counted."""
        now = self._clock.now()
        if len(self._windows) >= _SWEEP_AT:
            self._windows = {name: one for name, one in self._windows.items() if one[0] > now}
        reset_s, used = self._windows.get(key, (0.0, 0))
        if not now < reset_s <= now + window_s:
            reset_s, used = now + window_s, 0
        if used + points > limit:
            return Taken(limit, max(limit - used, 0), reset_s, True)
        self._windows[key] = (reset_s, used + points)
        return Taken(limit, limit - used - points, reset_s, False)

    def clear(self) -> None:
        """Forget all that was counted."""
        self._windows.clear()
