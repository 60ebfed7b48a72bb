"""What only the worker is told: a few names of the environment beside `clipnet.settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clipnet.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Options:
    """How the worker works.

    Attributes:
        polish_max_height: Highest finished clip in pixels (POLISH_MAX_HEIGHT); tests use less to be quick.
        stop_grace_s: How long a job may go on after SIGTERM before it is put back (STOP_GRACE_S).
        handover_grace_s: The same where another worker stands by (HANDOVER_GRACE_S).
        start_deadline_s: How long to wait for the database's schema and Redis (START_DEADLINE_S).
    """

    polish_max_height: int = 1920
    stop_grace_s: float = 0.1
    handover_grace_s: float = 20.0
    start_deadline_s: float = 60.0


def load(env: Mapping[str, str]) -> Options:
    """Read the options from an environment.

    Raises:
        SettingsError: A value is not a number, or out of range.
    """
    problems: list[str] = []
    default = Options()

    def number(name: str, otherwise: float, lowest: float, highest: float) -> float:
        text = env.get(name, "").strip()
        try:
            value = float(text) if text else otherwise
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest:
            problems.append(f"{name} is {text!r}; it must be a number from {lowest:g} to {highest:g}")
        return value

    height = number("POLISH_MAX_HEIGHT", default.polish_max_height, 64, 3840)
    grace_s = number("STOP_GRACE_S", default.stop_grace_s, 0, 600)
    handover_s = number("HANDOVER_GRACE_S", default.handover_grace_s, 0, 600)
    deadline_s = number("START_DEADLINE_S", default.start_deadline_s, 1, 3600)
    if problems:
        raise SettingsError(tuple(problems))
    return Options(int(height), grace_s, handover_s, deadline_s)
