"""What the agent of the platforms asks of the stack's engine: releases by their commits, and sites."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from emulator.errors import ConfigurationRefused
from emulator.platforms.bridge import Bridge
from emulator.platforms.engine import Site
from emulator.releases.engine import Engine, Wish
from emulator.releases.record import builtin
from emulator.releases.store import Store
from emulator.releases.traffic import Route

SHA = "a" * 40
SITE = Site("127.0.0.1:8417", "staging.clipnet.ai", "dpl_1", None)


@dataclass(slots=True)
class Scripted:
    """Notes what it is asked, and keeps the site as the engine does."""

    store: Store
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    async def deploy(self, source: Path, ref: str, wish: Wish, _tell: object) -> None:
        self.calls.append(("deploy", source, ref, wish))

    async def rollback(self, to: str, wish: Wish, _tell: object) -> None:
        self.calls.append(("rollback", to, wish))

    async def promote(self, version: str, other: Path | None, wish: Wish, _tell: object) -> None:
        self.calls.append(("promote", version, other, wish))

    async def show(self, route: Route | None) -> None:
        self.calls.append(("show", route))
        self.store.set_site(None if route is None else asdict(route))


@pytest.fixture
def engine(tmp_path: Path) -> Scripted:
    store = Store(tmp_path / "releases")
    store.add(replace(builtin(), version="0.1.0+aaaaaaa", commit=SHA, tree=tmp_path))
    return Scripted(store)


@pytest.fixture
def bridge(engine: Scripted) -> Bridge:
    return Bridge(cast(Engine, engine), engine.store)


def ignore(_message: object) -> None:
    """Nobody listens."""


async def test_a_commit_is_deployed_without_a_smoke_test(
    bridge: Bridge, engine: Scripted, tmp_path: Path
) -> None:
    await bridge.deploy(tmp_path, SHA, ["api"], "railway", ignore)

    assert engine.calls == [("deploy", tmp_path, SHA, Wish(("api",), "railway", smoke=False))]


async def test_a_rollback_finds_the_release_of_a_commit(bridge: Bridge, engine: Scripted) -> None:
    await bridge.rollback(SHA, ["worker"], "railway", ignore)

    assert engine.calls == [("rollback", "0.1.0+aaaaaaa", Wish(("worker",), "railway", smoke=False))]


async def test_a_commit_without_a_release_is_named(bridge: Bridge, engine: Scripted) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        await bridge.rollback("b" * 40, ["api"], "railway", ignore)

    assert (refused.value.what, refused.value.hint) == (
        "there is no release of commit bbbbbbb any more",
        "deploy it anew",
    )
    assert engine.calls == []


async def test_a_restart_puts_what_serves_in_its_own_place(bridge: Bridge, engine: Scripted) -> None:
    engine.store.set_current({"api": "0.1.0+aaaaaaa"})

    for service in ("api", "worker"):
        await bridge.restart(service, "railway", ignore)

    assert [call[1] for call in engine.calls] == ["0.1.0+aaaaaaa", builtin().version]


@pytest.mark.parametrize(
    ("site", "release"),
    [
        (replace(SITE, version="9.9.9", commit=SHA), "9.9.9"),
        (replace(SITE, commit=SHA), "0.1.0+aaaaaaa"),
        (replace(SITE, commit="b" * 40), "dpl_1"),
        (SITE, "dpl_1"),
    ],
)
async def test_a_site_is_named_as_well_as_it_can_be(
    bridge: Bridge, engine: Scripted, site: Site, release: str
) -> None:
    await bridge.show(site, "vercel")

    assert engine.calls == [("show", Route("127.0.0.1:8417", release, "staging.clipnet.ai"))]


async def test_the_frontend_is_left_alone_where_no_site_is_shown(bridge: Bridge, engine: Scripted) -> None:
    await bridge.show(None, "vercel")
    await bridge.show(SITE, "vercel")
    await bridge.show(None, "vercel")
    await bridge.show(None, "vercel")

    assert [call[1] is None for call in engine.calls] == [False, True]
