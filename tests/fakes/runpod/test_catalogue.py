"""All seeded clips, as the application has the vision models look at them."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.vision import LOOKS_LIKE, Row, ask, fits, polished, row, sources
from clipnet.worker.polish import MOTION_FPS, Polished
from clipnet.worker.tagging import labels
from seed.media import FPS, RECIPES, Recipe, speeches
from tests.fakes.receiver import Answer, receiving
from tests.fakes.runpod.material import COLOURS, in_base64, written
from tests.fakes.runpod.material import ask as asked

pytestmark = pytest.mark.slow

every_clip = partial(pytest.mark.parametrize, "recipe", RECIPES, ids=[recipe.name for recipe in RECIPES])
TOPICS = tuple(dict.fromkeys(recipe.topic for recipe in RECIPES))
NAMES = [recipe.name for recipe in RECIPES]
TITLES = [recipe.title for recipe in RECIPES]

CAPTIONS = {
    "testcard": [{"yellow", "blue"}] * 3,
    "fractal": [{"colourful", "pattern", "green"}] * 3,
    "studio": [{"red", "screen", "still"}] * 3,
    "kitchen": [{"orange", "gradient"}] * 3,
    "crowd": [{"dark", "green", "edges", "fast"}] * 3,
    "unboxing": [{"white", "screen"}, {"blue", "screen"}, {"white", "screen"}],
    "forecast": [{"green", "background", "white", "shape", "moving"}] * 3,
    "blackboard": [{"dark", "blue", "screen", "still"}] * 3,
    "stage": [{"purple", "screen"}, {"yellow", "screen"}, {"purple", "screen"}],
    "silent": [{"yellow", "screen"}] * 3,
}
"""Words that a person would use for each of three stills."""

WHOLE: Mapping[str, set[str]] = {"testcard": {"colourful"}}
"""What is said of pictures that are not cut upright, where that is another thing."""

MIXED = {"testcard", "fractal"}

PARAPHRASES = {
    "gaming": (
        "someone playing a video game", "gameplay of an online shooter",
        "a streamer fighting the final boss", "a speedrunner beats the level",
        "esports players with their controllers", "let's play on the console",
    ),
    "talk": (
        "an interview with the founder", "two hosts chatting in a podcast", "a guest answers questions",
        "people having a conversation", "a panel discussion in a studio", "a woman giving a speech",
    ),
    "cooking": (
        "a chef preparing dinner", "boiling spaghetti in a pot", "how to bake bread at home",
        "frying vegetables in the kitchen", "a delicious homemade meal", "an easy recipe for soup",
    ),
    "sport": (
        "a football match in the stadium", "the striker scores a penalty", "athletes running a race",
        "fans cheering for their team", "a basketball tournament", "the goalkeeper catches the ball",
    ),
    "tech": (
        "unboxing the latest smartphone", "a review of a new laptop", "gadgets and devices on a desk",
        "testing the camera of a phone", "a package with electronics inside", "hands-on with the headphones",
    ),
    "news": (
        "tomorrow's weather forecast", "a reporter talks about the storm", "the evening news broadcast",
        "heavy rain and strong wind expected", "breaking news with the anchor",
        "temperatures will fall below ten degrees",
    ),
    "learning": (
        "a maths lesson at school", "a teacher explains an equation", "students solving homework",
        "an online course about physics", "writing formulas with chalk", "preparing for the exam",
    ),
    "music": (
        "a singer on the concert stage", "live guitar solo at a festival", "the drummer of a rock band",
        "a song from the new album", "an orchestra performs a symphony", "dancing to the rhythm of a dj",
    ),
    "art": (
        "an abstract painting in a gallery", "a minimalist artwork", "the artist paints a canvas",
        "a quiet museum exhibition", "drawing a portrait with a brush", "contemporary sculpture",
    ),
}  # fmt: skip
UNRELATED = ("a dog asleep on a sofa", "the stock exchange", "a submarine", "birthday wishes", "xyzzy")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The seeded clips: uncut videos, what the application makes of them, what the models say of that."""

    sources: Mapping[str, Path]
    clips: Mapping[str, Polished]
    rows: Mapping[str, Row]

    def stills(self, name: str) -> list[str]:
        return [in_base64(path.read_bytes()) for path in self.clips[name].stills]


