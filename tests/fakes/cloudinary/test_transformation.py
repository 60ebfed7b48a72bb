from fractions import Fraction

import pytest

from fakes.cloudinary import transformation
from fakes.cloudinary.transformation import (
    Backdrop,
    Border,
    Colour,
    Component,
    Corners,
    Effect,
    Pending,
    Piece,
    Rate,
    Sampling,
    Share,
)
from fakes.kit.errors import ProviderError


def test_pieces_are_read_in_any_order() -> None:
    asked = transformation.parse(["w_1280,c_fill,h_720,g_north"])

    assert asked.components == (Component(width=1280, height=720, crop="fill", gravity="north"),)
    assert asked == transformation.parse_text("w_1280,c_fill,h_720,g_north")


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        ("w_0.5", Component(width=Share(0.5))),
        ("x_-0.1,y_20", Component(x=Share(-0.1), y=20)),
        ("ar_9:16", Component(aspect=Fraction(9, 16))),
        ("ar_1.5", Component(aspect=Fraction(3, 2))),
        ("so_6.5", Component(start=6.5)),
        ("so_35p", Component(start=Share(0.35))),
        ("eo_10,so_6.5", Component(start=6.5, end=10.0)),
        ("du_30p", Component(length=Share(0.3))),
        ("a_90", Component(angle=("90",))),
        ("a_hflip", Component(angle=("hflip",))),
        ("r_20", Component(radius=Corners(20, 20, 20, 20))),
        ("r_max", Component(radius=Corners())),
        ("o_50", Component(opacity=50)),
        ("b_rgb:112233", Component(background=Colour(0x11, 0x22, 0x33))),
        ("b_white", Component(background=Colour(255, 255, 255))),
        ("e_blur:300", Component(effect=Effect("blur", 300, arguments=("300",)))),
        ("e_grayscale", Component(effect=Effect("grayscale", 0))),
        ("e_fade:-1000", Component(effect=Effect("fade", -1000, arguments=("-1000",)))),
        ("e_volume:-50", Component(effect=Effect("volume", -50, arguments=("-50",)))),
        ("e_volume:mute", Component(effect=Effect("volume", -100, arguments=("mute",)))),
        ("e_volume:3dB", Component(effect=Effect("volume", 3, "db", ("3dB",)))),
        ("e_accelerate:100", Component(effect=Effect("accelerate", 100, arguments=("100",)))),
        ("q_80", Component(quality=80)),
        ("q_auto:eco", Component(quality=68, quality_mode="auto:eco")),
        ("q_auto:low:444", Component(quality=55, quality_mode="auto:low", chroma="444")),
        ("q_auto:good:sensitive", Component(quality=80, quality_mode="auto:good")),
        ("q_60:420", Component(quality=60, chroma="420")),
        ("q_70:qmax_20", Component(quality=70, quality_most=20)),
        ("bo_5.5px_solid_rgb:aabbcc80", Component(border=Border(6, Colour(0xAA, 0xBB, 0xCC, 0x80)))),
        ("w_auto,c_limit", Component(width=Share(1.0), crop="limit")),
        ("w_auto:100:400", Component(width=400)),
        ("g_auto", Component(gravity="auto")),
        ("c_crop", Component(crop="crop")),
        (
            "w_1.3,fl_region_relative",
            Component(width=Share(1.3), flags=("region_relative",)),
        ),
        ("r_10:20:30", Component(radius=Corners(10, 20, 30, 20))),
        ("so_auto,du_5", Component(start=0.0, picks_start=True, length=5.0)),
        ("fps_24-", Component(fps=Rate(24.0, None))),
        ("fps_-29.97", Component(fps=Rate(None, 29.97))),
        ("vs_20", Component(sampling=Sampling(count=20))),
        ("vs_20p", Component(sampling=Sampling(share=0.2))),
        ("vs_2.3s", Component(sampling=Sampling(every_s=2.3))),
        ("ki_0.4,dl_200,dn_150", Component(keyframe_interval_s=0.4, delay_ms=200, density_dpi=150)),
        ("br_500:constant", Component(bit_rate=500, has_constant_bit_rate=True)),
        ("pg_2-4;6,p_home", Component(pages="2-4;6", prefix="home")),
        ("sp_full_hd,dpr_2.0,z_0.7", Component(streaming_profile="full_hd", dpr=2.0, zoom=0.7)),
        (
            "co_005BE0,e_outline:inner:3",
            Component(text_colour=Colour(0, 0x5B, 0xE0), effect=Effect("outline", arguments=("inner", "3"))),
        ),
        (
            "b_auto:predominant_gradient:2",
            Component(background=Backdrop("auto", ("predominant_gradient", "2"))),
        ),
        ("cs_icc:a,d_a:b.png", Component(colour_space="icc:a", default_image="a/b.png")),
        ("fn_wasm:a.wasm,a_auto_left", Component(function="wasm:a.wasm", angle=("auto_left",))),
        ("vc_h264:baseline:3.1", Component(video_codec="h264:baseline:3.1")),
        ("ac_none", Component(audio_codec="none")),
        ("af_44100", Component(audio_hz=44100)),
        ("br_500k", Component(bit_rate=500_000)),
        ("br_2m", Component(bit_rate=2_000_000)),
        ("fps_30", Component(fps=Rate(30.0, 30.0))),
        ("f_auto", Component(format="auto")),
        ("f_jpeg", Component(format="jpg")),
        ("fl_attachment:clip", Component(flags=("attachment",), flag_arguments=(("attachment", "clip"),))),
        ("fl_progressive", Component(flags=("progressive",))),
    ],
)
def test_every_piece_has_its_value(piece: str, expected: Component) -> None:
    assert transformation.parse([piece]).components == (expected,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("w_abc", "Invalid width in transformation: abc"),
        ("w_0", "Invalid width in transformation: 0"),
        ("h_-3", "Invalid height in transformation: -3"),
        ("ar_0:0", "Invalid aspect ratio in transformation: 0:0"),
        ("c_nope,w_1", "Invalid crop in transformation: nope"),
        ("fl_pdf", "Invalid flag in transformation: pdf"),
        ("zz_1", "Invalid transformation component - zz_1"),
        ("w_100,zz", "Invalid transformation component - zz"),
        ("t_clip_vertical", "Unknown transformation clip_vertical"),
        ("f_exe", "Invalid extension in transformation: exe"),
        ("e_nope", "Invalid effect in transformation: nope"),
        ("q_101", "Invalid quality in transformation: 101"),
        ("so_-1", "Invalid start offset in transformation: -1"),
        ("so_nan", "Invalid start offset in transformation: nan"),
        ("g_auto,w_100", "Use auto gravity only with crop, fill, lfill, fill_pad or thumb"),
        ("c_scale,g_face,w_100", "Invalid gravity in transformation: face"),
        ("l_text:Arial:hi_there,w_zz", "Invalid width in transformation: zz"),
        ("l_text:", "Invalid overlay in transformation: text:"),
        ("u_fetch:nonsense", "Invalid underlay in transformation: fetch:nonsense"),
        ("fl_layer_apply,g_north", "Invalid transformation component - fl_layer_apply,g_north"),
        ("if_end", "Invalid transformation component - if_end"),
        ("if_w_near_1280/w_1", "Invalid condition in transformation: w_near_1280"),
        ("$x_!v", "Invalid assignment to $x: !v"),
        ("$1_2", "Invalid transformation component - $1_2"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(ProviderError) as refused:
        transformation.parse_text(text)

    assert (refused.value.status, refused.value.message) == (400, message)
    assert refused.value.headers["X-Cld-Error"] == message


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("c_crop,g_dog:cat", 420, "Cloudinary AI Content Analysis"),
        ("q_jpegmini:1", 420, "JPEGmini Image Optimization"),
        ("e_style_transfer,l_a", 420, "Neural Artwork Style Transfer"),
        ("e_blur_region:5,g_ocr_text", 420, "OCR Text Detection and Extraction"),
        ("e_accelerate:5s", 501, "e_accelerate with a length in seconds"),
    ],
)
def test_what_others_can_do_is_no_mistake(text: str, status: int, message: str) -> None:
    words = {420: "You don't have an active subscription for ", 501: "fake 'cloudinary' does not cover "}

    with pytest.raises(ProviderError) as refused:
        transformation.parse_text(text)

    assert (refused.value.status, refused.value.message) == (status, words[status] + message)


