from __future__ import annotations

import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from clipnet.worker import analysis
from clipnet.worker.errors import Permanent
from clipnet.worker.loudness import TARGET_LUFS
from clipnet.worker.polish import Order, Outcome, Polished, polish
from clipnet.worker.probe import from_summary, probe, read
from tests.clipnet.worker.conftest import Videos

RAW = ("-c:v", "libx264", "-preset", "ultrafast")


async def polished(
    source: Path, folder: Path, *, start_s: float | None = None, end_s: float | None = None, height: int = 320
) -> tuple[Outcome, Polished, list[float]]:
    told: list[float] = []
    made = Polished(folder / "polished")
    order = Order(source, await probe(source), start_s, end_s, height, 60)
    return await polish(order, made, told.append), made, told


async def loudness(path: Path, folder: Path) -> float | None:
    await analysis.analyse(path, read(path), folder, find_cuts=False, time_limit_s=20)
    return analysis.parse_integrated(printed(folder))


def printed(folder: Path) -> str:
    return (folder / "loudness.txt").read_text()


async def test_one_pass_makes_video_poster_speech_and_pictures(videos: Videos, tmp_path: Path) -> None:
    outcome, made, told = await polished(videos.spoken(), tmp_path)

    media = read(made.video)
    assert (media.width, media.height, media.codec, media.has_audio) == (180, 320, "h264", True)
    assert media.duration_s == pytest.approx(outcome.segment.length_s, abs=0.15)
    assert made.poster.read_bytes()[:2] == b"\xff\xd8"
    assert len(made.stills) == 3
    assert len(made.thumbs) == pytest.approx(outcome.segment.length_s * 4, abs=2)
    assert made.thumbs[0].read_bytes()[:4] == b"\x89PNG"
    with av.open(str(made.speech)) as speech:
        assert speech.streams.audio[0].layout.name == "mono"
    assert told == sorted(told)
    assert os.listdir(tmp_path) == ["polished"]
    assert not list(made.folder.glob("*.txt"))


async def test_the_video_can_be_played_while_it_loads(videos: Videos, tmp_path: Path) -> None:
    _, made, _ = await polished(videos.spoken(), tmp_path)

    head = made.video.read_bytes()[:4096]
    assert b"moov" in head
    with av.open(str(made.video)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        assert container.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize("speech", ["goal", "weather", "mathe"])
@pytest.mark.parametrize("gain_db", [-25, 0, 12])
async def test_the_result_is_as_loud_as_it_should_be(
    videos: Videos, tmp_path: Path, speech: str, gain_db: int
) -> None:
    spoken = videos.spoken(speech)
    source = videos.make(
        f"{speech}{gain_db}.mp4", "-i", str(spoken), "-c:v", "copy", "-af", f"volume={gain_db}dB"
    )

    _, made, _ = await polished(source, tmp_path, height=160)

    reached = await loudness(made.video, tmp_path)
    assert reached == pytest.approx(TARGET_LUFS, abs=1.0)


async def test_the_part_that_is_asked_for_is_cut(videos: Videos, tmp_path: Path) -> None:
    outcome, made, _ = await polished(videos.spoken(), tmp_path, start_s=2.0, end_s=4.0)

    assert (outcome.segment.start_s, outcome.segment.end_s) == (2.0, 4.0)
    assert read(made.video).duration_s == pytest.approx(2.0, abs=0.15)


async def test_the_liveliest_part_of_a_long_source_is_chosen(videos: Videos, tmp_path: Path) -> None:
    source = videos.make(
        "long.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=50"),
        *("-f", "lavfi", "-i", "sine=frequency=440:duration=50"),
        *("-af", "volume='if(between(t,24,44),1,0.01)':eval=frame", *RAW, "-c:a", "aac"),
    )

    outcome, _, _ = await polished(source, tmp_path)

    assert outcome.segment.start_s == pytest.approx(24.0, abs=1.0)
    assert outcome.segment.length_s == pytest.approx(20.0)


async def test_a_picture_without_sound_is_polished(videos: Videos, tmp_path: Path) -> None:
    _, made, _ = await polished(videos.silent(), tmp_path)

    assert not read(made.video).has_audio
    assert not made.speech.exists()


async def test_silence_stays_silence(videos: Videos, tmp_path: Path) -> None:
    source = videos.make(
        "mute.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=2"),
        *("-f", "lavfi", "-i", "anullsrc=duration=2", "-shortest", *RAW, "-c:a", "aac"),
    )

    outcome, made, _ = await polished(source, tmp_path)

    assert outcome.gain.db == 0
    assert await loudness(made.video, tmp_path) is None


