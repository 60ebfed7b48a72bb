"""What builds and applications wrote. A line may lie in the future: it is seen when its time has come."""

from collections.abc import Iterable
from dataclasses import dataclass

from fakes.kit.clock import Clock
from fakes.kit.store import Store

SCHEMA = """
CREATE TABLE lines (
    number INTEGER PRIMARY KEY AUTOINCREMENT, space TEXT NOT NULL, kind TEXT NOT NULL, at_s REAL NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX lines_by_space ON lines (space, kind, number);
"""
BUILD, RUN = "build", "run"
KINDS = (BUILD, RUN)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log; `number` grows."""

    number: int
    at_s: float
    text: str


class Logs:
    """The logs of all Spaces, by the Space's key."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def write(self, space: str, kind: str, texts: Iterable[str], at_s: float | None = None) -> None:
        """Add lines, now or at another time."""
        when = self._clock.now() if at_s is None else at_s
        self._store.execute_many(
            "INSERT INTO lines (space, kind, at_s, text) VALUES (?, ?, ?, ?)",
            [(space, kind, when, text if text.endswith("\n") else f"{text}\n") for text in texts],
        )

    def read(self, space: str, kind: str, after: int = 0) -> list[Line]:
        """The lines so far, behind one of them."""
        rows = self._store.all(
            "SELECT * FROM lines WHERE space = ? AND kind = ? AND number > ? AND at_s <= ? ORDER BY number",
            (space, kind, after, self._clock.now()),
        )
        return [Line(row["number"], row["at_s"], row["text"]) for row in rows]

    def begin(self, space: str, *, is_build: bool) -> None:
        """Something new is built or started: what it replaces writes no more, and has its logs no longer."""
        kinds = KINDS if is_build else (RUN,)
        for kind in kinds:
            self._store.execute("DELETE FROM lines WHERE space = ? AND kind = ?", (space, kind))

    def drop(self, space: str) -> None:
        """Forget a Space's logs."""
        self._store.execute("DELETE FROM lines WHERE space = ?", (space,))
