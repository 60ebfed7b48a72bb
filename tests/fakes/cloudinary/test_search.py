"""What expressions find, in which order, on which pages; and how searches are asked for over HTTP."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.cloudinary import wire
from fakes.cloudinary.expressions.syntax import MAX_DEPTH, MAX_TERMS
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Asking, records
from fakes.cloudinary.state.search.words import has_phrase, words_of
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.catalogue import DAY_S, NOW_S, Library, asset, library
from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Four assets, one second apart from `d` to the newest, `a`."""
    with library(
        tmp_path_factory.mktemp("shelf"),
        asset(
            "clips/red-shirt/a",
            created_at=NOW_S,
            tags=("big", "summer-sale"),
            context={"alt": "A red shirt", "stage": "in_review"},
            metadata={"sku": "SH-1", "price": 20, "colors": ["red", "blue"], "sold": "2026-11-20"},
            bytes=5 << 20,
            display_name="Red Shirt 2026",
            width=1920,
            height=1080,
            access_control=({"access_type": "token"}, {"access_type": "anonymous"}),
            moderation_kind="manual",
            moderation_status="pending",
            detail={
                "pages": 1,
                "faces": [[1, 2, 3, 4], [5, 6, 7, 8]],
                "predominant": {"google": [["red", 60.5], ["white", 39.5]], "cloudinary": [["green", 100]]},
                "grayscale": False,
                "semi_transparent": True,
                "illustration_score": 0.25,
                "image_metadata": {"Model": "Camera 5", "ISO": "200", "Taken": "2026-01-02"},
                "quality_analysis": {"focus": 0.8},
            },
        ),
        asset(
            "clips/b",
            created_at=NOW_S - DAY_S,
            resource_type="video",
            format="mp4",
            duration=95.0,
            tags=("big",),
            context={"alt": "shirt, red"},
            metadata={"sku": "sh-2", "price": 5.5, "colors": ["green"], "sold": "2026-01-02"},
            detail={"bit_rate": 2_000_000},
            type="authenticated",
        ),
        asset(
            "Other/c.txt",
            created_at=NOW_S - 15 * DAY_S,
            resource_type="raw",
            format=None,
            width=None,
            height=None,
            tags=("small",),
            bytes=10,
            extras={"last_updated": {"tags_updated_at": NOW_S - 60, "updated_at": NOW_S - 60}},
        ),
        asset("d", created_at=NOW_S - 400 * DAY_S, width=300, height=300, bytes=2000),
    ) as made:
        made.state.assets.seed([asset("elsewhere", cloud="other", tags=("big",))])
        yield made


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", "a b c.txt d"),
        ("resource_type:image", "a d"),
        ("resource_type:(video OR raw)", "b c.txt"),
        ("type=authenticated", "b"),
        ("format:MP4", "b"),
        ("-format:png", "b c.txt"),
        ("status:active", "a b c.txt d"),
        ("status:deleted", ""),
        ("access_mode:public", "a c.txt d"),
        ("access_mode=authenticated", "b"),
        ("access_control:token", "a"),
        ("-access_control:token", "b c.txt d"),
        # text
        ("public_id:clips", "a b"),
        ("public_id:CLIPS", "a b"),
        ("public_id:clips/*", "a b"),
        ("public_id:CLIPS/RED*", "a"),
        ("public_id:shir*", "a"),
        ('public_id:"red shirt"', "a"),
        ('public_id:"shirt red"', ""),
        ("public_id=clips/b", "b"),
        ("public_id=CLIPS/b", ""),
        ("public_id=clips", ""),
        ("filename:c", "c.txt"),
        ("filename=c.txt", "c.txt"),
        ("filename=c", ""),
        ("display_name:shirt", "a"),
        ('display_name="Red Shirt 2026"', "a"),
        ('display_name="red shirt 2026"', ""),
        ("display_name:red*", "a"),
        ("shirt", "a b"),
        ("sale -red", ""),
        ("green", "b"),
        ("gree*", "b"),
        ('"!!"', ""),
        ("public_id:!", "error"),
        # folders
        ("asset_folder=clips", "b"),
        ("asset_folder:clips", "b"),
        ("asset_folder:clips/*", "a b"),
        ('asset_folder:"clips/red*"', "a"),
        ('asset_folder=""', "d"),
        ("folder:clips", ""),
        # labels
        ("tags=big", "a b"),
        ("tags=summer", ""),
        ("tags:summer", "a"),
        ('tags:"sale summer"', ""),
        ("tags:summer-sale", "a"),
        ("tags:summer-*", "a"),
        ("tags:sal*", "a"),
        ("tags:(small OR summer)", "a c.txt"),
        ("-tags=big", "c.txt d"),
        ("NOT (tags=big OR tags=small)", "d"),
        ("context:alt", "a b"),
        ("context:sta*", "a"),
        ("context.alt:shirt", "a b"),
        ('context.alt:"red shirt"', "a"),
        ('context.alt="shirt, red"', "b"),
        ("context.alt:shirt*", "a b"),
        ("context.alt:a*", "a"),
        ("context.stage:shirt*", ""),
        ("context.stage=in_review", "a"),
        ("context.stage:shirt", ""),
        ("metadata:sku", "a b"),
        ("metadata.sku:sh", "a b"),
        ("metadata.sku=SH-1", "a"),
        ("metadata.sku:sh-*", "a b"),
        ("metadata.colors:blu*", "a"),
        ("metadata.price:20", "a"),
        ("metadata.price>5.5", "a"),
        ("metadata.price>=5.5", "a b"),
        ("metadata.price:[5 TO 10]", "b"),
        ("metadata.colors:blue", "a"),
        ("metadata.colors=green", "b"),
        ("metadata.sold>2026-06-01", "a"),
        ("metadata.sold>2d", "a"),
        ('metadata."x:1', "error"),
        # numbers
        ("bytes:1000", "b"),
        ("bytes>1m", "a"),
        ("bytes=5mb", "a"),
        ("bytes<1kb", "b c.txt"),
        ("bytes:[10 TO 1000]", "b c.txt"),
        ("bytes:{10 TO 1000}", ""),
        ("bytes:{10 TO 1000]", "b"),
        ("width>300", "a b"),
        ("NOT width>300", "c.txt d"),
        ("height<=300", "b d"),
        ('aspect_ratio:"16:9"', "a"),
        ("aspect_ratio=1.78", "a"),
        ("aspect_ratio:[0.9 TO 1.4]", "b d"),
        ("pixels>=2000000", "a"),
        ("duration>60", "b"),
        ("duration<2m", "b"),
        ("bit_rate>=1m", "b"),
        ("face_count>1", "a"),
        ("face_count=0", "b c.txt d"),
        ("pages:1", "a"),
        ("colors:Red", "a"),
        ("colors:green", ""),
        ("colors.red>60", "a"),
        ("colors.white:[50 TO 60]", ""),
        ("grayscale:false", "a"),
        ("transparent:true", "a"),
        ("-transparent:true", "b c.txt d"),
        ("illustration_score<0.5", "a"),
        ("image_metadata.Model:camera", "a"),
        ('image_metadata.Model="Camera 5"', "a"),
        ("image_metadata.Model:cam*", "a"),
        ("image_metadata.ISO>100", "a"),
        ("image_metadata.ISO>200", ""),
        ("image_metadata.ISO:200", "a"),
        ("image_metadata.Taken>5", ""),
        ("image_metadata.Taken>2026-01-01", "a"),
        ("quality_analysis.focus>=0.8", "a"),
        ("metadata:none", ""),
        ("metadata:sk*", "error"),
        ("backup_bytes>0", ""),
        ("width:wide", "error"),
        ("tags>3", "error"),
        ("format:[a TO b]", "error"),
        # dates
        ("created_at>1d", "a"),
        ("created_at>=1d", "a b"),
        ("uploaded_at<2w", "c.txt d"),
        ("created_at:2w", "a b"),
        ("created_at:[3w TO 1w]", "c.txt"),
        ("created_at:2026-11-21", "a"),
        ("created_at>2026-11-20", "a"),
        ("created_at>=2026-11-20", "a b"),
        ("created_at<=2026-11-20", "b c.txt d"),
        ("created_at<2026-11-20", "c.txt d"),
        ("created_at:[2026-11-01 TO 2026-11-20]", "b c.txt"),
        ("created_at:[2026-11-01 TO 2026-11-20}", "c.txt"),
        ("created_at:2025", "d"),
        ('created_at="2026-11-21T06:00:00Z"', "a"),
        ("last_updated.tags_updated_at>1h", "a c.txt"),
        ("last_updated>1h", "a c.txt"),
        ("created_at:soon", "error"),
        # the rest
        ("moderation_status:pending", "a"),
        ("moderation_kind=manual moderation_status=approved", ""),
        ("nothing:like_this", ""),
        ("-nothing:like_this", "a b c.txt d"),
        ("context.:x", ""),
    ],
)
def test_what_expressions_find(shelf: Library, expression: str, expected: str) -> None:
    if expected == "error":
        with pytest.raises(ProviderError, match="Query Error"):
            shelf.search(expression)
        return

    found = shelf.search(expression)

    names = [one.public_id.rpartition("/")[2] for one in found.assets]
    assert (" ".join(names), found.total) == (expected, len(expected.split()))