async def test_a_turned_picture_is_set_upright(videos: Videos, tmp_path: Path) -> None:
    source = videos.make(
        "turned.mp4", "-display_rotation", "90", "-i", str(videos.silent(1, "640x360")), "-c", "copy"
    )

    outcome, made, _ = await polished(source, tmp_path, height=1920)

    media, result = read(source), read(made.video)
    assert (media.width, media.height, media.rotation) == (360, 640, 90)
    assert (result.width, result.height, result.rotation) == (360, 640, 0)
    assert outcome.frame.crop_width == 360


@pytest.mark.parametrize("size", ["321x243", "101x333", "1280x718"])
async def test_odd_sizes_become_even_and_never_larger(videos: Videos, tmp_path: Path, size: str) -> None:
    width, height = (int(side) for side in size.split("x"))
    source = videos.make(
        f"odd-{size}.mkv",
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration=1"),
        *("-vf", "format=yuv444p", *RAW),
    )

    _, made, _ = await polished(source, tmp_path, height=1920)

    media = read(made.video)
    assert media.width % 2 == media.height % 2 == 0
    assert media.width <= width
    assert media.height <= height
    assert media.width / media.height == pytest.approx(9 / 16, abs=0.03)


async def test_a_changing_frame_rate_becomes_constant(videos: Videos, tmp_path: Path) -> None:
    source = videos.make(
        "changing.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30:duration=4"),
        *("-vf", "select='not(mod(n,3))+lt(n,60)'", "-fps_mode", "vfr", *RAW),
    )

    _, made, _ = await polished(source, tmp_path)

    with av.open(str(made.video)) as container:
        stream = container.streams.video[0]
        times = [frame.pts for frame in container.decode(stream) if frame.pts is not None]
    assert len({after - before for before, after in pairwise(times)}) == 1


async def test_pixels_that_are_not_square_become_so(videos: Videos, tmp_path: Path) -> None:
    source = videos.make(
        "anamorphic.mkv",
        *("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=1", "-vf", "setsar=4/3", *RAW),
    )

    _, made, _ = await polished(source, tmp_path)

    assert read(source).pixel_aspect == Fraction(4, 3)
    assert read(made.video).pixel_aspect == 1


async def test_ten_bits_of_high_dynamic_range_become_eight_ordinary_ones(
    videos: Videos, tmp_path: Path
) -> None:
    tags = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    source = videos.make(
        "hdr.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=1"),
        *("-vf", f"format=yuv420p10le,{tags}", *RAW),
    )

    _, made, _ = await polished(source, tmp_path)

    assert read(source).hdr
    assert not read(made.video).hdr
    with av.open(str(made.video)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


async def test_what_was_probed_can_be_read_back_from_a_clips_history(videos: Videos) -> None:
    media = await probe(videos.spoken())

    assert from_summary(media.summary()) == media
    assert from_summary({"width": 1}) is None


async def test_a_clip_ends_where_its_picture_does(videos: Videos, tmp_path: Path) -> None:
    source = videos.make(
        "long-sound.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=0.4"),
        *("-f", "lavfi", "-i", "sine=440:duration=4", "-c:v", "libx264", "-preset", "ultrafast"),
    )

    outcome, files, _ = await polished(source, tmp_path)

    assert outcome.segment.length_s == pytest.approx(0.4, abs=0.01)
    assert files.is_complete()


async def test_a_file_that_breaks_off_is_refused_in_words(videos: Videos, tmp_path: Path) -> None:
    whole = videos.make(
        "whole.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=6"),
        *("-f", "lavfi", "-i", "sine=440:duration=6", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-movflags", "frag_keyframe+empty_moov"),
    )
    source = tmp_path / "broken-off.mp4"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size // 6])

    with pytest.raises(Permanent) as caught:
        await polished(source, tmp_path)

    assert (caught.value.code, str(caught.value)) == (
        "damaged",
        "the file is damaged or incomplete: it holds no picture or no sound where one should be",
    )


async def test_sound_alone_is_refused_in_words(videos: Videos) -> None:
    with pytest.raises(Permanent, match="holds no picture") as caught:
        await probe(videos.sound_only())

    assert caught.value.code == "no_video_stream"


async def test_text_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="cannot be read as a video"):
        await probe(note(tmp_path))


def note(folder: Path) -> Path:
    path = folder / "note.mp4"
    path.write_text("hello " * 1000)
    return path


async def test_a_failure_leaves_nothing_behind(videos: Videos, tmp_path: Path) -> None:
    source = videos.spoken()
    order = Order(source, await probe(source), 100.0, 110.0, 320, 60)

    with pytest.raises(Permanent, match="not within the video"):
        await polish(order, Polished(tmp_path / "polished"), lambda _: None)

    assert not os.listdir(tmp_path)
