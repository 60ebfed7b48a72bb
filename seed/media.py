"""Recipes of the seeded videos, and how FFmpeg renders them into a cache folder.

Every recipe has pictures with a known dominant colour, known cuts and a known level of motion, and sound
with a known text at a known place, so that whoever judges a clip can be checked. Nothing is rendered twice:
the folder's name holds a hash of all that decides its content, and it appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

SPEECH_DIR = Path(__file__).parent / "media"
FPS = 24
"""TikTok refuses videos below 23 pictures a second, and sides below 360 pixels."""

SAMPLE_RATE_HZ = 48_000
RENDER_LIMIT_S = 120

Motion = Literal["still", "low", "high"]
Variant = Literal["source", "polished", "poster"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One video: its pictures, its sound, and what is true of them.

    `pictures` is a lavfi graph that may use `{size}`, `{scale}` and `{rate}`. `dominant_rgb` is the colour
    most pixels are near to (`None` where no colour dominates), `cuts_s` the seconds at which the picture
    changes abruptly. `speech` is a file of `seed/media` that starts at `speech_at_s`; `hum` is a lavfi audio
    source under it. `title` and `topic` are words a person would use for it.
    """

    name: str
    pictures: str
    width: int
    height: int
    duration_s: float
    motion: Motion
    dominant_rgb: tuple[int, int, int] | None
    cuts_s: tuple[float, ...]
    speech: str | None
    speech_at_s: float
    hum: str
    title: str
    topic: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """One rendered file of a recipe.

    `etag` is the MD5 that Cloudinary reports, `duration_s` is 0 for a poster.
    """

    recipe: str
    variant: Variant
    path: Path
    format: str
    sha256: str
    etag: str
    bytes: int
    width: int
    height: int
    duration_s: float
    frames: int


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """One word of the committed speech, in seconds from the start of its file."""

    word: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said in one committed speech file."""

    name: str
    language: str
    duration_s: float
    text: str
    words: tuple[SpokenWord, ...]
    sha256: str


_HUM = "sine=frequency={hz}:sample_rate=48000,volume=0.02"
_NOISE = "anoisesrc=color=pink:sample_rate=48000:amplitude=0.01:seed=7"


_FAST = "scale={scale}:flags=fast_bilinear"


def _field(colour: str, seconds: float) -> str:
    return f"color=c={colour}:size={{size}}:rate={{rate}}:duration={seconds}"


def _cuts(*fields: tuple[str, float]) -> str:
    """Return fields of colour one after the other."""
    parts = [f"{_field(colour, seconds)}[f{index}];" for index, (colour, seconds) in enumerate(fields)]
    return f"{''.join(parts)}{''.join(f'[f{index}]' for index in range(len(fields)))}concat=n={len(fields)}"


RECIPES = (
    Recipe(
        "testcard",
        "testsrc2=size={size}:rate={rate}",
        640,
        360,
        12.0,
        "high",
        None,
        (),
        "clutch.opus",
        0.4,
        _NOISE,
        "The clutch nobody saw coming",
        "gaming",
    ),
    Recipe(
        "fractal",
        "mandelbrot=size=320x180:rate={rate}:maxiter=150:end_scale=0.05:end_pts=150," + _FAST,
        640,
        360,
        9.0,
        "high",
        None,
        (),
        "speedrun.opus",
        0.3,
        _HUM.format(hz=110),
        "Four seconds under the record",
        "gaming",
    ),
    Recipe(
        "studio",
        _field("0xB02828", 11.0),
        360,
        640,
        11.0,
        "still",
        (176, 40, 40),
        (),
        "interview.opus",
        0.5,
        _NOISE,
        "How to begin",
        "talk",
    ),
    Recipe(
        "kitchen",
        "gradients=size=180x320:rate={rate}:c0=0xE0A030:c1=0xD08020:n=2:speed=0.01:seed=3," + _FAST,
        360,
        640,
        10.0,
        "low",
        (216, 144, 40),
        (),
        "pasta.opus",
        0.2,
        _HUM.format(hz=60),
        "Fresh pasta in ten seconds",
        "cooking",
    ),
    Recipe(
        "crowd",
        "life=size=45x80:rate={rate}:seed=5:ratio=0.35:mold=12:life_color=0x40FF60:"
        "death_color=0x104018:mold_color=0x083010,scale={scale}:flags=neighbor",
        360,
        640,
        8.0,
        "high",
        None,
        (),
        "goal.opus",
        0.5,
        _NOISE,
        "Last minute goal",
        "sport",
    ),
    Recipe(
        "unboxing",
        _cuts(("0xE8E8E8", 3.0), ("0x2050D0", 3.0), ("0xE8E8E8", 4.0)),
        640,
        360,
        10.0,
        "still",
        (232, 232, 232),
        (3.0, 6.0),
        "unboxing.opus",
        0.6,
        _HUM.format(hz=80),
        "The new camera, out of the box",
        "tech",
    ),
    Recipe(
        "forecast",
        f"{_field('0x208040', 9.5)}[ground];color=c=0xF0F0F0:size=72x72:rate={{rate}}:duration=9.5[box];"
        "[ground][box]overlay=x='mod(t*160\\,W)':y='H/2-36+60*sin(t*2)':format=yuv420",
        360,
        640,
        9.5,
        "low",
        (32, 128, 64),
        (),
        "weather.opus",
        0.3,
        _NOISE,
        "Rain tonight, sun tomorrow",
        "news",
    ),
    Recipe(
        "blackboard",
        _field("0x102840", 9.0) + ",noise=alls=8:allf=t:all_seed=11",
        360,
        640,
        9.0,
        "low",
        (16, 40, 64),
        (),
        "mathe.opus",
        0.3,
        _HUM.format(hz=50),
        "Eine Aufgabe aus der Pruefung",
        "learning",
    ),
    Recipe(
        "stage",
        _cuts(("0x8020A0", 4.0), ("0xF0C020", 1.5), ("0x8020A0", 4.0)),
        360,
        640,
        9.5,
        "still",
        (128, 32, 160),
        (4.0, 5.5),
        "concierto.opus",
        0.4,
        _NOISE,
        "Una noche en directo",
        "music",
    ),
    Recipe(
        "silent",
        _field("0xE0D020", 6.0) + ",hue=b='0.8*sin(2*PI*t/3)'",
        360,
        640,
        6.0,
        "low",
        (224, 208, 32),
        (),
        None,
        0.0,
        _HUM.format(hz=440),
        "Nothing is said here",
        "art",
    ),
)

LONG = Recipe(
    "long",
    f"testsrc2=size={{size}}:rate={{rate}}:duration=10[a];{_field('0x2050D0', 7.0)}[b];"
    "mandelbrot=size=320x180:rate={rate}:maxiter=120:end_scale=0.05:end_pts=150,trim=duration=11,scale={scale},setsar=1[c];"
    "[a][b][c]concat=n=3",
    640,
    360,
    28.0,
    "high",
    None,
    (10.0, 17.0),
    "clutch.opus",
    12.0,
    _NOISE,
    "A long evening stream",
    "gaming",
)
"""A longer source to try the upload with, its speech in the middle. Part of no seed: render it by name."""


@lru_cache(maxsize=1)
def speeches() -> Mapping[str, Speech]:
    """Return the committed speech files by file name."""
    raw = json.loads((SPEECH_DIR / "transcript.json").read_text(encoding="utf-8"))
    return {
        name: Speech(
            name,
            entry["language"],
            entry["duration_s"],
            entry["text"],
            tuple(SpokenWord(word["word"], word["start"], word["end"]) for word in entry["words"]),
            entry["sha256"],
        )
        for name, entry in sorted(raw.items())
    }


def spoken(recipe: Recipe) -> tuple[SpokenWord, ...]:
    """Return the words of a recipe with their times in seconds from the start of its video."""
    if recipe.speech is None:
        return ()
    return tuple(
        SpokenWord(
            word.word, round(word.start + recipe.speech_at_s, 3), round(word.end + recipe.speech_at_s, 3)
        )
        for word in speeches()[recipe.speech].words
    )


def digest(recipes: Sequence[Recipe], ffmpeg: str) -> str:
    """Return the hash that names the cache folder: the recipes, the speech, the encoder and the command."""
    parts = [json.dumps(asdict(recipe), sort_keys=True) for recipe in recipes]
    parts += [speech.sha256 for speech in speeches().values()]
    parts += [Path(ffmpeg).name, *command(recipes[0], "ffmpeg", Path())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def command(recipe: Recipe, ffmpeg: str, folder: Path) -> list[str]:
    """Return the FFmpeg command that renders source, polished video and poster of a recipe in one pass.

    An upright source is its own polished video.
    """
    is_upright = recipe.height > recipe.width
    size, length = f"{recipe.width}x{recipe.height}", f"duration={recipe.duration_s}"
    pictures = recipe.pictures.format(size=size, rate=FPS, scale=f"{recipe.width}:{recipe.height}")
    crop = "null" if is_upright else "crop=ih*9/16:ih,scale=360:640:flags=fast_bilinear"
    polished = "nullsink" if is_upright else f"{crop},setsar=1[polished]"
    unheard = "anullsink" if is_upright else "anull[heardtoo]"
    sound = ["-i", str(SPEECH_DIR / recipe.speech)] if recipe.speech else ["-f", "lavfi", "-i", "anullsrc"]
    delayed = f"adelay={round(recipe.speech_at_s * 1000)},apad=whole_dur={recipe.duration_s},atrim={length}"
    graph = (
        f"[0:v]trim={length},format=yuv420p,setsar=1,split=3[source][tall][still];"
        f"[tall]{polished};[still]{crop},select='eq(n\\,{FPS})',setsar=1[poster];"
        f"[1:a]aresample={SAMPLE_RATE_HZ},{delayed}[speech];"
        f"[speech][2:a]amix=inputs=2:duration=first:normalize=0,atrim={length},asplit=2[heard][more];"
        f"[more]{unheard}"
    )
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "29", "-threads", "1", "-g", str(FPS * 5)]
    video += ["-frames:v", str(frames(recipe)), "-bitexact", "-movflags", "+faststart"]
    audio = ["-c:a", "aac", "-b:a", "48k", "-ac", "1"]
    again = [
        "-map",
        "[polished]",
        "-map",
        "[heardtoo]",
        *video,
        *audio,
        str(folder / _name(recipe, "polished")),
    ]
    return [
        ffmpeg, "-y", "-v", "error", "-nostdin", "-filter_complex_threads", "1",
        "-f", "lavfi", "-i", pictures, *sound, "-f", "lavfi", "-i", recipe.hum, "-filter_complex", graph,
        "-map", "[source]", "-map", "[heard]", *video, *audio, str(folder / _name(recipe, "source")),
        *([] if is_upright else again),
        "-map", "[poster]", "-frames:v", "1", "-update", "1", "-q:v", "4", "-bitexact",
        str(folder / _name(recipe, "poster")),
    ]  # fmt: skip


def _name(recipe: Recipe, variant: Variant) -> str:
    if variant == "poster":
        return f"{recipe.name}.jpg"
    return (
        f"{recipe.name}.mp4"
        if variant == "source" or recipe.height > recipe.width
        else f"{recipe.name}-tall.mp4"
    )


def frames(recipe: Recipe) -> int:
    """Return how many pictures a rendered video has."""
    return round(recipe.duration_s * FPS)


def is_rendered(cache: Path, ffmpeg: str, recipes: Sequence[Recipe] = RECIPES) -> bool:
    """Return whether the cache holds all of these already, so that `render` takes no time."""
    return (cache / f"media-{digest(recipes, ffmpeg)}" / "manifest.json").exists()


def render(
    cache: Path, ffmpeg: str, recipes: Sequence[Recipe] = RECIPES, cores: int | None = None
) -> Mapping[tuple[str, Variant], Rendered]:
    """Return all rendered files of the recipes, rendering them first when the cache does not hold them.

    Safe to call from several processes at once: each renders aside and one of them wins.

    Raises:
        subprocess.CalledProcessError: FFmpeg refused a recipe (`stderr` says why).
    """
    folder = cache / f"media-{digest(recipes, ffmpeg)}"
    manifest = folder / "manifest.json"
    if not manifest.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _render_aside(folder, ffmpeg, recipes, cores or os.cpu_count() or 1)
    rows = json.loads(manifest.read_text(encoding="utf-8"))
    files = [Rendered(**{**row, "path": folder / row["path"]}) for row in rows]
    return {(file.recipe, file.variant): file for file in files}


def _render_aside(folder: Path, ffmpeg: str, recipes: Sequence[Recipe], cores: int) -> None:
    aside = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        slowest_first = sorted(recipes, key=lambda recipe: -recipe.duration_s)
        with ThreadPoolExecutor(cores) as pool:
            done = list(pool.map(lambda recipe: _render_one(recipe, ffmpeg, aside), slowest_first))
        rows = [asdict(replace(file, path=Path(file.path.name))) for group in done for file in group]
        (aside / "manifest.json").write_text(json.dumps(rows, default=str, indent=1), encoding="utf-8")
        aside.chmod(0o755)
        try:
            aside.rename(folder)
        except OSError:
            if not (folder / "manifest.json").exists():
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _render_one(recipe: Recipe, ffmpeg: str, folder: Path) -> tuple[Rendered, ...]:
    subprocess.run(
        command(recipe, ffmpeg, folder), check=True, capture_output=True, text=True, timeout=RENDER_LIMIT_S
    )
    return (
        _rendered(recipe, "source", folder, recipe.width, recipe.height),
        _rendered(recipe, "polished", folder, 360, 640),
        _rendered(recipe, "poster", folder, 360, 640),
    )


def _rendered(recipe: Recipe, variant: Variant, folder: Path, width: int, height: int) -> Rendered:
    path = folder / _name(recipe, variant)
    content = path.read_bytes()
    still = variant == "poster"
    return Rendered(
        recipe=recipe.name,
        variant=variant,
        path=path,
        format=path.suffix[1:],
        sha256=hashlib.sha256(content).hexdigest(),
        etag=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        bytes=len(content),
        width=width,
        height=height,
        duration_s=0.0 if still else recipe.duration_s,
        frames=1 if still else frames(recipe),
    )
