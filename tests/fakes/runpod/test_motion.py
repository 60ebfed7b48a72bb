"""Motion of pictures whose truth is computed here, by another way than the model's."""

import math
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fakes.kit.addresses import Reach
from fakes.runpod.models import Call, HandlerError, Stop, Tools, answer, media
from fakes.runpod.models.motion import liveliness, measure
from tests.fakes.receiver import Answer, receiving
from tests.fakes.runpod.material import ask, ffmpeg, frames, h264, jpeg, jpegs, png

OUTSIDE = "the host is outside of this stack"
RATE, FPS = 24, 4
"""Pictures a second of the scenes, and how many of them are compared."""
STEP = RATE // FPS
ROWS, COLUMNS = 176, 320
AREA = ROWS * COLUMNS

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """Pictures, the share of them that changes from one compared picture to the next, and their cuts."""

    pixels: Pixels
    shares: Sequence[float]
    cuts_s: Sequence[float] = ()

    @property
    def truth(self) -> dict[str, Any]:
        """What is to be measured."""
        cut = {round(at * FPS) - 1 for at in self.cuts_s}
        moving = [share for index, share in enumerate(self.shares) if index not in cut]
        seconds: list[list[float]] = [[] for _ in range(len(self.pixels) // RATE)]
        for index, share in enumerate(self.shares):
            seconds[(index + 1) // FPS] += [] if index in cut else [share]
        return {
            "motion": sum(moving) / len(moving),
            "peak": max(moving),
            "cuts": list(self.cuts_s),
            "per_second": [sum(second) / len(second) for second in seconds],
        }


def blank(count: int = 72, level: int = 0) -> Pixels:
    return np.full((count, ROWS, COLUMNS), level, np.uint8)


def box(step_px: int, size: int = 40) -> Scene:
    """A white box that moves so many pixels with each picture."""
    pixels = blank()
    for index, picture in enumerate(pixels):
        picture[60 : 60 + size, 8 + step_px * index :][:, :size] = 235
    changed = 2 * min(step_px * STEP, size) * size / AREA
    return Scene(pixels, [changed] * 11)


def flicker() -> Scene:
    """The whole picture changes four times a second, and changes back."""
    pixels = blank()
    pixels[np.arange(72) // STEP % 2 == 1] = 200
    return Scene(pixels, [1.0] * 11)


def cuts() -> Scene:
    """Three pictures that stand still."""
    pixels = blank()
    pixels[:24] = 30 + np.arange(COLUMNS) % 64
    pixels[24:60] = 150 + np.arange(ROWS)[:, None] % 64
    pixels[60:] = 40
    return Scene(pixels, [0.0] * 3 + [1.0] + [0.0] * 5 + [1.0] + [0.0], [1.0, 2.5])


def fade(first: int = 24, last: int = 48, level: int = 240) -> Scene:
    """From black to a level, evenly."""
    pixels = blank()
    for index, picture in enumerate(pixels):
        picture[:] = round(level * min(max((index - first) / (last - first), 0), 1))
    seen = [float(abs(int(pixels[i + STEP, 0, 0]) - int(pixels[i, 0, 0])) > 20) for i in range(0, 66, STEP)]
    return Scene(pixels, seen)


def still() -> Scene:
    pixels = blank()
    pixels[:] = np.arange(COLUMNS) % 200
    return Scene(pixels, [0.0] * 11)


def noise() -> Scene:
    """Every grain of 8 x 8 pixels is dark or bright by chance, anew in each picture."""
    drawn = np.random.default_rng(1).integers(0, 2, (72, ROWS // 8, COLUMNS // 8), np.uint8)
    shares = [float((drawn[i] != drawn[i + STEP]).mean()) for i in range(0, 66, STEP)]
    return Scene((drawn * 160 + 40).repeat(8, axis=1).repeat(8, axis=2), shares)


def zoom(px_per_picture: float = 0.8) -> Scene:
    """A disc that grows."""
    pixels = blank()
    down, across = np.mgrid[:ROWS, :COLUMNS]
    away = np.hypot(down - ROWS / 2 + 0.5, across - COLUMNS / 2 + 0.5)
    radii = [12 + px_per_picture * index for index in range(len(pixels))]
    for picture, radius in zip(pixels, radii, strict=True):
        picture[away < radius] = 220
    rings = [math.pi * (radii[i + STEP] ** 2 - radii[i] ** 2) / AREA for i in range(0, 66, STEP)]
    return Scene(pixels, rings)


def letterbox() -> Scene:
    """Black bars over a quarter of the picture, from one moment on."""
    pixels = blank(level=210)
    pixels[36:, :22] = pixels[36:, -23:] = 0
    return Scene(pixels, [0.0] * 5 + [45 / ROWS] + [0.0] * 5)


SCENES: dict[str, Callable[[], Scene]] = {
    "a slow box": lambda: box(1),
    "a fast box": lambda: box(3),
    "a box that jumps": lambda: box(4, size=20),
    "flicker": flicker,
    "cuts": cuts,
    "a fade": fade,
    "a fade too slow to see": lambda: fade(0, 72, 200),
    "still": still,
    "noise": noise,
    "zoom": zoom,
    "letterbox": letterbox,
}


def served(video: bytes, **options: Any) -> Any:
    """What is measured in a video that a server of the stack has."""
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, video)
        return ask("motion", {"video_url": f"{receiver.url}/clip.mkv", **options}, hosts=["127.0.0.1"])


def measured_as(way: str, scene: Scene) -> Any:
    compared = scene.pixels[::STEP]
    match way:
        case "png":
            return ask("motion", {"frames_base64": [png(one) for one in compared], "fps": FPS})
        case "jpeg":
            return ask("motion", {"frames_base64": [jpeg(one) for one in compared], "fps": FPS})
        case "large":
            enlarged = [png(one.repeat(3, axis=0).repeat(3, axis=1)) for one in compared]
            return ask("motion", {"frames_base64": enlarged, "fps": FPS})
        case _:
            return served(h264(scene.pixels, RATE, "-crf", "18"), fps=FPS)


@pytest.mark.parametrize("way", ["png", "jpeg", "large", "video"])
@pytest.mark.parametrize("name", SCENES)
def test_what_is_measured_is_the_truth(name: str, way: str) -> None:
    scene = SCENES[name]()

    measured = measured_as(way, scene)

    truth = scene.truth
    assert measured["cuts"] == truth["cuts"]
    for part in ("motion", "peak", "per_second"):
        assert measured[part] == pytest.approx(truth[part], abs=0.01), part


@pytest.mark.parametrize("cut", [7, 31, 40])
def test_a_video_is_cut_at_its_own_rate(cut: int) -> None:
    pixels = blank(48, 30)
    pixels[cut:] = 200

    measured = served(h264(pixels, 24))

    assert (measured["cuts"], measured["motion"]) == ([round(cut / 24, 3)], 0.0)


@pytest.mark.parametrize(("one", "other"), [("red", "green"), ("0x808080", "0xD05A40"), ("white", "black")])
def test_pictures_as_bright_as_each_other_are_cut_too(one: str, other: str) -> None:
    source = f"color={one}:s=64x64:d=1:r=24[a];color={other}:s=64x64:d=1:r=24[b];[a][b]concat"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "mpegts", "-"]
    pictures = jpegs(ffmpeg("-f", "lavfi", "-i", source, "-f", "image2pipe", "-c:v", "mjpeg", "-"))

    in_video = served(ffmpeg("-f", "lavfi", "-i", source, *encode))
    in_frames = ask("motion", {"frames_base64": pictures[::STEP], "fps": FPS})

    assert in_video["cuts"] == in_frames["cuts"] == [1.0]


@pytest.mark.parametrize("rate", ["30000/1001", "12", "50"])
def test_other_rates_are_read_from_the_video(rate: str) -> None:
    source = f"color=white:s=64x64:d=2:r={rate}[a];color=blue:s=64x64:d=2:r={rate}[b];[a][b]concat"
    video = ffmpeg(
        "-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "ultrafast", "-f", "mpegts", "-"
    )

    measured = served(video)

    assert measured["cuts"] == pytest.approx([2.0], abs=0.04)
    assert measured["per_second"] == [0.0] * 4


@pytest.mark.parametrize(
    ("source", "count", "cuts"),
    [
        ("color=white:d=3[a];color=blue:d=3[b];color=white:d=3[c];[a][b][c]concat=n=3", 36, [3.0, 6.0]),
        ("testsrc2=s=320x240:d=4[a];color=c=0x2050D0:s=320x240:d=3[b];[a][b]concat", 28, [4.0]),
        ("color=c=0x2050D0:s=320x240:d=2[b];testsrc2=s=320x240:d=4[a];[b][a]concat", 24, [2.0]),
        ("color=c=red", 20, []),
        ("testsrc2=s=320x240", 20, []),
        ("mandelbrot=s=320x240:maxiter=100:end_scale=0.05:end_pts=150", 20, []),
    ],
)  # fmt: skip
def test_cuts_are_found_where_the_picture_changes_at_once(source: str, count: int, cuts: list[float]) -> None:
    assert ask("motion", {"frames_base64": frames(source, count), "fps": 4})["cuts"] == cuts


def framed(series: Iterable[Pixels]) -> Iterator[media.Frame]:
    return (media.frame(np.repeat(pixels[..., None], 3, axis=2)) for pixels in series)


def levels(*values: int) -> Iterator[media.Frame]:
    """Pictures of one gray each, with a little texture."""
    return framed(
        np.full((24, 32), value, np.uint8) + (np.arange(32, dtype=np.uint8) % 2) for value in values
    )


@pytest.mark.parametrize(
    ("values", "fps", "cuts"),
    [
        ([10] * 6 + [240] * 6, 24, [0.25]),
        ([10] * 6 + [240] * 2 + [10] * 6, 24, []),  # a flash
        ([10] * 9 + [240] * 9 + [10] * 9, 24, [0.375, 0.75]),  # too long for one
        ([10, 240, 10], 4, []),
        ([10, 240, 10], 1, [1.0, 2.0]),
        ([10] * 6 + [120] * 2 + [240] * 6, 24, []),  # a fade in two steps
        ([10] * 6 + [120] * 9 + [240] * 6, 24, [0.25, 0.625]),
        ([10, 240], 4, [0.25]),
        ([240], 4, []),
    ],
)  # fmt: skip
def test_a_cut_is_neither_a_flash_nor_a_fade(values: list[int], fps: float, cuts: list[float]) -> None:
    assert measure(levels(*values), fps, fps)["cuts"] == cuts


def test_an_animation_at_half_the_rate_is_no_series_of_cuts() -> None:
    drawn = np.random.default_rng(2).integers(0, 256, (24, 24, 32), np.uint8).repeat(2, axis=0)

    measured = measure(framed(drawn), 24, 4)

    assert (measured["cuts"], measured["motion"] > 0.8) == ([], True)


def test_a_series_of_any_length_is_measured_in_little_memory() -> None:
    series = framed(np.full((90, 160), number % 200, np.uint8) for number in range(600))
    tracemalloc.start()

    measured = measure(series, 24, 4)

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(measured["per_second"]) == 25
    assert peak_bytes < 2_000_000  # all frames together: 8.6 MB of brightness


def test_motion_of_each_second_is_given() -> None:
    # two frames per second; the box moves in the second one only: it leaves 64 of 4096 pixels, takes others
    measured = ask("motion", {"frames_base64": boxes(0, 0, 0, 16, 32), "fps": 2})

    assert measured == {
        "motion": 0.0156, "peak": 0.0312, "score": 0.0752, "cuts": [], "per_second": [0.0, 0.0156, 0.0312]
    }  # fmt: skip


def test_one_frame_does_not_move() -> None:
    assert ask("motion", {"frames_base64": boxes(0)}) == {
        "motion": 0.0, "peak": 0.0, "score": 0.0, "cuts": [], "per_second": [0.0]
    }  # fmt: skip


def test_the_score_rises_with_motion_and_cuts() -> None:
    grid = [[liveliness(motion / 20, cuts / 4) for cuts in range(9)] for motion in range(21)]

    assert grid[0][0] == 0.0
    assert all(0 <= value < 1 for row in grid for value in row)
    assert all(list(row) == sorted(row) for row in (*grid, *zip(*grid, strict=True)))


def test_noise_too_faint_to_see_is_no_motion() -> None:
    source = "color=c=0x102840,noise=alls=8:allf=t:all_seed=11"

    assert ask("motion", {"frames_base64": frames(source, 8), "fps": 4})["motion"] == 0.0


def test_a_redirect_is_not_followed() -> None:
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(302, headers={"Location": "http://127.0.0.1:9/secret"})

        with pytest.raises(HandlerError, match="302"):
            ask("motion", {"video_url": f"{receiver.url}/clip.mkv"}, hosts=["127.0.0.1"])

    assert [request.path for request in receiver.received] == ["/clip.mkv"]


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"no video at all",
        b"",
    ],
)
def test_what_is_no_video_is_refused_and_cannot_name_other_files(content: bytes) -> None:
    with pytest.raises(HandlerError, match="cannot be decoded"):
        served(content)


def test_a_call_that_is_stopped_ends_soon() -> None:
    # ten pictures, and a gap of most of an hour that would be filled with 36,000 more
    late = "setpts='if(gt(N,5),PTS+3000/TB,PTS)'"
    encode = [
        "-vf",
        late,
        "-fps_mode",
        "vfr",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-f",
        "matroska",
        "-",
    ]
    video = ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:d=1:r=12", *encode)
    stop = Stop()
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, video)
        call = Call(Tools(None, None, Reach(frozenset({"127.0.0.1"}))), stop, lambda _item: None)
        ending = threading.Timer(0.3, stop.set)
        ending.start()

        with pytest.raises(HandlerError, match="video_url cannot be decoded"):
            answer("motion", {"video_url": receiver.url}, call)

    ending.join()


@pytest.mark.parametrize(
    "arguments",
    [
        ("-i", "testsrc2=s=16x16:d=1,scale=2:2", "-c:v", "libx264", "-f", "mpegts"),
        ("-i", "testsrc2=s=101x77:d=1:r=10", "-c:v", "ffv1", "-f", "matroska"),
        ("-i", "testsrc2=s=64x64:d=1:r=120", "-c:v", "libx264", "-f", "matroska"),
        ("-i", "testsrc2=s=64x64:d=1:r=10", "-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-f", "matroska"),
        ("-i", "testsrc2=s=64x64:d=1:r=10", "-c:v", "ffv1", "-pix_fmt", "gray16le", "-f", "matroska"),
        ("-i", "testsrc2=s=64x64:d=1:r=10", "-f", "gif"),
    ],
    ids=["tiny", "odd", "fast", "ten bits", "gray", "gif"],
)
def test_unusual_videos_are_measured(arguments: tuple[str, ...]) -> None:
    measured = served(ffmpeg("-f", "lavfi", *arguments, "-"))

    assert len(measured["per_second"]) in (1, 2)
    assert measured["cuts"] == []


def test_sound_without_pictures_is_refused() -> None:
    sound = ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-f", "matroska", "-")

    with pytest.raises(HandlerError, match="video_url cannot be decoded"):
        served(sound)


def test_a_video_that_is_cut_off_is_measured_as_far_as_it_goes() -> None:
    video = h264(box(1).pixels, RATE, "-g", "12")

    measured = served(video[: len(video) * 2 // 3])

    assert 0 < len(measured["per_second"]) <= 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Must provide either frames_base64 or video_url"),
        ({"frames_base64": []}, "frames_base64 must be a list of pictures that is not empty"),
        ({"frames_base64": "QUJD"}, "frames_base64 must be a list of pictures that is not empty"),
        ({"frames_base64": [5]}, "frames_base64[0] is empty or not a string"),
        ({"frames_base64": ["%%"]}, "frames_base64[0] is not base64: Only base64 data is allowed"),
        ({"frames_base64": ["QUJD"]}, "frames_base64[0] is not a picture: cannot identify image"),
        ({"frames_base64": ["QUJD"], "fps": 0}, "fps is 0; it must be a number from 0.1 to 60"),
        ({"frames_base64": ["QUJD"], "fps": True}, "fps is True; it must be a number from 0.1 to 60"),
        ({"frames_base64": ["QUJD"], "fps": "4"}, "fps is '4'; it must be a number from 0.1 to 60"),
        ({"frames_base64": ["QUJD"], "fps": math.nan}, "fps is nan; it must be a number from 0.1 to 60"),
        ({"video_url": 5}, f"refused to download '5': {OUTSIDE}"),
        ({"video_url": "http://169.254.1.1/"}, f"refused to download 'http://169.254.1.1/': {OUTSIDE}"),
        ({"video_url": "file:///etc/passwd"}, f"refused to download 'file:///etc/passwd': {OUTSIDE}"),
    ],
)  # fmt: skip
def test_motion_refuses_what_it_cannot_read(given: Any, said: str) -> None:
    with pytest.raises(HandlerError) as refused:
        ask("motion", given)

    assert refused.value.text == said


def test_frames_of_two_sizes_are_refused() -> None:
    given = [*boxes(0), *boxes(0, shape=(32, 64))]

    with pytest.raises(HandlerError, match="another size"):
        ask("motion", {"frames_base64": given})


def boxes(*places: int, size: int = 8, shape: tuple[int, int] = (64, 64)) -> list[str]:
    """One frame for each place of a white box on black; places are columns."""
    drawn = []
    for column in places:
        pixels = np.zeros(shape, np.uint8)
        pixels[:size, column : column + size] = 255
        drawn.append(png(pixels))
    return drawn
