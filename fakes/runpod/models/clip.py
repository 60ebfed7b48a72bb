"""CLIP: pictures and texts in one space of concepts, so that their cosine says how well they fit.

The concepts are colours, brightness, detail and variety. A picture has what is measured in it; a text what
its words stand for. Each concept is one row of a Hadamard matrix: 512 numbers, at right angles to all others.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fakes.runpod.models import Call, HandlerError, media
from fakes.runpod.models.look import COLOURS, PICTURE_PX, Look, look

SIZE = 512
MODEL = "openai/clip-vit-base-patch32"
LOGIT_SCALE = 20.0
"""Sharpness of the zero-shot scores: cosines differ by 1, scores by e to this."""
CONCEPTS = (*COLOURS, "dark", "bright", "plain", "detailed", "colourful", "moving")
_UNKNOWN_WEIGHT = 0.5
_IGNORED = frozenset(
    """a an and at by for from in is it of on or that the this to with
    photo picture image frame video clip""".split()  # noqa: SIM905 - a list of words reads better
)

Vector = NDArray[np.float64]

_COLOUR_WORDS = {
    "gray": "grey", "silver": "grey", "teal": "cyan", "turquoise": "cyan", "navy": "blue",
    "violet": "purple", "magenta": "pink", "gold": "yellow", "golden": "yellow", "crimson": "red",
}  # fmt: skip
_WORDS: Mapping[str, Mapping[str, float]] = {
    **{colour: {colour: 1.0} for colour in COLOURS},
    **{word: {colour: 1.0} for word, colour in _COLOUR_WORDS.items()},
    "dark": {"dark": 0.5},
    "night": {"dark": 0.8, "black": 0.6},
    "bright": {"bright": 0.5},
    "light": {"bright": 0.5, "white": 0.3},
    "plain": {"plain": 0.6},
    "screen": {"plain": 0.3},
    "background": {"plain": 0.2},
    "still": {"plain": 0.4},
    "calm": {"plain": 0.4},
    "static": {"plain": 0.4},
    "detailed": {"detailed": 0.8},
    "edges": {"detailed": 0.6},
    "pattern": {"detailed": 0.5, "colourful": 0.4},
    "texture": {"detailed": 0.6},
    "noise": {"detailed": 0.8},
    "testcard": {"colourful": 0.9, "detailed": 0.3},
    "colourful": {"colourful": 1.0},
    "colorful": {"colourful": 1.0},
    "rainbow": {"colourful": 1.0},
    "fast": {"detailed": 0.3, "moving": 0.6},
    "moving": {"moving": 0.8},
    "motion": {"moving": 0.8},
    "action": {"colourful": 0.3, "detailed": 0.4, "moving": 0.6},
    # what people film, by the look that it mostly has
    "gaming": {"colourful": 0.9, "detailed": 0.4},
    "gameplay": {"colourful": 0.9, "detailed": 0.4},
    "game": {"colourful": 0.9, "detailed": 0.3},
    "talk": {"red": 0.7, "plain": 0.5},
    "interview": {"red": 0.7, "plain": 0.5},
    "podcast": {"red": 0.7, "plain": 0.5},
    "cooking": {"orange": 0.9, "plain": 0.3},
    "food": {"orange": 0.8, "brown": 0.4},
    "kitchen": {"orange": 0.9, "plain": 0.3},
    "sport": {"green": 0.8, "black": 0.4, "detailed": 0.4},
    "sports": {"green": 0.8, "black": 0.4, "detailed": 0.4},
    "football": {"green": 0.8, "black": 0.4, "detailed": 0.4},
    "crowd": {"detailed": 0.8, "green": 0.4},
    "tech": {"white": 0.7, "grey": 0.3, "blue": 0.3, "plain": 0.3},
    "product": {"white": 0.8, "plain": 0.3},
    "lesson": {"blue": 0.4, "dark": 0.4},
    "band": {"purple": 0.5},
    "talking": {"red": 0.7, "plain": 0.5},
    "person": {"red": 0.3},
    "news": {"green": 0.7, "plain": 0.3, "white": 0.2},
    "weather": {"green": 0.7, "plain": 0.3, "white": 0.2},
    "learning": {"blue": 0.7, "dark": 0.5, "plain": 0.2},
    "blackboard": {"blue": 0.6, "dark": 0.6, "plain": 0.2},
    "music": {"purple": 0.9, "plain": 0.2},
    "concert": {"purple": 0.9, "plain": 0.2},
    "stage": {"purple": 0.9, "plain": 0.2},
    "art": {"yellow": 0.8, "bright": 0.3, "plain": 0.3},
}


def answer(given: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Embed `images_base64` and `texts`, and rank the texts for each picture.

    `openai_input` or `input` is the form of the embedding worker instead.

    Raises:
        HandlerError: Nothing to embed, or a picture cannot be read.
    """
    if "openai_input" in given:
        return _embeddings(given["openai_input"], call)
    if "input" in given:
        return _embeddings(given, call)
    texts = _texts(given.get("texts", []))
    pictures = [
        _picture(text, f"images_base64[{index}]") for index, text in enumerate(_list(given, "images_base64"))
    ]
    if not texts and not pictures:
        raise HandlerError("Must provide images_base64 or texts")
    by_text = [text_vector(text) for text in texts]
    by_picture = [picture_vector(look(rgb)) for rgb in pictures]
    return {
        "labels": [ranked(one, texts, by_text) for one in by_picture],
        "image_embeddings": [embedding(one) for one in by_picture],
        "text_embeddings": [embedding(one) for one in by_text],
    }


