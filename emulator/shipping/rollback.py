"""Which commit to go back to, so that all services are of one again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from emulator.errors import ConfigurationRefused
from emulator.shipping.record import SHORT, Former, Say, Shipped
from emulator.shipping.targets import RAILWAY_SERVICES
from emulator.shipping.vercel import SERVICE

if TYPE_CHECKING:
    from emulator.shipping.railway import Railway
    from emulator.shipping.vercel import Vercel

Histories = Mapping[str, Sequence[Former]]
"""Service -> what serves and what can be gone back to, newest first."""


def roll_back(railway: Railway, vercel: Vercel, to: str | None, say: Say) -> tuple[Shipped, ...]:
    """Bring all services to one commit, the API first, because it is the one that can be refused.

    Raises:
        EmulatorError: There is nothing to go back to, or a service did not; the others stay where they are.
    """
    histories: dict[str, Sequence[Former]] = {name: railway.history(name) for name in RAILWAY_SERVICES}
    moving = choose({**histories, SERVICE: vercel.history()}, to)
    shipped: list[Shipped] = []
    for service, former in moving.items():
        is_frontend = service == SERVICE
        shipped.append(vercel.roll_back(former) if is_frontend else railway.roll_back(service, former))
        say(f"{service}: serves commit {former.commit[:SHORT]}")
    return tuple(shipped)


def choose(histories: Histories, to: str | None) -> Mapping[str, Former]:
    """Return where each service that does not serve it yet has to go back to.

    Args:
        histories: Of all services that carry one version.
        to: The first digits of a commit, or None for the newest before what serves now.

    Raises:
        ConfigurationRefused: There is no such commit that all of them have, or all serve it already.
    """
    common = _common(histories)
    if to is None:
        wanted = next((commit for commit in common if _is_before(histories, commit)), None)
        if wanted is None:
            raise ConfigurationRefused(
                "there is nothing to go back to: no earlier commit that all services have", _known(common)
            )
    else:
        wanted = _named(common, to)
    found = {service: _of(history, wanted) for service, history in histories.items()}
    moving = {service: former for service, former in found.items() if not former.serves}
    if not moving:
        raise ConfigurationRefused(f"commit {wanted[:SHORT]} serves already", _known(common))
    return moving


def _common(histories: Histories) -> list[str]:
    """Commits that all services have, in the order of the first one's."""
    sets = [{former.commit for former in history} for history in histories.values()]
    first = next(iter(histories.values()))
    shared = set[str].intersection(*sets) - {""}
    return list(dict.fromkeys(former.commit for former in first if former.commit in shared))


def _named(common: Sequence[str], to: str) -> str:
    found = [commit for commit in common if commit.startswith(to.lower())] if to else []
    if len(found) != 1:
        many = "is no commit that all services have" if not found else "is the start of several commits"
        raise ConfigurationRefused(f"'{to}' {many}", _known(common))
    return found[0]


def _known(common: Sequence[str]) -> str:
    return f"all services have: {', '.join(commit[:SHORT] for commit in common) or 'no commit'}"


def _is_before(histories: Histories, commit: str) -> bool:
    """Whether no service would go forward to this commit, and at least one back."""
    moves = False
    for history in histories.values():
        serving = next((former.commit for former in history if former.serves), None)
        if serving == commit:
            continue
        if serving is not None and _made(history, commit) <= _made(history, serving):
            return False
        moves = True
    return moves


def _made(history: Sequence[Former], commit: str) -> int:
    """How long ago a commit was first deployed, as its place in the history."""
    return max(place for place, former in enumerate(history) if former.commit == commit)


def _of(history: Sequence[Former], commit: str) -> Former:
    """The deployment of a commit: the one that serves, else the newest."""
    found = [former for former in history if former.commit == commit]
    return next((former for former in found if former.serves), found[0])
