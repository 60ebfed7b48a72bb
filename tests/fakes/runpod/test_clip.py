"""CLIP: what its cosines and ranks say of pictures and texts that are known."""

import base64
import itertools
from typing import Any

import numpy as np
import pytest

from fakes.runpod.models import HandlerError
from fakes.runpod.models.concepts import embedding, of_text
from tests.fakes.receiver import Answer, receiving
from tests.fakes.runpod.material import COLOURS, ask, png, still

UNRELATED = ("a dog asleep on a sofa", "the stock exchange", "a submarine", "birthday wishes", "xyzzy")


def cosine(one: str, other: str) -> float:
    """How near two texts are, by their embeddings as they are answered."""
    first, second = ask("clip", {"texts": [one, other]})["text_embeddings"]
    return float(np.array(first) @ np.array(second))


@pytest.mark.parametrize("colour", COLOURS)
def test_the_right_colour_is_ranked_first(colour: str) -> None:
    texts = [f"a {name} screen" for name in sorted(COLOURS)]
    pictures = [still(f"color=c=0x{COLOURS[colour]}")]

    ranked = ask("clip", {"images_base64": pictures, "texts": texts})["labels"][0]

    assert ranked[0]["label"] == f"a {colour} screen"
    assert ranked[0]["score"] > 0.5


def test_scores_are_shares_and_fall() -> None:
    texts = ["a red screen", "a blue screen", *UNRELATED]

    ranked = ask("clip", {"images_base64": [still("testsrc2=s=320x180")], "texts": texts})["labels"][0]

    scores = [row["score"] for row in ranked]
    assert sum(scores) == pytest.approx(1.0, abs=1e-5)
    assert scores == sorted(scores, reverse=True)
    assert {row["label"] for row in ranked} == set(texts)


def test_the_cosine_of_a_picture_and_its_text_is_larger_than_of_another_text() -> None:
    answer = ask(
        "clip",
        {"images_base64": [still("color=c=red")], "texts": ["a red screen", "a blue screen", *UNRELATED]},
    )
    picture = np.array(answer["image_embeddings"][0])

    red, blue, *unrelated = (float(picture @ np.array(text)) for text in answer["text_embeddings"])

    assert red > 0.65 > 0.3 > blue
    assert max(unrelated) < 0.1


def test_a_picture_is_like_itself_and_less_like_another() -> None:
    sources = ["color=red", "color=red", "color=darkred", "color=blue", "testsrc2=s=320x180"]

    vectors = np.array(ask("clip", {"images_base64": [still(one) for one in sources]})["image_embeddings"])

    same, darker, other, mixed = (vectors[0] @ vectors[1:].T).tolist()
    assert same == pytest.approx(1.0, abs=1e-6)
    assert same > darker > max(other, mixed)
    assert darker > 0.6 > 0.3 > other


def test_what_else_is_asked_changes_no_embedding() -> None:
    picture = still("testsrc2=s=320x180")

    alone = ask("clip", {"images_base64": [picture], "texts": ["a dog"]})
    among = ask("clip", {"images_base64": [still("color=red"), picture], "texts": ["a cat", "a dog"]})

    assert alone["image_embeddings"][0] == among["image_embeddings"][1]
    assert alone["text_embeddings"][0] == among["text_embeddings"][1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a football match", "a soccer game"),
        ("cooking pasta", "boiling spaghetti"),
        ("a red car", "a crimson car"),
        ("a zebra", "two zebras"),
        ("an interview", "a conversation in a podcast"),
        ("a concert", "musicians on a stage"),
        ("gray", "grey"),
    ],
)
def test_texts_of_one_meaning_are_near(one: str, other: str) -> None:
    assert cosine(one, other) > 0.7


@pytest.mark.parametrize(
    ("one", "other"),
    list(itertools.combinations(["music", "cooking a meal", "a zebra", "a blue wall", "the weather", ""], 2)),
)
def test_texts_of_different_meaning_are_far(one: str, other: str) -> None:
    assert abs(cosine(one, other)) < 0.25


@pytest.mark.parametrize(
    "text",
    [
        "A RED SCREEN", "a red screen!!!", "  a   red, screen.", "#red #screen", "Réd scréen",
        "an image of a red screen",
    ],
)  # fmt: skip
def test_capitals_accents_punctuation_and_fillers_mean_nothing(text: str) -> None:
    assert cosine(text, "a red screen") == pytest.approx(1.0, abs=1e-6)


def test_a_word_more_that_is_not_known_makes_less_sure_only() -> None:
    assert 0.6 < cosine("a red screen", "a red screen wobbling") < 0.95


@pytest.mark.parametrize("text", ["", "of the", "🎮🎮", "a" * 10_000, "\x00", "日本語"])
def test_any_text_has_an_embedding(text: str) -> None:
    vector = np.array(ask("clip", {"texts": [text]})["text_embeddings"][0])

    assert vector.shape == (512,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_embeddings_of_pictures_are_512_numbers_of_length_one() -> None:
    pictures = [still("testsrc2=s=320x180"), png(np.zeros((1, 1), np.uint8))]

    for vector in ask("clip", {"images_base64": pictures})["image_embeddings"]:
        assert len(vector) == 512
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_no_number_of_an_embedding_stands_for_one_concept() -> None:
    assert np.abs(embedding(of_text("a red screen"))).max() < 0.2


def test_pictures_may_be_addresses_of_the_stack_or_in_themselves() -> None:
    red, blue = still("color=red"), still("color=blue")
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, base64.b64decode(still("color=0x008000")))
        given = {"images": [f"{receiver.url}/a", f"data:image/jpeg;base64,{blue}"], "images_base64": [red]}

        answer = ask("clip", {**given, "texts": ["red", "blue", "green"]}, hosts=["127.0.0.1"])

    assert [ranked[0]["label"] for ranked in answer["labels"]] == ["red", "green", "blue"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Must provide images_base64, images or texts"),
        ({"texts": []}, "Must provide images_base64, images or texts"),
        ({"texts": [5]}, "texts[0] is not a string"),
        ({"texts": "a"}, "texts must be a list"),
        ({"texts": ["a"] * 2049}, "texts has 2049 items; at most 2048 are allowed"),
        ({"images_base64": "a"}, "images_base64 must be a list"),
        ({"images_base64": [{}]}, "images_base64[0] is empty or not a string"),
        ({"images_base64": ["QUJD"]}, "images_base64[0] is not a picture: cannot identify image"),
        ({"images": ["ftp://a/"]}, "refused to download 'ftp://a/': the host is outside of this stack"),
        ({"images": ["data:image/png;base64,?"]}, "images[0] is not base64: Only base64 data is allowed"),
        (
            {"images_base64": ["QUJD"] * 1000, "texts": ["a"] * 201},
            "texts and pictures make more than 200000 scores",
        ),
    ],
)  # fmt: skip
def test_clip_refuses_what_it_cannot_read(given: Any, said: str) -> None:
    with pytest.raises(HandlerError) as refused:
        ask("clip", given)

    assert refused.value.text == said


def test_an_input_that_is_no_object_is_refused() -> None:
    with pytest.raises(HandlerError, match="input must be an object"):
        ask("clip", ["a"])
