"""What a fake's package says of itself. It imports little, so that the command line can ask."""

from collections.abc import Sequence
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
class Host:
    """A real host name of the provider, and what it serves.

    Attributes:
        paths: Beginnings of its paths, in whole segments: `/v2` is `/v2` and all below it. An empty one is
            everything that no other host of the fake has.
        answers_http: Whether it answers plain HTTP; others send to HTTPS.
    """

    name: str
    paths: tuple[str, ...] = ("",)
    answers_http: bool = False


def serving(hosts: Sequence[Host], path: str) -> tuple[Host, ...]:
    """The hosts that a path belongs to: those with the longest beginning that fits; none if none fits."""
    fitting = [
        (len(start), host)
        for host in hosts
        for start in host.paths
        if path == start or path.startswith(f"{start}/")
    ]
    longest = max((length for length, _ in fitting), default=0)
    return tuple(host for length, host in fitting if length == longest)


@dataclass(frozen=True, slots=True)
class Fake:
    """What a fake's package says of itself; `fakes.<name>.routes` has its `build`.

    Attributes:
        hosts: The provider's host names that it stands for; no other fake has any of them.
        conditions: Kinds of faults of its own that last; its `Parts` say who has them.
    """

    name: str
    title: str
    hosts: tuple[Host, ...]
    port: int
    coverage: tuple[Endpoint, ...]
    conditions: tuple[FaultKind, ...] = ()
