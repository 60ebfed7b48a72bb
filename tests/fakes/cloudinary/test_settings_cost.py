"""What a page of settings, or noting one, costs does not grow with what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from fakes.cloudinary.state import Window
from fakes.cloudinary.state.transformations import Stored
from tests.fakes.cloudinary.catalogue import NOW_S, Library, asset, library, steps

_SETTINGS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    " INSERT INTO documents SELECT 'demo', 'preset', 'p' || i, i,"
    """ '{"name":"p","external_id":"x","is_unsigned":false,"settings":{}}' FROM n"""
)
_TRANSFORMATIONS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    " INSERT INTO transformations SELECT 'demo', 'w_' || (i + 10), 'w_' || (i + 10), i % 2, 0, 1, i FROM n"
)
_DERIVED = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    " INSERT INTO derived SELECT 'd' || i, asset_id, i, 'w_5', 'png', 1, 1, 1, sha256, etag, created_at + i"
    " FROM n, assets"
)


@pytest.fixture(scope="module", params=[100, 20_000])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with library(tmp_path_factory.mktemp("cost"), asset("a", created_at=NOW_S)) as found:
        for sql in (_SETTINGS, _TRANSFORMATIONS, _DERIVED):
            found.store.execute(sql, {"count": request.param})
        yield found


_WHOLE = Stored("w_5", "w_5", is_named=False, is_allowed=False, is_used=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda state: state.presets.page("demo", Window(10)),
        lambda state: state.presets.create("demo", {"name": "new"}),
        lambda state: state.presets.find("demo", "p7"),
        lambda state: state.transformations.page("demo", Window(10), is_named=None),
        lambda state: state.transformations.page("demo", Window(10), is_named=True),
        lambda state: state.transformations.derived("demo", _WHOLE, Window(10)),
        lambda state: state.transformations.note_use(asset("a"), "w_3", "png"),
        lambda state: state.transformations.text("demo", "none"),
        lambda state: state.metadata.of_upload("demo", ""),
    ],
)
def test_a_step_stays_small(stored: Library, call: Callable[[object], object]) -> None:
    assert steps(stored.store, lambda: call(stored.state)) <= 2000
