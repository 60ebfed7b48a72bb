"""The table of routes: changed as a whole, kept in a file, and refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.edge.routes import BadRoute, Route, Routes, name_of

OLD = Route("127.0.0.1:8407", None, "0.1.0")
NEW = {"address": "127.0.0.1:9000", "host": "a.vercel.app", "release": "0.2.0+1f2e3d4"}


def test_all_names_change_at_once_and_others_stay() -> None:
    routes = Routes({"api": OLD, "web": OLD})

    routes.change({"api": NEW, "preview": NEW})

    new = Route("127.0.0.1:9000", "a.vercel.app", "0.2.0+1f2e3d4")
    assert {name: routes.get(name) for name in ("api", "web", "preview")} == {
        "api": new,
        "web": OLD,
        "preview": new,
    }
    assert routes.addresses == {"127.0.0.1:9000", "127.0.0.1:8407"}


def test_null_takes_a_route_away() -> None:
    routes = Routes({"api": OLD})

    routes.change({"api": None, "unknown": None})

    assert routes.public() == {}


def test_one_bad_route_changes_nothing() -> None:
    routes = Routes({"api": OLD})

    with pytest.raises(BadRoute):
        routes.change({"api": NEW, "web": {"address": "nowhere"}})

    assert routes.get("api") == OLD


def test_a_restarted_edge_goes_on_with_what_was_set(tmp_path: Path) -> None:
    initial = {"api": OLD, "web": OLD, "gone": OLD}
    Routes(initial, tmp_path / "routes").change({"api": NEW, "gone": None})

    again = Routes(initial, tmp_path / "routes")

    assert again.public() == {"api": NEW, "web": OLD.public()}
    assert [path.name for path in tmp_path.iterdir()] == ["routes"]


@pytest.mark.parametrize("text", ["", "[]", '{"api": 1}', '{"api": {"address": ""}}'])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "routes"
    file.write_text(text)

    with pytest.raises(BadRoute, match=r"routes' holds no routes .* remove it to begin with EDGE_ROUTES"):
        Routes({}, file)


def test_routes_that_cannot_be_kept_are_not_changed(tmp_path: Path) -> None:
    routes = Routes({"api": OLD}, tmp_path / "gone" / "routes")

    with pytest.raises(OSError, match="gone"):
        routes.change({"api": NEW})

    assert routes.get("api") == OLD


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (None, '"routes" names nothing'),
        ({}, '"routes" names nothing'),
        ([], '"routes" names nothing'),
        ({"API": NEW}, "'API' is no name of a route"),
        ({"": NEW}, "'' is no name of a route"),
        ({"api": "127.0.0.1:1"}, "route 'api' is not an object"),
        ({"api": {}}, "route 'api' has the address None"),
        ({"api": {"address": "127.0.0.1"}}, "route 'api' has the address '127.0.0.1'; write host:port"),
        ({"api": {"address": "127.0.0.1:0"}}, "has the address '127.0.0.1:0'"),
        ({"api": {"address": "127.0.0.1:65536"}}, "has the address '127.0.0.1:65536'"),
        ({"api": {"address": "a b:1"}}, "has the address 'a b:1'"),
        ({"api": {"address": "http://a:1"}}, "has the address 'http://a:1'"),
        ({"api": {"address": "a..b:1"}}, "has the address 'a..b:1'"),
        ({"api": {"address": f"{'a' * 64}:1"}}, "has the address 'aaa"),
        ({"api": {**NEW, "weight": 1}}, "route 'api' has 'weight'; it may have: address, host, release"),
        ({"api": {**NEW, "host": "a\r\nb"}}, "has the host"),
        ({"api": {**NEW, "host": 1}}, "has the host 1"),
        ({"api": {**NEW, "release": "a\n"}}, "has the release"),
        (
            {"api": {"address": "127.0.0.1:8401"}},
            "route 'api' leads to '127.0.0.1:8401', which is the edge itself",
        ),
    ],
)
def test_what_is_no_route_is_refused_in_words(wanted: Any, words: str) -> None:
    routes = Routes({}, own=["127.0.0.1:8401"])

    with pytest.raises(BadRoute) as refused:
        routes.change(wanted)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"staging.clipnet.localhost", "web"),
        (b"Staging.Clipnet.Localhost:8405", "web"),
        (b"staging.clipnet.localhost.", "web"),
        (b"api.staging.clipnet.localhost:8405", "api"),
        (b"api-1f2e3d4.staging.clipnet.localhost", "api-1f2e3d4"),
        (b"127.0.0.1:8405", None),
        (b"evil-staging.clipnet.localhost", None),
        (b"", None),
        (None, None),
    ],
)
def test_a_host_names_a_route(host: bytes | None, name: str | None) -> None:
    assert name_of(host, "staging.clipnet.localhost") == name


def test_an_address_of_ipv6_is_taken_apart() -> None:
    assert Route("[::1]:8407").target == ("::1", 8407)