def test_assets_are_found_by_their_ids(shelf: Library) -> None:
    wanted = asset("d")

    assert shelf.names(f"asset_id={wanted.asset_id}") == "d"
    assert shelf.names(f"asset_id:{wanted.asset_id}") == "d"
    assert shelf.names(f"etag:{wanted.etag}") == "d"
    assert shelf.names("version:[1 TO 1]") == "a b c.txt d"


def test_folders_of_fixed_mode_are_searched_by_their_own_name(shelf: Library) -> None:
    assert [one.public_id for one in shelf.search("folder=clips", is_fixed=True).assets] == ["clips/b"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ((("created_at", True),), "d c.txt b a"),
        ((("public_id", True),), "c.txt b a d"),
        ((("bytes", False),), "a d b c.txt"),
        ((("width", True),), "d b a c.txt"),
        ((("width", False),), "a b d c.txt"),
        ((("duration", False), ("public_id", True)), "b c.txt a d"),
        ((("format", True), ("bytes", True)), "b d a c.txt"),
        ((("resource_type", True), ("created_at", False)), "a d c.txt b"),
        ((("filename", False),), "d c.txt b a"),
        ((("updated_at", False), ("uploaded_at", True)), "a c.txt b d"),
    ],
)
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_in_any_order_join_without_a_gap(
    shelf: Library, sort: tuple[tuple[str, bool], ...], expected: str, limit: int
) -> None:
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = shelf.search("", sort=sort, limit=limit, cursor=cursor)
        names += [one.public_id.rpartition("/")[2] for one in page.assets]
        assert page.total == 4
        if (cursor := page.next_cursor) is None:
            break

    assert " ".join(names) == expected


