import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import httpx
import pytest
from PIL import Image

from fakes.cloudinary.signatures import delivery_signature
from tests.fakes.cloudinary.conftest import SECRET, Cloud, video


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.content == b""
    return answer.status_code, answer.headers["X-Cld-Error"]


@pytest.fixture
def clip(cloud: Cloud, mp4: bytes) -> Cloud:
    cloud.upload(mp4, "video/upload", public_id="staging_clips/v").raise_for_status()
    return cloud


def opened(answer: httpx.Response) -> Image.Image:
    assert answer.status_code == 200, answer.headers
    return Image.open(io.BytesIO(answer.content))


def test_an_original_comes_with_the_headers_of_a_cdn(clip: Cloud, mp4: bytes) -> None:
    answer = clip.get("video/upload/v1/staging_clips/v.mp4?_a=BAMAAA")

    assert answer.content == mp4
    expected = {
        "content-type": "video/mp4",
        "content-length": str(len(mp4)),
        "etag": f'"{hashlib.md5(mp4).hexdigest()}"',
        "accept-ranges": "bytes",
        "cache-control": "public, no-transform, immutable, max-age=2592000",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }
    assert {name: answer.headers[name] for name in expected} == expected
    assert answer.headers["last-modified"].endswith("GMT")
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("wanted", "status", "first", "last"),
    [
        ("bytes=0-99", 206, 0, 99),
        ("bytes=100-", 206, 100, None),
        ("bytes=-10", 206, -10, None),
        ("bytes=0-999999999", 206, 0, None),
        ("bytes=9999999-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=20-10", 200, 0, None),
        ("bytes=0-1,5-6", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
def test_ranges(clip: Cloud, mp4: bytes, wanted: str, status: int, first: int, last: int | None) -> None:
    answer = clip.get("video/upload/staging_clips/v.mp4", headers={"Range": wanted})

    assert answer.status_code == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(mp4)}"
        return
    assert answer.content == (mp4[first:] if last is None else mp4[first : last + 1])
    if status == 206:
        start = first % len(mp4)
        assert (
            answer.headers["content-range"] == f"bytes {start}-{start + len(answer.content) - 1}/{len(mp4)}"
        )


def test_conditions_and_head(clip: Cloud, mp4: bytes) -> None:
    path = "video/upload/staging_clips/v.mp4"
    plain = clip.http.head(f"{clip.url}/staging/{path}")
    etag, modified = plain.headers["etag"], plain.headers["last-modified"]

    assert (plain.status_code, plain.content, plain.headers["content-length"]) == (200, b"", str(len(mp4)))
    for headers in (
        {"If-None-Match": etag},
        {"If-None-Match": f'W/"x", {etag}'},
        {"If-Modified-Since": modified},
    ):
        answer = clip.get(path, headers=headers)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert clip.get(path, headers={"If-None-Match": '"x"', "If-Modified-Since": modified}).status_code == 200
    assert clip.get(path, headers={"If-Modified-Since": "yesterday"}).status_code == 200
    assert clip.get(path, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert clip.get(path, headers={"Range": "bytes=0-1", "If-Range": '"old"'}).status_code == 200


def test_a_large_file_comes_whole(cloud: Cloud) -> None:
    content = bytes(range(256)) * (20 << 12)
    cloud.upload(content, "raw/upload", "big.bin", public_id="staging_clips/big.bin")

    whole = cloud.get("raw/upload/v1/staging_clips/big.bin")
    part = cloud.get("raw/upload/v1/staging_clips/big.bin", headers={"Range": "bytes=1000000-4999999"})

    assert whole.content == content
    assert part.content == content[1_000_000:5_000_000]
    assert whole.headers["content-type"] == "application/octet-stream"


def test_what_is_not_there_is_404_with_an_empty_body(clip: Cloud) -> None:
    assert refused(clip.get("video/upload/v1/staging_clips/none.mp4")) == (
        404,
        "Resource not found - staging_clips/none",
    )
    assert refused(clip.get("image/upload/v1/staging_clips/v.jpg")) == (
        404,
        "Resource not found - staging_clips/v",
    )
    assert refused(clip.get("video/private/v1/staging_clips/v.mp4"))[0] == 404
    assert refused(clip.http.get(f"{clip.url}/nope/image/upload/a.jpg")) == (401, "Invalid cloud_name nope")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("video/upload/w_abc/v1/staging_clips/v.mp4", "Invalid width in transformation: abc"),
        ("video/upload/zz_1/v1/staging_clips/v.mp4", "Invalid transformation component - zz_1"),
        ("video/upload/nope_xyz/v1/staging_clips/v.mp4", "Unknown transformation nope_xyz"),
        ("video/upload/t_nope/v1/staging_clips/v.mp4", "Unknown transformation nope"),
        ("video/upload/v1/staging_clips/v.xyz", "Invalid extension in transformation: xyz"),
        ("video/upload/so_5/v1/staging_clips/v.mp4", "Invalid start offset in transformation: 5"),
        ("video/upload/e_blackwhite/v1/staging_clips/v.mp4", "Invalid effect in transformation: blackwhite"),
        ("video/upload/vc_h264/v1/staging_clips/v.webm", "Invalid video codec in transformation: h264"),
        ("video/upload/fl_wave/v1/staging_clips/v.png", "Invalid flag in transformation: wave"),
        (
            "video/upload/w_90000/v1/staging_clips/v.jpg",
            "Maximum image size is 25 Megapixels. Requested 4556.25 Megapixels",
        ),
    ],
)
def test_an_unknown_transformation_is_never_the_original(clip: Cloud, path: str, message: str) -> None:
    assert refused(clip.get(path)) == (400, message)


