import pytest

from fakes.cloudinary.state import documents
from fakes.cloudinary.state.mappings import Mappings
from fakes.kit.ids import Ids
from fakes.kit.store import Store
from tests.fakes.cloudinary.conftest import Cloud

PATH = "upload_mappings"
WIKI = {"folder": "staging_clips/wiki", "template": "https://u.wiki.test/images/"}


def test_mappings_come_change_and_go(cloud: Cloud) -> None:
    made = cloud.admin("POST", PATH, json=WIKI).json()
    shown = cloud.admin("GET", PATH, params={"folder": WIKI["folder"]}).json()
    updated = cloud.admin("PUT", PATH, data=WIKI | {"template": "http://other.test/"}).json()
    listed = cloud.admin("GET", PATH).json()
    deleted = cloud.admin("DELETE", PATH, params={"folder": WIKI["folder"]}).json()

    whose = {"external_id": made["external_id"]}
    assert made == {"message": "created", "folder": WIKI["folder"], **whose}
    assert shown == {**WIKI, **whose}
    assert updated == {"message": "updated", **whose}
    assert listed == {"mappings": [{**WIKI, "template": "http://other.test/", **whose}]}
    assert deleted == {"message": "deleted", **whose}
    assert cloud.admin("GET", PATH).json() == {"mappings": []}


def test_pages_start_with_the_newest(cloud: Cloud) -> None:
    for number in range(3):
        cloud.admin("POST", PATH, json=WIKI | {"folder": f"staging_clips/{number}"})

    first = cloud.admin("GET", PATH, params={"max_results": 2}).json()
    rest = cloud.admin("GET", PATH, params={"max_results": 2, "next_cursor": first["next_cursor"]}).json()

    assert [one["folder"][-1] for one in [*first["mappings"], *rest["mappings"]]] == ["2", "1", "0"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("staging_clips/wiki/a.jpg", "https://u.wiki.test/images/a.jpg"),
        ("staging_clips/wiki/b/a.jpg", "https://u.wiki.test/images/b/a.jpg"),
        ("staging_clips/wiki/deep/a.jpg", "s3://deep/a.jpg"),
        ("staging_clips/a.jpg", None),
        ("wiki/a.jpg", None),
        ("a.jpg", None),
    ],
)
def test_the_nearest_folder_says_where_an_asset_comes_from(path: str, source: str | None) -> None:
    store = Store(None, documents.SCHEMA)
    mappings = Mappings(store, Ids(1))
    mappings.create("staging", **WIKI)
    mappings.create("staging", "staging_clips/wiki/deep", "s3://deep/")

    found = mappings.source("staging", path)

    store.close()
    assert found == source


@pytest.mark.parametrize(
    ("method", "said", "status", "message"),
    [
        ("GET", {"folder": "x"}, 404, "Can't find upload mapping x"),
        (
            "PUT",
            {"folder": "staging_clips/x", "template": "http://x/"},
            404,
            "Can't find upload mapping staging_clips/x",
        ),
        ("PUT", {"folder": "x", "template": "http://x/"}, 403, "You are not authorized to access x/"),
        ("DELETE", {"folder": "staging_clips/x"}, 404, "Can't find upload mapping staging_clips/x"),
        ("DELETE", {"folder": "x"}, 403, "You are not authorized to access x/"),
        ("DELETE", {}, 400, "Missing required parameter - folder"),
        ("POST", {"folder": "staging_clips/x"}, 400, "Missing required parameter - template"),
        ("POST", WIKI, 409, "Upload mapping staging_clips/wiki already exists"),
        ("POST", WIKI | {"folder": "other"}, 403, "You are not authorized to access other/"),
        (
            "POST",
            {"folder": "staging_clips/x", "template": "file:///etc"},
            400,
            "Invalid value for parameter template: file:///etc",
        ),
    ],
)
def test_refusals(cloud: Cloud, method: str, said: dict[str, str], status: int, message: str) -> None:
    cloud.admin("POST", PATH, json=WIKI)

    answer = cloud.admin(method, PATH, params=said)

    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message}})
    assert answer.headers["x-cld-error"] == message