def test_equal_rows_have_an_order_too(tmp_path: Path) -> None:
    with library(tmp_path, *(asset(f"n/{number}") for number in range(20))) as made:
        seen: list[str] = []
        cursor = None
        while True:
            page = made.search("", sort=(("bytes", False), ("width", True)), limit=3, cursor=cursor)
            seen += [one.public_id for one in page.assets]
            if (cursor := page.next_cursor) is None:
                break

    assert len(seen) == len(set(seen)) == 20


def test_a_cursor_knows_its_search(shelf: Library) -> None:
    first = shelf.search("created_at>30d", limit=1)
    shelf.clock.advance(20 * DAY_S)
    try:
        alone = shelf.search("", limit=5, cursor=first.next_cursor)
        again = shelf.search("created_at>30d", limit=5, cursor=first.next_cursor)
    finally:
        shelf.clock.set(NOW_S)

    assert [one.public_id for one in alone.assets] == ["clips/b", "Other/c.txt"]
    assert again == alone
    for expression, sort in (("tags:x", ()), ("created_at>30d", (("bytes", True),))):
        with pytest.raises(ProviderError, match="Invalid value for parameter next_cursor"):
            shelf.search(expression, sort=sort, cursor=first.next_cursor)


@pytest.mark.parametrize(
    "content",
    [
        "x",
        {},
        ["", [["created_at", False]], NOW_S, [1]],
        ["", [["created_at", False]], NOW_S, [1, {}]],
        ["", [["created_at", False]], "now", [1, "x"]],
        ["", [["nothing", False]], NOW_S, [1, "x"]],
        ["", [], NOW_S, []],
        ["", 7, NOW_S, []],
        ["", [["created_at"]], NOW_S, []],
        ["", [["created_at", False]], NOW_S, [1 << 70, "x"]],
        ["", [["created_at", False]], float("nan"), [1, "x"]],
        [None, [["created_at", False]], NOW_S, [1, "x"]],
        ["", [["created_at", False]], -1e17, [1, "x"]],
        ["created_at>1y", [["created_at", False]], 1e13, [1, "x"]],
        ["", [["created_at", False]] * 11, NOW_S, [1] * 12],
        ["", [["created_at", False]], NOW_S, [1, "\ud800"]],
        ["\ud800", [["created_at", False]], NOW_S, [1, "x"]],
    ],
)
def test_cursors_that_nobody_handed_out_are_refused(shelf: Library, content: Any) -> None:
    text = urlsafe_b64encode(json.dumps(content).encode()).decode()

    with pytest.raises(ProviderError, match="Invalid value for parameter"):
        shelf.search("", cursor=text)


