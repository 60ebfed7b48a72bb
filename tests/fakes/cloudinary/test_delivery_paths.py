"""What a delivery path can say: where to look, and what to do to it."""

import io

import httpx
import pytest
from PIL import Image

from fakes.cloudinary.signatures import delivery_signature
from tests.fakes.cloudinary.conftest import SECRET, Cloud


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.content == b""
    return answer.status_code, answer.headers["X-Cld-Error"]


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.headers
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.parametrize(
    "path",
    [
        "staging/images/v1/staging_clips/i/a-cat.png",
        "staging/iu/v1/staging_clips/i.png",
        "staging/staging_clips/i.png",
        "staging/staging_clips/i/a-cat.png",
        "image/upload/v1/staging_clips/i.png",
        "images/v1/staging_clips/i/a-cat.png",
        "staging/image/upload/v1/staging%5Fclips%2Fi.png",
    ],
)
def test_an_image_has_many_addresses(picture: Cloud, png: bytes, path: str) -> None:
    assert picture.http.get(f"{picture.url}/{path}").content == png


def test_the_signature_leaves_the_suffix_out(picture: Cloud, png: bytes) -> None:
    signature = delivery_signature("staging_clips/i.png", SECRET)

    for path in ("images/s--{}--/staging_clips/i/a-cat.png", "s--{}--/staging_clips/i/a-cat.png"):
        assert picture.get(path.format(signature)).content == png
        assert refused(picture.get(path.format("xxxxxxxx"))) == (401, "deny or ACL failure")


def test_on_a_private_cdn_the_host_names_the_cloud(picture: Cloud, png: bytes) -> None:
    url = f"{picture.url}/staging_clips/i.png"

    assert picture.http.get(url, headers={"Host": "staging-res.cloudinary.test"}).content == png
    denied = picture.http.get(url, headers={"Host": "prod-res.cloudinary.test"})
    assert refused(denied) == (401, "deny or ACL failure")
    unknown = picture.http.get(url, headers={"Host": "nope-res.cloudinary.test"})
    assert (unknown.status_code, unknown.json()["fake"]) == (501, "cloudinary")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("a" * 10_000, 400, "public_id is too long"),
        ("a" * 255 + ".png", 404, "Resource not found - " + "a" * 255),
        ("%00", 404, "Resource not found - ?"),
        ("%ff%fe.png", 404, "Resource not found - ??"),
        ("..%2F..%2Fetc%2Fpasswd", 404, "Resource not found - ../../etc/passwd"),
        ("staging_clips/i.png%00", 400, "Invalid extension in transformation: png?"),
        ("v" + "1" * 5000 + "/staging_clips/i.png", 400, "public_id is too long"),
        ("w_" + "9" * 5000 + "/staging_clips/i.png", 400, "Invalid width in transformation: " + "9" * 967),
        ("w_1/" * 400 + "staging_clips/i.png", 400, "Transformation is too long"),
        ("t_%0D%0AX-Evil:1/staging_clips/i.png", 400, "Unknown transformation ??X-Evil:1"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_bad_names_and_endless_ones_are_refused_in_words(
    picture: Cloud, path: str, status: int, message: str
) -> None:
    assert refused(picture.get(f"image/upload/{path}")) == (status, message)


def test_words_over_a_picture_may_have_lines(picture: Cloud) -> None:
    one, two = (
        picture.get(f"image/upload/l_text:Arial_20:a{space}b/staging_clips/i.png") for space in ("%20", "%0A")
    )

    assert (opened(one).size, opened(two).size) == ((400, 300), (400, 300))
    assert one.content != two.content


@pytest.mark.parametrize(
    ("transformation", "size"),
    [
        ("if_w_gt_300/w_200/if_else/w_20/if_end", (200, 150)),
        ("if_w_gt_400,w_200/if_else,w_20", (20, 15)),
        ("$wide_100/w_$wide_mul_2/h_ih_div_2", (200, 150)),
        ("if_fc_gt_0,w_200/if_ils_gte_0,w_100", (100, 75)),
        ("if_!clip!_in_tags_and_ctx:!shape!_eq_!wide!,w_10", (10, 8)),
        ("t_half/w_20", (20, 15)),
        ("$img_current/w_200/e_grayscale/l_$img,w_50/fl_layer_apply,g_north_west", (200, 150)),
    ],
)
def test_conditions_variables_and_names_hold_for_the_real_picture(
    cloud: Cloud, png: bytes, transformation: str, size: tuple[int, int]
) -> None:
    cloud.upload(png, public_id="staging_clips/i", tags="clip", context="shape=wide").raise_for_status()
    half = {"name": "half", "transformation": "w_0.5/e_grayscale"}
    cloud.admin("POST", "transformations", json=half).raise_for_status()

    made = opened(cloud.get(f"image/upload/{transformation}/v1/staging_clips/i.png"))

    assert made.size == size


def test_a_layer_that_is_not_there_is_named(picture: Cloud) -> None:
    missing = picture.get("image/upload/l_staging_clips:none.png/fl_layer_apply/v1/staging_clips/i.png")
    font = picture.get("image/upload/l_text:none.ttf_20:Hi/fl_layer_apply/v1/staging_clips/i.png")

    assert refused(missing) == (400, "Resource not found - staging_clips/none")
    assert refused(font) == (400, "Unsupported font family none.ttf")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("e_viesus_correct/staging_clips/i.png", 420, "VIESUS Automatic Image Enhancement"),
        ("c_imagga_scale,w_10/staging_clips/i.png", 420, "Imagga Crop and Scale"),
        ("c_fill,g_adv_eyes,w_10/staging_clips/i.png", 420, "Advanced Facial Attributes Detection"),
        ("w_10/staging_clips/i.heic", 501, "conversion to 'heic'"),
        ("fn_wasm:a.wasm/staging_clips/i.png", 501, "the transformation parameter 'function' on images"),
    ],
)
def test_what_needs_an_add_on_or_is_not_covered_says_so(
    picture: Cloud, path: str, status: int, message: str
) -> None:
    words = {420: "You don't have an active subscription for ", 501: "fake 'cloudinary' does not cover "}

    assert refused(picture.get(f"image/upload/{path}")) == (status, words[status] + message)
