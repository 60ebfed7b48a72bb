"""What searches and listings cost does not grow with what is stored: counted in steps of SQLite's machine."""

from collections.abc import Iterator

import pytest

from fakes.cloudinary.state import Asking, Query, Window
from fakes.cloudinary.state.search import Search
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.catalogue import NOW_S, Library, asset, library, steps

SMALL, LARGE = 2_000, 100_000
CHUNK_STEPS = 60_000
"""More than any page may take: to look up, test and sort a thousand rows, or to walk to the end of a page."""

_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1)"
_CLONES = {
    "assets": {
        "asset_id": "printf('%032x', i)",
        "public_id": "printf('many/n%06d', i)",
        "display_name": "printf('n%06d', i)",
        "asset_folder": "'many/' || (i / 100)",
        "bytes": "i",
        "created_at": "created_at - i",
        "metadata": "json_object('price', printf('%06d', i))",
    },
    "asset_words": {"asset_id": "printf('%032x', i)", "word": "replace(word, '000000', printf('%06d', i))"},
    "asset_tags": {
        "asset_id": "printf('%032x', i)",
        "tag": "replace(tag, '000000', printf('%06d', i))",
        "created_at": "created_at - i",
    },
    "asset_context": {"asset_id": "printf('%032x', i)", "value": "printf('clip %06d', i)"},
    "folders": {"path": "'many/' || (i / 100)", "external_id": "'many/' || (i / 100)", "parent": "'many'"},
}


@pytest.fixture(scope="module", params=[SMALL, pytest.param(LARGE, marks=pytest.mark.slow)])
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One asset written as all are, and copies of its rows."""
    first = asset(
        "many/n000000",
        asset_id="0" * 32,
        bytes=0,
        asset_folder="many/0",
        tags=("all", "t-000000"),
        context={"alt": "clip 000000"},
        metadata={"price": "000000"},
    )
    with library(tmp_path_factory.mktemp("shelf"), first) as made:
        for table, changes in _CLONES.items():
            columns = [row["name"] for row in made.store.all(f"PRAGMA table_info({table})")]
            values = ", ".join(changes.get(column, column) for column in columns)
            source = f"(SELECT * FROM {table} WHERE cloud = 'demo' LIMIT 10)"
            made.store.execute(
                f"{_NUMBERS.format(count=request.param)} INSERT OR IGNORE INTO {table}"
                f" SELECT {values} FROM n CROSS JOIN {source}"
            )
        assert made.store.count("assets") == request.param
        yield made


@pytest.mark.parametrize(
    ("expression", "total"),
    [
        ("public_id=many/n000700", 1),
        ("public_id:n000700", 1),
        ("public_id:many/n00070*", 10),
        ("asset_id=" + f"{700:032x}", 1),
        ("display_name=n000700", 1),
        ("filename:n00070*", 10),
        ("000700", 1),
        ("tags=t-000700", 1),
        ("tags:000700", 1),
        ("tags:t-00070*", 10),
        ("tags=all AND tags=t-000700", 1),
        ("(tags=t-000700 OR public_id:many/n00071*) AND resource_type:image -format:gif", 11),
        ('context.alt="clip 000700"', 1),
        ("context.alt:000700", 1),
        ("context.alt:00070*", 10),
        ("metadata.price:000700", 1),
        ("asset_folder=many/7", 100),
        ("asset_folder:many/7/*", 100),
        ("bytes<100", 100),
        ("bytes:[1900 TO 1949]", 50),
        ('created_at:["2026-11-21T05:50:00Z" TO "2026-11-21T05:50:59Z"]', 60),
        ("tags:nothing OR context.alt:none", 0),
    ],
)
def test_a_search_with_few_results_costs_the_same_in_any_library(
    shelf: Library, expression: str, total: int
) -> None:
    found = steps(shelf.store, lambda: shelf.search(expression, limit=10))

    assert shelf.search(expression).total == total
    assert found < CHUNK_STEPS


@pytest.mark.parametrize(
    ("expression", "sort"),
    [
        ("", "created_at"),
        ("", "public_id"),
        ("", "bytes"),
        ("tags=all", "created_at"),
        ("tags=all", "public_id"),
        ("resource_type:image", "created_at"),
        ("public_id:many/*", "bytes"),
        ("context:alt", "uploaded_at"),
        ("-tags=nothing", "created_at"),
        ("NOT resource_type:raw AND width>1", "created_at"),
    ],
)
@pytest.mark.parametrize("is_ascending", [False, True])
def test_a_further_page_costs_the_same_in_any_library(
    shelf: Library, expression: str, sort: str, is_ascending: bool
) -> None:
    sorting = ((sort, is_ascending),)
    first = shelf.search(expression, sort=sorting)

    further = steps(shelf.store, lambda: shelf.search(expression, sort=sorting, cursor=first.next_cursor))

    assert first.total == shelf.store.count("assets")
    assert further < CHUNK_STEPS


def test_the_first_page_counts_at_most_once_through_all(shelf: Library) -> None:
    for expression in ("", "tags=all", "resource_type:image", "bytes>=0", "clip", "context:alt"):
        first = steps(shelf.store, lambda: shelf.search(expression))  # noqa: B023 - called at once

        assert first < CHUNK_STEPS + 10 * shelf.store.count("assets")


@pytest.mark.parametrize("after", ["", "0"])
def test_lists_of_tags_and_folders_cost_the_same_in_any_library(shelf: Library, after: str) -> None:
    listing = shelf.state.listing
    names, cursor = listing.tags("demo", "image", after, Window(10))

    assert len(names) == (0 if after else 10)
    assert steps(shelf.store, lambda: listing.tags("demo", "image", after, Window(10))) <= 1_000
    assert steps(shelf.store, lambda: listing.tags("demo", "image", after, Window(10, cursor))) <= 1_000
    folders, cursor, count = listing.folders("demo", "many", Window(10))
    assert (len(folders), count) == (10, shelf.store.count("assets") // 100)
    assert steps(shelf.store, lambda: listing.folders("demo", "many", Window(10, cursor))) < 10_000


def test_a_search_that_takes_too_much_is_given_up(shelf: Library) -> None:
    query = Query(" ".join(f"-context.alt:{number}" for number in range(100)))

    with pytest.raises(ProviderError) as refused:
        Search(shelf.store, max_steps=20_000).assets(query, Asking("demo", NOW_S))

    assert (refused.value.status, refused.value.message) == (500, "General Error")
    assert shelf.search("tags=t-000700").total == 1


def test_a_change_costs_the_same_in_any_library(shelf: Library) -> None:
    one = shelf.search("tags=t-000700").assets[0]

    changed = steps(shelf.store, lambda: shelf.state.assets.change(one, display_name="another name"))
    moved = steps(shelf.store, lambda: shelf.state.folders.move("demo", "many/9", "other/9", NOW_S))

    assert changed < 2_000
    assert moved < CHUNK_STEPS
    assert shelf.search("asset_folder:other/*").total == 100
    shelf.state.folders.move("demo", "other/9", "many/9", NOW_S)
