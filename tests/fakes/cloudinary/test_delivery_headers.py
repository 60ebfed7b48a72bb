"""What delivery says beside the bytes, and what it answers in place of them."""

import httpx
import pytest

from tests.fakes.cloudinary.conftest import Cloud, image


@pytest.fixture
def picture(cloud: Cloud, png: bytes) -> Cloud:
    """An image of 400 x 300, `i`."""
    cloud.upload(png, public_id="staging_clips/i").raise_for_status()
    return cloud


def test_all_recorded_headers_are_there(picture: Cloud) -> None:
    answer = picture.get("image/upload/v1/staging_clips/i.png")

    assert {name: answer.headers[name] for name in (
        "Cache-Control", "Accept-Ranges", "Access-Control-Allow-Origin", "Timing-Allow-Origin",
        "X-Content-Type-Options", "Strict-Transport-Security", "Server", "Content-Type",
    )} == {
        "Cache-Control": "public, no-transform, immutable, max-age=2592000",
        "Accept-Ranges": "bytes",
        "Access-Control-Allow-Origin": "*",
        "Timing-Allow-Origin": "*",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=604800",
        "Server": "Cloudinary",
        "Content-Type": "image/png",
    }  # fmt: skip
    assert {"ETag", "Last-Modified", "X-Request-Id", "Server-Timing", "Content-Length"} <= {
        name.title().replace("Etag", "ETag") for name in answer.headers
    }


def test_timing_tells_of_the_content_and_of_the_cache(picture: Cloud) -> None:
    first, second = (picture.get("image/upload/w_40/staging_clips/i.jpg") for _ in range(2))

    timing = first.headers["Server-Timing"]
    assert "desc=miss" in timing
    assert "desc=hit" in second.headers["Server-Timing"]
    size = len(first.content)
    assert f'desc="width=40,height=30,bytes={size},format=\\"jpg\\",owidth=400,oheight=300,' in timing
    assert 'oformat=\\"png\\""' in timing
    head = picture.http.head(f"{picture.url}/staging/image/upload/w_40/staging_clips/i.jpg")
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(size))


@pytest.mark.parametrize(("path", "vary"), [("f_auto", "Accept"), ("q_auto", "Accept"), ("q_50", None)])
def test_what_depends_on_the_browser_says_so(picture: Cloud, path: str, vary: str | None) -> None:
    answer = picture.get(f"image/upload/{path}/staging_clips/i.png")

    assert answer.headers.get("Vary") == vary


def test_pages_of_other_origins_may_ask(cloud: Cloud) -> None:
    asked = {"Origin": "http://a.test", "Access-Control-Request-Method": "GET"}
    delivery = cloud.http.options(f"{cloud.url}/staging/image/upload/i.png", headers=asked)
    api = cloud.http.options(f"{cloud.url}/v1_1/staging/image/upload", headers=asked)

    for answer in (delivery, api):
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Unique-Upload-Id" in api.headers["Access-Control-Allow-Headers"]
    assert "POST" in api.headers["Access-Control-Allow-Methods"]
    assert "Range" in delivery.headers["Access-Control-Allow-Headers"]


def test_what_would_be_delivered_can_be_asked(picture: Cloud, png: bytes) -> None:
    plain = picture.get("image/upload/fl_getinfo/staging_clips/i.png")
    small = picture.get("image/upload/w_40/fl_getinfo/staging_clips/i.jpg").json()
    joined = picture.get("image/upload/fl_getinfo.progressive,w_20/staging_clips/i.jpg").json()

    source = {"width": 400, "height": 300, "bytes": len(png)}
    assert plain.headers["Content-Type"] == "application/json"
    assert plain.json() == {"input": source, "output": {**source, "format": "png"}}
    assert small["input"] == source
    made = picture.get("image/upload/w_40/staging_clips/i.jpg")
    assert small["output"] == {"width": 40, "height": 30, "format": "jpg", "bytes": len(made.content)}
    assert joined["output"]["width"] == 20


def test_a_default_image_stands_in_for_one_that_is_not_there(picture: Cloud) -> None:
    answer = picture.get("image/upload/d_staging_clips:i.png,w_20/v1/staging_clips/none.png")
    nothing = picture.get("image/upload/d_staging_clips:no.png/v1/staging_clips/none.png")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    assert answer.headers["X-Cld-Error"] == "Resource not found - staging_clips/none"
    assert (nothing.status_code, nothing.headers["X-Cld-Error"]) == (
        404,
        "Resource not found - staging_clips/none",
    )


def test_errors_are_kept_for_longer_each_time_where_the_cloud_says_so(cloud: Cloud) -> None:
    document = {"cloud": "cdn", "settings": {"caches_errors": True}}
    account = cloud.http.post(f"{cloud.url}/_fake/accounts", json=document).json()
    url = f"{cloud.url}/cdn/image/upload/late.png"

    def status_after(seconds: int) -> int:
        cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": seconds})
        return cloud.http.get(url).status_code

    assert [status_after(0), status_after(61)] == [404, 404]  # kept for 60 s, then for 120 s
    cloud.http.post(
        f"{cloud.url}/v1_1/cdn/image/upload",
        data={"public_id": "late"},
        files={"file": image(2, 2)},
        auth=(account["api_key"], account["api_secret"]),
    ).raise_for_status()
    assert [status_after(100), status_after(21)] == [404, 200]
    assert cloud.http.get(f"{url}?other").status_code == 200


def test_errors_are_not_kept_by_default(cloud: Cloud) -> None:
    assert cloud.get("image/upload/staging_clips/late.png").status_code == 404
    cloud.upload(image(2, 2), public_id="staging_clips/late").raise_for_status()

    assert cloud.get("image/upload/staging_clips/late.png").status_code == 200


def test_what_is_no_address_of_any_cloud_is_a_gap(cloud: Cloud) -> None:
    answers: list[httpx.Response] = [
        cloud.http.get(f"{cloud.url}/{path}") for path in ("no/such", "v1_1/staging/none", "v2/staging/none")
    ]

    assert [one.status_code for one in answers] == [501, 501, 501]


def test_the_widths_that_an_image_is_worth_having_in(picture: Cloud) -> None:
    plain = picture.get("image/upload/w_auto:breakpoints:json/staging_clips/i")
    few = picture.get("image/upload/c_scale,w_auto:breakpoints_100_300_1_4:json/staging_clips/i.png").json()
    cropped = picture.get("image/upload/c_crop,w_80/c_scale,w_auto:breakpoints:json/staging_clips/i").json()
    wrong = picture.get("image/upload/w_auto:breakpoints_300_100:json/staging_clips/i")

    assert plain.headers["Content-Type"] == "application/json"
    assert (max(plain.json()["breakpoints"]), min(plain.json()["breakpoints"])) == (400, 50)
    assert (few["breakpoints"][0], few["breakpoints"][-1], len(few["breakpoints"])) == (300, 100, 4)
    assert max(cropped["breakpoints"]) == 80
    assert (wrong.status_code, wrong.headers["X-Cld-Error"]) == (
        400,
        "Invalid width in transformation: auto:breakpoints_300_100:json",
    )
