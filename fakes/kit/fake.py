"""What a fake's package says of itself. It imports little, so that the command line can ask."""

from dataclasses import dataclass
from typing import Literal

from fakes.kit.kinds import FaultKind

Level = Literal["full", "shape", "absent"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row of a fake's coverage: a route, how deep it goes, and where the facts come from.

    An absent one has no route: it is named so that the list of the provider's endpoints is whole.
    """

    method: str
    path: str
    level: Level
    source: str


@dataclass(frozen=True, slots=True)
class Fake:
    """What a fake's package says of itself; `fakes.<name>.routes` has its `build`.

    Attributes:
        conditions: Kinds of faults of its own that last; its `Parts` say who has them.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    port: int
    coverage: tuple[Endpoint, ...]
    conditions: tuple[FaultKind, ...] = ()