def test_a_search_sees_what_was_written_last(tmp_path: Path) -> None:
    with library(tmp_path, asset("a", tags=("old",))) as made:
        assert made.search("tags=old").total == 1

        changed = made.state.assets.change(made.search("old").assets[0], tags=("new",), display_name="Other")
        assert (made.search("tags=old").total, made.search("tags:new").total) == (0, 1)
        assert (made.search("old").total, made.search("display_name:other").total) == (0, 1)

        made.state.assets.delete(changed.key)
        assert (made.search("").total, made.search("new").total) == (0, 0)


_WORDS = st.sampled_from(
    ["tags", "context.alt", "metadata.price", "width", "created_at", "public_id", "etag", "x"]
)
_VALUES = st.sampled_from(
    [
        "red",
        '"red shirt"',
        "16:9",
        "1d",
        "2026",
        "5",
        "-1",
        "r*",
        '""',
        "metadata",
        '"\x00"',
        "é",
        "1" * 18,
        "_",
    ]
)
_CLAUSES = st.builds("{}{}{}".format, _WORDS, st.sampled_from([":", "=", ">", "<=", ":>"]), _VALUES)
_RANGES = st.builds("{}:[{} TO {}}}".format, _WORDS, _VALUES, _VALUES)
_TREES = st.recursive(
    st.one_of(_CLAUSES, _RANGES, _VALUES),
    lambda inner: st.one_of(
        st.builds("NOT ({})".format, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("{} AND -({})".format, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TREES)
def test_any_expression_is_answered_or_refused(shelf: Library, expression: str) -> None:
    with suppress(ProviderError):
        found = shelf.search(expression, limit=2)
        rest = shelf.search(f"NOT ({expression})")

        assert found.total + rest.total == 4


def test_the_longest_and_deepest_expressions_are_answered(shelf: Library) -> None:
    for term in ("tags:summer-sale", "context.alt:red*", 'metadata.sku:"sh 1"', "a*"):
        assert shelf.search(" OR ".join([term] * MAX_TERMS)).total >= 1
        assert shelf.search(" ".join([term] * MAX_TERMS)).total >= 1
    for leaf in ("-context.alt:red*", "-metadata.colors:blu*", "-tags:summer-sale", "-filename:red*"):
        nested = leaf
        for number in range(MAX_DEPTH - 2):
            nested = f"{leaf} OR ({nested})" if number % 2 else f"{leaf} ({nested})"
        assert shelf.search(nested).total == shelf.search(leaf).total


def test_words_are_runs_of_letters_and_digits() -> None:
    assert words_of("Staging_clips/É-1.MP4") == ["staging", "clips", "é", "1", "mp4"]
    assert has_phrase("the red shirt", "RED-shirt") is True
    assert has_phrase("the red shirt", "the shirt") is False
    assert has_phrase(None, "x") is False
    assert has_phrase("x", "") is False


# over HTTP


@pytest.fixture
def filled(cloud: Cloud, png: bytes) -> Cloud:
    """Three images at one-second steps: a to c, of which a and c are tagged `odd`."""
    for number, name in enumerate("abc"):
        tags = "odd" if number % 2 == 0 else "even"
        params = {"public_id": f"staging_clips/{name}", "tags": tags, "context": "stage=in_review"}
        cloud.upload(png, **params).raise_for_status()
        cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 1}).raise_for_status()
    return cloud


def searched(cloud: Cloud, **body: Any) -> httpx.Response:
    return cloud.admin("POST", "resources/search", json=body)


def names(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return "".join(one["public_id"][-1] for one in answer.json()["resources"])


def test_results_have_their_own_shape(filled: Cloud) -> None:
    body = searched(filled, expression="public_id=staging_clips/a").json()

    assert (body["total_count"], type(body["time"]), set(body)) == (
        1,
        int,
        {"total_count", "time", "resources"},
    )
    found = body["resources"][0]
    assert list(found) == [
        "asset_id", "public_id", "asset_folder", "filename", "display_name", "format", "version",
        "resource_type", "type", "created_at", "uploaded_at", "bytes", "backup_bytes", "width", "height",
        "aspect_ratio", "pixels", "url", "secure_url", "status", "access_mode", "access_control", "etag",
        "created_by", "uploaded_by",
    ]  # fmt: skip
    assert found["created_at"].endswith("+00:00")
    assert (found["filename"], found["pixels"], found["aspect_ratio"]) == ("a", 120_000, 1.33333)
    assert (found["status"], found["access_control"], found["created_by"]) == (
        "active",
        None,
        {"access_key": KEY},
    )


def test_more_fields_come_on_request(filled: Cloud) -> None:
    more = ["tags", "context", "metadata", "image_metadata", "image_analysis", "quality_analysis"]
    found = searched(filled, max_results=1, with_field=more).json()["resources"][0]

    assert (found["context"], found["tags"], found["metadata"]) == ({"stage": "in_review"}, ["odd"], {})
    assert found["image_analysis"]["face_count"] == 0
    assert set(more) <= set(found)
    refused = searched(filled, with_field=["nothing"])
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "Invalid value for parameter with_field: nothing"


def test_what_an_upload_asked_to_be_seen_is_found(cloud: Cloud, png: bytes) -> None:
    asked = {"colors": "1", "faces": "1", "image_metadata": "1", "quality_analysis": "1"}
    cloud.upload(png, public_id="staging_clips/seen", **asked).raise_for_status()
    cloud.upload(png, public_id="staging_clips/unseen").raise_for_status()

    answer = searched(cloud, expression="grayscale:false", with_field=["image_analysis"])

    assert [one["filename"] for one in answer.json()["resources"]] == ["seen"]
    analysis = answer.json()["resources"][0]["image_analysis"]
    assert (analysis["face_count"], analysis["grayscale"], analysis["transparent"]) == (0, False, False)
    color, share = max(analysis["colors"].items(), key=lambda one: one[1])
    found = searched(cloud, expression=f"colors.{color}>={share} AND quality_analysis.focus>=0")
    assert [one["filename"] for one in found.json()["resources"]] == ["seen"]


def test_only_the_wanted_fields_come_on_request(filled: Cloud) -> None:
    always = {"asset_id", "public_id", "asset_folder", "created_at", "status", "type", "resource_type"}

    one = searched(filled, fields=["tags", "secure_url"], with_field=["context"]).json()["resources"][0]
    texts = searched(filled, fields="bytes,nothing").json()["resources"][0]

    assert set(one) == always | {"tags", "secure_url", "context"} - {"context"}
    assert set(texts) == always | {"bytes"}


def test_results_are_counted_by_value_and_by_range(filled: Cloud, mp4: bytes) -> None:
    filled.upload(mp4, "video/upload", public_id="staging_clips/v").raise_for_status()
    size = searched(filled, expression="format:png").json()["resources"][0]["bytes"]
    ranges = [{"key": "tiny", "to": size}, {"from": size, "to": size + 1}, {"key": "rest", "from": size + 1}]

    body = searched(
        filled,
        max_results=1,
        aggregate=["format", "resource_type", {"type": "bytes", "ranges": ranges}, "duration"],
    ).json()

    assert body["aggregations"] == {
        "format": {"png": 3, "mp4": 1},
        "resource_type": {"image": 3, "video": 1},
        "bytes": {"tiny": 0, f"{float(size)}-{float(size + 1)}": 3, "rest": 1},
        "duration": {"short": 1, "medium": 0, "long": 0},
    }
    assert (len(body["resources"]), body["total_count"]) == (1, 4)
    assert "aggregations" not in searched(filled).json()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"expression": "tags:*"}, "Query Error (at position 6)"),
        ({"expression": "bytes>big"}, "Query Error (at position 7)"),
        ({"sort_by": [{"tags": "asc"}]}, "Invalid value for parameter sort_by: tags"),
        ({"sort_by": [{"bytes": "up"}]}, 'Invalid value for parameter sort_by: {"bytes": "up"}'),
        ({"sort_by": "[7]"}, "Invalid value for parameter sort_by: 7"),
        ({"sort_by": "[{"}, "Invalid value for parameter sort_by: [{"),
        ({"aggregate": ["tags"]}, "Invalid value for parameter aggregate: tags"),
        ({"aggregate": [7]}, "Invalid value for parameter aggregate: 7"),
        ({"aggregate": [{"ranges": []}]}, 'Invalid value for parameter aggregate: {"ranges": []}'),
        (
            {"aggregate": [{"type": "bytes", "ranges": [{"from": "x"}]}]},
            'Invalid value for parameter aggregate: "x"',
        ),
        ({"aggregate": [{"type": "bytes", "ranges": [7]}]}, "Invalid value for parameter aggregate: 7"),
        (
            {"aggregate": [{"type": "format", "ranges": [{"to": 1}]}]},
            "Invalid value for parameter aggregate: format",
        ),
        ({"max_results": "0"}, "Invalid value for parameter max_results: 0"),
        ({"max_results": "9" * 5000}, f"Invalid value for parameter max_results: {'9' * 100}"),
        (
            {"sort_by": [{name: "asc"} for name in "abcdefghijk"]},
            "Invalid value for parameter sort_by: more than 10",
        ),
        ({"next_cursor": "nonsense"}, "Invalid value for parameter next_cursor"),
    ],
)
def test_searches_that_cannot_be_answered(cloud: Cloud, body: dict[str, Any], message: str) -> None:
    answer = searched(cloud, **body)

    assert (answer.status_code, answer.json()) == (400, {"error": {"message": message}})
    assert answer.headers["X-Cld-Error"] == message


