"""CLIP: pictures and texts in one space of concepts, so that their cosine says how well they fit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fakes.runpod.models import Call, HandlerError, concepts, infinity, media
from fakes.runpod.models.concepts import Vector
from fakes.runpod.models.look import PICTURE_PX, look

LOGIT_SCALE = 20.0
"""Sharpness of the zero-shot scores: cosines differ by 1, scores by e to this."""
MOST_TEXTS = 2048
MOST_PICTURES = 1000
MOST_SCORES = 200_000
MOST_PICTURE_BYTES = 20_000_000


def answer(given: Mapping[str, Any], call: Call) -> Any:
    """Embed `images_base64`, `images` (addresses within this stack) and `texts`; rank these for each picture.

    What has the form of RunPod's embedding worker is answered as by that.

    Raises:
        HandlerError: Nothing to embed, too much of it, or a picture that cannot be read.
    """
    if infinity.is_meant(given):
        return infinity.answer(given, call)
    texts = _list(given, "texts", MOST_TEXTS)
    by_value, by_address = (_list(given, name, MOST_PICTURES) for name in ("images_base64", "images"))
    if not texts and not by_value and not by_address:
        raise HandlerError("Must provide images_base64, images or texts")
    if len(texts) * (len(by_value) + len(by_address)) > MOST_SCORES:
        raise HandlerError(f"texts and pictures make more than {MOST_SCORES} scores")
    text_vectors = [_text(text, f"texts[{index}]") for index, text in enumerate(texts)]
    vectors = []
    for index, one in enumerate(by_value):
        what = f"images_base64[{index}]"
        vectors.append(_picture(media.from_base64(one, what), what, call))
    for index, one in enumerate(by_address):
        what = f"images[{index}]"
        vectors.append(_picture(media.at(one, what, call, most_bytes=MOST_PICTURE_BYTES), what, call))
    return {
        "labels": [ranked(one, texts, text_vectors) for one in vectors],
        "image_embeddings": [concepts.embedding(one) for one in vectors],
        "text_embeddings": [concepts.embedding(one) for one in text_vectors],
    }


def ranked(picture: Vector, texts: Sequence[str], text_vectors: Sequence[Vector]) -> list[dict[str, Any]]:
    """Texts with their scores (their sum is 1) for a picture, best first."""
    if not texts:
        return []
    logits = LOGIT_SCALE * np.array([float(picture @ one) for one in text_vectors])
    odds = np.exp(logits - logits.max())
    scores = odds / odds.sum()
    order = sorted(range(len(texts)), key=lambda index: (-scores[index], index))
    return [{"label": texts[index], "score": round(float(scores[index]), 6)} for index in order]


def _text(given: Any, what: str) -> Vector:
    if not isinstance(given, str):
        raise HandlerError(f"{what} is not a string")
    return concepts.of_text(given)


def _picture(content: bytes, what: str, call: Call) -> Vector:
    call.stop.check()
    return concepts.of_picture(look(media.picture(content, what, within_px=PICTURE_PX)))


def _list(given: Mapping[str, Any], name: str, most: int) -> list[Any]:
    listed = given.get(name)
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise HandlerError(f"{name} must be a list")
    if len(listed) > most:
        raise HandlerError(f"{name} has {len(listed)} items; at most {most} are allowed")
    return listed
