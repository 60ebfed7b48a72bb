"""What the vision models say of every seeded clip, asked as the reference application asks them.

    python -m benchmarks.vision [--json]

- captions, score: BLIP's, of three stills; the score (0 to 1) of the surest
- motion (0 to 1), cuts (seconds): of thumbnails, four each second
- model: `blip`, or `clip` where BLIP is not sure enough for the application
- label: what CLIP takes of the application's labels, and its cosine; of the still where that leads by least
- margin: how far the right topic leads before the next one there
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from clipnet.worker.options import Options
from clipnet.worker.polish import MOTION_FPS, Order, Polished, polish
from clipnet.worker.probe import probe
from clipnet.worker.tagging import labels
from clipnet.worker.vision import UNSURE_BELOW
from fakes.kit.addresses import Reach
from fakes.runpod.models import Call, Stop, Tools, answer
from seed.media import RECIPES, Recipe, render

TIME_LIMIT_S = 120.0
"""For the polishing of one clip."""
LOOKS_LIKE = {
    "gaming": "a video game on a screen",
    "talk": "two people talking to each other",
    "cooking": "food being cooked in a kitchen",
    "sport": "people playing sports",
    "tech": "a product in its box on a table",
    "news": "a weather map in the news",
    "learning": "a lesson at a blackboard",
    "music": "a band playing music on a stage",
    "art": "a moment of everyday life",
}
"""What the application's labels call each topic of the seed; it has none for art."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of one clip."""

    name: str
    topic: str
    captions: tuple[str, ...]
    score: float
    motion: float
    cuts: tuple[float, ...]
    model: str
    label: str
    cosine: float
    margin: float


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vision", description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)

    with tempfile.TemporaryDirectory() as folder:
        clips = polished(sources(Path(folder) / "media"), Path(folder) / "clips")
        rows = [row(recipe, clips[recipe.name]) for recipe in RECIPES]
    if options.json:
        print(json.dumps([asdict(one) for one in rows], indent=2))
        return 0
    for one in rows:
        print(f"{one.name:<11}{one.model:<5}{one.score:6.2f}  motion {one.motion:.3f}  cuts {list(one.cuts)}")
        print(f"{'':11}{one.label} ({one.cosine:.2f}, ahead by {one.margin:.2f})")
        print(f"{'':11}{'; '.join(dict.fromkeys(one.captions))}")
    return 0


def sources(folder: Path) -> dict[str, Path]:
    """Render the seeded videos; the uncut ones by name."""
    files = render(folder, imageio_ffmpeg.get_ffmpeg_exe())
    return {recipe.name: files[recipe.name, "source"].path for recipe in RECIPES}


def polished(videos: Mapping[str, Path], folder: Path) -> dict[str, Polished]:
    """Make clips of videos as the application does, several at once."""
    clips = {name: Polished(folder / name) for name in videos}

    async def all_of_them() -> None:
        await asyncio.gather(*(_polish(path, clips[name]) for name, path in videos.items()))

    asyncio.run(all_of_them())
    return clips


async def _polish(video: Path, clip: Polished) -> None:
    order = Order(video, await probe(video), None, None, Options().polish_max_height, TIME_LIMIT_S)
    await polish(order, clip, lambda _share: None)


def row(recipe: Recipe, clip: Polished) -> Row:
    """Ask all models about a clip."""
    stills = [_base64(path) for path in clip.stills]
    described = ask("blip", {"images_base64": stills})["captions"]
    moved = ask("motion", {"frames_base64": [_base64(path) for path in clip.thumbs], "fps": MOTION_FPS})
    cosines = fits(stills, labels())
    right = labels().index(LOOKS_LIKE[recipe.topic])
    leads = cosines[:, right] - np.delete(cosines, right, axis=1).max(axis=1)
    least = int(leads.argmin())
    score = max(one["score"] for one in described)
    return Row(
        name=recipe.name,
        topic=recipe.topic,
        captions=tuple(one["caption"] for one in described),
        score=score,
        motion=moved["motion"],
        cuts=tuple(moved["cuts"]),
        model="blip" if score >= UNSURE_BELOW else "clip",
        label=labels()[int(cosines[least].argmax())],
        cosine=round(float(cosines[least].max()), 3),
        margin=round(float(leads[least]), 3),
    )


def fits(pictures: Sequence[str], texts: Sequence[str]) -> NDArray[np.float64]:
    """Cosines of pictures (base64, a row each) and texts (a column each), by their embeddings."""
    said = ask("clip", {"images_base64": list(pictures), "texts": list(texts)})
    return np.asarray(np.array(said["image_embeddings"]) @ np.array(said["text_embeddings"]).T)


def ask(model: str, given: Mapping[str, Any]) -> Any:
    """What a model says, without a server."""
    return answer(model, given, Call(Tools(None, None, Reach(frozenset())), Stop(), lambda _item: None))


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