_WORD = st.sampled_from(["bytes", "asc", "", "{"])
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _WORD),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "ranges", "from", "to", "key", "bytes"]), inner, max_size=4),
    ),
    max_leaves=10,
)
_PARAMETERS = st.sampled_from(
    ["sort_by", "aggregate", "with_field", "fields", "max_results", "next_cursor", "expression"]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_PARAMETERS, _JSON, max_size=3))
def test_any_parameters_are_understood_or_refused(shelf: Library, body: dict[str, Any]) -> None:
    form = Form()
    form.add_values(body)

    with suppress(ProviderError):
        query, counts = wire.search_query(form), wire.aggregates(form)
        found = shelf.state.search.assets(query, Asking("demo", NOW_S), counts)
        wire.found_body(found, wire.Showing("http://x", records.Cloud("demo"), frozenset()), "1", form)


def test_a_number_without_end_is_refused(cloud: Cloud) -> None:
    body, kind = b'{"max_results": ' + b"9" * 5000 + b"}", {"Content-Type": "application/json"}

    answer = cloud.admin("POST", "resources/search", content=body, headers=kind)

    message = "Invalid request - a number has too many digits"
    assert (answer.status_code, answer.json()) == (400, {"error": {"message": message}})


def test_pages_and_order_over_http(filled: Cloud) -> None:
    body = {
        "expression": "resource_type:image",
        "sort_by": [{"type": "asc"}, {"public_id": "desc"}],
        "max_results": "2",
    }
    first = searched(filled, **body)
    second = searched(filled, **body, next_cursor=first.json()["next_cursor"])

    assert (names(first), names(second)) == ("cb", "a")
    assert (first.json()["total_count"], "next_cursor" in second.json()) == (3, False)
    by_query = filled.admin("GET", "resources/search?expression=tags%3Dodd&sort_by=public_id")
    assert names(by_query) == "ca"


