"""What is to be seen in a clip: captions (BLIP), motion, and CLIP where BLIP is not sure; on the GPU."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clipnet.settings import RunpodSettings
from clipnet.worker.calls import both
from clipnet.worker.polish import MOTION_FPS, Polished
from clipnet.worker.runpod import Runpod

_MOST_SAID: Final = 200
UNSURE_BELOW: Final = 0.4
"""A best BLIP caption below this score is not trusted: CLIP is asked."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence about the picture at a time of the clip; score from 0 to 1."""

    at_s: float
    caption: str
    score: float


@dataclass(frozen=True, slots=True)
class Seen:
    """`model` is `blip`, or `clip` where that had to help out; parts from 0 to 1."""

    captions: tuple[Caption, ...]
    motion: float
    visual: float
    similarity: float | None
    model: str
    detail: Mapping[str, Any]


class Eyes:
    """Asks the GPU about a polished clip's pictures."""

    def __init__(self, runpod: Runpod, settings: RunpodSettings) -> None:
        self._runpod = runpod
        self._settings = settings

    async def look(self, polished: Polished, length_s: float, said: str, labels: Sequence[str]) -> Seen:
        """Return what is seen; `labels` are what CLIP may choose from, `said` what it compares with.

        Raises:
            StepError: The GPU failed or refused.
        """
        stills = [_base64(path.read_bytes()) for path in polished.stills]
        thumbs = [_base64(path.read_bytes()) for path in polished.thumbs]
        described, moved = await both(
            self._runpod.run(self._settings.blip, {"images_base64": stills}),
            self._runpod.run(self._settings.motion, {"frames_base64": thumbs, "fps": MOTION_FPS}),
        )
        captions = _captions(described, length_s, len(stills))
        motion = _part(moved.get("motion"))
        detail = {name: moved[name] for name in ("peak", "cuts") if name in moved}
        best = max((caption.score for caption in captions), default=0.0)
        if best >= UNSURE_BELOW:
            return Seen(captions, motion, best, None, "blip", detail)

        texts = [*labels, *([said[:_MOST_SAID]] if said else [])]
        answer = await self._runpod.run(self._settings.clip, {"images_base64": stills, "texts": texts})
        ranked = _ranked(answer, frozenset(labels), length_s)
        visual = max([best, *(label.score for label in ranked[:1])])
        detail["labels"] = [[label.caption, label.score] for label in ranked[:5]]
        similarity = _similarity(answer, len(labels)) if said else None
        return Seen((*ranked[:1], *captions), motion, visual, similarity, "clip", detail)


def _ranked(answer: Mapping[str, Any], labels: frozenset[str], length_s: float) -> tuple[Caption, ...]:
    """Return the labels, the likeliest first; the answer ranks them once, or for each picture.

    What else was ranked among them (the clip's words) takes nothing from their scores.
    """
    rows = answer.get("labels")
    listed = rows if isinstance(rows, list) else []
    best: dict[str, float] = {}
    for ranking in [one for one in listed if isinstance(one, list)] or [listed]:
        scores = {
            row["label"]: _part(row.get("score"))
            for row in ranking
            if isinstance(row, dict) and isinstance(row.get("label"), str) and row["label"] in labels
        }
        total = sum(scores.values()) or 1.0
        for label, score in scores.items():
            best[label] = max(best.get(label, 0.0), score / total)
    ordered = sorted(best.items(), key=lambda item: -item[1])
    return tuple(Caption(round(length_s / 2, 2), label, round(score, 6)) for label, score in ordered)


def _captions(answer: Mapping[str, Any], length_s: float, stills: int) -> tuple[Caption, ...]:
    return tuple(
        Caption(
            round(length_s * (position + 0.5) / max(1, stills), 2),
            str(row.get("caption", "")).strip(),
            _part(row.get("score")),
        )
        for position, row in enumerate(_rows(answer, "captions"))
        if str(row.get("caption", "")).strip()
    )


def _similarity(answer: Mapping[str, Any], position: int) -> float | None:
    """Return how near the pictures are to the text at this position, 0 to 1: the cosine of the best one."""
    images, texts = answer.get("image_embeddings"), answer.get("text_embeddings")
    try:
        text = texts[position]  # type: ignore[index]  # - anything that is no list is caught below
        cosines = [float(sum(a * b for a, b in zip(image, text, strict=True))) for image in images or ()]
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    return min(1.0, max(0.0, *cosines)) if cosines else None


def _rows(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = answer.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _part(value: Any) -> float:
    return min(1.0, max(0.0, float(value))) if isinstance(value, int | float) else 0.0


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
