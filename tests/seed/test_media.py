"""Rendered clips look and move as their recipes say."""

import subprocess
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

from seed.media import FPS, RECIPES, Recipe, Rendered, Variant, digest, render, speeches, spoken

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
IDS = [recipe.name for recipe in RECIPES]
Files = Mapping[tuple[str, Variant], Rendered]


@pytest.fixture(scope="module")
def files(media_cache: Path) -> Files:
    return render(media_cache, FFMPEG)


def pictures(file: Rendered) -> list[NDArray[np.int16]]:
    with av.open(str(file.path)) as video:
        return [
            frame.reformat(64, 36, "rgb24").to_ndarray().astype(np.int16) for frame in video.decode(video=0)
        ]


def changes(file: Rendered) -> list[float]:
    """Return how much each picture differs from the one before (0 to 255)."""
    seen = pictures(file)
    return [float(np.abs(after - before).mean()) for before, after in pairwise(seen)]


@pytest.mark.parametrize("recipe", RECIPES, ids=IDS)
def test_each_recipe_gives_a_source_a_polished_video_and_a_poster(recipe: Recipe, files: Files) -> None:
    source, polished, poster = (files[recipe.name, variant] for variant in ("source", "polished", "poster"))

    assert (source.width, source.height) == (recipe.width, recipe.height)
    for file in (source, polished):
        with av.open(str(file.path)) as video:
            stream = video.streams.video[0]
            assert (stream.width, stream.height, stream.frames) == (file.width, file.height, file.frames)
            assert abs(float(video.duration or 0) / 1e6 - file.duration_s) < 0.1
            assert len(video.streams.audio) == 1
    assert (polished.width, polished.height) == (poster.width, poster.height) == (360, 640)
    assert poster.path.read_bytes()[:2] == b"\xff\xd8"


@pytest.mark.parametrize("recipe", RECIPES, ids=IDS)
def test_cuts_are_where_the_recipe_says_and_nowhere_else(recipe: Recipe, files: Files) -> None:
    jumps = [index + 1 for index, change in enumerate(changes(files[recipe.name, "source"])) if change > 45]

    assert [jump / FPS for jump in jumps] == pytest.approx(list(recipe.cuts_s), abs=0.1)


def test_motion_levels_are_in_order(files: Files) -> None:
    levels: dict[str, list[float]] = {"still": [], "low": [], "high": []}
    for recipe in RECIPES:
        levels[recipe.motion].append(float(np.median(changes(files[recipe.name, "source"]))))

    assert max(levels["still"]) < 0.05
    assert min(levels["low"]) > 0.05
    assert max(levels["low"]) < min(levels["high"])


@pytest.mark.parametrize(
    "recipe", [recipe for recipe in RECIPES if recipe.dominant_rgb], ids=lambda r: r.name
)
def test_the_dominant_colour_is_the_one_of_the_recipe(recipe: Recipe, files: Files) -> None:
    seen = np.concatenate([picture.reshape(-1, 3) for picture in pictures(files[recipe.name, "source"])])

    distance = np.abs(seen - np.array(recipe.dominant_rgb)).max(axis=1)

    assert (distance < 48).mean() > 0.5


@pytest.mark.parametrize("recipe", RECIPES, ids=IDS)
def test_the_spoken_words_lie_within_the_video(recipe: Recipe) -> None:
    words = spoken(recipe)

    assert bool(words) == (recipe.speech is not None)
    assert all(0 < word.start < word.end < recipe.duration_s for word in words)


def test_all_speech_is_heard_somewhere() -> None:
    assert {recipe.speech for recipe in RECIPES} - {None} == set(speeches())


def test_nothing_is_rendered_twice(files: Files) -> None:
    cache = files["studio", "source"].path.parent.parent
    before = {path.name for path in cache.iterdir()}

    again = render(cache, "/nowhere/" + Path(FFMPEG).name)

    assert again == files
    assert f"media-{digest(RECIPES, FFMPEG)}" in before
    assert {path.name for path in cache.iterdir()} == before


def test_a_failed_rendering_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        render(tmp_path, "/bin/false", RECIPES[:1])

    assert list(tmp_path.iterdir()) == []