@pytest.fixture(scope="module")
def catalogue(media_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    videos = sources(media_cache)
    clips = polished(videos, tmp_path_factory.mktemp("clips"))
    return Catalogue(videos, clips, {recipe.name: row(recipe, clips[recipe.name]) for recipe in RECIPES})


def pictures(video: Path, *, every_s: float, kind: str = "rgb24") -> list[NDArray[np.uint8]]:
    """Pictures of a video at whole multiples of a time, in full size."""
    step = round(every_s * FPS)
    with av.open(str(video)) as opened:
        decoded = enumerate(opened.decode(video=0))
        return [
            frame.to_ndarray(format=kind).astype(np.uint8) for index, frame in decoded if index % step == 0
        ]


@every_clip()
def test_each_still_is_called_as_a_person_would(catalogue: Catalogue, recipe: Recipe) -> None:
    said = [set(caption.replace(",", "").split()) for caption in catalogue.rows[recipe.name].captions]

    assert [words >= expected for words, expected in zip(said, CAPTIONS[recipe.name], strict=True)] == [
        True
    ] * 3


@every_clip()
def test_the_score_is_high_for_plain_and_low_for_mixed_pictures(catalogue: Catalogue, recipe: Recipe) -> None:
    found = catalogue.rows[recipe.name]

    assert (found.score < 0.4, found.model) == ((True, "clip") if recipe.name in MIXED else (False, "blip"))
    assert (found.score > 0.9) == (recipe.name not in MIXED)


@every_clip()
def test_motion_of_thumbnails_is_the_truth(catalogue: Catalogue, recipe: Recipe) -> None:
    opened = [np.asarray(Image.open(path), np.int32) for path in catalogue.clips[recipe.name].thumbs]
    at = [(index + 1) / MOTION_FPS for index in range(len(opened) - 1)]
    shares = [float((abs(after - before) > 20).mean()) for before, after in pairwise(opened)]

    found = catalogue.rows[recipe.name]

    assert found.cuts == recipe.cuts_s
    moving = [share for share, at_s in zip(shares, at, strict=True) if at_s not in recipe.cuts_s]
    assert found.motion == pytest.approx(np.mean(moving), abs=0.01)


@every_clip()
def test_motion_of_the_video_is_the_truth(catalogue: Catalogue, recipe: Recipe) -> None:
    video = catalogue.sources[recipe.name]
    seen = [picture.astype(np.int32) for picture in pictures(video, every_s=1 / MOTION_FPS, kind="gray")]
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, video.read_bytes())

        found = asked("motion", {"video_url": receiver.url}, hosts=["127.0.0.1"])

    shares = [float((abs(after - before) > 20).mean()) for before, after in pairwise(seen)]
    moving = [one for i, one in enumerate(shares) if (i + 1) / MOTION_FPS not in recipe.cuts_s]
    assert tuple(found["cuts"]) == recipe.cuts_s
    assert (found["motion"], found["peak"]) == pytest.approx((np.mean(moving), max(moving)), abs=0.01)


@every_clip()
def test_the_right_topic_title_name_and_label_are_ranked_first_for_each_still(
    catalogue: Catalogue, recipe: Recipe
) -> None:
    stills = catalogue.stills(recipe.name)

    for texts, right in (
        (TOPICS, recipe.topic),
        (TITLES, recipe.title),
        (NAMES, recipe.name),
        ([f"{one.title}, {one.topic}" for one in RECIPES], f"{recipe.title}, {recipe.topic}"),
        (labels(), LOOKS_LIKE[recipe.topic]),
    ):
        ranked = ask("clip", {"images_base64": stills, "texts": list(texts)})["labels"]
        assert [one[0]["label"] for one in ranked] == [right] * 3
        assert all(one[0]["score"] > 0.5 for one in ranked)


