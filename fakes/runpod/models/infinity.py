"""CLIP as RunPod's embedding worker serves it, with that worker's errors, which end a job as completed.

Source: github.com/runpod-workers/worker-infinity-embedding (`src/handler.py`, `src/utils.py`,
`src/multimodal_utils.py`, `tests/test_modality.py`) and github.com/michaelfeil/infinity (`engine.py`: where
one model is deployed, every name leads to it).
"""

import re
from collections.abc import Mapping
from typing import Any

from fakes.runpod.models import Call, HandlerError, concepts, media
from fakes.runpod.models.concepts import Vector
from fakes.runpod.models.look import PICTURE_PX, look

MODEL = "openai/clip-vit-base-patch32"
MOST_ITEMS = 2048
MOST_PICTURE_BYTES = 20_000_000
_CONTEXT_TOKENS = 77
_MODALITIES = "Supported modalities: 'text', 'image', 'audio' (not yet implemented)"
_NO_PICTURE = (
    "String is not a valid image format (must be URL starting with http:// or https://, "
    "or base64-encoded image with 'data:image/...' prefix)"
)


class _Refused(Exception):
    """What the worker says instead of embeddings."""


def is_meant(given: Mapping[str, Any]) -> bool:
    """Whether an input has the form of this worker."""
    return not given.keys().isdisjoint(("openai_route", "openai_input", "query", "input"))


def answer(given: Mapping[str, Any], call: Call) -> Any:
    """Embed `input`, or `openai_input` for `openai_route`; an error is an answer, too."""
    try:
        return _routed(given, call) if given.get("openai_route") else _direct(given, call)
    except _Refused as refused:
        return {
            "object": "error",
            "message": str(refused),
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        }


def _routed(given: Mapping[str, Any], call: Call) -> Any:
    asked = given.get("openai_input")
    match given["openai_route"]:
        case "/v1/models":
            return {"data": [_model()], "object": "list"}
        case "/v1/embeddings":
            if not isinstance(asked, dict) or not asked:
                raise _Refused("Missing input")
            if not asked.get("model"):
                raise _Refused("Did not specify model in openai_input")
            return [
                _embeddings(asked, call)
            ]  # a list of one: RunPod's OpenAI route takes the answer out of it
        case route:
            raise _Refused(f"Invalid OpenAI Route: {route}")


def _direct(given: Mapping[str, Any], call: Call) -> Any:
    if given.get("query"):
        raise _Refused("the loaded moded cannot fullyfill `rerank`. Options are {'embed', 'image_embed'}.")
    if not given.get("input"):
        raise _Refused(f"Invalid input: {str(given)[:500]}")
    return _embeddings(given, call)


def _embeddings(asked: Mapping[str, Any], call: Call) -> dict[str, Any]:
    sent = asked.get("input")
    items = sent if isinstance(sent, list) else [sent]
    if not items:
        raise _Refused("list index out of range")
    if len(items) > MOST_ITEMS:
        raise _Refused(f"List should have at most {MOST_ITEMS} items after validation, not {len(items)}")
    vectors = [_vector(item, asked.get("modality"), index, call) for index, item in enumerate(items)]
    # the tokenizer pads all of a batch to the longest
    tokens = len(items) * max(_tokens(item, asked.get("modality")) for item in items)
    return {
        "object": "list",
        "model": asked.get("model"),
        "data": [
            {"object": "embedding", "index": index, "embedding": concepts.embedding(vector)}
            for index, vector in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _vector(item: Any, modality: Any, index: int, call: Call) -> Vector:
    if _is_text(item, modality):
        return concepts.of_text(str(item))
    if modality == "audio":
        said = "Audio modality is not yet implemented. Currently supported modalities: 'text', 'image'"
        raise _Refused(f"Item at index {index}: {said}")
    if modality not in (None, "image"):
        raise _Refused(f"Item at index {index}: Invalid modality: '{modality}'. {_MODALITIES}")
    if not isinstance(item, str):
        expected = "Expected PIL.Image, bytes, URL string, or base64 string."
        raise _Refused(f"Item at index {index}: Invalid image type: {type(item).__name__}. {expected}")
    call.stop.check()
    try:
        if item.startswith(("http://", "https://")):
            content = media.fetch(item, call, most_bytes=MOST_PICTURE_BYTES)
        else:
            content = media.from_base64(item, "it")
    except HandlerError as error:
        is_address = item.startswith("http")
        said = f"Failed to download image from URL: {error.text}" if is_address else _NO_PICTURE
        raise _Refused(f"Item at index {index}: {said}") from error
    try:
        return concepts.of_picture(look(media.picture(content, "it", within_px=PICTURE_PX)))
    except HandlerError as error:
        raise _Refused(f"Item at index {index}: {_NO_PICTURE}") from error


def _is_text(item: Any, modality: Any) -> bool:
    """Whether an item is taken as a text.

    Without a modality the worker takes everything as text; the picture in a `data:` URL is seen here all the
    same.
    """
    return modality == "text" or (modality is None and not str(item).startswith("data:image/"))


def _tokens(item: Any, modality: Any) -> int:
    if not _is_text(item, modality):
        return _CONTEXT_TOKENS
    return min(len(re.findall(r"\w+|[^\w\s]", str(item))) + 2, _CONTEXT_TOKENS)


def _model() -> dict[str, Any]:
    # guess: when it was made is the worker's start there
    return {"id": MODEL, "stats": {}, "object": "model", "owned_by": "infinity", "created": 0, "backend": ""}