def picture_vector(seen: Look) -> Vector:
    """Concepts of a picture, of length 1."""
    weights = {colour: float(np.sqrt(share)) for colour, share in seen.shares.items()}
    weights["dark"] = max(0.0, 0.45 - seen.brightness) * 1.2
    weights["bright"] = max(0.0, seen.brightness - 0.55) * 1.2
    weights["detailed"] = min(seen.detail * 2.0, 1.0)
    weights["plain"] = 0.5 * max(0.0, 1.0 - seen.detail * 4.0) * max(seen.shares.values())
    weights["colourful"] = min(seen.variety / 1.6, 1.0)
    weights["moving"] = 0.5 * min(seen.detail * 2.0, 1.0)  # one picture can only hint at it
    return _normal(_combined(weights))


def text_vector(text: str) -> Vector:
    """Concepts of a text, of length 1; words that stand for none have a direction of their own."""
    vector = np.zeros(SIZE)
    for word in re.findall(r"\w+", text.lower()):
        known = _WORDS.get(word)
        if known is not None:
            vector += _combined(known)
        elif word not in _IGNORED:
            code = zlib.crc32(word.encode())
            free = SIZE - len(CONCEPTS) - 1
            vector += _UNKNOWN_WEIGHT * (1 if code & 1 else -1) * _row(len(CONCEPTS) + 1 + (code >> 1) % free)
    return _normal(vector if vector.any() else _row(SIZE - 1))


def ranked(picture: Vector, texts: Sequence[str], by_text: Sequence[Vector]) -> list[dict[str, Any]]:
    """Texts with their scores (their sum is 1) for a picture, best first."""
    if not texts:
        return []
    logits = LOGIT_SCALE * np.array([float(picture @ one) for one in by_text])
    odds = np.exp(logits - logits.max())
    scores = odds / odds.sum()
    order = sorted(range(len(texts)), key=lambda index: (-scores[index], index))
    return [{"label": texts[index], "score": round(float(scores[index]), 6)} for index in order]


def embedding(vector: Vector) -> list[float]:
    """As JSON shows it."""
    return [round(float(one), 8) for one in vector]


def _embeddings(asked: Any, call: Call) -> dict[str, Any]:
    """The form of github.com/runpod-workers/worker-infinity-embedding: texts, or pictures as `data:` URLs."""
    if not isinstance(asked, Mapping) or "input" not in asked:
        raise HandlerError("input is a required input.")
    given = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
    vectors = [_vector(one, call, f"input[{index}]") for index, one in enumerate(given)]
    tokens = sum(len(str(one).split()) + 2 for one in given if not _is_picture(one))
    data = [
        {"object": "embedding", "index": index, "embedding": embedding(vector)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": str(asked.get("model", MODEL)), "data": data, "usage": usage}


def _vector(given: Any, call: Call, what: str) -> Vector:
    if not isinstance(given, str) or not given:
        raise HandlerError(f"{what} is empty or not a string")
    if not _is_picture(given):
        return text_vector(given)
    content = media.from_base64(given, what) if given.startswith("data:") else media.fetch(given, call)
    return picture_vector(look(media.picture(content, what, within_px=PICTURE_PX)))


def _is_picture(given: Any) -> bool:
    return isinstance(given, str) and given.startswith(("data:", "http://", "https://"))


def _picture(text: Any, what: str) -> media.Rgb:
    return media.picture(media.from_base64(text, what), what, within_px=PICTURE_PX)


def _texts(given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise HandlerError("texts must be a list of strings")
    return list(given)


def _list(given: Mapping[str, Any], name: str) -> list[Any]:
    value = given.get(name, [])
    if not isinstance(value, list):
        raise HandlerError(f"{name} must be a list")
    return value


def _row(index: int) -> Vector:
    """Row of the Hadamard matrix of order 512, of length 1."""
    shared = np.arange(SIZE, dtype=np.uint16) & np.uint16(index)
    odd = np.bitwise_count(shared) & 1
    return np.asarray((1.0 - 2.0 * odd) / np.sqrt(SIZE))


def _combined(weights: Mapping[str, float]) -> Vector:
    vector = np.zeros(SIZE)
    for concept, weight in weights.items():
        vector += weight * _row(CONCEPTS.index(concept) + 1)
    return vector


def _normal(vector: Vector) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector))
