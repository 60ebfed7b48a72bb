"""What the application sees in clips, by the models of the fake GPU: BLIP, or CLIP where that is not sure."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clipnet.settings import RunpodSettings, Secret
from clipnet.worker import tagging
from clipnet.worker.calls import Calls, new_client
from clipnet.worker.options import Options
from clipnet.worker.polish import Order, Polished, polish
from clipnet.worker.probe import probe
from clipnet.worker.runpod import Runpod
from clipnet.worker.vision import UNSURE_BELOW, Eyes, Seen
from tests.clipnet.worker.conftest import Videos
from tests.clipnet.worker.control import requests
from tests.fakes.serving import Served

SECONDS = 4.0
SOURCES = {
    "plain": "color=c=0xE0D020:size=320x240:rate=24",
    "mixed": "testsrc2=size=640x360:rate=24",
    "cut": "color=c=white:s=320x240:d=2:r=24[a];color=c=blue:s=320x240:d=2:r=24[b];[a][b]concat",
}
SAID = "One enemy left, what a clutch! Chat, did you see that?"


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with new_client() as client:
        yield Calls(client)


async def looked_at(name: str, said: str, videos: Videos, fakes: Served, calls: Calls, folder: Path) -> Seen:
    """What is seen in one of `SOURCES`, once it is a clip."""
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    video = videos.make(f"{name}.mp4", "-f", "lavfi", "-i", SOURCES[name], "-t", str(SECONDS), *encode)
    clip = Polished(folder / "clip")
    order = Order(video, await probe(video), None, None, Options().polish_max_height, 60)
    await polish(order, clip, lambda _share: None)
    key = Secret("rpa_staging_0000000000000000000000000000")
    names = ("staging-whisper", "staging-blip", "staging-motion", "staging-clip")
    settings = RunpodSettings(fakes.url("runpod") + "/v2", key, "staging", *names)
    return await Eyes(Runpod(settings, calls), settings).look(clip, SECONDS, said, tagging.labels())


def told(seen: Seen, said: str = "") -> tuple[str, str, set[str]]:
    """Template, title and tags that follow from it."""
    captions = [caption.caption for caption in seen.captions]
    template = tagging.choose_template(said, captions)
    tags = {tag.tag for tag in tagging.choose_tags(template, said, captions)}
    return template.name, tagging.choose_title("", said, captions, None), tags


async def test_a_plain_picture_is_told_by_blip(
    videos: Videos, fakes: Served, calls: Calls, tmp_path: Path
) -> None:
    seen = await looked_at("plain", SAID, videos, fakes, calls, tmp_path)

    assert (seen.model, seen.similarity, "labels" in seen.detail) == ("blip", None, False)
    assert [caption.caption for caption in seen.captions] == ["a yellow screen, standing still"] * 3
    assert seen.visual > 0.9
    assert not requests(fakes, "runpod", "staging-clip")


async def test_a_mixed_picture_is_told_by_clip(
    videos: Videos, fakes: Served, calls: Calls, tmp_path: Path
) -> None:
    seen = await looked_at("mixed", SAID, videos, fakes, calls, tmp_path)

    label, *captions = seen.captions
    assert (seen.model, label.caption) == ("clip", "a video game on a screen")
    assert all(caption.score < UNSURE_BELOW for caption in captions)
    assert seen.visual == label.score > 0.9
    assert seen.similarity is not None
    assert seen.similarity > 0.4
    assert seen.motion > 0.05
    assert len(requests(fakes, "runpod", "staging-clip")) == 1


async def test_the_words_take_nothing_from_the_labels(
    videos: Videos, fakes: Served, calls: Calls, tmp_path: Path
) -> None:
    with_words = await looked_at("mixed", SAID, videos, fakes, calls, tmp_path / "a")
    without = await looked_at("mixed", "", videos, fakes, calls, tmp_path / "b")

    assert with_words.visual == pytest.approx(without.visual, abs=1e-4)
    assert (with_words.similarity is None, without.similarity) == (False, None)


async def test_template_title_and_tags_follow_from_what_is_seen(
    videos: Videos, fakes: Served, calls: Calls, tmp_path: Path
) -> None:
    plain = await looked_at("plain", "", videos, fakes, calls, tmp_path / "a")
    mixed = await looked_at("mixed", "", videos, fakes, calls, tmp_path / "b")

    assert told(plain) == (
        "moment",
        "A yellow screen, standing still",
        {"clip", "moment", "yellow", "screen", "standing", "still"},
    )  # fmt: skip
    name, title, tags = told(mixed)
    assert (name, title) == ("gaming", "A video game on a screen")
    assert tags >= {"gaming", "highlight"}


async def test_cuts_and_motion_are_those_of_the_clip(
    videos: Videos, fakes: Served, calls: Calls, tmp_path: Path
) -> None:
    seen = await looked_at("cut", "", videos, fakes, calls, tmp_path)

    assert (seen.motion, seen.detail["cuts"]) == (0.0, [2.0])
    assert seen.captions[0].caption.startswith("a white screen")
    assert seen.captions[-1].caption.startswith("a bright blue screen")