def test_a_search_can_lag_behind(cloud: Cloud, png: bytes) -> None:
    account = {"cloud": "slow", "api_key": "7", "api_secret": "s", "settings": {"search_lag_s": 5}}
    cloud.http.post(f"{cloud.url}/_fake/accounts", json=account).raise_for_status()
    url, auth = f"{cloud.url}/v1_1/slow", ("7", "s")
    upload: dict[str, Any] = {
        "data": {"public_id": "f/a", "tags": "t"},
        "files": {"file": ("a.png", png)},
        "auth": auth,
    }
    cloud.http.post(f"{url}/image/upload", **upload).raise_for_status()

    def found(path: str, expression: str) -> int:
        answer = cloud.http.post(f"{url}/{path}/search", json={"expression": expression}, auth=auth)
        return int(answer.json()["total_count"])

    searches = [("resources", "tags=t"), ("resources", ""), ("folders", "path:f")]
    before = [found(*one) for one in searches]
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 6}).raise_for_status()

    assert (before, [found(*one) for one in searches]) == ([0, 0, 0], [1, 1, 1])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_pictures_show_is_not_searched(cloud: Cloud, method: str) -> None:
    answer = cloud.admin(method, "resources/visual_search", data={"text": "cat"})

    assert answer.status_code == 501
    assert "does not cover" in answer.text


