import json
from typing import Any

import pytest

from fakes.cloudinary.ladders import PREDEFINED
from fakes.cloudinary.state import documents
from fakes.cloudinary.state.profiles import Profiles
from fakes.kit.store import Store
from tests.fakes.cloudinary.conftest import Cloud

SQUARE = [{"transformation": "br_5m,c_limit,h_1200,w_1200"}]
SHOWN = [{"transformation": [{"bit_rate": "5m", "crop": "limit", "height": 1200, "width": 1200}]}]


def create(cloud: Cloud, name: str, representations: Any = SQUARE, **more: str) -> dict[str, Any]:
    sent = {"name": name, "representations": json.dumps(representations), **more}
    body: dict[str, Any] = cloud.admin("POST", "streaming_profiles", data=sent).json()
    return body


def test_every_cloud_has_seven_profiles(cloud: Cloud) -> None:
    listed = cloud.admin("GET", "streaming_profiles").json()["data"]
    shown = cloud.admin("GET", "streaming_profiles/4k").json()["data"]

    assert [one["name"] for one in listed] == [
        "4k", "full_hd", "hd", "sd", "full_hd_wifi", "full_hd_lean", "hd_lean",
    ]  # fmt: skip
    assert all(one["predefined"] for one in listed)
    assert shown["representations"][0]["transformation"][0]["width"] == 3840


def test_a_profile_is_kept_by_its_name_whatever_its_case(cloud: Cloud) -> None:
    made = create(cloud, "Square", display_name="A square")

    data = {
        "name": "square",
        "display_name": "A square",
        "predefined": False,
        "representations": SHOWN,
    }
    assert made == {"message": "created", "data": data}
    assert cloud.admin("GET", "streaming_profiles/SQUARE").json() == {"data": data}


def test_delivery_finds_representations_by_name() -> None:
    store = Store(None, documents.SCHEMA)
    profiles = Profiles(store)
    profiles.create("staging", "Square", None, ["w_1", "w_2"])

    found = [profiles.representations("staging", name) for name in ("SQUARE", "hd", "none")]

    store.close()
    assert found == [("w_1", "w_2"), PREDEFINED["hd"], None]


@pytest.mark.parametrize(
    "transformation",
    [
        "br_5m,c_limit,h_1200,w_1200",
        {"crop": "limit", "width": 1200, "height": 1200, "bit_rate": "5m"},
        [{"crop": "limit", "width": 1200, "height": 1200, "bit_rate": "5m"}],
    ],
)
def test_representations_are_texts_or_objects(cloud: Cloud, transformation: Any) -> None:
    made = create(cloud, "p", [{"transformation": transformation}])

    assert made["data"]["representations"] == SHOWN


def test_a_predefined_profile_can_be_changed_and_set_back(cloud: Cloud) -> None:
    before = cloud.admin("GET", "streaming_profiles/hd").json()

    changed = cloud.admin("PUT", "streaming_profiles/hd", json={"representations": json.dumps(SQUARE)}).json()
    deleted = cloud.admin("DELETE", "streaming_profiles/hd").json()

    assert (changed["message"], changed["data"]["representations"]) == ("updated", SHOWN)
    assert changed["data"]["predefined"] is True
    assert deleted["message"] == "deleted"
    assert cloud.admin("GET", "streaming_profiles/hd").json() == before


REPRESENTATIONS = json.dumps(SQUARE)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "message"),
    [
        ("GET", "/none", {}, 404, "Can't find streaming profile none"),
        (
            "PUT",
            "/none",
            {"representations": REPRESENTATIONS},
            404,
            "Can't find streaming profile none",
        ),
        ("DELETE", "/none", {}, 404, "Can't find streaming profile none"),
        ("POST", "", {"name": "x"}, 400, "Missing required parameter - representations"),
        ("POST", "", {"representations": REPRESENTATIONS}, 400, "Missing required parameter - name"),
        (
            "POST",
            "",
            {"name": "HD", "representations": REPRESENTATIONS},
            409,
            "Streaming profile HD already exists",
        ),
        (
            "POST",
            "",
            {"name": "a b", "representations": REPRESENTATIONS},
            400,
            "Invalid value for parameter name: a b",
        ),
        (
            "POST",
            "",
            {"name": "x", "representations": "[]"},
            400,
            "Invalid value for parameter representations: 0 of them",
        ),
        (
            "POST",
            "",
            {"name": "x", "representations": "{"},
            400,
            "Invalid value for parameter representations: {",
        ),
        (
            "POST",
            "",
            {"name": "x", "representations": '[{"transformation": {"colour": 1}}]'},
            400,
            'Invalid value for parameter representations: [{"transformation": {"colour": 1}}]',
        ),
        (
            "POST",
            "",
            {"name": "x", "representations": '[{"transformation": "w_abc"}]'},
            400,
            "Invalid width in transformation: abc",
        ),
    ],
)
def test_refusals(
    cloud: Cloud, method: str, path: str, sent: dict[str, str], status: int, message: str
) -> None:
    answer = cloud.admin(method, f"streaming_profiles{path}", data=sent)

    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message}})
    assert answer.headers["x-cld-error"] == message
