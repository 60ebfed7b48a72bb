"""Videos as they are delivered: layers, splices, subtitles, animations, wave forms, frames."""

import hashlib
import io
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.fakes.cloudinary.conftest import Cloud
from tests.fakes.cloudinary.footage import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    Found,
    colour,
    ffmpeg,
    is_near,
    look,
    traffic_lights,
)
from tests.servers import wait_until

YELLOW = (255, 255, 0)
SRT = "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}MMMMMMMM\n"


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files by the ends of their names."""
    folder = tmp_path_factory.mktemp("media")
    ffmpeg("-f", "lavfi", "-i", "sine=f=880:d=1", str(folder / "beep.mp3"))
    square = io.BytesIO()
    Image.new("RGB", (40, 40), YELLOW).save(square, "PNG")
    return {
        "lights": traffic_lights(folder / "lights.mp4").read_bytes(),
        "white": colour(folder / "white.mp4", "white", size="80x80", fps=25).read_bytes(),
        "beep": (folder / "beep.mp3").read_bytes(),
        "square": square.getvalue(),
    }


@pytest.fixture
def stage(cloud: Cloud, media: dict[str, bytes]) -> Cloud:
    for name in ("lights", "white", "beep"):
        cloud.upload(media[name], "video/upload", public_id=f"staging_clips/{name}").raise_for_status()
    cloud.upload(media["square"], public_id="staging_clips/square").raise_for_status()
    return cloud


def seen(answer: httpx.Response) -> Found:
    assert answer.status_code == 200, answer.headers
    return look(answer.content)


def video(stage: Cloud, transformation: str, ending: str = "mp4") -> Found:
    return seen(stage.get(f"video/upload/{transformation}/v1/staging_clips/lights.{ending}"))


def picture(stage: Cloud, transformation: str, ending: str = "png", name: str = "lights") -> Image.Image:
    answer = stage.get(f"video/upload/{transformation}/v1/staging_clips/{name}.{ending}")
    assert answer.status_code == 200, answer.headers
    return Image.open(io.BytesIO(answer.content))


def refused(stage: Cloud, path: str) -> tuple[int, str]:
    answer = stage.get(f"video/upload/{path}")
    return answer.status_code, answer.headers.get("X-Cld-Error", "")


def test_an_image_lies_over_a_video_where_and_when_it_is_told_to(stage: Cloud) -> None:
    found = video(stage, "l_staging_clips:square,w_20/fl_layer_apply,g_north_east,x_10,y_5,so_1,eo_2")

    spots = [(140, 15), (125, 15), (140, 30), (155, 15)]
    assert [is_near(found.pixel(1.5, *spot), YELLOW) for spot in spots] == [True, False, False, False]
    assert is_near(found.pixel(0.5, 140, 15), RED)
    assert is_near(found.pixel(2.5, 140, 15), BLUE)
    assert (found.size, found.lasts(3.0)) == ((160, 90), True)


def test_the_layer_of_one_component_and_of_shares_of_the_video(stage: Cloud) -> None:
    found = video(stage, "l_staging_clips:square,w_0.5,fl_relative,g_west,o_50")

    assert is_near(found.pixel(2.5, 10, 45), (127, 127, 127), 60)
    assert is_near(found.pixel(2.5, 90, 45), BLUE)


def test_words_lie_over_a_video(stage: Cloud) -> None:
    text = "l_text:Arial_30_bold:GG%252C%2050%25%252Fwin%21,co_white/fl_layer_apply,g_south,y_10"

    found = video(stage, text)

    lower, upper = found.picture(2.5)[50:80], found.picture(2.5)[:40]
    assert (lower.min(axis=2) > 200).sum() > 150
    assert (upper.min(axis=2) > 200).sum() == 0


def test_a_video_lies_over_a_video_after_its_own_steps(stage: Cloud) -> None:
    layer = "l_video:staging_clips:white/w_40,h_40,c_fill,e_negate/a_hflip/fl_layer_apply,g_north_west,so_1"

    found = video(stage, layer)

    assert is_near(found.pixel(0.5, 20, 20), RED)
    assert is_near(found.pixel(1.5, 20, 20), BLACK)
    assert is_near(found.pixel(1.5, 60, 20), GREEN)
    assert is_near(found.pixel(2.5, 20, 20), BLUE)


def test_layers_hold_layers_and_both_are_found(stage: Cloud) -> None:
    inner = "l_staging_clips:square,w_10/fl_layer_apply,g_center"

    found = video(stage, f"l_video:staging_clips:white/w_40,h_40/{inner}/fl_layer_apply,g_north_west")

    assert is_near(found.pixel(0.5, 20, 20), YELLOW)
    assert is_near(found.pixel(0.5, 5, 5), WHITE)
    assert is_near(found.pixel(0.5, 60, 60), RED)


def test_what_lies_under_shows_at_the_edges(stage: Cloud) -> None:
    found = video(stage, "w_80,h_46/u_staging_clips:square,w_100,h_100/fl_layer_apply,g_center")

    assert found.size == (100, 100)
    assert is_near(found.pixel(2.5, 5, 5), YELLOW)
    assert is_near(found.at(2.5), BLUE)


@pytest.mark.parametrize(("placing", "letters"), [("", "rgbw"), (",so_0", "wrgb")])
def test_videos_are_spliced(stage: Cloud, placing: str, letters: str) -> None:
    found = video(stage, f"fl_splice,l_video:staging_clips:white/w_80,h_80/fl_layer_apply{placing}")

    names = {"r": RED, "g": GREEN, "b": BLUE, "w": WHITE}
    assert (found.size, found.lasts(4.0)) == ((160, 90), True)
    assert [is_near(found.at(second + 0.5), names[letter]) for second, letter in enumerate(letters)] == [
        True
    ] * 4
    second = letters.index("w")
    assert max(found.loudness[10 * second + 2 : 10 * second + 8]) < 0.01
    assert is_near(found.pixel(second + 0.5, 10, 45), BLACK)


def test_a_spliced_cut_goes_over_in_a_circle(stage: Cloud) -> None:
    flags = "fl_splice:transition_(name_circleopen;du_0.4),l_video:staging_clips:white/so_0.2,du_0.8"

    found = video(stage, f"so_0,eo_2/{flags}/fl_layer_apply")

    assert found.lasts(2.4)
    assert is_near(found.at(1.4), GREEN)
    assert is_near(found.at(1.85), WHITE)
    assert is_near(found.pixel(1.7, 2, 2), GREEN)


def test_a_picture_is_spliced_for_its_time(stage: Cloud) -> None:
    found = video(stage, "so_0,eo_1/fl_splice,l_staging_clips:square,du_1.5/fl_layer_apply")

    assert found.lasts(2.5)
    assert is_near(found.at(2.0), YELLOW)


def test_a_sound_is_mixed_in_and_cut(stage: Cloud) -> None:
    found = video(stage, "e_volume:mute/l_audio:staging_clips:beep/du_0.5/e_volume:200/fl_layer_apply,so_2")

    assert (found.lasts(3.0), max(found.loudness[1:19]) < 0.01, min(found.loudness[21:24]) > 0.1) == (
        True,
        True,
        True,
    )
    assert max(found.loudness[27:29]) < 0.01


def test_sounds_are_mixed_with_sounds_and_spliced(stage: Cloud) -> None:
    mixed = seen(stage.get("video/upload/l_audio:staging_clips:beep/fl_layer_apply/staging_clips/beep.wav"))
    longer = "fl_splice,l_audio:staging_clips:lights/fl_layer_apply"
    joined = seen(stage.get(f"video/upload/{longer}/staging_clips/beep.mp3"))
    alone = seen(stage.get("video/upload/staging_clips/beep.wav"))

    assert (mixed.lasts(1.0), mixed.loudness[5] > 1.8 * alone.loudness[5]) == (True, True)
    assert (joined.codecs, joined.lasts(4.0)) == (("mp3",), True)


def test_volume_is_evened_out(stage: Cloud) -> None:
    before = seen(stage.get("video/upload/e_volume:-90/staging_clips/lights.wav"))
    after = seen(stage.get("video/upload/e_volume:-90/e_volume:auto/staging_clips/lights.wav"))

    assert after.loudness[15] > 3 * before.loudness[15]


def test_subtitles_are_burnt_in(stage: Cloud) -> None:
    stage.upload(SRT.encode(), "raw/upload", "a.srt", public_id="staging_clips/a.srt").raise_for_status()

    plain = video(stage, "l_subtitles:staging_clips:a.srt/fl_layer_apply")
    styled = video(stage, "l_subtitles:Arial_30:staging_clips:a.srt,co_yellow,b_black/fl_layer_apply,g_north")

    def words(found: Found, second: float, rows: slice) -> int:
        return int((found.picture(second)[rows, :, 0] > 150).sum())

    assert words(plain, 1.5, slice(60, 90)) > 10
    assert words(plain, 2.5, slice(0, 90)) == 0
    assert words(styled, 1.5, slice(0, 45)) > words(plain, 1.5, slice(60, 90))


def test_subtitles_in_a_font_that_nobody_knows(stage: Cloud) -> None:
    stage.upload(SRT.encode(), "raw/upload", "a.srt", public_id="staging_clips/a.srt").raise_for_status()

    layer = "l_subtitles:Nonesuch_30:staging_clips:a.srt/fl_layer_apply"
    assert refused(stage, f"{layer}/v1/staging_clips/lights.mp4") == (400, "Unsupported font family Nonesuch")


def test_a_playlist_that_calls_itself_subtitles_is_not_opened(stage: Cloud) -> None:
    evil = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    stage.upload(evil, "raw/upload", "e.srt", public_id="staging_clips/e.srt").raise_for_status()

    assert refused(stage, "l_subtitles:staging_clips:e.srt/fl_layer_apply/v1/staging_clips/lights.mp4") == (
        400,
        "Invalid subtitles file",
    )


@pytest.mark.parametrize(
    ("transformation", "lasts_s", "letters"),
    [
        ("so_1/so_1", 1.0, "bb"),
        ("so_33.4p,eo_66p", 1.0, "gg"),
        ("eo_2,du_1", 1.0, "gg"),
        ("e_reverse/eo_1", 1.0, "bb"),
        ("so_2/e_boomerang", 2.0, "bb"),
        ("so_2/e_loop:2", 3.0, "bb"),
        ("e_accelerate:100/so_1", 0.5, "bb"),
        ("so_0,eo_1/e_reverse/e_loop", 2.0, "rr"),
    ],
)
def test_time(stage: Cloud, transformation: str, lasts_s: float, letters: str) -> None:
    found = video(stage, transformation)

    names = {"r": RED, "g": GREEN, "b": BLUE}
    assert found.lasts(lasts_s, 0.15)
    assert [
        is_near(found.at(at), names[letter]) for at, letter in zip((0.1, lasts_s - 0.2), letters, strict=True)
    ]
    assert is_near(found.at(0.1), names[letters[0]])
    assert is_near(found.at(lasts_s - 0.2), names[letters[1]])


def test_the_liveliest_part_is_found(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    dull = ["-f", "lavfi", "-i", "color=gray:s=64x36:r=10:d=3"]
    lively = ["-f", "lavfi", "-i", "nullsrc=s=64x36:r=10:d=1,geq=random(1)*255:128:128"]
    joined = ["-filter_complex", "[0:v]split[a][b];[a][1:v][b]concat=n=3", "-c:v", "libx264", "-qp", "20"]
    ffmpeg(*dull, *lively, *joined, "-pix_fmt", "yuv420p", str(path))
    cloud.upload(path.read_bytes(), "video/upload", public_id="staging_clips/x").raise_for_status()

    best = seen(cloud.get("video/upload/so_auto,du_1/v1/staging_clips/x.mp4"))
    preview = seen(cloud.get("video/upload/e_preview:duration_1:max_seg_1/v1/staging_clips/x.mp4"))
    several = seen(cloud.get("video/upload/e_preview:duration_2:max_seg_2/v1/staging_clips/x.mp4"))
    still = Image.open(io.BytesIO(cloud.get("video/upload/so_auto/v1/staging_clips/x.png").content))

    assert best.lasts(1.0)
    assert best.picture(0.5).std() > 20
    assert preview.picture(0.5).std() > 20
    assert (several.lasts(2.0), still.convert("L").getextrema()[0] < 100) == (True, True)  # type: ignore[operator]


def test_shape(stage: Cloud) -> None:
    rounded = video(stage, "r_max,b_yellow")
    framed = video(stage, "c_pad,w_200,h_90,b_blurred:400:15/bo_4px_solid_yellow")
    turned = video(stage, "a_45")

    assert is_near(rounded.pixel(1.5, 2, 2), YELLOW)
    assert (framed.size, is_near(framed.pixel(1.5, 1, 1), YELLOW)) == ((208, 98), True)
    assert framed.pixel(1.5, 10, 49)[1] > 100
    assert (turned.size, is_near(turned.pixel(1.5, 2, 2), BLACK)) == ((178, 178), True)


@pytest.mark.parametrize(
    ("transformation", "ending", "frames"),
    [
        ("w_80", "gif", 30),
        ("vs_6,w_80", "gif", 6),
        ("vs_10p,dl_100", "gif", 3),
        ("vs_1.5s", "gif", 2),
        ("so_0,du_1,fps_5,e_loop", "gif", 5),
        ("fl_awebp,vs_3", "webp", 3),
        ("fl_animated,vs_3", "avif", 3),
        ("vs_3", "webp", 1),
        ("vs_3", "avif", 1),
    ],
)
def test_animations(stage: Cloud, transformation: str, ending: str, frames: int) -> None:
    made = picture(stage, transformation, ending)

    assert (made.format, getattr(made, "n_frames", 1)) == (ending.upper(), frames)
    assert made.width == (80 if "w_80" in transformation else 160)


@pytest.mark.parametrize(("accept", "made"), [("*/*", "image/gif"), ("image/webp,*/*", "image/webp")])
def test_an_animation_in_the_format_that_the_client_takes(stage: Cloud, accept: str, made: str) -> None:
    answer = stage.get(
        "video/upload/f_auto:animated,vs_3,w_40/staging_clips/lights", headers={"Accept": accept}
    )

    assert answer.headers["content-type"] == made
    assert getattr(Image.open(io.BytesIO(answer.content)), "n_frames", 1) == 3


def test_a_gif_loops_when_it_is_told_to(stage: Cloud) -> None:
    once, for_ever, thrice = (
        picture(stage, f"{loop}vs_2", "gif").info.get("loop") for loop in ("", "e_loop/", "e_loop:2/")
    )

    assert (once, for_ever, thrice) == (None, 0, 2)


def test_a_wave_form(stage: Cloud) -> None:
    made = picture(stage, "fl_waveform,w_120,h_60,co_red,b_blue")
    clear = picture(stage, "fl_waveform,b_transparent", name="beep")

    assert (made.size, made.getpixel((60, 30)), made.getpixel((60, 2))) == ((120, 60), RED, BLUE)
    assert clear.convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 0)
    assert picture(stage, "fl_waveform", "jpg", "beep").format == "JPEG"
    assert refused(stage, "fl_waveform/v1/staging_clips/white.png")[0] == 400


def test_a_frame_of_what_was_put_together(stage: Cloud) -> None:
    spliced = picture(stage, "fl_splice,l_video:staging_clips:white/fl_layer_apply/so_3.5")
    reversed_ = picture(stage, "e_reverse/so_0")
    middle = picture(stage, "e_accelerate:100", "jpg")
    covered = picture(stage, "so_2.5/l_staging_clips:square/fl_layer_apply,g_north_west/w_80", "png")

    assert is_near(spliced.convert("RGB").getpixel((80, 45)), WHITE)  # type: ignore[arg-type] # three values
    assert is_near(reversed_.convert("RGB").getpixel((80, 45)), BLUE)  # type: ignore[arg-type]
    assert is_near(middle.convert("RGB").getpixel((80, 45)), GREEN)  # type: ignore[arg-type]
    assert covered.size == (80, 45)
    assert is_near(covered.convert("RGB").getpixel((5, 5)), YELLOW)  # type: ignore[arg-type]
    assert is_near(covered.convert("RGB").getpixel((70, 40)), BLUE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("transformation", "ending", "codecs", "fps"),
    [
        ("vc_h264:baseline:3.0,ki_0.5,q_40", "mp4", ("h264", "aac"), 10),
        ("vc_av1,fps_5", "webm", ("av1", "opus"), 5),
        ("vc_vp8,ac_vorbis", "webm", ("vp8", "vorbis"), 10),
        ("vc_h265,fps_24-30", "mp4", ("hevc", "aac"), 24),
        ("br_100k:constant", "mkv", ("h264", "aac"), 10),
        ("q_50:qmax_30", "mp4", ("h264", "aac"), 10),
        ("vc_auto,ac_auto,q_auto:low", "mov", ("h264", "aac"), 10),
    ],
)
def test_codecs(stage: Cloud, transformation: str, ending: str, codecs: tuple[str, ...], fps: float) -> None:
    found = video(stage, transformation, ending)

    assert (found.codecs, found.fps) == (codecs, fps)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (
            "l_video:staging_clips:none/fl_layer_apply/v1/staging_clips/lights.mp4",
            400,
            "Resource not found - ",
        ),
        ("l_lut:staging_clips:x.cube/v1/staging_clips/lights.mp4", 400, "Resource not found - "),
        ("fl_splice:swoosh,l_video:staging_clips:white/fl_layer_apply/v1/staging_clips/lights.mp4", 400, ""),
        ("e_cartoonify/v1/staging_clips/lights.mp4", 400, "Invalid effect in transformation: cartoonify"),
        ("e_preview:size_4/v1/staging_clips/lights.mp4", 400, "Invalid effect in transformation: preview:"),
        ("e_loop:60/v1/staging_clips/lights.mp4", 400, "Invalid effect in transformation: loop:60"),
        ("so_9/v1/staging_clips/lights.mp4", 400, "Invalid start offset in transformation: 9"),
        ("vc_h264:silver/v1/staging_clips/lights.mp4", 400, "Invalid video codec in transformation: h264:si"),
        ("cs_srgb/v1/staging_clips/lights.mp4", 501, "fake 'cloudinary' does not cover the transformation"),
        (
            "b_auto,c_pad,w_400,h_90/v1/staging_clips/lights.mp4",
            501,
            "fake 'cloudinary' does not cover b_auto",
        ),
        ("so_0/v1/staging_clips/beep.png", 400, "Invalid extension in transformation: audio has no frames"),
        (
            "fl_splice,l_audio:staging_clips:beep/fl_layer_apply/v1/staging_clips/lights.mp4",
            400,
            "Invalid lay",
        ),
        (
            "e_multiply,l_staging_clips:square/v1/staging_clips/lights.mp4",
            501,
            "fake 'cloudinary' does not co",
        ),
    ],
)
def test_what_cannot_be_done_is_said(stage: Cloud, path: str, status: int, message: str) -> None:
    found_status, found_message = refused(stage, path)

    assert (found_status, found_message[: len(message)]) == (status, message)


@pytest.fixture
def feature(cloud: Cloud, media: dict[str, bytes]) -> Cloud:
    """A video that says it lasts 61 minutes."""
    content = media["lights"]
    cloud.upload(content, "video/upload", public_id="staging_clips/any").raise_for_status()
    row: dict[str, object] = {
        "public_id": "staging_clips/feature",
        "resource_type": "video",
        "type": "upload",
        "format": "mp4",
    }
    row |= {"bytes": len(content), "width": 160, "height": 90, "created_at": "2026-11-20T06:00:00Z"}
    row |= {"duration": 3660.0, "etag": hashlib.md5(content).hexdigest()}
    row |= {"sha256": hashlib.sha256(content).hexdigest()}
    cloud.http.put(f"{cloud.url}/_fake/state", json={"assets": [row]}).raise_for_status()
    return cloud


@pytest.mark.parametrize("path", ["w_80/staging_clips/feature.mp4", "sp_auto/staging_clips/feature.m3u8"])
def test_a_long_video_is_made_behind_the_answer(feature: Cloud, path: str) -> None:
    first = refused(feature, path)

    wait_until(lambda: feature.get(f"video/upload/{path}").status_code == 200, lambda: path)
    assert first == (423, "Resource staging_clips/feature is pending")
    assert feature.get("video/upload/so_1/staging_clips/feature.jpg").status_code == 200


def test_what_is_made_eagerly_behind_an_answer_is_pending_until_then(
    cloud: Cloud, media: dict[str, bytes]
) -> None:
    eager = {"eager": "e_boomerang/e_loop:9|sp_hd/m3u8", "eager_async": "1"}
    answer = cloud.upload(media["lights"], "video/upload", public_id="staging_clips/e", **eager)

    pending = refused(cloud, "e_boomerang/e_loop:9/v1/staging_clips/e.mp4")
    wait_until(lambda: len(derived(cloud)) == 4, lambda: str(derived(cloud)))

    assert [one["status"] for one in answer.json()["eager"]] == ["processing", "processing"]
    assert pending == (423, "Resource staging_clips/e is pending")
    assert video_of(cloud, "e_boomerang/e_loop:9/v1/staging_clips/e.mp4").lasts(60.0, 0.5)
    variant = "c_limit,w_320,h_240,vc_h264:baseline:3.0,br_192k"
    assert {(variant, "m3u8"), (variant, "ts"), ("sp_hd", "m3u8")} < derived(cloud)


def derived(cloud: Cloud) -> set[tuple[str, str]]:
    found = cloud.admin("GET", "resources/video/upload/staging_clips/e").json()["derived"]
    return {(one["transformation"], one["format"]) for one in found}


def video_of(cloud: Cloud, path: str) -> Found:
    return seen(cloud.get(f"video/upload/{path}"))


def test_nothing_is_left_behind(stage: Cloud) -> None:
    video(stage, "l_text:Arial_20:x/fl_layer_apply/so_auto,du_1")
    refused(stage, "e_reverse/e_cartoonify/v1/staging_clips/lights.mp4")

    assert [name for name in stage.files() if name.startswith("incoming")] == []