def signed_url(cloud: Cloud, query: dict[str, Any], *, ttl: str = "300", secret: str = SECRET) -> str:
    text = urlsafe_b64encode(json.dumps(query).encode()).decode()
    signature = hashlib.sha256(f"{ttl}{text}{secret}".encode()).hexdigest()
    return f"{cloud.url}/staging/search/{signature}/{ttl}/{text}"


def test_the_signature_of_a_search_url_is_the_recorded_one() -> None:
    text = "eyJleHByZXNzaW9uIjoidGFncz1jbGlwIiwibWF4X3Jlc3VsdHMiOjEwfQ=="
    recorded = "b8fba684a9dfa4b7cdb3c7f5b1e10531f92a6cc2ef4167e13d8f1d1645979124"

    assert hashlib.sha256(f"300{text}{SECRET}".encode()).hexdigest() == recorded


def test_a_search_url_needs_no_credentials(filled: Cloud) -> None:
    url = signed_url(filled, {"expression": "tags=odd", "max_results": 1, "sort_by": [{"public_id": "asc"}]})
    first = filled.http.get(url)
    second = filled.http.get(f"{url}/{first.json()['next_cursor']}")

    assert (names(first), names(second)) == ("a", "c")
    assert first.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        (("/300/", "/301/"), 401, "deny or ACL failure"),
        (("/staging/", "/nowhere/"), 401, "Invalid cloud_name nowhere"),
        (("/staging/", "/prod/"), 401, "deny or ACL failure"),
    ],
)
def test_search_urls_of_others_are_denied(
    cloud: Cloud, change: tuple[str, str], status: int, message: str
) -> None:
    answer = cloud.http.get(signed_url(cloud, {"expression": "tags=x"}).replace(*change))

    assert (answer.status_code, answer.headers["X-Cld-Error"], answer.content) == (status, message, b"")
    assert bool(cloud.control("requests?violations=1")["requests"]) is (change[1] == "/prod/")


def test_a_search_url_says_what_is_wrong_with_its_query(cloud: Cloud) -> None:
    answer = cloud.http.get(signed_url(cloud, {"expression": "tags:*"}))

    assert (answer.status_code, answer.headers["X-Cld-Error"]) == (400, "Query Error (at position 6)")
    text = "bm8ganNvbg=="
    signature = hashlib.sha256(f"300{text}{SECRET}".encode()).hexdigest()
    broken = cloud.http.get(f"{cloud.url}/staging/search/{signature}/300/{text}")
    assert broken.status_code == 400
    assert broken.headers["X-Cld-Error"] == "Invalid request - the query is not JSON in base64"