@pytest.mark.parametrize(
    ("transformation", "ending", "format_name", "size"),
    [
        ("w_100", "png", "PNG", (100, 75)),
        ("c_fill,w_90,h_160", "jpg", "JPEG", (90, 160)),
        ("c_pad,w_500,h_500,b_red", "png", "PNG", (500, 500)),
        ("c_crop,w_50,h_60,g_north_west", "webp", "WEBP", (50, 60)),
        ("c_thumb,g_face,w_64,h_64,r_max", "png", "PNG", (64, 64)),
        ("w_0.5/a_90", "jpg", "JPEG", (150, 200)),
        ("w_40/e_grayscale/o_50", "avif", "AVIF", (40, 30)),
        ("q_10", "jpg", "JPEG", (400, 300)),
        ("", "gif", "GIF", (400, 300)),
    ],
)
def test_images_are_transformed(
    picture: Cloud, transformation: str, ending: str, format_name: str, size: tuple[int, int]
) -> None:
    path = "/".join(filter(None, ["image/upload", transformation, f"v1/staging_clips/i.{ending}"]))

    made = opened(picture.get(path))

    assert (made.format, made.size) == (format_name, size)


def test_effects_change_the_pixels(picture: Cloud) -> None:
    grey = opened(picture.get("image/upload/e_grayscale/staging_clips/i.png")).convert("RGB")
    padded = opened(picture.get("image/upload/c_pad,w_400,h_400,b_rgb:ff0000/staging_clips/i.png")).convert(
        "RGB"
    )
    round_one = opened(picture.get("image/upload/r_max/staging_clips/i.png"))

    red, green, blue = grey.getpixel((37, 11))  # type: ignore[misc] # RGB has three
    assert red == green == blue
    assert padded.getpixel((5, 5)) == (255, 0, 0)
    assert round_one.getpixel((0, 0))[3] == 0  # type: ignore[index] # RGBA has four


def test_the_accept_header_chooses_the_format(picture: Cloud) -> None:
    path = "image/upload/f_auto,q_auto/v1/staging_clips/i"

    answers = [
        picture.get(path, headers={"Accept": accept}) for accept in ("image/avif,*/*", "image/webp", "*/*")
    ]

    types = [answer.headers["content-type"] for answer in answers]
    assert types == ["image/avif", "image/webp", "image/png"]
    assert {answer.headers["vary"] for answer in answers} == {"Accept"}


def test_an_animation_keeps_its_frames(cloud: Cloud) -> None:
    frames = [Image.new("RGB", (40, 20), colour) for colour in ("red", "green", "blue")]
    written = io.BytesIO()
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:], duration=50)
    cloud.upload(written.getvalue(), public_id="staging_clips/g")

    made = opened(cloud.get("image/upload/w_20/staging_clips/g.gif"))

    assert (made.size, getattr(made, "n_frames", 1)) == ((20, 10), 3)


def test_an_attachment_has_a_name(picture: Cloud) -> None:
    own = picture.get("image/upload/fl_attachment/v1/staging_clips/i.png")
    named = picture.get("image/upload/fl_attachment:best%20clip/v1/staging_clips/i.png")

    assert own.headers["content-disposition"] == 'attachment; filename="i.png"'
    assert named.headers["content-disposition"] == 'attachment; filename="best clip.png"'


@pytest.mark.parametrize(
    ("path", "width", "height"),
    [
        ("v1/staging_clips/v.jpg", 320, 180),
        ("so_0,w_160/v1/staging_clips/v.png", 160, 90),
        ("so_1.99/v1/staging_clips/v.webp", 320, 180),
        ("so_50p,c_fill,w_90,h_160/v1/staging_clips/v.jpg", 90, 160),
        ("so_99/v1/staging_clips/v.jpg", 320, 180),
    ],
)
def test_frames_of_a_video(clip: Cloud, path: str, width: int, height: int) -> None:
    assert opened(clip.get(f"video/upload/{path}")).size == (width, height)


def test_the_start_offset_chooses_the_frame(clip: Cloud) -> None:
    frames = [clip.get(f"video/upload/{name}staging_clips/v.png").content for name in ("so_0/", "so_1/", "")]

    assert frames[0] != frames[1]
    assert frames[1] == frames[2]


