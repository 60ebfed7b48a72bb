"""What is wrong with the GPU itself: slow, cold, throttled, unhealthy, losing workers or their heartbeats."""

from collections.abc import Callable
from dataclasses import replace

from fakes.kit.faults import Condition
from fakes.runpod.conditions import COLD_START, CRASH, DROP_HEARTBEAT, SLOW, THROTTLED, UNHEALTHY
from fakes.runpod.state import Timing


class Impairments:
    """The conditions that hold; the fleet and the GPU ask them.

    Args:
        on_change: Told the kind that began or ended.
    """

    kinds = tuple(kind.name for kind in (SLOW, COLD_START, THROTTLED, UNHEALTHY, CRASH, DROP_HEARTBEAT))

    def __init__(self, on_change: Callable[[str], None]) -> None:
        self._on_change = on_change
        self._held: list[Condition] = []

    def begin(self, condition: Condition) -> None:
        """Let it hold from now on, together with others of its kind."""
        self._held.append(condition)
        self._on_change(condition.kind)

    def end(self, condition: Condition) -> None:
        """Let it hold no longer."""
        self._held.remove(condition)
        self._on_change(condition.kind)

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._held)

    def timing(self, usual: Timing) -> Timing:
        """How long things take while workers start slowly; the slowest counts."""
        starts_ms = [one.options["ms"] for one in self._held if one.kind == COLD_START.name]
        return (
            replace(usual, cold_start_ms=max(starts_ms), flashboot_ms=max(starts_ms)) if starts_ms else usual
        )

    def longer_s(self, input_s: float) -> float:
        """Seconds that a job with so many seconds of sound or video takes longer."""
        slow = [one.options for one in self._held if one.kind == SLOW.name]
        return float(sum(one["ms"] + one["ms_per_input_s"] * input_s for one in slow) / 1000)

    @property
    def throttled(self) -> int:
        """Workers that get no place."""
        return self._workers(THROTTLED.name)

    @property
    def unhealthy(self) -> int:
        """Workers that hold a place and do nothing."""
        return self._workers(UNHEALTHY.name)

    @property
    def hears_no_pings(self) -> bool:
        """Whether heartbeats are lost."""
        return any(one.kind == DROP_HEARTBEAT.name for one in self._held)

    def take_crash(self) -> bool:
        """Whether the worker that begins with a job now dies; counts down."""
        crash = next((one for one in self._held if one.kind == CRASH.name), None)
        if crash is None:
            return False
        crash.options["attempts"] -= 1
        if crash.options["attempts"] == 0:
            crash.is_over = True
            self._held.remove(crash)
        return True

    def _workers(self, kind: str) -> int:
        return sum(int(one.options["workers"]) for one in self._held if one.kind == kind)