def test_what_is_said_in_a_clip_fits_its_pictures_best(catalogue: Catalogue) -> None:
    spoken = {recipe.name: speeches()[recipe.speech].text for recipe in RECIPES if recipe.speech}

    for name in spoken:
        best = fits(catalogue.stills(name), list(spoken.values())).argmax(axis=1)
        assert {list(spoken)[index] for index in best} == {name}


@every_clip()
def test_the_right_topic_is_ranked_first_all_the_time(catalogue: Catalogue, recipe: Recipe) -> None:
    seen = pictures(catalogue.sources[recipe.name], every_s=0.5)
    encoded = [in_base64(written(Image.fromarray(picture), "JPEG", quality=50)) for picture in seen]

    best = fits(encoded, TOPICS).argmax(axis=1)

    assert {TOPICS[index] for index in best} == {recipe.topic}


@every_clip()
def test_the_colour_is_named_right_all_the_time(catalogue: Catalogue, recipe: Recipe) -> None:
    seen = pictures(catalogue.sources[recipe.name], every_s=0.5)
    right = {*COLOURS, "colourful"} & set[str]().union(*CAPTIONS[recipe.name], WHOLE.get(recipe.name, ()))
    encoded = [in_base64(written(Image.fromarray(picture), "JPEG", quality=50)) for picture in seen]

    said = [one["caption"].split() for one in ask("blip", {"images_base64": encoded})["captions"]]

    assert [words for words in said if not right & set(words)] == []


@pytest.mark.parametrize("set_of_texts", range(6))
def test_paraphrases_of_the_topics_are_ranked_first(catalogue: Catalogue, set_of_texts: int) -> None:
    texts = [PARAPHRASES[topic][set_of_texts] for topic in TOPICS]

    for recipe in RECIPES:
        best = fits(catalogue.stills(recipe.name), texts).argmax(axis=1)
        assert {TOPICS[index] for index in best} == {recipe.topic}, recipe.name


def test_each_paraphrase_finds_its_clip(catalogue: Catalogue) -> None:
    texts = [text for topic in TOPICS for text in PARAPHRASES[topic]]
    by_clip = np.stack([fits(catalogue.stills(recipe.name), texts).max(axis=0) for recipe in RECIPES])

    found = [RECIPES[index].topic for index in by_clip.argmax(axis=0)]

    assert found == [topic for topic in TOPICS for _ in PARAPHRASES[topic]]
    assert by_clip.max(axis=0).min() > 0.5


@every_clip()
def test_texts_about_something_else_fit_no_clip(catalogue: Catalogue, recipe: Recipe) -> None:
    assert fits(catalogue.stills(recipe.name), UNRELATED).max() < 0.15


def test_clips_look_less_like_each_other_than_like_themselves(catalogue: Catalogue) -> None:
    first = [catalogue.stills(recipe.name)[0] for recipe in RECIPES]
    vectors = np.array(ask("clip", {"images_base64": first})["image_embeddings"])

    likeness = vectors @ vectors.T

    assert np.diag(likeness) == pytest.approx(np.ones(len(RECIPES)), abs=1e-6)
    assert (likeness - np.eye(len(RECIPES))).max() < 0.7


def test_a_poster_of_another_size_is_seen_as_the_clip_is(catalogue: Catalogue) -> None:
    for recipe in RECIPES:
        with Image.open(catalogue.clips[recipe.name].poster) as poster:
            small = poster.convert("RGB").resize((45, 80))
        file = io.BytesIO()
        small.save(file, "WEBP", quality=60)

        assert TOPICS[int(fits([in_base64(file.getvalue())], TOPICS).argmax())] == recipe.topic
