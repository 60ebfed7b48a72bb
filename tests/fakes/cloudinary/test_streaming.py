"""Adaptive streaming, played by FFmpeg as any player would."""

import re
from pathlib import Path
from xml.etree import ElementTree

import av
import httpx
import pytest

from fakes.cloudinary.ladders import PREDEFINED
from fakes.cloudinary.render import streaming
from fakes.cloudinary.render.geometry import Size
from fakes.cloudinary.render.streaming import Look
from fakes.cloudinary.signatures import delivery_signature
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.conftest import SECRET, Cloud
from tests.fakes.cloudinary.footage import BLUE, GREEN, RED, ffmpeg, is_near, look, traffic_lights

MPD = "{urn:mpeg:dash:schema:mpd:2011}"
SHOWN = Look(Size(1280, 720), 30.0, True, 10.0)


@pytest.fixture(scope="module")
def lights(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Red, green and blue, a second each, 160 x 90, with a tone."""
    return traffic_lights(tmp_path_factory.mktemp("media") / "lights.mp4").read_bytes()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A second of 854 x 480, without sound."""
    path = tmp_path_factory.mktemp("media") / "large.mp4"
    still = ["-f", "lavfi", "-i", "color=red:s=854x480:r=10:d=1", "-c:v", "libx264", "-preset", "ultrafast"]
    ffmpeg(*still, "-pix_fmt", "yuv420p", str(path))
    return path.read_bytes()


@pytest.fixture
def clip(cloud: Cloud, lights: bytes) -> Cloud:
    cloud.upload(lights, "video/upload", public_id="staging_clips/a b").raise_for_status()
    return cloud


def master(answer: httpx.Response) -> list[tuple[dict[str, str], str]]:
    """The variants of a master playlist: attributes and address."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-mpegURL")
    blocks = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(.*)\n", answer.text)
    return [(dict(re.findall(r'([A-Z]+)="?([^",]+(?:,mp4a[^"]*)?)', head)), where) for head, where in blocks]


def test_a_master_names_variants_that_a_player_plays(clip: Cloud, tmp_path: Path) -> None:
    answer = clip.get("video/upload/sp_auto/v1/staging_clips/a%20b.m3u8")

    ((attributes, where),) = master(answer)
    assert answer.text.startswith("#EXTM3U\n\n#EXT-X-STREAM-INF:BANDWIDTH=")
    assert attributes["RESOLUTION"] == "160x90"
    assert re.fullmatch(
        r"/staging/video/upload/c_limit,w_320,h_180,vc_h264:baseline:3.0,br_192k/v\d+/staging_clips/a%20b.m3u8",
        where,
    )
    saved = tmp_path / "played.mp4"
    ffmpeg("-i", f"{clip.url}/staging/video/upload/sp_auto/v1/staging_clips/a%20b.m3u8", str(saved))
    played = look(saved)
    assert played.codecs == ("h264", "aac")
    assert played.lasts(3.0, 0.15)
    assert [is_near(played.at(at), wanted) for at, wanted in ((0.5, RED), (1.5, GREEN), (2.5, BLUE))] == [
        True,
        True,
        True,
    ]
    assert min(played.loudness[3:27]) > 0.02


def test_the_codecs_are_those_of_the_streams(clip: Cloud) -> None:
    for profile, spelled, level in (
        ("baseline:3.0", "avc1.42C01E,mp4a.40.2", 30),
        ("main:3.1", "avc1.4D401F,mp4a.40.2", 31),
        ("high:4.0", "avc1.640028,mp4a.40.2", 40),
    ):
        variant = f"c_limit,w_320,h_180,vc_h264:{profile},br_300k"
        found = streaming.variants("sp_x", "x", Look(Size(160, 90), 10, True, 3), {"x": [variant]}.get)

        stream = clip.get(f"video/upload/{variant}/v1/staging_clips/a%20b.ts")

        sps = stream.content[stream.content.index(b"\0\0\1\x67") + 4 :][:3]
        assert (found[0].codecs, f"avc1.{sps.hex().upper()},mp4a.40.2") == (spelled, spelled)
        assert (stream.headers["content-type"], sps[2]) == ("video/mp2t", level)


def test_segments_are_ranges_of_one_stream_that_is_made_once(clip: Cloud) -> None:
    path = "video/upload/w_80/v1/staging_clips/a%20b"

    playlist = clip.get(f"{path}.m3u8")

    lines = playlist.text.splitlines()
    spans = [tuple(map(int, line.split(":")[1].split("@"))) for line in lines if "BYTERANGE" in line]
    where = {line for line in lines if not line.startswith("#")}
    assert lines[:2] == ["#EXTM3U", "#EXT-X-VERSION:4"]
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in lines
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert len(spans) == 2
    assert len(where) == 1
    stream = clip.http.get(clip.url + where.pop())
    assert sum(length for length, _ in spans) == len(stream.content)
    length, start = spans[1]
    part = clip.get(f"{path}.ts", headers={"Range": f"bytes={start}-{start + length - 1}"})
    assert (part.status_code, part.content) == (206, stream.content[start:])
    assert part.content[0] == 0x47
    derived = clip.admin("GET", "resources/video/upload/staging_clips/a b").json()["derived"]
    assert sorted((one["transformation"], one["format"]) for one in derived) == [
        ("w_80", "m3u8"),
        ("w_80", "ts"),
    ]


def test_a_playlist_has_the_headers_and_conditions_of_a_file(clip: Cloud) -> None:
    path = "video/upload/sp_hd/v1/staging_clips/a%20b.m3u8"
    whole = clip.get(path)

    head = clip.http.head(f"{clip.url}/staging/{path}")
    same = clip.get(path, headers={"If-None-Match": whole.headers["etag"]})

    assert head.headers["content-length"] == str(len(whole.content))
    assert (same.status_code, same.content) == (304, b"")
    assert whole.headers["access-control-allow-origin"] == "*"
    assert clip.files() == [name for name in clip.files() if not name.startswith("incoming")]


def test_after_a_rename_the_same_stream_plays_under_the_new_name(clip: Cloud) -> None:
    before = clip.get("video/upload/sp_hd/staging_clips/a%20b.m3u8").text
    clip.post("video/rename", {"from_public_id": "staging_clips/a b", "to_public_id": "staging_clips/new"})

    after = clip.get("video/upload/sp_hd/staging_clips/new.m3u8").text

    assert after == before.replace("a%20b", "new")


def test_no_variant_is_larger_than_the_video(cloud: Cloud, large: bytes) -> None:
    cloud.upload(large, "video/upload", public_id="staging_clips/l").raise_for_status()

    found = master(cloud.get("video/upload/sp_full_hd/v1/staging_clips/l.m3u8"))

    assert [(head["RESOLUTION"], head["CODECS"]) for head, _ in found] == [
        ("640x360", "avc1.42C01E"),
        ("480x270", "avc1.42C01E"),
        ("320x180", "avc1.42C01E"),
    ]
    assert [int(head["BANDWIDTH"]) for head, _ in found] == [2_200_000, 880_000, 211_200]


def test_what_comes_before_the_profile_is_in_every_variant(clip: Cloud) -> None:
    ((head, where),) = master(
        clip.get("video/upload/c_fill,w_90,h_160/e_grayscale,sp_auto/v1/staging_clips/a%20b.m3u8")
    )

    stream = clip.http.get(clip.url + where.replace(".m3u8", ".ts"))

    assert "/c_fill,w_90,h_160/e_grayscale/c_limit,w_180,h_320," in where
    assert head["RESOLUTION"] == "90x160"
    found = look(stream.content)
    assert (found.size, is_near(found.at(1.5), (76, 76, 76), 60)) == ((90, 160), True)


def test_a_signed_stream_names_signed_variants(cloud: Cloud, lights: bytes) -> None:
    cloud.upload(lights, "video/upload", public_id="staging_clips/s", type="authenticated")
    signature = delivery_signature("sp_auto/staging_clips/s.m3u8", SECRET)

    ((_, where),) = master(cloud.get(f"video/authenticated/s--{signature}--/sp_auto/v1/staging_clips/s.m3u8"))
    variant = cloud.http.get(cloud.url + where)
    stream = next(line for line in variant.text.splitlines() if not line.startswith("#"))

    assert variant.status_code == 200
    assert cloud.http.get(cloud.url + stream).status_code == 200
    assert cloud.http.get(re.sub("/s--[^/]*--", "", cloud.url + stream)).status_code == 401


def test_sound_alone_is_streamed(cloud: Cloud, tmp_path: Path) -> None:
    sound = tmp_path / "tone.mp3"
    ffmpeg("-f", "lavfi", "-i", "sine=f=440:d=2", str(sound))
    cloud.upload(sound.read_bytes(), "video/upload", public_id="staging_clips/tone").raise_for_status()

    ((head, where),) = master(cloud.get("video/upload/sp_auto/v1/staging_clips/tone.m3u8"))
    variant = cloud.http.get(cloud.url + where)

    assert (head["CODECS"], "RESOLUTION" in head) == ("mp4a.40.2", False)
    assert look(cloud.http.get(cloud.url + where.replace("m3u8", "ts")).content).codecs == ("aac",)
    assert "#EXT-X-ENDLIST" in variant.text


def test_dash_names_ranges_that_a_player_plays(clip: Cloud, tmp_path: Path) -> None:
    url = f"{clip.url}/staging/video/upload/sp_hd/v1/staging_clips/a%20b.mpd"

    answer = clip.http.get(url)

    assert answer.headers["content-type"] == "application/dash+xml"
    root = ElementTree.fromstring(answer.content)
    shown = {one.get("mimeType"): one for one in root.iter(f"{MPD}Representation")}
    assert {kind: one.get("codecs") for kind, one in shown.items()} == {
        "video/mp4": "avc1.42C01E",
        "audio/mp4": "mp4a.40.2",
    }
    assert (shown["video/mp4"].get("width"), shown["video/mp4"].get("height")) == ("160", "90")
    for one in shown.values():
        where = one.findtext(f"{MPD}BaseURL") or ""
        content = clip.http.get(clip.url + where).content
        first = one.find(f".//{MPD}Initialization")
        assert first is not None
        start, end = map(int, first.get("range", "").split("-"))
        parts = [part.get("mediaRange", "").split("-") for part in one.iter(f"{MPD}SegmentURL")]
        assert content[start : end + 1].find(b"moov") > 0
        assert all(content[int(low) + 4 : int(low) + 8] == b"sidx" for low, _ in parts)
        assert int(parts[0][0]) == end + 1
    ffmpeg("-i", url, str(tmp_path / "played.mp4"))
    played = look(tmp_path / "played.mp4")
    assert (played.codecs, played.lasts(3.0, 0.15)) == (("h264", "aac"), True)
    assert [is_near(played.at(at), wanted) for at, wanted in ((0.5, RED), (2.5, BLUE))] == [True, True]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("sp_nope/v1/staging_clips/a%20b.m3u8", 400, "Invalid streaming profile in transformation: nope"),
        ("sp_nope/v1/staging_clips/a%20b.mpd", 400, "Invalid streaming profile in transformation: nope"),
        ("sp_auto:maxres_9p/v1/staging_clips/a%20b.m3u8", 400, "Invalid streaming profile in"),
        ("sp_full_hd_vp9/v1/staging_clips/a%20b.mpd", 501, "fake 'cloudinary' does not cover the streaming"),
        ("sp_auto:subtitles_x/v1/staging_clips/a%20b.m3u8", 501, "fake 'cloudinary' does not cover options"),
    ],
)
def test_what_cannot_be_streamed_is_refused(clip: Cloud, path: str, status: int, message: str) -> None:
    answer = clip.get(f"video/upload/{path}")

    assert (answer.status_code, answer.headers["X-Cld-Error"][: len(message)]) == (status, message)


def test_an_image_is_not_streamed(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/i").raise_for_status()

    answer = cloud.get("image/upload/sp_hd/v1/staging_clips/i.m3u8")

    assert answer.headers["X-Cld-Error"] == "Invalid extension in transformation: m3u8"


def test_the_published_ladder_of_4k() -> None:
    found = streaming.variants("sp_4k", "4k", Look(Size(3840, 2160), 25, True, 1), streaming.predefined)

    assert [(f"{one.size.width}x{one.size.height}", one.codecs) for one in found if one.size] == [
        ("3840x2160", "avc1.640028,mp4a.40.2"),
        ("2560x1440", "avc1.640028,mp4a.40.2"),
        ("1920x1080", "avc1.640028,mp4a.40.2"),
        ("1280x720", "avc1.4D401F,mp4a.40.2"),
        ("960x540", "avc1.4D401F,mp4a.40.2"),
        ("640x360", "avc1.42C01E,mp4a.40.2"),
        ("480x270", "avc1.42C01E,mp4a.40.2"),
        ("320x180", "avc1.42C01E,mp4a.40.2"),
    ]
    assert set(PREDEFINED) == {"4k", "full_hd", "hd", "sd", "full_hd_wifi", "full_hd_lean", "hd_lean"}


def test_the_automatic_ladder_ends_where_it_is_told_to_and_turns_with_the_video() -> None:
    whole = streaming.variants("sp_auto", "auto", SHOWN, streaming.predefined)
    low = streaming.variants("sp_auto:maxres_360p", "auto:maxres_360p", SHOWN, streaming.predefined)
    upright = streaming.variants(
        "sp_auto", "auto", Look(Size(720, 1280), 30, False, 10), streaming.predefined
    )

    assert [one.size for one in whole][:2] == [Size(1280, 720), Size(960, 540)]
    assert low[0].size == Size(640, 360)
    assert [one.size for one in upright][:2] == [Size(720, 1280), Size(540, 960)]


def test_a_profile_of_ones_own() -> None:
    def profiles(name: str) -> list[str] | None:
        return ["c_limit,h_240,w_400,br_1m", "c_scale,w_100,h_50,vc_h265"] if name == "mine" else None

    found = streaming.variants("a_90/sp_mine", "mine", SHOWN, profiles)

    assert [(one.text, one.size, one.codecs) for one in found] == [
        ("a_90/c_limit,h_240,w_400,br_1m", Size(400, 224), "avc1.4D4014,mp4a.40.2"),
        ("a_90/c_scale,w_100,h_50,vc_h265", Size(100, 50), ""),
    ]


def test_a_named_transformation_may_choose_the_profile() -> None:
    named = {"hls": "e_sepia/sp_hd,q_auto", "plain": "w_100"}

    text = streaming.spelled_out("t_plain/t_hls,a_90", named.get)

    assert text == "t_plain/e_sepia/sp_hd,q_auto/a_90"
    assert streaming.without_profile(text) == ("t_plain", "e_sepia", "q_auto", "a_90")


def test_addresses_are_put_in_place() -> None:
    text = streaming.master(
        streaming.variants("$x_1/sp_hd", "hd", SHOWN, lambda _: ["l_text:Arial_20:a%20b%253Cc,w_100,h_100"])
    )

    found = streaming.addressed(text, lambda transformation, kind: f"<{transformation}|{kind}>")

    assert found.splitlines()[-1] == "<$x_1/l_text:Arial_20:a%20b%253Cc,w_100,h_100|m3u8>"


def test_a_profile_without_representations_is_none() -> None:
    with pytest.raises(ProviderError, match="Invalid streaming profile in transformation: empty"):
        streaming.variants("sp_empty", "empty", SHOWN, lambda _: [])


def test_fragments_cover_the_file(clip: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(clip.get("video/upload/w_80/v1/staging_clips/a%20b.mp4dv").content)

    index = streaming.index_of(path)

    assert index.initialization[0] == 0
    assert index.segments[0][0] == index.initialization[1] + 1
    assert [one[0] for one in index.segments[1:]] == [one[1] + 1 for one in index.segments[:-1]]
    with av.open(str(path)) as container:
        assert len(container.streams) == 1