@pytest.mark.parametrize(
    ("path", "codecs", "size", "duration_s"),
    [
        ("w_160/v1/staging_clips/v.mp4", ["h264", "aac"], (160, 90), 2.0),
        ("c_fill,w_90,h_160/so_0.5,eo_1.5/v1/staging_clips/v.mp4", ["h264", "aac"], (90, 160), 1.0),
        ("so_1,du_0.5,ac_none/v1/staging_clips/v.mp4", ["h264"], (320, 180), 0.5),
        ("e_accelerate:100,q_auto/v1/staging_clips/v.mp4", ["h264", "aac"], (320, 180), 1.0),
        (
            "e_grayscale/e_fade:-500/e_volume:-50/a_90/v1/staging_clips/v.mp4",
            ["h264", "aac"],
            (180, 320),
            2.0,
        ),
        ("vc_none/v1/staging_clips/v.mp4", ["aac"], None, 2.0),
        ("v1/staging_clips/v.webm", ["vp9", "opus"], (320, 180), 2.0),
        ("v1/staging_clips/v.mp3", ["mp3"], None, 2.0),
        ("f_m4a/v1/staging_clips/v", ["aac"], None, 2.0),
        ("br_200k,fps_10,af_22050/v1/staging_clips/v.mov", ["h264", "aac"], (320, 180), 2.0),
    ],
)
def test_videos_are_transformed(
    clip: Cloud, path: str, codecs: list[str], size: tuple[int, int] | None, duration_s: float
) -> None:
    answer = clip.get(f"video/upload/{path}")

    assert answer.status_code == 200, answer.headers
    with av.open(io.BytesIO(answer.content), mode="r") as made:
        assert [stream.codec_context.codec.canonical_name for stream in made.streams] == codecs
        assert (made.duration or 0) / 1e6 == pytest.approx(duration_s, abs=0.12)
        if size is not None:
            context = made.streams.video[0].codec_context
            assert (context.width, context.height) == size


def test_odd_sizes_are_made_even(cloud: Cloud, tmp_path: Path) -> None:
    content = video(tmp_path / "odd.mp4", "-vf", "scale=321:181", "-pix_fmt", "yuv444p", "-an")
    cloud.upload(content, "video/upload", public_id="staging_clips/odd").raise_for_status()

    answer = cloud.get("video/upload/e_negate/staging_clips/odd.mp4")

    with av.open(io.BytesIO(answer.content)) as made:
        context = made.streams.video[0].codec_context
        assert (context.width, context.height) == (320, 180)


def test_many_that_ask_at_once_have_it_made_once(clip: Cloud) -> None:
    def made_count() -> int:
        return int(clip.admin("GET", "usage").json()["transformations"]["usage"])

    before = made_count()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: clip.get("video/upload/w_64/v1/staging_clips/v.mp4"), range(8)))
    again = clip.get("video/upload/w_64/v1/staging_clips/v.mp4")

    assert len({answer.content for answer in [*answers, again]}) == 1
    assert made_count() - before == 1
    derived = clip.admin("GET", "resources/video/upload/staging_clips/v").json()["derived"]
    assert [(one["transformation"], one["format"]) for one in derived] == [("w_64", "mp4")]


def test_a_new_version_is_transformed_anew(picture: Cloud, cloud: Cloud) -> None:
    before = picture.get("image/upload/w_10/staging_clips/i.png").content
    white = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(white, "PNG")

    cloud.upload(white.getvalue(), public_id="staging_clips/i")

    assert picture.get("image/upload/w_10/staging_clips/i.png").content != before


def test_signed_delivery(cloud: Cloud, mp4: bytes) -> None:
    cloud.upload(mp4, "video/upload", public_id="staging_clips/a", type="authenticated").raise_for_status()
    path = "c_scale,w_64/staging_clips/a.mp4"
    short = delivery_signature(path, SECRET)
    long = delivery_signature("staging_clips/a.mp4", SECRET, is_long=True)

    derived = cloud.get(f"video/authenticated/s--{short}--/c_scale,w_64/v1/staging_clips/a.mp4")
    original = cloud.get(f"video/authenticated/s--{long}--/v1/staging_clips/a.mp4")

    assert (derived.status_code, original.content) == (200, mp4)
    for wrong in (
        "video/authenticated/v1/staging_clips/a.mp4",
        f"video/authenticated/s--{short}--/v1/staging_clips/a.mp4",
        f"video/authenticated/s--{'x' * 8}--/c_scale,w_64/v1/staging_clips/a.mp4",
    ):
        assert refused(cloud.get(wrong)) == (401, "deny or ACL failure")


def test_a_name_with_dots_spaces_and_letters_of_any_kind(cloud: Cloud, png: bytes) -> None:
    answer = cloud.upload(png, public_id="staging_clips/ä b.v2").json()

    assert answer["url"].endswith("/staging_clips/%C3%A4%20b.v2.png")
    assert cloud.http.get(answer["url"]).content == png
    assert opened(cloud.get("image/upload/v1/staging_clips/ä b.v2.jpg")).format == "JPEG"
