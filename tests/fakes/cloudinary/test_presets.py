from typing import Any

import pytest

from fakes.cloudinary.state.presets import Preset, applied
from tests.fakes.cloudinary.conftest import Cloud


def preset(**settings: str) -> Preset:
    return Preset("p", "id", is_unsigned=True, settings=settings)


def test_a_signed_request_overrides_its_preset() -> None:
    own = preset(folder="a", tags="x", context="k=1|l=2", overwrite="1", live="1")

    whole = applied(own, {"folder": "b", "tags": ("y", "z"), "context": "k=3", "file": ""}, is_signed=True)

    assert whole == {"folder": "b", "tags": "x,y,z", "context": "k=3|l=2", "overwrite": "1"}


def test_an_unsigned_request_is_overridden_by_its_preset_and_overwrites_nothing() -> None:
    own = preset(folder="a", public_id="p", context="k=1", overwrite="1")
    asked = {"folder": "b", "public_id": "q", "source": "uw", "context": "k=3|m=4"}

    whole = applied(own, asked, is_signed=False)

    assert whole == {
        "folder": "a",
        "public_id": "q",
        "source": "uw",
        "context": "k=1|m=4",
        "overwrite": "0",
    }


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_preset_may_forbid_public_ids(*, is_signed: bool) -> None:
    own = preset(disallow_public_id="1", public_id_prefix="x")

    whole = applied(own, {"public_id": "q"}, is_signed=is_signed)

    assert (whole.get("public_id"), whole["public_id_prefix"]) == (None, "x")


def test_settings_have_the_types_that_they_mean(cloud: Cloud) -> None:
    sent = {
        "name": "typed",
        "unsigned": "true",
        "live": "true",
        "colors": "0",
        "tags": "a,b",
        "context": "k=v",
        "transformation": "c_scale,w_100/e_sepia",
        "access_control": '[{"access_type": "token"}]',
        "allowed_formats": "jpg,png",
        "timestamp": "1",
        "nonsense": "1",
    }

    created = cloud.admin("POST", "upload_presets", data=sent).json()
    shown = cloud.admin("GET", "upload_presets/typed").json()

    assert (created["message"], created["name"]) == ("created", "typed")
    assert shown == {
        "name": "typed",
        "unsigned": True,
        "settings": {
            "live": True,
            "colors": False,
            "tags": ["a", "b"],
            "context": {"k": "v"},
            "transformation": [{"crop": "scale", "width": 100}, {"effect": "sepia"}],
            "access_control": [{"access_type": "token"}],
            "allowed_formats": "jpg,png",
        },
        "external_id": created["external_id"],
    }


def test_settings_are_texts_in_a_list(cloud: Cloud) -> None:
    sent = {"name": "p", "live": "true", "tags": "a,b", "transformation": "c_scale,w_100"}
    cloud.admin("POST", "upload_presets", data=sent)

    (item,) = cloud.admin("GET", "upload_presets").json()["presets"]

    assert item["settings"] == {"live": True, "tags": "a,b", "transformation": "c_scale,w_100"}


def test_pages_of_presets_start_with_the_newest(cloud: Cloud) -> None:
    for number in range(5):
        cloud.admin("POST", "upload_presets", data={"name": f"p{number}"})

    names, params = [], {"max_results": "2"}
    for _ in range(3):
        page = cloud.admin("GET", "upload_presets", params=params).json()
        names.append([one["name"] for one in page["presets"]])
        params["next_cursor"] = page.get("next_cursor", "")

    assert names == [["p4", "p3"], ["p2", "p1"], ["p0"]]
    assert "next_cursor" not in page


def test_an_update_changes_the_settings_that_it_names(cloud: Cloud) -> None:
    sent = {"name": "p", "unsigned": True, "folder": "a", "tags": "x", "colors": True}
    cloud.admin("POST", "upload_presets", json=sent)

    cloud.admin("PUT", "upload_presets/p", json={"tags": "y", "colors": "", "faces": True})

    shown = cloud.admin("GET", "upload_presets/p").json()
    assert shown["unsigned"] is True
    assert shown["settings"] == {"folder": "a", "tags": ["y"], "faces": True}


def test_a_preset_of_the_same_name_is_replaced(cloud: Cloud) -> None:
    first = cloud.admin("POST", "upload_presets", json={"name": "p", "tags": "a"}).json()

    again = cloud.admin("POST", "upload_presets", json={"name": "p", "folder": "b"}).json()

    shown = cloud.admin("GET", "upload_presets").json()["presets"]
    assert again == first
    assert [(one["name"], one["settings"]) for one in shown] == [("p", {"folder": "b"})]


@pytest.mark.parametrize(
    ("method", "path", "data", "status", "message"),
    [
        ("GET", "upload_presets/none", {}, 404, "Can't find upload preset named none"),
        ("PUT", "upload_presets/none", {"colors": "1"}, 404, "Can't find upload preset named none"),
        ("DELETE", "upload_presets/none", {}, 404, "Can't find upload preset named none"),
        ("POST", "upload_presets", {"context": "x"}, 400, "Invalid value for parameter context: x"),
        (
            "POST",
            "upload_presets",
            {"name": "n" * 256},
            400,
            f"Invalid value for parameter name: {'n' * 100}",
        ),
        ("GET", "upload_presets?next_cursor=x", {}, 400, "Invalid value for parameter next_cursor"),
    ],
)
def test_refusals(
    cloud: Cloud, method: str, path: str, data: dict[str, Any], status: int, message: str
) -> None:
    answer = cloud.admin(method, path, data=data)

    assert (answer.status_code, answer.json()) == (status, {"error": {"message": message}})
    assert answer.headers["x-cld-error"] == message
