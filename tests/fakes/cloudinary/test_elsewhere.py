"""Assets that are fetched when they are first asked for: the fake's own delivery is the other host."""

from __future__ import annotations

import base64

import httpx
import pytest

from tests.fakes.cloudinary.conftest import Cloud

ACCOUNT = {"cloud": "open", "api_key": "1", "api_secret": "s", "folder": None}


@pytest.fixture
def source(cloud: Cloud, png: bytes) -> str:
    """The address of a picture, and a cloud without restrictions."""
    cloud.http.put(f"{cloud.url}/_fake/state", json={"accounts": [ACCOUNT]}).raise_for_status()
    return str(cloud.upload(png, public_id="staging_clips/src").json()["url"])


def admin(cloud: Cloud, method: str, path: str, **sent: str) -> httpx.Response:
    return cloud.http.request(method, f"{cloud.url}/v1_1/open/{path}", auth=("1", "s"), json=sent)


def get(cloud: Cloud, path: str) -> httpx.Response:
    return cloud.http.get(f"{cloud.url}/open/{path}")


def test_a_mapped_folder_fetches_what_is_not_there_once(cloud: Cloud, source: str, png: bytes) -> None:
    admin(cloud, "POST", "upload_mappings", folder="wiki", template=source.rpartition("/")[0] + "/")

    first = get(cloud, "image/upload/w_10/wiki/src.png")
    cloud.post("image/destroy", {"public_id": "staging_clips/src"})
    again = get(cloud, "image/upload/wiki/src.png")

    assert (first.status_code, again.content) == (200, png)
    (asset,) = admin(cloud, "GET", "resources/image/upload").json()["resources"]
    assert (asset["public_id"], asset["asset_folder"], asset["format"]) == ("wiki/src", "wiki", "png")


def test_an_address_is_fetched_by_its_type(cloud: Cloud, source: str, png: bytes) -> None:
    plain = get(cloud, f"image/fetch/{source}")
    scaled = get(cloud, f"image/fetch/w_10/{source}")

    assert plain.content == png
    assert scaled.status_code == 200
    (asset,) = admin(cloud, "GET", "resources/image/fetch").json()["resources"]
    assert (asset["public_id"], asset["type"]) == (source, "fetch")


def test_a_layer_is_fetched_by_its_address_once(cloud: Cloud, source: str, png: bytes) -> None:
    cloud.http.post(
        f"{cloud.url}/v1_1/open/image/upload", auth=("1", "s"), data={"public_id": "a"}, files={"file": png}
    ).raise_for_status()
    layer = base64.urlsafe_b64encode(source.encode()).decode()
    broken = base64.urlsafe_b64encode(f"{source}.none".encode()).decode()

    first = get(cloud, f"image/upload/l_fetch:{layer},w_20/fl_layer_apply,g_north/a.png")
    cloud.post("image/destroy", {"public_id": "staging_clips/src"})
    again = get(cloud, f"image/upload/l_fetch:{layer},w_30/fl_layer_apply,g_north/a.png")
    missing = get(cloud, f"image/upload/l_fetch:{broken}/fl_layer_apply/a.png")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content != again.content
    assert (missing.status_code, missing.headers["x-cld-error"]) == (
        400,
        f"Error in loading {source}.none - 404 Not Found",
    )


def test_what_cannot_be_loaded_is_not_found(cloud: Cloud, source: str) -> None:
    base = source.rpartition("/")[0]
    admin(cloud, "POST", "upload_mappings", folder="wiki", template=f"{base}/")

    missing = get(cloud, "image/upload/wiki/none.png")
    outside = get(cloud, "image/fetch/https://example.com/a.png")
    unmapped = get(cloud, "image/upload/other/none.png")

    assert (missing.status_code, missing.content) == (404, b"")
    assert missing.headers["x-cld-error"] == f"Error in loading {base}/none.png - 404 Not Found"
    assert (outside.status_code, outside.headers["x-cld-error"]) == (
        404,
        "Error in loading https://example.com/a.png - ERR_DNS_FAIL 0",
    )
    assert unmapped.headers["x-cld-error"] == "Resource not found - other/none"


def test_a_restricted_key_fetches_nothing_outside_of_its_folder(cloud: Cloud, source: str) -> None:
    answer = cloud.get(f"image/fetch/{source}")

    assert answer.status_code == 403
    assert cloud.control("requests?violations=1")["requests"]
