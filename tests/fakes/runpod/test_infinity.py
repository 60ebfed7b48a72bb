"""The form of RunPod's embedding worker, its errors included, which end a job as completed."""

import base64
from typing import Any

import numpy as np
import pytest

from fakes.runpod.models.infinity import MODEL
from tests.fakes.receiver import Answer, receiving
from tests.fakes.runpod.material import ask, still

RED = still("color=c=red")
NO_PICTURE = (
    "String is not a valid image format (must be URL starting with http:// or https://, "
    "or base64-encoded image with 'data:image/...' prefix)"
)


def routed(**asked: Any) -> Any:
    return ask("clip", {"openai_route": "/v1/embeddings", "openai_input": asked})


def said(answer: Any) -> str:
    """The words of an error."""
    assert (answer["object"], answer["type"], answer["param"], answer["code"]) == (
        "error",
        "BadRequestError",
        None,
        400,
    )
    message: str = answer["message"]
    return message


def test_texts_are_embedded_in_their_order() -> None:
    direct = ask("clip", {"model": "m", "input": ["a red screen", "a zebra"]})

    assert routed(model="m", input=["a red screen", "a zebra"]) == [direct]
    assert (direct["object"], direct["model"]) == ("list", "m")
    assert [(row["object"], row["index"], len(row["embedding"])) for row in direct["data"]] == [
        ("embedding", 0, 512), ("embedding", 1, 512)
    ]  # fmt: skip
    assert direct["data"][1]["embedding"] == ask("clip", {"texts": ["a zebra"]})["text_embeddings"][0]


def test_one_text_needs_no_list() -> None:
    assert ask("clip", {"input": "a zebra"}) == ask("clip", {"input": ["a zebra"]})


def test_usage_counts_each_text_as_long_as_the_longest() -> None:
    assert ask("clip", {"input": ["a red screen"]})["usage"] == {"prompt_tokens": 5, "total_tokens": 5}
    assert ask("clip", {"input": ["a red screen", "a dog, asleep"]})["usage"]["prompt_tokens"] == 12
    assert ask("clip", {"input": "word " * 500})["usage"]["prompt_tokens"] == 77


@pytest.mark.parametrize("sent", [RED, f"data:image/jpeg;base64,{RED}"], ids=["base64", "data"])
def test_pictures_are_embedded_where_they_are_said_to_be_pictures(sent: str) -> None:
    answer = ask("clip", {"input": [sent], "modality": "image"})

    assert answer["data"][0]["embedding"] == ask("clip", {"images_base64": [RED]})["image_embeddings"][0]
    assert answer["usage"]["prompt_tokens"] == 77


def test_a_picture_at_an_address_of_the_stack_is_embedded() -> None:
    with receiving() as receiver:
        receiver.answer = lambda _request: Answer(200, base64.b64decode(RED))

        answer = ask("clip", {"input": receiver.url, "modality": "image"}, hosts=["127.0.0.1"])

    assert answer["data"][0]["embedding"] == ask("clip", {"images_base64": [RED]})["image_embeddings"][0]


def test_without_a_modality_an_address_is_a_text_and_a_data_url_a_picture() -> None:
    texts = ask("clip", {"input": ["http://evil.test/a.jpg", f"data:image/jpeg;base64,{RED}"]})

    address, picture = (np.array(row["embedding"]) for row in texts["data"])
    assert address == pytest.approx(ask("clip", {"texts": ["http://evil.test/a.jpg"]})["text_embeddings"][0])
    assert picture == pytest.approx(ask("clip", {"images_base64": [RED]})["image_embeddings"][0])


def test_the_encoding_is_always_of_floats() -> None:
    assert routed(model="m", input="a", encoding_format="base64") == routed(model="m", input="a")


def test_the_models_are_listed() -> None:
    assert ask("clip", {"openai_route": "/v1/models"}) == {
        "object": "list",
        "data": [
            {"id": MODEL, "stats": {}, "object": "model", "owned_by": "infinity", "created": 0, "backend": ""}
        ],
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"openai_route": "/v1/embeddings"}, "Missing input"),
        ({"openai_route": "/v1/embeddings", "openai_input": "a"}, "Missing input"),
        (
            {"openai_route": "/v1/embeddings", "openai_input": {"input": "a"}},
            "Did not specify model in openai_input",
        ),
        ({"openai_route": "/v1/chat/completions"}, "Invalid OpenAI Route: /v1/chat/completions"),
        ({"openai_input": {"input": "a"}}, "Invalid input: {'openai_input': {'input': 'a'}}"),
        ({"input": []}, "Invalid input: {'input': []}"),
        (
            {"query": "a", "docs": ["b"]},
            "the loaded moded cannot fullyfill `rerank`. Options are {'embed', 'image_embed'}.",
        ),
        ({"input": ["a"] * 2049}, "List should have at most 2048 items after validation, not 2049"),
        ({"input": "a", "modality": "image"}, f"Item at index 0: {NO_PICTURE}"),
        ({"input": [RED, "?"], "modality": "image"}, f"Item at index 1: {NO_PICTURE}"),
        (
            {"input": [5], "modality": "image"},
            "Item at index 0: Invalid image type: int. "
            "Expected PIL.Image, bytes, URL string, or base64 string.",
        ),
        (
            {"input": ["http://evil.test/"], "modality": "image"},
            "Item at index 0: Failed to download image from URL: refused to download 'http://evil.test/': "
            "the host is outside of this stack",
        ),
        (
            {"input": ["a"], "modality": "audio"},
            "Item at index 0: Audio modality is not yet implemented. "
            "Currently supported modalities: 'text', 'image'",
        ),
        (
            {"input": ["a"], "modality": "video"},
            "Item at index 0: Invalid modality: 'video'. "
            "Supported modalities: 'text', 'image', 'audio' (not yet implemented)",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_as_there(given: Any, words: str) -> None:
    assert said(ask("clip", given)) == words


def test_an_empty_list_is_an_error_of_the_engine() -> None:
    assert said(routed(model="m", input=[])) == "list index out of range"


def test_what_is_no_text_is_embedded_as_its_words() -> None:
    number = ask("clip", {"input": [12], "modality": "text"})

    assert number["data"] == ask("clip", {"input": ["12"]})["data"]
