"""What the video recipes make, seen in the pixels and the samples."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fakes.cloudinary.render.ffmpeg import Ffmpeg
from fakes.cloudinary.render.geometry import Frame, Size
from fakes.cloudinary.render.videos import encoding, looks, outputs, overlays, timing
from fakes.cloudinary.render.videos.encoding import Encoding
from fakes.cloudinary.render.videos.graph import Clip, Graph, Recipe, Source
from fakes.cloudinary.render.videos.looks import Backdrop
from fakes.cloudinary.render.videos.outputs import Job, Sampling
from fakes.cloudinary.render.videos.overlays import Place
from fakes.cloudinary.render.videos.timing import Transition
from fakes.kit.errors import ProviderError
from tests.fakes.cloudinary.footage import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    Found,
    colour,
    is_near,
    look,
    traffic_lights,
)

YELLOW = (255, 255, 0)


@pytest.fixture(scope="module")
def lights(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """Red, green and blue, a second each, with a tone."""
    path = traffic_lights(tmp_path_factory.mktemp("media") / "lights.mp4")
    source = Source(path, 3.0, Size(160, 90), has_audio=True, fps=10.0)
    return lambda graph: graph.open(source)


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    """A silent second of yellow, 60 x 60, 25 frames per second."""
    path = colour(tmp_path_factory.mktemp("media") / "square.mp4", "yellow", size="60x60", fps=25)
    source = Source(path, 1.0, Size(60, 60), has_audio=False, fps=25.0)
    return lambda graph: graph.open(source)


def run(job: Job) -> None:
    asyncio.run(Ffmpeg(30).run(job.arguments))


def made(tmp_path: Path, recipe: Recipe, format_name: str = "mp4", **wishes: Any) -> Found:
    path = tmp_path / f"made.{format_name}"
    job = outputs.file(recipe, path, Encoding(format_name, **wishes))
    run(job)
    found = look(path)
    assert found.size == (job.size and (job.size.width, job.size.height))
    return found


def colours(found: Found, *seconds: float) -> str:
    """The first letters of what is seen in the middle at these seconds; `?` for something else."""
    names = {"r": RED, "g": GREEN, "b": BLUE, "y": YELLOW, "k": BLACK}
    return "".join(
        next((name for name, value in names.items() if is_near(found.at(second), value)), "?")
        for second in seconds
    )


def test_a_part_is_cut_out(tmp_path: Path, lights: Recipe) -> None:
    found = made(tmp_path, timing.cut(lights, lambda length_s: (length_s / 3, 2 * length_s / 3)))

    assert found.lasts(1.0)
    assert colours(found, 0.05, 0.9) == "gg"


def test_backwards(tmp_path: Path, lights: Recipe) -> None:
    found = made(tmp_path, timing.reverse(lights))

    assert (found.lasts(3.0), colours(found, 0.5, 1.5, 2.5)) == (True, "bgr")


def test_a_long_large_video_is_not_reversed() -> None:
    source = Source(Path("/x"), 60.0, Size(1920, 1080), has_audio=True, fps=30.0)

    with pytest.raises(ProviderError, match="too large to process synchronously"):
        timing.reverse(lambda graph: graph.open(source))(Graph())


def test_what_is_reversed_is_counted_together() -> None:
    source = Source(Path("/x"), 20.0, Size(640, 360), has_audio=True, fps=30.0)
    once = timing.boomerang(lambda graph: graph.open(source))

    once(Graph())

    with pytest.raises(ProviderError, match="too large to process synchronously"):
        timing.boomerang(timing.boomerang(once))(Graph())


def test_again_and_again(tmp_path: Path, lights: Recipe) -> None:
    found = made(tmp_path, timing.loop(lights, 2))

    assert found.lasts(9.0)
    assert colours(found, 0.5, 2.5, 3.5, 5.5, 6.5, 8.5) == "rbrbrb"
    assert min(found.loudness[2:88]) > 0.03


def test_there_and_back(tmp_path: Path, lights: Recipe) -> None:
    found = made(tmp_path, timing.boomerang(lights))

    assert found.lasts(6.0)
    assert colours(found, 0.5, 2.5, 3.5, 4.5, 5.5) == "rbbgr"


@pytest.mark.parametrize(("percent", "length_s"), [(100, 1.5), (-50, 6.0)])
def test_faster_and_slower(tmp_path: Path, lights: Recipe, percent: float, length_s: float) -> None:
    found = made(tmp_path, timing.accelerate(lights, percent))

    assert (found.lasts(length_s), found.fps) == (True, 10.0)
    assert colours(found, length_s / 6, length_s / 2, 5 * length_s / 6) == "rgb"


def test_clips_of_other_sizes_rates_and_silence_are_joined(
    tmp_path: Path, lights: Recipe, square: Recipe
) -> None:
    found = made(tmp_path, timing.join([lights, square, lights]))

    assert (found.size, found.fps) == ((160, 90), 10.0)
    assert found.lasts(7.0)
    assert colours(found, 2.5, 3.5, 4.5) == "byr"
    assert is_near(found.pixel(3.5, 5, 45), BLACK)
    assert max(found.loudness[32:38]) == 0.0
    assert min(found.loudness[42:60]) > 0.03


def test_the_model_gives_the_size_wherever_it_comes(tmp_path: Path, lights: Recipe, square: Recipe) -> None:
    def recipe(graph: Graph) -> Clip:
        below = lights(graph)
        return timing.joined(graph, [square(graph), below], below)

    found = made(tmp_path, recipe)

    assert (found.size, colours(found, 0.5, 1.5, 3.5)) == ((160, 90), "yrb")


def test_a_transition_overlaps(tmp_path: Path, lights: Recipe, square: Recipe) -> None:
    def recipe(graph: Graph) -> Clip:
        first = lights(graph)
        return timing.joined(graph, [first, square(graph)], first, Transition("wipeleft", 0.5))

    found = made(tmp_path, recipe)

    assert found.lasts(3.5)
    assert colours(found, 2.4, 3.4) == "by"
    left, right = found.pixel(2.7, 55, 45), found.pixel(2.7, 105, 45)
    assert is_near(left, BLUE)
    assert is_near(right, YELLOW)


def test_sound_cannot_be_joined_to_pictures(lights: Recipe) -> None:
    sound = Source(Path("/x"), 1.0, None, has_audio=True)

    with pytest.raises(ProviderError, match="cannot be joined"):
        timing.join([lights, lambda graph: graph.open(sound)])(Graph())


def test_a_clip_lies_over_a_clip_for_a_while(tmp_path: Path, lights: Recipe, square: Recipe) -> None:
    place = Place("south_east", x=10, y=5, start_s=1.0, end_s=1.8)

    found = made(tmp_path, lambda graph: overlays.laid(graph, lights(graph), square(graph), place))

    inside, above = (160 - 10 - 30, 90 - 5 - 30), (160 - 10 - 30, 90 - 5 - 62)
    assert [is_near(found.pixel(second, *inside), YELLOW) for second in (0.5, 1.4, 1.95, 2.5)] == [
        False,
        True,
        False,
        False,
    ]
    assert is_near(found.pixel(1.4, *above), GREEN)
    assert (found.lasts(3.0), found.size) == (True, (160, 90))


def test_an_overlay_can_be_seen_through(tmp_path: Path, lights: Recipe, square: Recipe) -> None:
    found = made(
        tmp_path, lambda graph: overlays.laid(graph, lights(graph), square(graph), Place(opacity=0.5))
    )

    assert is_near(found.at(2.5), BLUE)  # the square ended after a second
    assert is_near(found.at(0.5), (255, 127, 0))


def test_a_sound_is_mixed_in_later(tmp_path: Path, lights: Recipe, square: Recipe) -> None:
    def recipe(graph: Graph) -> Clip:
        silent = timing.loop(square, 2)(graph)
        return overlays.mixed(graph, silent, lights(graph), Place(start_s=1.0, end_s=2.0))

    found = made(tmp_path, recipe)

    assert found.lasts(3.0)
    assert max(found.loudness[1:9]) < 0.01
    assert min(found.loudness[12:19]) > 0.03
    assert max(found.loudness[22:28]) < 0.01


def test_corners_are_rounded(tmp_path: Path, lights: Recipe) -> None:
    ellipse = made(tmp_path, looks.rounded(lights, None))
    corners = made(tmp_path, looks.flat(looks.rounded(lights, [0, 40, 0, 0]), YELLOW))

    assert is_near(ellipse.pixel(0.5, 3, 3), BLACK)
    assert is_near(ellipse.pixel(2.5, 80, 3), BLUE)
    assert is_near(corners.pixel(2.5, 157, 2), YELLOW)
    assert is_near(corners.pixel(2.5, 2, 2), BLUE)


def test_opacity_and_border(tmp_path: Path, lights: Recipe) -> None:
    found = made(tmp_path, looks.bordered(looks.flat(looks.dimmed(lights, 50)), 10, YELLOW))

    assert (found.size, is_near(found.pixel(1.5, 3, 3), YELLOW)) == ((180, 110), True)
    assert is_near(found.at(0.5), (127, 0, 0))


def test_fades(tmp_path: Path, lights: Recipe) -> None:
    found = made(tmp_path, looks.faded(looks.faded(lights, 1000), -1000))

    assert is_near(found.at(0.0), BLACK)
    assert is_near(found.at(1.5), GREEN)
    assert is_near(found.at(2.5), (0, 0, 127), 60)


def test_a_sound_alone_fades(tmp_path: Path, lights: Recipe) -> None:
    def sound(graph: Graph) -> Clip:
        clip = lights(graph)
        return Clip(None, clip.sound, None, clip.length_s, 0.0)

    found = made(tmp_path, looks.faded(sound, -2000), "wav")

    assert found.loudness[5] > 4 * found.loudness[28] > 0


@pytest.mark.parametrize(
    ("value", "unit", "factor"), [(-50, "", 0.5), (100, "", 2.0), (-100, "", 0.0), (6, "db", 2.0)]
)
def test_volume(tmp_path: Path, lights: Recipe, value: float, unit: str, factor: float) -> None:
    before, after = (
        made(tmp_path, one, "wav").loudness[10] for one in (lights, looks.volume(lights, value, unit))
    )

    assert after == pytest.approx(factor * before, rel=0.05, abs=0.0001)


def test_all_looks_keep_size_and_length(tmp_path: Path, lights: Recipe) -> None:
    recipe = lights
    for name in sorted(looks.LOOKS):
        recipe = looks.coloured(recipe, name, 32)

    found = made(tmp_path, recipe, "mp4", quality=50)

    assert (found.size, found.lasts(3.0)) == ((160, 90), True)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("negate", 0, (0, 255, 255)),
        ("grayscale", 0, (76, 76, 76)),
        ("saturation", -100, (76, 76, 76)),
        ("contrast", -100, (126, 126, 126)),
        ("brightness", -50, (127, 0, 0)),
        ("hue", 100, (0, 140, 140)),
    ],
)
def test_colours_change(
    tmp_path: Path, lights: Recipe, name: str, value: float, wanted: tuple[int, int, int]
) -> None:
    assert is_near(made(tmp_path, looks.coloured(lights, name, value)).at(0.5), wanted, 45)


def test_a_vignette_is_dark_at_the_edges_and_noise_is_noisy(tmp_path: Path, lights: Recipe) -> None:
    dark = made(tmp_path, looks.coloured(lights, "vignette", 100))
    noisy = made(tmp_path, looks.coloured(lights, "noise", 60), "mp4", quality=90)

    assert dark.pixel(1.5, 1, 1)[1] < 60 < 200 < dark.at(1.5)[1]
    assert noisy.picture(1.5).std(axis=(0, 1)).max() > 8


def test_an_effect_that_videos_do_not_have() -> None:
    with pytest.raises(ProviderError, match="Invalid effect in transformation: cartoonify"):
        looks.coloured(lambda graph: graph.open(Source(Path("/x"), 1, None, has_audio=True)), "cartoonify", 1)


@pytest.mark.parametrize(
    ("turn", "size"),
    [("90", (90, 160)), ("-90", (90, 160)), ("180", (160, 90)), ("hflip", (160, 90)), ("45", (178, 178))],
)
def test_turns(tmp_path: Path, lights: Recipe, turn: str, size: tuple[int, int]) -> None:
    assert made(tmp_path, looks.turned(lights, turn)).size == size


def test_padding_with_the_picture_itself(tmp_path: Path, lights: Recipe) -> None:
    def plan(_: Size) -> tuple[Frame]:
        return (Frame(40, 0, 240, 90),)

    blurred = made(tmp_path, looks.stepped(lights, plan, Backdrop(blur=400, dimming=0)))
    plain = made(tmp_path, looks.stepped(lights, plan, Backdrop(YELLOW)))

    assert is_near(blurred.pixel(1.5, 5, 45), GREEN)
    assert is_near(plain.pixel(1.5, 5, 45), YELLOW)


def test_a_progress_bar_grows(tmp_path: Path, lights: Recipe) -> None:
    found = made(tmp_path, looks.progress_bar(lights, YELLOW, 10))

    assert is_near(found.pixel(2.0, 40, 86), YELLOW)
    assert is_near(found.pixel(2.0, 150, 86), BLUE)
    assert is_near(found.pixel(2.9, 150, 86), YELLOW)


@pytest.mark.parametrize(
    ("format_name", "wishes", "codecs"),
    [
        ("mp4", {}, ("h264", "aac")),
        ("mp4", {"video_codec": "h265"}, ("hevc", "aac")),
        ("mp4", {"video_codec": "av1"}, ("av1", "aac")),
        ("mov", {"video_codec": "prores"}, ("prores", "aac")),
        ("mkv", {}, ("h264", "aac")),
        ("webm", {}, ("vp9", "opus")),
        ("webm", {"video_codec": "vp8", "audio_codec": "vorbis"}, ("vp8", "vorbis")),
        ("ogv", {}, ("theora", "vorbis")),
        ("ts", {}, ("h264", "aac")),
        ("mp4", {"audio_codec": "none"}, ("h264",)),
        ("mp4", {"video_codec": "none"}, ("aac",)),
        ("mp3", {}, ("mp3",)),
        ("m4a", {"is_mono": True}, ("aac",)),
        ("aac", {}, ("aac",)),
        ("wav", {"audio_hz": 22_050}, ("pcm_s16le",)),
        ("ogg", {"audio_codec": "opus"}, ("opus",)),
        ("flac", {}, ("flac",)),
    ],
)
def test_codecs(
    tmp_path: Path, lights: Recipe, format_name: str, wishes: dict[str, object], codecs: tuple[str, ...]
) -> None:
    found = made(tmp_path, lights, format_name, **wishes)

    assert (found.codecs, found.lasts(3.0)) == (codecs, True)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Encoding("webm", video_codec="h264"), "Invalid video codec in transformation: h264"),
        (Encoding("mp4", video_codec="h264:silver"), "Invalid video codec in transformation: h264:silver"),
        (Encoding("mp4", video_codec="h264:main:9"), "Invalid video codec in transformation: h264:main:9"),
        (Encoding("mp3", audio_codec="opus"), "Invalid audio codec in transformation: opus"),
        (Encoding("exe"), "Invalid extension in transformation: exe"),
        (Encoding("mp3", audio_codec="none"), "Invalid extension in transformation: mp3"),
    ],
)
def test_what_does_not_fit_is_refused(lights: Recipe, wish: Encoding, words: str) -> None:
    with pytest.raises(ProviderError) as refusal:
        outputs.file(lights, Path("/x"), wish)

    assert (refusal.value.status, refusal.value.message) == (400, words)


@pytest.mark.parametrize(
    ("codec", "profile"),
    [("h264:baseline:3.0", "Constrained Baseline"), ("h264:main:3.1", "Main"), ("h264:high:4.0", "High")],
)
def test_profiles_are_true(tmp_path: Path, lights: Recipe, codec: str, profile: str) -> None:
    found = made(tmp_path, lights, "ts", video_codec=codec)

    assert found.profile == profile


def test_key_frames_come_as_asked(tmp_path: Path, lights: Recipe) -> None:
    import av

    made(tmp_path, lights, keyframes_s=0.5)

    with av.open(str(tmp_path / "made.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.is_keyframe]
        keys = [float((packet.pts or 0) * packet.time_base) for packet in packets]
    assert keys == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


def test_a_lower_quality_and_a_lower_rate_are_smaller(tmp_path: Path, lights: Recipe) -> None:
    noisy = looks.coloured(timing.cut(lights, lambda _: (0.0, 0.5)), "noise", 60)
    sizes = []
    for name, value in (("quality", 100), ("quality", 60), ("quality", 20), ("bit_rate", 50_000)):
        made(tmp_path, noisy, "mp4", **{name: value})
        sizes.append((tmp_path / "made.mp4").stat().st_size)

    assert sizes[0] > 1.4 * sizes[1] > 1.4 * sizes[2]
    assert sizes[3] < sizes[0] / 2


@pytest.mark.parametrize(("least", "most", "fps"), [(24, 30, 24), (5, 8, 8), (5, 30, 10), (15, 15, 15)])
def test_a_range_of_frame_rates(
    tmp_path: Path, lights: Recipe, least: float, most: float, fps: float
) -> None:
    path = tmp_path / "x.mp4"
    run(outputs.file(lights, path, Encoding("mp4"), (least, most)))

    assert look(path).fps == fps


def test_the_same_is_made_each_time(tmp_path: Path, lights: Recipe) -> None:
    first = (made(tmp_path, lights), (tmp_path / "made.mp4").read_bytes())[1]
    second = (made(tmp_path, lights), (tmp_path / "made.mp4").read_bytes())[1]

    assert first == second


@pytest.mark.parametrize("format_name", ["gif", "avif"])
@pytest.mark.parametrize(
    ("sampling", "frames", "shown_ms"),
    [
        (Sampling(), 30, 100),
        (Sampling(frames=6), 6, 500),
        (Sampling(every_s=0.5), 6, 500),
        (Sampling(frames=3, delay_ms=200), 3, 200),
    ],
)
def test_animations(
    tmp_path: Path, lights: Recipe, format_name: str, sampling: Sampling, frames: int, shown_ms: int
) -> None:
    path = tmp_path / "x"
    run(outputs.animation(lights, path, format_name, sampling))

    with Image.open(path) as image:
        assert (image.format, image.size) == (format_name.upper(), (160, 90))
        assert image.n_frames == frames  # type: ignore[attr-defined] # animations have it
        assert format_name != "gif" or image.info["duration"] == shown_ms
        image.seek(frames - 1)
        assert is_near(image.convert("RGB").getpixel((80, 45)), BLUE)  # type: ignore[arg-type] # RGB has three


def test_an_animated_webp(tmp_path: Path, lights: Recipe) -> None:
    path = tmp_path / "x"
    run(outputs.animation(lights, path, "webp", Sampling(loops=0)))

    with Image.open(path) as image:
        # Equal frames are one.
        assert (image.format, image.n_frames, image.info["loop"]) == ("WEBP", 3, 0)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("loops", "found"), [(1, None), (0, 0), (3, 2)])
def test_a_gif_is_played_as_often_as_asked(
    tmp_path: Path, lights: Recipe, loops: int, found: int | None
) -> None:
    path = tmp_path / "x"
    run(outputs.animation(lights, path, "gif", Sampling(frames=2, loops=loops)))

    with Image.open(path) as image:
        assert image.info.get("loop") == found


def test_an_animation_has_limits() -> None:
    source = Source(Path("/x"), 60.0, Size(1920, 1080), has_audio=False, fps=30.0)

    with pytest.raises(ProviderError, match="Maximum total number of pixels in all frames/pages exceeded"):
        outputs.animation(lambda graph: graph.open(source), Path("/y"), "gif", Sampling())


@pytest.mark.parametrize(("second", "wanted"), [(0.0, RED), (1.2, GREEN), (None, GREEN), (99.0, BLUE)])
def test_one_frame(
    tmp_path: Path, lights: Recipe, second: float | None, wanted: tuple[int, int, int]
) -> None:
    path = tmp_path / "x.png"
    run(outputs.frame(lights, path, second))

    with Image.open(path) as image:
        assert is_near(image.convert("RGB").getpixel((80, 45)), wanted)  # type: ignore[arg-type] # RGB has three


def test_a_wave_form(tmp_path: Path, lights: Recipe) -> None:
    path = tmp_path / "x.png"
    run(outputs.waveform(lights, path, Size(200, 50), (RED, BLUE)))
    with Image.open(path) as image:
        solid = (image.size, image.getpixel((100, 25)), image.getpixel((100, 1)))
    run(outputs.waveform(lights, path, Size(200, 50), (RED, None)))
    with Image.open(path) as image:
        clear = image.convert("RGBA").getpixel((100, 1))

    assert solid == ((200, 50), RED, BLUE)
    assert clear == (0, 0, 0, 0)


def test_pictures_that_are_too_large_are_refused_before_they_are_made(lights: Recipe) -> None:
    with pytest.raises(ProviderError, match="Maximum image size is 25 Megapixels"):
        outputs.waveform(lights, Path("/y"), Size(6000, 6000), (RED, None))
    with pytest.raises(ProviderError, match="Maximum image size is 25 Megapixels"):
        looks.bordered(lights, 3000, YELLOW)(Graph())


def test_silence_has_no_wave_form_and_sound_no_frame(square: Recipe) -> None:
    sound = Source(Path("/x"), 1.0, None, has_audio=True)

    with pytest.raises(ProviderError, match="there is no audio"):
        outputs.waveform(square, Path("/y"), Size(10, 10), (RED, None))
    with pytest.raises(ProviderError, match="audio has no frames"):
        outputs.frame(lambda graph: graph.open(sound), Path("/y"), 0.0)


@pytest.mark.parametrize(("quality", "factor"), [(80, 23), (1, 51), (100, 16)])
def test_quality_is_a_rate_factor(quality: int, factor: int) -> None:
    assert encoding.crf(quality) == factor