def test_values_that_hold_variables_or_sums_wait_for_the_picture() -> None:
    asked = transformation.parse_text("h_iw,w_$w_mul_2")

    assert asked.steps == (Pending((Piece("h", "iw"), Piece("w", "$w_mul_2"))),)


@pytest.mark.parametrize(
    ("text", "resource_type", "stored", "ending", "accept", "expected"),
    [
        ("", "image", "png", None, "", "png"),
        ("", "image", "png", "jpg", "", "jpg"),
        ("f_webp", "image", "png", "jpg", "", "webp"),
        ("f_auto", "image", "png", None, "image/avif,image/webp,*/*", "avif"),
        ("f_auto", "image", "png", None, "image/webp,*/*", "webp"),
        ("f_auto", "image", "png", None, "*/*", "png"),
        ("f_auto", "video", "mov", None, "*/*", "mp4"),
        ("f_auto", "video", "mp4", None, "image/webp", "webp"),
        ("f_auto:video", "video", "mp4", None, "image/webp", "mp4"),
        ("f_auto:image", "video", "mp4", None, "*/*", "jpg"),
        ("f_auto:animated", "video", "mp4", None, "*/*", "gif"),
        ("f_auto:animated", "video", "mp4", None, "image/webp,*/*", "webp"),
        ("f_auto:animated", "video", "mp4", None, "image/avif,image/webp,*/*", "avif"),
        ("f_auto:animated", "image", "gif", None, "image/avif,image/webp,*/*", "webp"),
        ("f_auto:animated", "image", "jpg", None, "*/*", "jpg"),
        ("", "raw", None, None, "", None),
    ],
)
def test_the_format_comes_from_the_transformation_the_extension_or_the_original(
    text: str, resource_type: str, stored: str | None, ending: str | None, accept: str, expected: str | None
) -> None:
    asked = transformation.parse_text(text)

    assert transformation.target_format(asked, resource_type, stored, ending, accept) == expected


def test_flags_formats_and_names_change_no_bytes() -> None:
    assert not transformation.parse_text("fl_attachment,fl_immutable_cache/f_mp4").changes
    assert transformation.parse_text("fl_attachment/w_100").changes
